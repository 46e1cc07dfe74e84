"""A survey whose data are restored at the start and backed up while it runs."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from survey.session.owner import snapshot
from survey.session.survey import Survey
from survey.storage.backends import open_backend
from survey.storage.backup import Backend, Backup, BackupError, BackupStatus, restore
from survey.storage.erasure import is_nobody_in
from survey.storage.store import check_database
from survey.study.errors import BackupUnreachableError
from survey.study.settings import DEFAULT_STUDY

logger = logging.getLogger(__name__)

DEFAULT_SECONDS = 120.0


class ProtectedSurvey:
    """A survey with its backup, if a place for one is set.

    Args:
        data_folder: see Survey.
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
        place: str = "",
        seconds: float = DEFAULT_SECONDS,
        backend: Backend | None = None,
    ) -> None:
        self.backup: Backup | None = None
        if not place:
            self.survey = Survey(data_folder, study=study)
            return
        try:
            backend = backend or open_backend(place)
            restore(data_folder, backend, check=check_database, is_empty=is_nobody_in)
            backend.names()  # a place that was never reached protects nothing
        except BackupError as error:
            logger.error("the survey stays closed: %s", error)
            problem = BackupUnreachableError(
                f"the backup cannot be reached ({error}); the survey stays closed until the app is "
                "started with a backup that answers, or with NITIDEZ_BACKUP empty"
            )
            self.survey = Survey(data_folder, study=study, problem=problem)
            return
        self.survey = Survey(data_folder, study=study)
        if self.survey.problem is not None:
            return
        self.backup = Backup(
            data_folder, backend, place=place, snapshot=partial(snapshot, self.survey)
        )
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
        self.survey.close()
