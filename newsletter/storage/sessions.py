"""Who is logged in at the desk: a session is a secret of the browser, of which only a hash is here."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Delete, delete, insert, or_, select, update

from newsletter.storage.engine import Database
from newsletter.storage.schema import sessions

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)
NOTED = timedelta(minutes=1)
"""How exactly it is known when a session was last used: not each look is a write."""


class Sessions:
    """The store of sessions; one ends after two hours without a word, and after twelve in any case.

    ``by`` is what a session was begun by, such as the hash of a password: with another it is none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, *, by: str, at: datetime) -> str:
        """The secret of a new session."""
        secret = secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            connection.execute(_over(at))
            connection.execute(insert(sessions), {"id_hash": _hash(secret, by), "created_at": at, "seen_at": at})
        return secret

    def is_open(self, secret: str, *, by: str, at: datetime) -> bool:
        """Whether that is the secret of a session that goes on; it is then used."""
        this = sessions.c.id_hash == _hash(secret, by)
        with self._database.reading() as connection:
            row = connection.execute(select(sessions).where(this)).one_or_none()
        if row is None or row.seen_at <= at - IDLE or row.created_at <= at - LONGEST:
            return False
        if row.seen_at <= at - NOTED:
            with self._database.writing() as connection:
                connection.execute(update(sessions).where(this).values(seen_at=at))
        return True

    def end(self, secret: str, *, by: str) -> None:
        """Ends a session."""
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.id_hash == _hash(secret, by)))


def _over(at: datetime) -> Delete:
    return delete(sessions).where(or_(sessions.c.seen_at <= at - IDLE, sessions.c.created_at <= at - LONGEST))


def _hash(secret: str, by: str) -> str:
    return hashlib.sha256(f"{secret} {by}".encode("utf-8", "surrogatepass")).hexdigest()
