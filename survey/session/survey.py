"""A study in a data folder: opened, told about. What raters do with it is in `rating`."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from survey.session.consent import consent_version
from survey.storage import repository
from survey.storage.record import Record
from survey.storage.responses import finished, invitations
from survey.storage.store import Store
from survey.study.errors import StoreError, StudyError, StudyNotReadyError, SurveyError
from survey.study.moments import utc_now
from survey.study.plan import USUAL_MINUTES, minutes_of
from survey.study.settings import DEFAULT_STUDY, data_folder
from survey.study.study import Study, check_name, draft_of, load_study

logger = logging.getLogger(__name__)


class Survey:
    """One study in one data folder, for any number of threads.

    A survey that cannot work (database damaged, study changed on disk) is made all the same: its
    `status` says what is wrong and everything else raises it, so that the rest of the app runs.

    Args:
        data_folder: database, journal, secret, studies.
        study: name of the study raters get.
        is_fixed: whether it is that one in any case; else the one that the owner opened last.
        clock: the present moment, for tests.
        problem: a reason not to run at all; nothing on disk is touched then.

    Attributes:
        problem: what keeps it from running at all, or None.
        on_erased: told after an erasure, for backups.
    """

    def __init__(
        self,
        data_folder: Path,
        *,
        study: str = DEFAULT_STUDY,
        is_fixed: bool = True,
        clock: Callable[[], datetime] = utc_now,
        problem: SurveyError | None = None,
    ) -> None:
        self.data_folder = data_folder
        self.study_name = check_name(study)
        self.is_fixed = is_fixed
        self.clock = clock
        self.problem = problem
        self.on_erased: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._progress: float | None = None  # of the preparation; None when there is none
        self.waiting_for: Callable[[], str | None] = lambda: None  # what it waits for: a file
        self._record: Record | None = None
        self._study: Study | None = None
        self._minutes = USUAL_MINUTES
        self._others: dict[str, Survey] = {self.study_name: self}
        if problem is not None:
            return
        try:
            self._record = Record(data_folder)
            self._choose()
            self._load()
        except SurveyError as error:
            logger.error("the survey cannot run: %s", error)
            self.problem = error
        except Exception as error:  # whatever lies in the folder, the upscaler runs
            logger.exception("the survey cannot run")
            self.problem = StoreError(f"the survey cannot run: {type(error).__name__}: {error}")

    @property
    def study_folder(self) -> Path:
        """Where the study lies."""
        return self.data_folder / "studies" / self.study_name

    @property
    def record(self) -> Record:
        """What has happened, whether or not the study can be used.

        Raises:
            SurveyError: it cannot be read.
        """
        if self._record is None:
            assert self.problem is not None
            raise self.problem
        return self._record

    @property
    def secret(self) -> bytes:
        """Of the data folder, as `record`."""
        return self.record.secret

    @property
    def store(self) -> Store:
        """The database of a survey that works.

        Raises:
            SurveyError: the survey cannot run.
        """
        if self.problem is not None:
            raise self.problem
        return self.record.store

    @property
    def study(self) -> Study:
        """The study.

        Raises:
            SurveyError: it cannot be used, or is not ready yet.
        """
        if self.problem is not None:
            raise self.problem
        if self._study is None:
            raise StudyNotReadyError(
                f"study {self.study_name!r} is being prepared; come back in a minute"
            )
        return self._study

    def of(self, name: str) -> Survey:
        """The same survey with another study of its folder.

        Raises:
            SurveyError: it cannot be used.
        """
        if name == self.study_name:
            return self
        if (
            name not in self._others
        ):  # no lock: who loads may be alone at the record, or wait for it
            other = copy.copy(self)
            other.study_name, other.problem, other._study = check_name(name), None, None
            other._load(is_new=False)
            self._others.setdefault(name, other)
        return self._others[name]

    def _choose(self) -> None:
        chosen = None if self.is_fixed else repository.opened_last(self.record.store)
        if chosen is not None and (self.data_folder / "studies" / chosen).exists():
            self._others = {chosen: self}
            self.study_name = chosen

    def _load(self, *, is_new: bool = True) -> None:
        if is_new and not self.study_folder.exists() and self.study_name == DEFAULT_STUDY:
            return  # make_study() brings it
        study = load_study(self.study_folder)
        if is_new or repository.study_row(self.record.store, study.name):
            with self.record.alone():
                repository.register(self.record, study)
        self._study, self._minutes = study, minutes_of(study)

    def make_study(self, make: Callable[[Path, Callable[[float], None]], object]) -> None:
        """Have the default study made when it is not there yet; returns when it is.

        Args:
            make: puts it into a folder, and tells the share that is done, 0 to 1.
        """
        if self.problem is not None or self._study is not None:
            return
        with self._lock:
            if self._progress is not None:
                return
            self._progress = 0.0
        try:
            make(self.study_folder, self._set_progress)
            was_other_opened = repository.opened_last(self.record.store) is not None
            self._load(is_new=self.is_fixed or not was_other_opened)
        except SurveyError as error:
            self.problem = error
        except Exception as error:
            logger.exception("the study could not be prepared")
            self.problem = StudyError(f"the study could not be prepared: {error}")
        finally:
            self._progress = None

    def _set_progress(self, share: float) -> None:
        self._progress = share

    def close(self) -> None:
        """Close the database."""
        if self._record is not None:
            self._record.store.close()

    def told(self) -> list[str]:
        """What the owner should know: why the survey cannot run, what was put aside, what is still
        to be erased.
        """
        if self._record is None:
            return [str(self.problem)]
        problem = self.problem or self._record.problem
        jobs = len(self._record.jobs())
        return [
            *([str(problem)] if problem else []),
            *(f"aside/{note}" for note in self._record.told_aside()),
            *([f"{jobs} people have left and are still in backups or files"] if jobs else []),
        ]

    def status(self) -> dict[str, Any]:
        """What the page needs to know before anybody starts."""
        answer: dict[str, Any] = {
            "study": self.study_name,
            "state": "open",
            "progress": 1.0,
            "problem": None,
            "raters": 0,
            "minutes": self._minutes,
            "consent_version": consent_version(),
            "results_open": False,
            "by_invitation": False,
        }
        try:
            store = self.store
            if self._study is None:
                is_so = {"state": "preparing", "progress": self._progress or 0.0}
                return answer | is_so | {"waiting_for": self.waiting_for()}
            row = repository.study_row(store, self.study_name)
            raters = finished(store, self.study_name)
            by_invitation = invitations(store, self.study_name)["made"] > 0
            self.record.check()
        except SurveyError as error:
            detail = str(error).replace(f"{self.data_folder}/", "")
            detail = detail.replace(str(self.data_folder), "")
            return answer | {"state": "broken", "problem": {"key": error.key, "detail": detail}}
        return answer | {
            "state": "prepared" if row is None else row["state"],
            "raters": raters,
            "results_open": bool(row and row["results_open"]),
            "by_invitation": by_invitation,
        }


@contextmanager
def opened(study: str) -> Iterator[Survey]:
    """The survey of a study that is there, for a command.

    Raises:
        SurveyError: it is not, or the survey cannot run.
    """
    folder = data_folder()
    studies = folder / "studies"
    is_preparing = study == DEFAULT_STUDY and draft_of(studies / study).exists()
    if not (studies / check_name(study)).exists() and not is_preparing:
        others = sorted(path.name for path in studies.glob("[!.]*"))
        raise StudyError(
            f"{folder} holds no study {study!r}; "
            + (f"it holds {', '.join(others)} (--study NAME); " if others else "")
            + "make one with python -m survey prepare, or set NITIDEZ_DATA to the survey's folder"
        )
    survey = Survey(folder, study=study)
    try:
        survey.study  # noqa: B018  # raises what keeps the survey from running
        yield survey
    finally:
        survey.close()
