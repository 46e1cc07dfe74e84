"""What the owner of a survey does: open and close, make anonymous."""

from __future__ import annotations

from datetime import timedelta

from survey.session.survey import Survey
from survey.storage.repository import change_study
from survey.storage.responses import rating_now
from survey.study.errors import MarginError, RatingGoesOnError
from survey.study.moments import stamp

WIDEST_MARGIN, WIDEST_SHARE_MARGIN = 4.0, 0.5  # the whole scale
LEFT = timedelta(minutes=90)  # whoever was not seen for so long is not rating any more


def set_open(survey: Survey, is_open: bool) -> None:
    """Open or close the study."""
    change_study(survey.record, survey.study.name, state="open" if is_open else "closed")


def set_results_open(survey: Survey, is_open: bool, *, is_confirmed: bool = False) -> None:
    """Show the class's results to everybody, or to the owner only.

    Args:
        is_confirmed: though somebody is rating, who could then read which method is which.

    Raises:
        RatingGoesOnError: somebody is, and it was not confirmed.
    """
    if is_open and not is_confirmed:
        since = stamp(survey.clock() - LEFT)
        if raters := rating_now(survey.store, survey.study.name, since):
            raise RatingGoesOnError(
                f"{raters} people are in the middle of rating, and results name the methods; "
                "close the study first, wait, or confirm it"
            )
    change_study(survey.record, survey.study.name, results_open=int(is_open))


def set_margins(survey: Survey, margin: float, share_margin: float) -> None:
    """Set below which differences do not matter, from now on and in all editions.

    Args:
        margin: of scores.
        share_margin: of preferences, from one half.

    Raises:
        MarginError: they cannot be margins.
    """
    check_margins(margin, share_margin)
    now = stamp(survey.clock())
    change_study(
        survey.record,
        survey.study.name,
        margin=margin,
        share_margin=share_margin,
        margins_set_at=now,
    )


def check_margins(margin: float, share_margin: float) -> None:
    """Whether these can be margins.

    Raises:
        MarginError: they cannot.
    """
    if not (0 < margin < WIDEST_MARGIN and 0 < share_margin < WIDEST_SHARE_MARGIN):
        raise MarginError(
            f"margins of {margin:g} in scores and {100 * share_margin:g} per cent in preferences; "
            f"needed more than 0, and less than {WIDEST_MARGIN:g} and "
            f"{100 * WIDEST_SHARE_MARGIN:g} per cent"
        )


def anonymise(survey: Survey, older_than_days: int) -> int:
    """Cut what could point to a person from those who began so long ago; how many.

    Raises:
        SurveyError: there is no database; whether the study can be used does not matter.
    """
    now = survey.clock()
    before = stamp(now - timedelta(days=older_than_days))
    with survey.record.alone():
        count = survey.record.anonymise(before, stamp(now)[:10])
        survey.record.clean()
    if count:
        survey.on_erased()
    return count
