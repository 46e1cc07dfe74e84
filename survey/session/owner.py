"""What the owner of a survey does: open and close, make anonymous."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from survey.session.survey import Survey
from survey.storage.events import StudyChanged
from survey.storage.responses import rating_now
from survey.study.errors import RatingGoesOnError
from survey.study.moments import stamp

LEFT = timedelta(minutes=90)  # whoever was not seen for so long is not rating any more


def set_open(survey: Survey, is_open: bool) -> None:
    """Open or close the study."""
    change_study(survey, state="open" if is_open else "closed")


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
    change_study(survey, results_open=int(is_open))


def change_study(survey: Survey, **columns: Any) -> None:
    """Set columns of the study."""
    event = StudyChanged(survey.study.name, columns)
    with survey.record.alone():
        survey.record.append(event)


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
