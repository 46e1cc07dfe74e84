"""The folder of uploads and results: empty when the server starts, empty when it has ended."""

from __future__ import annotations

import shutil

from filelock import FileLock, Timeout

from demo.app.settings import Settings


class Scratch:
    """Holds the folder for this process. Of two servers with one folder the first clears it.

    Args:
        settings: say where it is; only the folders it names are touched.
    """

    def __init__(self, settings: Settings) -> None:
        self._folders = (
            settings.uploads_folder,
            settings.versions_folder,
            settings.studies_folder,
        )
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FileLock(settings.folder / "lock", blocking=False, thread_local=False)
        try:
            self._lock.acquire()
            self.is_ours = True
        except Timeout:  # another server's
            self.is_ours = False
        self.clear()

    def clear(self) -> None:
        """Delete what visitors sent and what was made of it; the rest goes with age."""
        if self.is_ours:
            for folder in self._folders:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Clear, and let go."""
        self.clear()
        self._lock.release()
