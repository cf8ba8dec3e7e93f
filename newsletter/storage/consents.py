"""What readers agreed to: when, how, to which words; and that they took it back. Goes with its reader."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, insert, literal, select

from newsletter.model import Consent, ConsentAct
from newsletter.storage.engine import Database
from newsletter.storage.schema import consents, subscribers


class Consents:
    """The store of consents; nothing in it is ever changed."""

    def __init__(self, database: Database, *, salt: str) -> None:
        self._database = database
        self._salt = salt

    def add(self, consent: Consent, *, came_from: str | None = None) -> None:
        """Writes it down; ``came_from`` is the network address, of which a salted hash is kept."""
        with self._database.writing() as connection:
            self.add_within(connection, consent, came_from=came_from)

    def add_within(self, connection: Connection, consent: Consent, *, came_from: str | None = None) -> None:
        """The same inside a transaction of the caller's; of whoever was erased in the meantime nothing is kept."""
        said = {
            "at": consent.at,
            "act": consent.act,
            "method": consent.method,
            "words": consent.words,
            "source": self._hash(came_from) if came_from else consent.source,
        }
        values = [literal(value, consents.c[name].type) for name, value in said.items()]
        reader = select(subscribers.c.id, *values).where(subscribers.c.id == consent.subscriber)
        held = reader.with_for_update(read=True, key_share=True)  # an erase comes before or after us, never between
        connection.execute(insert(consents).from_select(["subscriber", *said], held))

    def of(self, subscriber_id: str) -> Sequence[Consent]:
        """What a reader said, in that order."""
        query = select(consents).where(consents.c.subscriber == subscriber_id).order_by(consents.c.id)
        with self._database.reading() as connection:
            return [
                Consent(
                    subscriber=row.subscriber,
                    at=row.at,
                    act=ConsentAct(row.act),
                    method=row.method,
                    words=row.words,
                    source=row.source,
                )
                for row in connection.execute(query)
            ]

    def _hash(self, came_from: str) -> str:
        return hashlib.sha256(f"{self._salt}:source:{came_from}".encode()).hexdigest()
