"""Instants as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NEAR = timedelta(hours=1)
"""What is no further away is told to the second."""


def iso(at: datetime | None) -> str | None:
    """The instant for a JSON document."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def told_instant(at: datetime, now: datetime | None = None) -> str:
    """The instant in UTC, to the minute; to the second where it is near ``now``.

    >>> at = datetime(2026, 11, 22, 20, 28, 9, tzinfo=UTC)
    >>> told_instant(at), told_instant(at, at - timedelta(minutes=5))
    ('2026-11-22 20:28 UTC', '2026-11-22 20:28:09 UTC')
    """
    is_near = now is not None and abs(at - now) < NEAR
    return f"{at.astimezone(UTC):{'%Y-%m-%d %H:%M:%S' if is_near else '%Y-%m-%d %H:%M'}} UTC"
