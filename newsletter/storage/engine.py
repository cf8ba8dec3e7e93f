"""One engine, and two ways to speak to it: reading, and writing with the lock from the start."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, cast
from urllib.parse import unquote

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Executable,
    PoolProxiedConnection,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from newsletter.errors import UsageError
from newsletter.storage import failures
from newsletter.storage.bare import Bare
from newsletter.storage.times import machine_clock

BUSY_SECONDS = 30
LOG_BUSY_SECONDS = 2
"""Somebody waits for the answer; a run tries again."""
CONNECT_SECONDS = 10
CACHE_KIB = 8_000
"""Pages that a connection to SQLite keeps at hand."""
CHECKPOINT_PAGES = 8_000
"""SQLite moves its log into the file after so many pages: each time costs two syncs and writes most pages anew."""
CHUNK = 500
"""How many values one statement asks for: far below what either database takes, far above what costs."""

_BEGIN_WRITING = "BEGIN IMMEDIATE"

Durability = Literal["power", "process"]
"""What a committed row survives: a power cut, or only the death of our process (SQLite alone tells them apart)."""
T = TypeVar("T")


class Database:
    """A SQLite file or a PostgreSQL database."""

    def __init__(
        self, url: str, *, durability: Durability = "power", clock: Callable[[], datetime] = machine_clock
    ) -> None:
        """Connects to nothing yet, but for making a missing SQLite file; UsageError for a URL that is none of ours."""
        parsed = _parse(url)
        self.clock = clock
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.file = Path(parsed.database or "") if self.is_sqlite else None
        """The SQLite file; ``None`` on PostgreSQL."""
        self.place = str(self.file or unquote(str(_without_credentials(parsed))))
        """What messages call this database: never with a password."""
        self.engine = create_engine(parsed, **_options(parsed)) if self.is_sqlite else _postgresql(parsed)
        failures.listen(self.engine, self.place)
        if self.file:
            _make_file(self.file)
            _listen_to_sqlite(self.engine, place=self.place, synchronous="FULL" if durability == "power" else "NORMAL")
        self._writer = self.engine.execution_options(writes=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which nothing that is written stays."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction: on SQLite it waits for the write lock here, so it cannot fail half-way."""
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def writing_bare(self) -> Iterator[Bare]:
        """The same with the driver's own cursor, for what runs once a group of messages."""
        with failures.explained(self.place, self.engine.dialect.loaded_dbapi.Error, UnicodeError):
            pooled = self.engine.raw_connection()
            try:
                cursor = pooled.cursor()
                if self.is_sqlite:
                    cursor.execute(_BEGIN_WRITING)
                yield Bare(cursor, is_sqlite=self.is_sqlite)
                pooled.commit()
            except BaseException:
                self._undo(pooled)
                raise
            finally:
                pooled.close()

    def _undo(self, pooled: PoolProxiedConnection) -> None:
        """Rolls back; a connection that is gone is given up here, for the pool would tell of it with a traceback."""
        try:
            pooled.rollback()
        except self.engine.dialect.loaded_dbapi.Error:
            pooled.invalidate()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def upsert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that replaces the row of the same primary key."""
        insert = self.insert(table)
        keys = [column.name for column in table.primary_key]
        values = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
        return insert.on_conflict_do_update(index_elements=keys, set_=values)

    @contextmanager
    def bare(self) -> Iterator[Any]:
        """The driver's own connection outside of any transaction, for PRAGMA and the like."""
        with failures.explained(self.place):
            connection = self.engine.raw_connection()
            try:
                yield connection.driver_connection
            finally:
                connection.close()

    def empty_log(self) -> bool:
        """Moves SQLite's log into the file; false where another connection still reads what was before."""
        with self.bare() as driver:
            driver.execute(f"PRAGMA busy_timeout = {LOG_BUSY_SECONDS * 1000}")
            try:
                [(is_busy, *_)] = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        return not is_busy

    def close(self) -> None:
        """Ends all connections."""
        self.engine.dispose()


def in_chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values, some hundred at a time."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def execute_all(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Executes once a row, in one go, and not at all where there is none; how many rows it met."""
    if not rows:
        return 0
    return connection.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError("database: this is no database URL, expected sqlite:///FILE or postgresql://…") from None
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite":
        raise UsageError(
            f"database: {parsed.drivername}:// is not supported, expected sqlite:///FILE or postgresql://…"
        )
    if parsed.database in {None, "", ":memory:"} or parsed.host:
        raise UsageError(
            "database: a file is needed, to remember what was sent: sqlite:///FILE or sqlite:////absolute/FILE"
        )
    return parsed


def _without_credentials(url: URL) -> URL:
    socket = {"host": url.query["host"]} if "host" in url.query else {}
    return URL.create("postgresql", host=url.host, port=url.port, database=url.database, query=socket)


def _options(url: URL) -> dict[str, Any]:
    return {} if "timeout" in url.query else {"connect_args": {"timeout": BUSY_SECONDS}}


def _postgresql(url: URL) -> Engine:
    arguments = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=arguments)
    except ImportError:
        raise UsageError(
            "database: PostgreSQL needs the extra `postgresql`: pip install 'newsletter[postgresql]'"
        ) from None


def _make_file(file: Path) -> None:
    """Makes the file for this user alone: it holds the readers' addresses. One that exists keeps its mode."""
    with failures.explained(str(file)):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)


def _listen_to_sqlite(engine: Engine, *, place: str, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver starts no transaction by itself: ``_begin`` does
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # an erased address is overwritten, not only unlinked

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        with failures.explained(place):
            driver.execute(_BEGIN_WRITING if writes else "BEGIN")
