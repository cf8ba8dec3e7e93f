"""Editions that were held back because of what became of their first mails, and the figures that decide it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update

from newsletter.model import DeliveryState
from newsletter.storage.engine import Database
from newsletter.storage.schema import IS_AT_REST, IS_COMPLAINT, brakes, deliveries, editions, events

CONTENT_REFUSED = "content refused: "
"""What errors in the ledger begin with where the provider did not like what a mail says, or how large it is."""
REFUSED = "refused"
"""What ids of events end with that a provider told of an address while it was handed a message."""
ONE_IN = 1000
"""Complaints fewer than one in so many say nothing, so that no more than that is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """Why an edition was paused."""

    edition: str
    kind: str
    """``content``, ``addresses`` or ``complaints``."""
    pulled_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Share:
    """Some out of many; as it begins, none out of none."""

    some: int = 0
    many: int = 0


class Brakes:
    """The store of brakes. Each is pulled once an edition: who resumes it after that has decided."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pull(self, brake: Brake) -> bool:
        """Pauses the edition; false where this brake was pulled for it before."""
        with self._database.writing() as connection:
            insert = self._database.insert(brakes).on_conflict_do_nothing().returning(brakes.c.edition)
            is_first = connection.execute(insert, asdict(brake)).first() is not None
            if is_first:
                connection.execute(update(editions).where(editions.c.id == brake.edition).values(paused=True))
        return is_first

    def list(self, limit: int = 20, *, in_force: bool = False) -> Sequence[Brake]:
        """The latest brakes, latest first; ``in_force``: of editions that are paused still."""
        query = select(brakes).order_by(brakes.c.pulled_at.desc(), brakes.c.edition.desc()).limit(limit)
        if in_force:
            query = query.join(editions, editions.c.id == brakes.c.edition).where(editions.c.paused)
        with self._database.reading() as connection:
            return [Brake(**row) for row in connection.execute(query).mappings()]

    def content_refusals(self, edition: str) -> Share:
        """How many of the edition's mails were refused for their content, of those that were answered."""
        return self._share(edition, deliveries.c.error.startswith(CONTENT_REFUSED))

    def address_refusals(self, edition: str) -> Share:
        """How many were refused because nobody is there, of those that were answered."""
        told = select(events.c.id).where(events.c.delivery_id == deliveries.c.id, events.c.id.endswith(f".{REFUSED}"))
        return self._share(edition, told.exists())

    def _share(self, edition: str, why: ColumnElement[bool]) -> Share:
        made_at = select(editions.c.made_at).where(editions.c.id == edition).scalar_subquery()
        answered = select(func.count()).where(
            deliveries.c.created_at >= made_at,
            deliveries.c.edition == edition,
            deliveries.c.state.in_([DeliveryState.SENT, DeliveryState.FAILED]),
        )
        refused = select(func.count()).where(
            IS_AT_REST,
            deliveries.c.state == DeliveryState.FAILED,
            deliveries.c.edition == edition,
            why,
        )
        with self._database.reading() as connection:
            return Share(connection.scalar(refused) or 0, connection.scalar(answered) or 0)

    def is_decided(self, edition: str, kind: str) -> bool:
        """Whether this brake was pulled for the edition, and somebody has resumed it since."""
        query = select(brakes.c.edition).join(editions, editions.c.id == brakes.c.edition)
        query = query.where(brakes.c.edition == edition, brakes.c.kind == kind, editions.c.paused.is_(False))
        with self._database.reading() as connection:
            return connection.scalar(query) is not None

    def complaints(self, *, since: datetime, edition: str | None = None) -> Share:
        """How many mails that were planned since then were called spam, of those sent; of one edition, or of all.

        Where it is less than one in a thousand, ``many`` may be less than all.
        """
        which = [deliveries.c.created_at >= since]
        if edition is not None:
            which.append(deliveries.c.edition == edition)
        complained = (
            select(func.count(events.c.delivery_id.distinct()))
            .join(deliveries, deliveries.c.id == events.c.delivery_id)
            .where(IS_COMPLAINT, *which)
        )
        with self._database.reading() as connection:
            some = connection.scalar(complained) or 0
            if not some:
                return Share()
            sent = select(deliveries.c.id).where(*which, deliveries.c.state == DeliveryState.SENT)
            enough = sent.limit(some * ONE_IN + 1).subquery()
            return Share(some, connection.scalar(select(func.count()).select_from(enough)) or 0)

    def waiting_editions(self) -> Sequence[tuple[str, datetime]]:
        """Id and instant of the editions of which there is something to send, and which are not paused."""
        ready = select(deliveries.c.edition).where(deliveries.c.state == DeliveryState.READY)
        due = select(deliveries.c.edition).where(IS_AT_REST, deliveries.c.state == DeliveryState.RETRY)
        query = select(editions.c.id, editions.c.made_at).where(
            editions.c.paused.is_(False), editions.c.id.in_(ready.union(due))
        )
        with self._database.reading() as connection:
            return [(row.id, row.made_at) for row in connection.execute(query)]
