"""What the owner of a survey does: open and close, make anonymous."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from survey.session.survey import Survey
from survey.storage import repository
from survey.study.moments import stamp


def set_open(survey: Survey, is_open: bool) -> None:
    """Open or close the study."""
    _change(survey, state="open" if is_open else "closed")


def set_results_open(survey: Survey, is_open: bool) -> None:
    """Show the class's results to everybody, or to the owner only."""
    _change(survey, results_open=int(is_open))


def _change(survey: Survey, **changes: Any) -> None:
    name = survey.study.name
    with survey.record.alone():
        repository.change_study(survey.record, name, **changes)


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
