"""The licences of what others made and the site hands on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files


def with_licences(about: str, *packages: str) -> bytes:
    """A text about files, followed by the licences that came with these installed packages."""
    return "\n\n".join([about, *filter(None, map(_licence_of, packages))]).encode()


def _licence_of(package: str) -> str:
    try:
        found = [file for file in files(package) or () if file.name.startswith("LICENSE")]
        return found[0].read_text(encoding="utf-8").strip() if found else ""
    except (PackageNotFoundError, OSError):
        return ""  # the text names where it is
