"""The database as one object: an attribute an aggregate."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import select

from newsletter.storage import health, lock
from newsletter.storage.api_tokens import ApiTokens
from newsletter.storage.brakes import Brakes
from newsletter.storage.circuits import Circuits
from newsletter.storage.clock import ClockMark
from newsletter.storage.consents import Consents
from newsletter.storage.counter import HandCounter
from newsletter.storage.deliveries import Deliveries
from newsletter.storage.doubts import Doubts
from newsletter.storage.editions import Editions
from newsletter.storage.engine import Database, Durability
from newsletter.storage.entries import Entries
from newsletter.storage.events import Events
from newsletter.storage.limits import Limits
from newsletter.storage.moves import Moves
from newsletter.storage.rates import Rates
from newsletter.storage.runs import Runs
from newsletter.storage.schema import HEAD, notes
from newsletter.storage.sessions import Sessions
from newsletter.storage.sources import Sources
from newsletter.storage.subscribers import Subscribers
from newsletter.storage.suppressions import Suppressions
from newsletter.storage.tallies import Tallies
from newsletter.storage.times import machine_clock
from newsletter.storage.upgrade import Upgrade, bring_up_to_date
from newsletter.storage.vectors import Vectors
from newsletter.storage.votes import Votes
from newsletter.storage.waiting import Waiting


class Storage:
    """All that is remembered. Made by ``Storage.open``; may be shared by threads; closes as a context manager."""

    def __init__(self, database: Database, *, upgrade: Upgrade | None) -> None:
        """``database`` is of this version already."""
        with database.reading() as connection:
            salt = connection.scalars(select(notes.c.value).where(notes.c.name == "salt")).one()
        self._database = database
        self._counter = HandCounter(database)
        self.upgrade = upgrade
        """What was done to the schema when it was opened, if anything."""
        self.sources = Sources(database)
        self.entries = Entries(database)
        self.vectors = Vectors(database)
        self.suppressions = Suppressions(database, salt=salt)
        self.limits = Limits(database, salt=salt)
        self.subscribers = Subscribers(database, self.suppressions, self.limits)
        self.consents = Consents(database, salt=salt)
        self.moves = Moves(database, self.suppressions, self.consents)
        self.votes = Votes(database)
        self.editions = Editions(database)
        self.clock = ClockMark(database)
        self.deliveries = Deliveries(database, self._counter, self.clock)
        self.waiting = Waiting(database)
        self.tallies = Tallies(database)
        self.events = Events(database, self.suppressions)
        self.rates = Rates(database)
        self.circuits = Circuits(database)
        self.brakes = Brakes(database)
        self.doubts = Doubts(database)
        self.runs = Runs(database)
        self.sessions = Sessions(database)
        self.api_tokens = ApiTokens(database)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        migrate: bool | None = None,
        durability: Durability = "power",
        clock: Callable[[], datetime] = machine_clock,
    ) -> Self:
        """The storage behind ``sqlite:///FILE`` or ``postgresql://…``.

        ``migrate``: whether the schema may be brought to this version; by default SQLite's is, after a copy of the
        file, and PostgreSQL's is not. ``clock`` is the machine's. StorageError where the database cannot be used,
        UsageError for another URL.
        """
        database = Database(url, durability=durability, clock=clock)
        try:
            upgrade = bring_up_to_date(database, migrate=database.is_sqlite if migrate is None else migrate)
            return cls(database, upgrade=upgrade)
        except BaseException:
            database.close()
            raise

    @property
    def version(self) -> str:
        """The revision of the schema."""
        return HEAD

    def lock(self) -> AbstractContextManager[lock.RunLock]:
        """The lock of a run, held inside of a ``with``; LockHeld at once where another process has it."""
        return lock.hold(self._database)

    def check(self) -> health.Health:
        """What ``doctor`` says of the database; reads all of it."""
        return health.examine(self._database)

    def snapshot_is_stale(self) -> bool:
        """Whether the SQLite file was put back from a copy: deliveries it knows nothing of were handed over."""
        return self._counter.is_ahead()

    def confirm_resume(self) -> None:
        """Takes the database as it is: what was handed over after the copy was made may be sent again."""
        self._counter.accept()

    def close(self) -> None:
        """Ends all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
