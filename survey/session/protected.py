"""A survey whose data are restored at the start and backed up while it runs."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from survey.backup.backends import Backend, BackupError, open_backend
from survey.backup.backup import Backup, BackupStatus
from survey.backup.repeated import Repeated
from survey.backup.restore import restore
from survey.session.survey import Survey
from survey.storage.erasure import COPIES
from survey.study.errors import BackupUnreachableError, StoreError, SurveyError
from survey.study.settings import DEFAULT_STUDY

logger = logging.getLogger(__name__)

DEFAULT_SECONDS = 120.0


class ProtectedSurvey:
    """A survey with its backup, if a place for one is set.

    Args:
        data_folder, study, is_fixed: see Survey.
        place: `folder:PATH`, `dataset:OWNER/NAME`, `bucket:OWNER/NAME`, or "" for none.
        seconds: between backups.
        backend: in the place of the one that `place` names, for tests.

    A place that cannot be reached closes the survey; it never starts empty beside a backup.
    """

    def __init__(
        self,
        data_folder: Path,
        *,
        study: str = DEFAULT_STUDY,
        is_fixed: bool = True,
        place: str = "",
        seconds: float = DEFAULT_SECONDS,
        backend: Backend | None = None,
    ) -> None:
        self.backup: Backup | None = None
        self._cleaning: Repeated | None = None
        problem: SurveyError | None = None
        scratch = data_folder / COPIES
        try:
            if place:
                backend = backend or open_backend(place, scratch)
                restore(data_folder, backend)
                backend.names()  # a place that was never reached protects nothing
        except BackupError as error:
            problem = BackupUnreachableError(
                f"the backup cannot be reached ({error}); the survey stays closed until the app is "
                "started with a backup that answers, or with NITIDEZ_BACKUP empty"
            )
        except Exception as error:  # whatever lies in the folder, the upscaler runs
            logger.exception("the backup cannot be restored")
            problem = StoreError(f"the backup cannot be restored: {error}")
        if problem is not None:
            logger.error("the survey stays closed: %s", problem)
        self.survey = Survey(data_folder, study=study, is_fixed=is_fixed, problem=problem)
        if self.survey.problem is not None:
            return
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed process left
        record = self.survey.record
        if backend is None:
            record.clean()
            self._cleaning = Repeated(record.clean, "survey-clean")
            self._cleaning.start(seconds)
        else:
            self.backup = Backup(record, backend, place=place)
            self.survey.on_erased = self.backup.soon
            self.backup.start(seconds)

    @property
    def backup_status(self) -> BackupStatus | None:
        """How the backups are; None without any."""
        return None if self.backup is None else self.backup.status

    def close(self) -> None:
        """One last backup, then close."""
        if self.backup is not None:
            self.backup.close()
        if self._cleaning is not None:
            self._cleaning.close()
        self.survey.close()
