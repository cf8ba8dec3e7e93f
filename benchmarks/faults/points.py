"""Named points of the ledger: just before and just after a commit that moves deliveries to a state."""

from __future__ import annotations

import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any, Literal

import psycopg
from sqlalchemy import Dialect, Engine, event

COMMITS = ("planned", "leased", "handed", "recorded", "given up")
"""What a commit can be of: new rows, rows taken by a sender, rows handed over, answers, a dead sender's rows."""
ANSWERED = frozenset({"sent", "failed", "retry"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A signal to oneself at a commit."""

    when: Literal["before", "after"]
    commit: str
    """One of ``COMMITS``."""
    nth: int = 1
    signal: int = signal.SIGKILL

    def __str__(self) -> str:
        return f"{self.when} the commit of {self.commit}"


def strike_at(strike: Strike) -> None:
    """The signal at the ``nth`` such commit of this process, over connections that are opened from now on."""
    watch = _Watch(strike)

    class OnSqlite(sqlite3.Connection):
        def commit(self) -> None:
            watch.commit(self, super().commit)

    class OnPostgres(psycopg.Connection[Any]):
        def commit(self) -> None:
            watch.commit(self, super().commit)

    def connect(dialect: Dialect, _: object, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
        if dialect.name == "sqlite":
            return watch.begin(sqlite3.connect(*arguments, **named, factory=OnSqlite))
        return watch.begin(OnPostgres.connect(*arguments, **named))

    event.listen(Engine, "do_connect", connect)


@dataclass
class _Watch:
    """Looks, inside of the transaction, at what it is about to commit."""

    strike: Strike
    known: dict[int, str] | None = None
    seen: Counter[str] = field(default_factory=Counter)

    def begin(self, connection: Any) -> Any:
        if self.known is None:
            self.known = _states(connection)
            connection.rollback()
        return connection

    def commit(self, connection: Any, commit: Callable[[], None]) -> None:
        was, self.known = self.known or {}, _states(connection)
        moves = {kind_of(was.get(row_id), state) for row_id, state in self.known.items()} - {None}
        self._strike_if("before", moves)
        commit()
        self._strike_if("after", moves)

    def _strike_if(self, when: str, moves: Set[str | None]) -> None:
        if when == self.strike.when and self.strike.commit in moves:
            self.seen[when] += 1
            if self.seen[when] == self.strike.nth:
                # To this thread: a stop that is sent to the process lets the thread at work go on for a while.
                signal.pthread_kill(get_ident(), self.strike.signal)


def _states(connection: Any) -> dict[int, str]:
    """As they stand inside of the transaction."""
    cursor = connection.cursor()
    cursor.execute("SELECT id, state FROM deliveries")
    return dict(cursor.fetchall())


def kind_of(was: str | None, state: str) -> str | None:
    """What happened to a row; ``None`` where nothing did."""
    if was == state:
        return None
    if was is None:
        return "planned" if state == "ready" else None
    if (was, state) in {("handed", "uncertain"), ("leased", "ready")}:
        return "given up"
    return "recorded" if state in ANSWERED else state
