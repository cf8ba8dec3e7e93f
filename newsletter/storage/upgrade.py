"""The schema brought to this version: SQLite by itself, after a copy of the file; PostgreSQL only when told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table, text

from newsletter.errors import StorageError
from newsletter.storage import schema
from newsletter.storage.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATION_KEY = int.from_bytes(b"migrates")
"""The number of the advisory lock under which a PostgreSQL schema is changed."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What was done to a database when it was opened."""

    before: str | None
    """Its revision; ``None``: it was empty."""
    after: str
    copy: Path | None = None
    """The file as it was before."""


def bring_up_to_date(
    database: Database, *, migrate: bool, head: str = schema.HEAD, migrations: Path = MIGRATIONS
) -> Upgrade | None:
    """The upgrade that was needed, or ``None``; StorageError where one is needed and not allowed, or impossible."""
    with database.reading() as connection:
        before = _revision(connection, database)
    if before == head:
        return None
    if before is not None and before not in _known_revisions(migrations):
        raise StorageError(
            f"{database.place}: the database is of a newer version ({before}, this one knows {head}); "
            "upgrade newsletter"
        )
    if not migrate:
        raise StorageError(
            f"{database.place}: the database is {'empty' if before is None else f'of version {before}'}, "
            f"this version of newsletter needs {head}; run `newsletter migrate`"
        )
    copy = _copy(database, head) if before is not None else None
    with _migrating(database) as connection:
        _migrate(connection, migrations)
    return Upgrade(before, head, copy)


def _revision(connection: Connection, database: Database) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if schema.VERSION_TABLE in tables:
        return connection.scalars(select(column("version_num")).select_from(table(schema.VERSION_TABLE))).one_or_none()
    foreign = tables if database.is_sqlite else tables & schema.metadata.tables.keys()
    if foreign:
        raise StorageError(
            f"{database.place}: the database belongs to another program (it has a table `{min(foreign)}`); "
            "check `database` in the configuration"
        )
    return None


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """A transaction for the migrations; SQLite rebuilds tables there, which must not cascade to their children."""
    with database.engine.execution_options(writes=True).connect() as connection:
        driver = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                if not database.is_sqlite:  # two at once would both make the first table
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_KEY})
                yield connection
        finally:
            if isinstance(driver, sqlite3.Connection):
                driver.execute("PRAGMA foreign_keys = ON")


def _migrate(connection: Connection, migrations: Path) -> None:
    from alembic import command

    config = _config(migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _known_revisions(migrations: Path) -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_config(migrations)).walk_revisions()}


def _config(migrations: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


def _copy(database: Database, head: str) -> Path | None:
    """The SQLite file as it stands, beside it; the copy of a failed try is written over."""
    if database.file is None:
        return None
    copy = database.file.with_name(f"{database.file.name}.before-{head}")
    with database.bare() as source, closing(sqlite3.connect(copy)) as target:
        copy.chmod(database.file.stat().st_mode)
        source.backup(target)
    return copy
