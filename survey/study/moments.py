"""Moments as the survey writes them down."""

from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(timezone.utc)


def stamp(moment: datetime) -> str:
    """UTC, ISO 8601, milliseconds."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
