"""Editions that were held back because of what became of their first mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update

from newsletter.storage.engine import Database
from newsletter.storage.schema import brakes, editions


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """Why an edition was paused."""

    edition: str
    kind: str
    """``content`` or ``complaints``."""
    pulled_at: datetime
    reason: str


class Brakes:
    """The store of brakes. Each is pulled once an edition: who resumes it after that has decided."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pull(self, brake: Brake) -> bool:
        """Pauses the edition; false where this brake was pulled for it before."""
        with self._database.writing() as connection:
            pulled = connection.execute(self._database.insert(brakes).on_conflict_do_nothing(), asdict(brake)).rowcount
            if pulled > 0:
                connection.execute(update(editions).where(editions.c.id == brake.edition).values(paused=True))
        return pulled > 0

    def list(self, limit: int = 20) -> Sequence[Brake]:
        """The latest brakes, latest first."""
        query = select(brakes).order_by(brakes.c.pulled_at.desc(), brakes.c.edition.desc()).limit(limit)
        with self._database.reading() as connection:
            return [Brake(**row) for row in connection.execute(query).mappings()]
