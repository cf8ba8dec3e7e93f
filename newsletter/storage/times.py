"""Instants in the database: always UTC, readable, and in order when sorted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime: ``timestamptz`` on PostgreSQL, ``2026-11-22 07:30:00.000000`` on SQLite, given back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, which has no type for instants."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What is stored; a naive datetime is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return as_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The instant in UTC."""
        if value is None:
            return None
        return from_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)


def as_text(instant: datetime) -> str:
    """The instant in 26 characters that sort as instants do.

    >>> as_text(datetime(2026, 11, 22, 7, 30, tzinfo=UTC))
    '2026-11-22 07:30:00.000000'
    """
    return instant.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def from_text(stored: str) -> datetime:
    """The instant that ``as_text`` wrote."""
    return datetime.fromisoformat(f"{stored}+00:00")


def machine_clock() -> datetime:
    """Now, by this machine's clock."""
    return datetime.now(UTC)
