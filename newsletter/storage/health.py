"""What ``doctor`` says of the database."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from newsletter.errors import StorageError
from newsletter.storage.engine import Database
from newsletter.storage.failures import FULL
from newsletter.storage.schema import HEAD

LEAST_ROOM_BYTES = 1_000_000
"""A run of a few readers cannot be relied on to do with less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the database that is open."""

    place: str
    """The SQLite file, or the PostgreSQL URL without user and password."""
    engine: str
    """``SQLite 3.40.1`` or ``PostgreSQL 18.4``."""
    revision: str
    size_bytes: int
    journal: str
    """SQLite's journal mode and synchronous setting, or PostgreSQL's synchronous_commit."""
    refusal: str | None
    """Why nothing can be written; ``None`` where it can."""
    free_bytes: int | None
    """Room on the disk of the SQLite file; ``None`` on PostgreSQL, whose disk is not ours to see."""
    damage: tuple[str, ...]
    """What SQLite's integrity check found; PostgreSQL has none that a client may run."""

    @property
    def is_writable(self) -> bool:
        """Whether something can be written."""
        return self.refusal is None

    @property
    def is_sound(self) -> bool:
        """Whether there is nothing to mend."""
        return self.is_writable and not self.damage


def examine(database: Database) -> Health:
    """Looks at all of it: on SQLite every page of the file is read."""
    return _examine_sqlite(database) if database.file else _examine_postgresql(database)


def _examine_sqlite(database: Database) -> Health:
    with database.bare() as driver:
        free = shutil.disk_usage(Path(database.place).parent).free

        def ask(pragma: str) -> Any:
            return driver.execute(f"PRAGMA {pragma}").fetchone()[0]

        level = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[ask("synchronous")]
        return Health(
            place=database.place,
            engine=f"SQLite {driver.execute('SELECT sqlite_version()').fetchone()[0]}",
            revision=HEAD,
            size_bytes=ask("page_count") * ask("page_size"),
            journal=f"{ask('journal_mode')}, synchronous {level}",
            refusal=_refusal(database) or _lack_of_room(database, free),
            free_bytes=free,
            damage=_find_damage(driver),
        )


def _examine_postgresql(database: Database) -> Health:
    with database.reading() as connection:
        return Health(
            place=database.place,
            engine=f"PostgreSQL {connection.scalar(text('SHOW server_version'))}",
            revision=HEAD,
            size_bytes=connection.scalar(select(func.pg_database_size(func.current_database()))) or 0,
            journal=f"synchronous_commit {connection.scalar(text('SHOW synchronous_commit'))}",
            refusal=_refusal(database),
            free_bytes=None,
            damage=(),
        )


def _find_damage(driver: sqlite3.Connection) -> tuple[str, ...]:
    """What does not fit together; a page that is bad enough ends the search itself."""
    try:
        found = [row[0] for row in driver.execute("PRAGMA integrity_check")]
        orphans = [f"{row[0]}: row {row[1]} has no parent" for row in driver.execute("PRAGMA foreign_key_check")]
    except sqlite3.DatabaseError as error:
        return (str(error),)
    return tuple(orphans) if found == ["ok"] else tuple(found)


def _lack_of_room(database: Database, free_bytes: int) -> str | None:
    """A small write fits into a page that is free inside of the file; a run's does not."""
    if free_bytes >= LEAST_ROOM_BYTES:
        return None
    return f"{database.place}: {FULL} ({free_bytes / 1e6:.1f} MB free)"


def _refusal(database: Database) -> str | None:
    try:
        with database.writing() as connection:
            connection.execute(text("UPDATE notes SET value = value WHERE name = 'salt'"))
    except StorageError as error:
        return str(error)
    return None
