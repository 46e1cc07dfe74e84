"""The studies of a data folder as their owner sees them, and what the owner does with them.

Raters get one of them. Opening another closes those that were open; people who rated these keep
what they gave, and see at the end of what they began that the study is closed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from survey.preparation.drafts import check_free, copy_study
from survey.session.owner import LEFT
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.storage import repository
from survey.storage.events import StudyChanged
from survey.storage.responses import finished, rating_now
from survey.study.errors import RatingGoesOnError, StudyFixedError, SurveyError
from survey.study.moments import stamp
from survey.study.study import check_name, load_study

State = Literal["prepared", "open", "closed", "archived", "broken"]


def studies_of(survey: Survey) -> list[dict[str, Any]]:
    """Every study, the newest first: `name`, `state`, `is_served` to raters, `created_at`, how many
    `photographs` and `raters` who finished, `methods`, `labels`, and `problem` of a broken one.
    """
    found = []
    for folder in (survey.data_folder / "studies").glob("[!.]*/"):
        row = repository.study_row(survey.store, folder.name)
        told: dict[str, Any] = {
            "name": folder.name,
            "state": _state(row),
            "is_served": folder.name == survey.study_name,
            "raters": finished(survey.store, folder.name),
            "created_at": "",
            "photographs": 0,
            "methods": [],
            "labels": {},
            "problem": "",
        }
        try:
            study = load_study(folder, check_images=False)
        except SurveyError as error:
            told |= {"state": "broken", "problem": str(error)}
        else:
            protocol = study.protocol
            compared = (method for pair in protocol.compared for method in pair)
            told |= {
                "created_at": study.created_at,
                "photographs": len(study.main),
                "methods": list(dict.fromkeys((*protocol.rated, *compared))),
                "labels": study.labels,
            }
        found.append(told)
    return sorted(found, key=lambda one: (str(one["created_at"]), str(one["name"])), reverse=True)


def _state(row: dict[str, Any] | None) -> State:
    if row is None:
        return "prepared"
    if row["archived"]:
        return "archived"
    return "open" if row["state"] == "open" else "closed"


def open_study(protected: ProtectedSurvey, name: str, *, is_confirmed: bool = False) -> None:
    """Give raters this study from now on; another that is open is closed.

    Args:
        is_confirmed: though somebody is rating another.

    Raises:
        StudyFixedError: the server was started for another one.
        RatingGoesOnError: somebody is, and it was not confirmed.
        SurveyError: it cannot be used.
    """
    survey = protected.survey
    if survey.is_fixed and name != survey.study_name:
        raise StudyFixedError(
            f"this server was started for study {survey.study_name!r}; start it without "
            "NITIDEZ_STUDY to choose here"
        )
    chosen = survey.of(name)
    now = survey.clock()
    opened = survey.store.rows("SELECT name FROM study WHERE state = 'open' AND name != ?", [name])
    others = [row["name"] for row in opened]
    raters = sum(rating_now(survey.store, other, stamp(now - LEFT)) for other in others)
    if raters and not is_confirmed:
        raise RatingGoesOnError(
            f"{raters} people are in the middle of rating {' and '.join(others)}, which would be "
            "closed; wait, or confirm it"
        )
    with survey.record.alone():
        repository.register(survey.record, chosen.study)
        changes = {"state": "open", "archived": 0, "opened_at": stamp(now)}
        survey.record.append(
            *(StudyChanged(other, {"state": "closed"}) for other in others),
            StudyChanged(name, changes),
        )
    protected.survey = chosen


def close_study(protected: ProtectedSurvey, name: str) -> None:
    """Take no more answers.

    Raises:
        StudyError: there is no such study, or nobody was ever given it.
    """
    repository.change_study(protected.survey.record, check_name(name), state="closed")


def archive_study(protected: ProtectedSurvey, name: str, *, is_archived: bool = True) -> None:
    """Put a study away, closed, or take it out again; its results stay.

    Raises:
        SurveyError: it cannot be used.
    """
    survey = protected.survey
    study = survey.of(name).study
    with survey.record.alone():
        repository.register(survey.record, study)
        changes = {"state": "closed", "archived": int(is_archived)}
        repository.change_study(survey.record, name, **changes)


def copy_of(survey: Survey, name: str, new_name: str) -> None:
    """Make another study of the same pictures and settings, without answers.

    Raises:
        StudyError: the new name is taken or cannot be; pictures were changed on disk.
    """
    study = survey.of(name).study
    copy_study(study, folder_of(survey, new_name), now=stamp(survey.clock()))


def folder_of(survey: Survey, name: str) -> Path:
    """Where a new study goes.

    Raises:
        StudyError: the name is taken or cannot be.
    """
    folder = survey.data_folder / "studies" / check_name(name)
    check_free(folder)
    return folder
