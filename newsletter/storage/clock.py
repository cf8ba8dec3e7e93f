"""How far the machine's clock was ever seen to be: what is measured by it is not trusted where it jumps."""

from __future__ import annotations

import json
import logging
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from newsletter.storage.engine import Database
from newsletter.storage.schema import notes

LEASE = timedelta(minutes=5)
"""As long as senders lease for: a clock that is off by less does no harm."""
LEAP = timedelta(hours=1)
"""Ahead of what was seen last: downtime, or a clock that was put forward; nobody can tell."""
LONG_LEAP = timedelta(days=7)
"""For as long after a leap as far as that, things are as old as they were before it: what is old by a wrong clock may
be new."""

_CLOCK = notes.c.name == "clock"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is known of the clock."""

    seen: datetime
    """The latest instant that it ever showed."""
    steady_from: datetime
    """It leapt ahead a lease before this: leases that look expired until then may not be."""
    believed_from: datetime
    """It leapt far ahead a week before this: what looks old until then may not be."""
    before: datetime
    """What it showed before that leap."""


class ClockMark:
    """The high-water mark of the machine's clock, in the database so that it outlives every process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self) -> timedelta:
        """Notes where the clock stands; how far it is behind where it was seen to be, zero where it is not."""
        at = self._database.clock()
        with self._database.writing() as connection:
            mark = self._read(connection)
            if mark is None or at > mark.seen:
                self._write(connection, _moved(mark or _fresh(at), at))
        return max(timedelta(0), mark.seen - at) if mark else timedelta(0)

    def accept(self) -> None:
        """The clock is right as it stands, whatever it showed before."""
        at = self._database.clock()
        with self._database.writing() as connection:
            self._write(connection, replace(_fresh(at), steady_from=at + LEASE))

    def may_reap(self, connection: Connection, *, at: datetime) -> bool:
        """Whether a lease that looks expired at that instant is; within the caller's transaction.

        Not where the clock went back by more than a lease, nor within a lease after it leapt ahead: the owner may be
        alive. Whoever takes the run's lock settles a dead owner's leases without asking any clock.
        """
        mark = self._read(connection) or _fresh(at)
        if at < mark.seen - LEASE:
            log.warning("the machine's clock went back from %s to %s: no lease is taken for expired", mark.seen, at)
            return False
        moved = _moved(mark, at)
        if moved.steady_from > mark.steady_from:
            log.warning(
                "the machine's clock leapt from %s to %s: leases have until %s", mark.seen, at, moved.steady_from
            )
        self._write(connection, moved)
        return at >= moved.steady_from

    def believed(self) -> datetime:
        """The time by which things are old enough to be deleted: what the clock shows, but within a week after it leapt
        far ahead what it showed before."""
        at = self._database.clock()
        with self._database.writing() as connection:
            mark = _moved(self._read(connection) or _fresh(at), at)
            self._write(connection, mark)
        if at >= mark.believed_from:
            return at
        log.info("the clock leapt far ahead: until %s things are as old as on %s", mark.believed_from, mark.before)
        return min(at, mark.before)

    def _read(self, connection: Connection) -> _Mark | None:
        kept = connection.scalar(select(notes.c.value).where(_CLOCK))
        if not kept:
            return None
        seen, steady_from, *more = map(datetime.fromisoformat, json.loads(kept))
        return _Mark(seen, steady_from, *(more if len(more) > 1 else (seen, seen)))

    def _write(self, connection: Connection, mark: _Mark) -> None:
        value = json.dumps([one.isoformat() for one in astuple(mark)])
        connection.execute(self._database.upsert(notes), {"name": "clock", "value": value})


def _fresh(at: datetime) -> _Mark:
    return _Mark(at, at, at, at)


def _moved(mark: _Mark, at: datetime) -> _Mark:
    if at > mark.seen + LONG_LEAP:
        mark = replace(mark, believed_from=at + LONG_LEAP, before=mark.seen)
    if at > mark.seen + LEAP:
        mark = replace(mark, steady_from=at + LEASE)
    return replace(mark, seen=max(mark.seen, at))
