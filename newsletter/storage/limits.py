"""What is allowed only so often: mails to an address that asks, tries of a password. Holds over restarts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from newsletter.addresses import normal_form
from newsletter.storage.engine import Database
from newsletter.storage.schema import limits

EVERYBODY = ""
"""In place of somebody: all of them together."""
KEPT = timedelta(days=2)
"""Longer than any limit reaches back."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """So many times within so long a time."""

    times: int
    within: timedelta


class Limits:
    """The store of what was done; whoever did it is kept as a salted hash."""

    def __init__(self, database: Database, *, salt: str) -> None:
        self._database = database
        self._salt = salt

    def take(self, rule: str, who: str, *allowed: Allowed, at: datetime) -> bool:
        """Whether it may be done once more now, by all of these; it is then taken as done.

        ``who`` is an address, in whatever spelling, a network address, or ``EVERYBODY``.
        """
        hashed = self._hash(who)
        with self._database.writing() as connection:
            if not self._database.is_sqlite:  # two at once would each see the other's not
                connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{rule}:{hashed}"))))
            if not all(_times(connection, rule, hashed, since=at - one.within) < one.times for one in allowed):
                return False
            connection.execute(insert(limits), {"rule": rule, "who": hashed, "at": at})
            return True

    def forget(self, rule: str, who: str) -> None:
        """Takes what was done as not done, as after a password that was right."""
        with self._database.writing() as connection:
            connection.execute(delete(limits).where(limits.c.rule == rule, limits.c.who == self._hash(who)))

    def forget_within(self, connection: Connection, who: str) -> None:
        """Forgets somebody altogether, inside a transaction of the caller's."""
        connection.execute(delete(limits).where(limits.c.who == self._hash(who)))

    def prune(self, at: datetime) -> None:
        """Deletes what no limit looks at any more."""
        with self._database.writing() as connection:
            connection.execute(delete(limits).where(limits.c.at < at - KEPT))

    def _hash(self, who: str) -> str:
        return (
            hashlib.sha256(f"{self._salt}:limit:{normal_form(who)}".encode("utf-8", "surrogatepass")).hexdigest()
            if who
            else EVERYBODY
        )


def _times(connection: Connection, rule: str, who: str, *, since: datetime) -> int:
    query = select(func.count()).select_from(limits)
    return connection.scalar(query.where(limits.c.rule == rule, limits.c.who == who, limits.c.at > since)) or 0
