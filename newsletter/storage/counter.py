"""How often we handed over, in the SQLite file and beside it: a file put back from a copy betrays itself."""

from __future__ import annotations

import os
from threading import Lock

from sqlalchemy import select, update

from newsletter.errors import StorageError
from newsletter.storage import failures
from newsletter.storage.bare import Bare
from newsletter.storage.engine import Database
from newsletter.storage.schema import notes

_HANDED = notes.c.name == "handed"
_COUNT = select(notes.c.value).where(_HANDED)
_BUMP = "UPDATE notes SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'handed'"
_BUMPED = "SELECT value FROM notes WHERE name = 'handed'"


class HandCounter:
    """Counts in the transaction that hands over, and tells the file beside the database after its commit.

    PostgreSQL has no file beside it, and its servers keep their own history: there nothing is counted.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._published = 0
        self._path = database.file and database.file.with_name(f"{database.file.name}.counter")

    def bump(self, bare: Bare) -> int:
        """One more, within the caller's transaction; the new count is for ``publish``."""
        if not self._database.is_sqlite:
            return 0
        bare.write(_BUMP)
        [[count]] = bare.read(_BUMPED)
        return int(count)

    def publish(self, count: int) -> None:
        """Writes the count beside the database; it never goes back.

        Twenty digits written over twenty: that is never half done, and a full disk does not refuse it.
        """
        path = self._path
        with self._lock:
            if path is None or count <= self._published:
                return
            with failures.explained(str(path)):
                handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
                try:
                    os.write(handle, b"%020d" % count)
                finally:
                    os.close(handle)
            self._published = count

    def is_ahead(self) -> bool:
        """Whether the file has seen hand-overs that the database knows nothing of."""
        with self._database.reading() as connection:
            counted = int(connection.scalars(_COUNT).one())
        return self._told() > counted

    def accept(self) -> None:
        """The database, as it is, goes on counting from where the file stands."""
        with self._database.writing() as connection:
            told = str(self._told())
            connection.execute(update(notes).where(_HANDED).values(value=told))

    def _told(self) -> int:
        """What the file says; 0 where there is none."""
        path = self._path
        if path is None or not path.exists():
            return 0
        with failures.explained(str(path)):
            said = path.read_text(encoding="ascii", errors="replace")
        if not said.strip().isdigit():
            raise StorageError(
                f"{path}: expected a number; delete the file if the database was not put back from a copy"
            )
        return int(said)
