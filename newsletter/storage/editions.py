"""Editions: immutable snapshots, each one compressed document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from newsletter.errors import UsageError
from newsletter.model import Edition
from newsletter.storage.codec import EDITION
from newsletter.storage.engine import Database
from newsletter.storage.schema import editions


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionHeader:
    """What is known of an edition without reading its entries."""

    id: str
    made_at: datetime
    reach_from: datetime
    fingerprint: str
    entries: int
    paused: bool


_HEADER = [column for column in editions.columns if column is not editions.c.snapshot]


class Editions:
    """The store of editions; one that is saved never changes, only its deliveries may be held back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self) -> Edition | None:
        """The latest edition."""
        headers = self.list(limit=1)
        return self.load(headers[0].id) if headers else None

    def last_with(self, fingerprint: str) -> Edition | None:
        """The latest edition if it has that fingerprint: then nothing changed since."""
        headers = self.list(limit=1)
        return self.load(headers[0].id) if headers and headers[0].fingerprint == fingerprint else None

    def has(self, edition_id: str) -> bool:
        """Whether there is an edition of that id."""
        with self._database.reading() as connection:
            return connection.scalar(select(editions.c.id).where(editions.c.id == edition_id)) is not None

    def header(self, edition_id: str) -> EditionHeader | None:
        """What is known of the edition of that id; ``None`` where there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_HEADER).where(editions.c.id == edition_id)).mappings().one_or_none()
            return None if row is None else EditionHeader(**row)

    def load(self, edition_id: str) -> Edition:
        """The edition of that id; UsageError where there is none."""
        with self._database.reading() as connection:
            packed = connection.scalar(select(editions.c.snapshot).where(editions.c.id == edition_id))
        if packed is None:
            raise UsageError(f"there is no edition {edition_id}; `newsletter editions list` shows those there are")
        return EDITION.unpack(packed)

    def save(self, edition: Edition, *, fingerprint: str) -> None:
        """Keeps the edition; UsageError where another one of the same instant is kept already."""
        row = {
            "id": edition.id,
            "made_at": edition.made_at,
            "reach_from": edition.reach_from,
            "fingerprint": fingerprint,
            "entries": len(edition.entries),
            "paused": False,
            "snapshot": EDITION.pack(edition),
        }
        with self._database.writing() as connection:
            connection.execute(self._database.insert(editions).on_conflict_do_nothing(), row)
            kept = connection.scalar(select(editions.c.fingerprint).where(editions.c.id == edition.id))
        if kept != fingerprint:
            raise UsageError(
                f"there is another edition {edition.id} already, and editions never change; use a later --now"
            )

    def list(self, limit: int = 20, *, before: datetime | None = None) -> Sequence[EditionHeader]:
        """The latest editions, or the latest made before that instant, latest first."""
        latest_first = select(*_HEADER).order_by(editions.c.made_at.desc(), editions.c.id.desc()).limit(limit)
        if before is not None:
            latest_first = latest_first.where(editions.c.made_at < before)
        with self._database.reading() as connection:
            return [EditionHeader(**row) for row in connection.execute(latest_first).mappings()]

    def pause(self, edition_id: str) -> bool:
        """Holds the edition's deliveries back from their next lease on; false where there is no such edition."""
        return self._hold(edition_id, paused=True)

    def resume(self, edition_id: str) -> bool:
        """Lets the edition's deliveries go on."""
        return self._hold(edition_id, paused=False)

    def _hold(self, edition_id: str, *, paused: bool) -> bool:
        with self._database.writing() as connection:
            held = update(editions).where(editions.c.id == edition_id).values(paused=paused)
            return connection.execute(held).rowcount > 0
