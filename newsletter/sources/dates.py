"""Dates as sources write them, as UTC instants; those that cannot be are none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})")


def instant(text: object) -> datetime | None:
    """The instant that an ISO 8601 or RFC 2822 text names, naive ones taken for UTC; ``None`` for anything else.

    >>> instant("2026-7-3"), instant("2024-13-45")
    (datetime.datetime(2026, 7, 3, 0, 0, tzinfo=datetime.timezone.utc), None)
    """
    if not isinstance(text, str):
        return None
    for reads in (datetime.fromisoformat, parsedate_to_datetime, _day):
        try:
            return utc(reads(text.strip()))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def utc(at: datetime) -> datetime:
    """The instant in UTC; a naive one is taken for UTC already."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def midnight(at: datetime | None) -> datetime | None:
    """The start of the day that an instant lies in, as its own zone counts days, put down as UTC."""
    return None if at is None else datetime(at.year, at.month, at.day, tzinfo=UTC)


def believable(at: datetime | None, *, now: datetime) -> datetime | None:
    """The instant, unless it is before 1990 or more than a day ahead of now."""
    return at if at is not None and EARLIEST <= at <= now + timedelta(days=1) else None


def _day(text: str) -> datetime:
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
