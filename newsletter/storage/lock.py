"""The lock of a run: whoever has it is alone at work, and it dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from sqlalchemy import text

from newsletter.errors import LockHeld, StorageError
from newsletter.storage import failures
from newsletter.storage.engine import Database

ADVISORY_KEY = int.from_bytes(b"newslett")
"""The number of our advisory lock; it counts within one PostgreSQL database."""


@dataclass(frozen=True, slots=True)
class RunLock:
    """A lock that is held."""

    is_held: Callable[[], bool]
    """Asks whether it is still ours: on PostgreSQL it is lost with its connection."""


@contextmanager
def hold(database: Database) -> Iterator[RunLock]:
    """Takes the lock at once or raises LockHeld; gives it back at the end."""
    if database.file:
        with _flock(database.file.with_name(database.file.name + ".lock")):
            yield RunLock(lambda: True)
    else:
        with _advisory_lock(database) as lock:
            yield lock


@contextmanager
def _flock(path: Path) -> Iterator[None]:
    """The file stays when the lock is gone: were it deleted, two processes could lock two files of one name."""
    with failures.explained(str(path)):
        handle = path.open("a+", encoding="ascii")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            raise LockHeld(f"another run is at work (process {handle.read() or 'unknown'}, {path})") from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


@contextmanager
def _advisory_lock(database: Database) -> Iterator[RunLock]:
    """A session of its own keeps the lock, outside of any transaction, so that it never holds up a vacuum."""
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_KEY}):
            raise LockHeld(f"another run is at work ({database.place})")

        asking = Lock()  # lanes share the one session

        def is_held() -> bool:
            with asking, suppress(StorageError):
                return not connection.invalidated and bool(connection.scalar(text("SELECT true")))
            return False

        try:
            yield RunLock(is_held)
        finally:
            if is_held():  # a session that is gone has given the lock back already
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_KEY})
            connection.invalidate()
