"""The driver's own cursor in a transaction of ours, for the few statements that run once a group of messages.

They are written out, for building them and wrapping their rows would cost more than running them. ``?`` stands for a
value, ``[marks]`` for as many as there are, ``[rows (?, ?)]`` for as many rows, ``[each WHEN ? THEN ?]`` for the same
without commas; where SQLite and PostgreSQL use other words for the same, ``{…}`` stands for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, cast

from newsletter.storage.times import as_text, from_text

_ROWS = re.compile(r"\[rows (.*?)\](?=\s|$)", re.DOTALL)
_EACH = re.compile(r"\[each (.*?)\]")
_WORDS = {
    True: {"{instant}": "TEXT", "{take}": "", "{share}": "", "{lock}": ""},
    False: {
        "{instant}": "TIMESTAMPTZ",
        "{take}": "FOR UPDATE OF d SKIP LOCKED",
        "{share}": "FOR SHARE",
        "{lock}": "FOR UPDATE",
    },
}


class Bare:
    """A cursor, and how its database writes instants and days."""

    def __init__(self, cursor: Any, *, is_sqlite: bool) -> None:
        self._cursor = cursor
        self.is_sqlite = is_sqlite
        self.instant: Callable[[datetime | None], Any] = _instant_as_text if is_sqlite else _as_it_is
        self.day: Callable[[date], Any] = _day_as_text if is_sqlite else _as_it_is
        self.read_instant: Callable[[Any], datetime] = _instant_from_text if is_sqlite else _instant_in_utc
        self.read_day: Callable[[Any], date] = _day_from_text if is_sqlite else _as_it_is

    def read(self, sql: str, values: Sequence[Any] = (), *, count: int = 1) -> list[tuple[Any, ...]]:
        """The rows; ``count`` is the length of the list in the statement."""
        self._cursor.execute(_spell(sql, count, self.is_sqlite), values)
        return cast("list[tuple[Any, ...]]", self._cursor.fetchall())

    def write(self, sql: str, values: Sequence[Any] = (), *, count: int = 1) -> int:
        """How many rows it met."""
        self._cursor.execute(_spell(sql, count, self.is_sqlite), values)
        return int(self._cursor.rowcount)


@lru_cache(maxsize=512)
def _spell(sql: str, count: int, is_sqlite: bool) -> str:
    """The statement as the driver takes it."""
    for word, spelt in _WORDS[is_sqlite].items():
        sql = sql.replace(word, spelt)
    sql = _ROWS.sub(lambda row: ", ".join([row[1]] * count), sql).replace("[marks]", ", ".join("?" * count))
    sql = _EACH.sub(lambda each: " ".join([each[1]] * count), sql)
    return sql if is_sqlite else sql.replace("?", "%s")


@lru_cache(maxsize=256)
def _instant_as_text(instant: datetime | None) -> str | None:
    """Most instants of a group are the same one."""
    return None if instant is None else as_text(instant)


@lru_cache(maxsize=256)
def _instant_from_text(stored: str) -> datetime:
    return from_text(stored)


def _instant_in_utc(stored: datetime) -> datetime:
    return stored.astimezone(UTC)


def _day_as_text(day: date) -> str:
    return day.isoformat()


@lru_cache(maxsize=16)
def _day_from_text(stored: str) -> date:
    return date.fromisoformat(stored)


def _as_it_is(value: Any) -> Any:
    return value
