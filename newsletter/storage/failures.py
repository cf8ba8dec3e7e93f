"""Every error of a database as one clear line: what, where, what to do. The one place where drivers' errors end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError

from newsletter.errors import NewsletterError, StorageError, UsageError

FULL = "the disk is full; free some space and run again, nothing that was recorded is lost"
_READ_ONLY = "the database cannot be written; give this user the right to write the file and its folder"
DAMAGED = "the database is damaged; put back a copy of it, or rescue what is left with `sqlite3 FILE .recover`"
_UNREACHED = "the database server cannot be reached; check the address and that it is running"
_MISSING = "the database lacks a table; run `newsletter migrate`"

SQLITE = {
    "SQLITE_BUSY": "another program has locked the database for too long; end it and run again",
    "SQLITE_CANTOPEN": "the file cannot be opened; check that its folder exists and may be written by this user",
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_FULL": FULL,
    "SQLITE_IOERR": "the disk does not take or give the data; check that it is sound and not full, then run again",
    "SQLITE_LOCKED": "another connection has locked the database; run again",
    "SQLITE_NOTADB": "the file is no SQLite database; check `database` in the configuration",
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_READONLY": _READ_ONLY,
}
"""By primary result code; an extended code starts with it."""

POSTGRESQL = {
    "08": _UNREACHED,
    "25006": "the database server is read-only; connect to the primary",
    "28": "the database server refuses the user or the password; check `database` in the configuration",
    "3D000": "the server has no database of that name; create it with `createdb`",
    "40": "another process changed the same rows; run again",
    "42501": "the database user lacks a right; let it create and write tables",
    "42P01": _MISSING,
    "53100": FULL,
    "53300": "the database server has no connection left; raise max_connections or end other clients",
    "55P03": "another process holds a lock; run again",
    "57P": "the database server is shutting down or starting; run again",
    "XX": "the database server found damage; read its log",
}
"""By SQLSTATE, or its beginning."""


def listen(engine: Engine, place: str) -> None:
    """Makes every error of the engine one of ours.

    A broken constraint stays, for who caused it knows what it means; so does a stale connection that the pool finds.
    """

    def on_error(context: ExceptionContext) -> BaseException | None:
        error = context.original_exception
        ours = isinstance(error, (context.dialect.loaded_dbapi.Error, UnicodeError))
        is_handled = isinstance(context.sqlalchemy_exception, IntegrityError) or context.is_pre_ping
        return explain(error, place) if ours and not is_handled else None

    event.listen(engine, "handle_error", on_error, retval=True)


@contextmanager
def explained(place: str, *kinds: type[BaseException]) -> Iterator[None]:
    """The same for what goes past the engine: bare driver calls (their errors are ``kinds``) and files."""
    ours: tuple[type[BaseException], ...] = (sqlite3.Error, OSError, *kinds)
    try:
        yield
    except ours as error:
        raise explain(error, place) from error


def explain(error: BaseException, place: str) -> NewsletterError:
    """The error to raise in place of the driver's."""
    if isinstance(error, NewsletterError):
        return error
    if isinstance(error, UnicodeError):
        return UsageError(f"{place}: this text cannot be stored: {error}")
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return StorageError(f"{place}: {_advice(error)} ({said})")


def _advice(error: BaseException) -> str:
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        return _longest(SQLITE, name) or "the database refused"
    if isinstance(error, OSError):
        return "the file cannot be used; check the disk and who may write there"
    sqlstate = getattr(error, "sqlstate", None)
    return _longest(POSTGRESQL, sqlstate or "08") or "the database refused"


def _longest(table: dict[str, str], code: str) -> str | None:
    """The advice for the code itself or for the longest of its beginnings."""
    return next((table[code[:end]] for end in range(len(code), 0, -1) if code[:end] in table), None)
