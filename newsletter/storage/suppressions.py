"""Addresses that must not be mailed, kept as salted hashes: after an erase nothing else is left of a person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, delete, func, select, update

from newsletter.addresses import normal_form
from newsletter.model import EventKind
from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.schema import events, subscribers, suppressions

ERASED = "erased"
"""The reason of those who asked to be forgotten: no file brings them back."""

BOUNCED, UNSUBSCRIBED, COMPLAINED = "bounced", "unsubscribed", "complained"
STRENGTHS = (BOUNCED, UNSUBSCRIBED, COMPLAINED)
"""Reasons that are told by providers, the weakest first; any other is somebody's own word, and stronger."""
BOUNCES = (EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT)
"""What an address is scored by."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A reader who is not mailed because of the address."""

    subscriber: str
    email: str
    reason: str
    at: datetime


class Suppressions:
    """The list of addresses that are never mailed."""

    def __init__(self, database: Database, *, salt: str) -> None:
        self._database = database
        self._salt = salt

    def add(self, email: str, reason: str, *, at: datetime) -> None:
        """Suppresses the address; the latest reason stands."""
        with self._database.writing() as connection:
            self.add_within(connection, email, reason, at=at)

    def add_within(self, connection: Connection, email: str, reason: str, *, at: datetime) -> None:
        """The same inside a transaction of the caller's."""
        row = {"address_hash": self.hash(email), "reason": reason, "at": at}
        connection.execute(self._database.upsert(suppressions), row)

    def strengthen_within(self, connection: Connection, address_hash: str, reason: str, *, at: datetime) -> bool:
        """Suppresses an address by its hash for one of ``STRENGTHS``, unless a stronger reason stands; whether it was
        not suppressed before. Whatever the order, the strongest reason stays, since when it was first given."""
        query = select(suppressions.c.reason, suppressions.c.at).where(suppressions.c.address_hash == address_hash)
        stands = connection.execute(query).one_or_none()
        if stands is None or _weight(reason, at) > _weight(stands.reason, stands.at):
            row = {"address_hash": address_hash, "reason": reason, "at": at}
            connection.execute(self._database.upsert(suppressions), row)
        return stands is None

    def remove(self, email: str) -> bool:
        """Lets the address be mailed again, as if nothing had ever bounced there; false where it was not suppressed."""
        with self._database.writing() as connection:
            return self.remove_within(connection, email)

    def remove_within(self, connection: Connection, email: str) -> bool:
        """The same inside a transaction of the caller's."""
        hashed = self.hash(email)
        reader = select(subscribers.c.id).where(subscribers.c.address_hash == hashed)
        # What was told stays known as told, and counts for its delivery; it is only nobody's score any more, and by the
        # delivery alone it is found again when its reader is erased.
        bounces = update(events).where(events.c.subscriber.in_(reader), events.c.kind.in_(BOUNCES))
        detail = case((events.c.delivery_id.is_(None), ""), else_=events.c.detail)
        lifted = connection.execute(delete(suppressions).where(suppressions.c.address_hash == hashed)).rowcount > 0
        if lifted:
            connection.execute(bounces.values(subscriber=None, detail=detail))
        return lifted

    def is_suppressed(self, email: str) -> bool:
        """Whether the address must not be mailed."""
        return bool(self.among([email]))

    def among(self, emails: Iterable[str], *, reason: str | None = None) -> set[str]:
        """Those of the addresses, as given, that are suppressed, for any reason or for this one."""
        by_hash = {email: self.hash(email) for email in emails}
        query = select(suppressions.c.address_hash)
        if reason is not None:
            query = query.where(suppressions.c.reason == reason)
        found: set[str] = set()
        with self._database.reading() as connection:
            for chunk in in_chunks(set(by_hash.values())):
                found |= set(connection.scalars(query.where(suppressions.c.address_hash.in_(chunk))))
        return {email for email, hashed in by_hash.items() if hashed in found}

    def reasons(self, emails: Iterable[str]) -> dict[str, tuple[str, datetime]]:
        """Address, as given -> why it is suppressed and since when; those that are not are left out."""
        by_hash = {self.hash(email): email for email in emails}
        query = select(suppressions.c.address_hash, suppressions.c.reason, suppressions.c.at)
        found: dict[str, tuple[str, datetime]] = {}
        with self._database.reading() as connection:
            for chunk in in_chunks(by_hash):
                rows = connection.execute(query.where(suppressions.c.address_hash.in_(chunk)))
                found.update((by_hash[row.address_hash], (row.reason, row.at)) for row in rows)
        return found

    def readers(self) -> set[str]:
        """Ids of the readers whose address is suppressed."""
        query = select(subscribers.c.id).join(suppressions, suppressions.c.address_hash == subscribers.c.address_hash)
        with self._database.reading() as connection:
            return set(connection.scalars(query))

    def count(self) -> int:
        """How many addresses are suppressed."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(suppressions)) or 0

    def counts(self) -> dict[str, int]:
        """How many addresses are suppressed for each reason, the most frequent first."""
        many = func.count()
        query = (
            select(suppressions.c.reason, many)
            .group_by(suppressions.c.reason)
            .order_by(many.desc(), suppressions.c.reason)
        )
        with self._database.reading() as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}

    def latest(self, limit: int) -> list[Suppressed]:
        """The readers whose addresses were suppressed last, latest first; of other addresses there are only hashes."""
        query = (
            select(subscribers.c.id, subscribers.c.email, suppressions.c.reason, suppressions.c.at)
            .join(suppressions, suppressions.c.address_hash == subscribers.c.address_hash)
            .order_by(suppressions.c.at.desc(), subscribers.c.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [Suppressed(*row) for row in connection.execute(query)]

    def hash(self, email: str) -> str:
        """What stands for the address in this database, and in no other."""
        return hashlib.sha256(f"{self._salt}:{normal_form(email)}".encode("utf-8", "surrogatepass")).hexdigest()


def _weight(reason: str, at: datetime) -> tuple[int, float]:
    """The stronger reason, and of one reason the earlier word, weighs more."""
    return (STRENGTHS.index(reason) if reason in STRENGTHS else len(STRENGTHS), -at.timestamp())
