"""What the owner of a survey does: open and close, make anonymous, copy."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from survey.session.survey import Survey
from survey.storage import erasure, repository
from survey.study.moments import stamp


def set_open(survey: Survey, is_open: bool) -> None:
    """Open or close the study."""
    _change(survey, state="open" if is_open else "closed")


def set_results_open(survey: Survey, is_open: bool) -> None:
    """Show the class's results to everybody, or to the owner only."""
    _change(survey, results_open=int(is_open))


def _change(survey: Survey, **changes: Any) -> None:
    store, name = survey.store, survey.study.name
    with survey.alone():
        repository.change_study(store, name, **changes)
        row = repository.study_row(store, name)
        survey.journal.append([{"event": "study", "row": row}])


def anonymise(survey: Survey, older_than_days: int) -> int:
    """Cut what could point to a person from those who began so long ago; how many.

    Raises:
        SurveyError: there is no database; whether the study can be used does not matter.
    """
    store = survey.database
    with survey.alone():
        now = survey.clock()
        before = stamp(now - timedelta(days=older_than_days))
        count = erasure.anonymise(store, before, stamp(now))
        if count:
            survey.rewrite_journal()
    if count:
        survey.on_erased()
    return count


def snapshot(survey: Survey, folder: Path) -> int:
    """Copy database and journal into a folder, as of one moment; how many people have been
    erased or made anonymous until then.

    Raises:
        SurveyError, OSError: they cannot be read or written.
    """
    store = survey.database
    with survey.alone():
        store.snapshot(folder / "survey.db")
        shutil.copytree(
            survey.journal.folder, folder / "journal", ignore=shutil.ignore_patterns("*.new")
        )
        return erasure.erasures(store)
