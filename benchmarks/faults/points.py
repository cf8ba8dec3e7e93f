"""Named points of the ledger: just before and just after a commit that moves deliveries to a state."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import dataclass, field
from threading import get_ident, local
from typing import Any, Literal

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

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
    """From now on, in this process: the signal at the ``nth`` such commit."""
    watch = _Watch(strike)
    event.listen(Engine, "begin", watch.at_begin)
    event.listen(Engine, "commit", watch.before_commit)
    event.listen(Pool, "checkin", watch.after_commit)


@dataclass
class _Watch:
    """Looks, inside of the transaction, at what it is about to commit."""

    strike: Strike
    known: dict[int, str] | None = None
    seen: Counter[str] = field(default_factory=Counter)
    committing: local = field(default_factory=local)

    def at_begin(self, connection: Connection) -> None:
        if self.known is None:
            self.known = _states(connection)

    def before_commit(self, connection: Connection) -> None:
        was, self.known = self.known or {}, _states(connection)
        moves = {kind_of(was.get(row_id), state) for row_id, state in self.known.items()}
        self.committing.moves = moves - {None}
        self._strike_if("before", self.committing.moves)

    def after_commit(self, *_: object) -> None:
        moves = getattr(self.committing, "moves", frozenset())
        self.committing.moves = frozenset()
        self._strike_if("after", moves)

    def _strike_if(self, when: str, moves: frozenset[str]) -> None:
        if when == self.strike.when and self.strike.commit in moves:
            self.seen[when] += 1
            if self.seen[when] == self.strike.nth:
                # To this thread: a stop that is sent to the process lets the thread at work go on for a while.
                signal.pthread_kill(get_ident(), self.strike.signal)


def _states(connection: Connection) -> dict[int, str]:
    """As they stand inside of the transaction."""
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
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
