"""What readers voted for and against: one vote a reader and paper, the last one counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from newsletter.errors import UsageError
from newsletter.model import Entry, Vote
from newsletter.storage.codec import ENTRY
from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.entries import aliases_of
from newsletter.storage.schema import entries, subscribers, votes


class Votes:
    """The store of votes; they follow their papers when two become one, and go with their reader."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cast(self, subscriber_id: str, entry_id: str, value: Literal[1, -1], at: datetime) -> None:
        """Keeps the vote in place of an earlier one on the paper; UsageError for a reader or paper not stored."""
        try:
            self._write(subscriber_id, entry_id, value, at)
        except IntegrityError:  # meanwhile the paper became one with another: now it has an alias
            self._write(subscriber_id, entry_id, value, at)

    def take_back(self, subscriber_id: str, entry_ids: Collection[str]) -> int:
        """Forgets the reader's votes on these papers; how many there were."""
        with self._database.writing() as connection:
            taken = 0
            for chunk in in_chunks(set(_current(connection, entry_ids))):
                mine = delete(votes).where(votes.c.subscriber == subscriber_id)
                taken += connection.execute(mine.where(votes.c.entry_id.in_(chunk))).rowcount
            return taken

    def reset(self, subscriber_id: str) -> int:
        """Forgets all votes of the reader; how many there were."""
        with self._database.writing() as connection:
            return connection.execute(delete(votes).where(votes.c.subscriber == subscriber_id)).rowcount

    def of(self, subscriber_ids: Collection[str]) -> dict[str, list[Vote]]:
        """Reader -> their votes, oldest first; readers without any are left out."""
        query = (
            select(votes.c.subscriber, votes.c.value, votes.c.at, entries.c.id, entries.c.record)
            .join(entries)
            .order_by(votes.c.subscriber, votes.c.at, votes.c.entry_id)
        )
        found: dict[str, list[Vote]] = {}
        decoded: dict[str, Entry] = {}
        with self._database.reading() as connection:
            for chunk in in_chunks(set(subscriber_ids)):
                for reader, value, at, entry_id, record in connection.execute(
                    query.where(votes.c.subscriber.in_(chunk))
                ):
                    entry = decoded[entry_id] = decoded.get(entry_id) or ENTRY.decode(record)
                    found.setdefault(reader, []).append(Vote(entry=entry, value=1 if value > 0 else -1, at=at))
        return found

    def _write(self, subscriber_id: str, entry_id: str, value: int, at: datetime) -> None:
        with self._database.writing() as connection:
            current = _current(connection, [entry_id])[0]
            _require(connection, subscriber_id, current)
            row = {"subscriber": subscriber_id, "entry_id": current, "value": value, "at": at}
            connection.execute(self._database.upsert(votes), row)


def _current(connection: Connection, ids: Collection[str]) -> list[str]:
    """The ids that these go by now."""
    current = aliases_of(connection, ids)
    return [current.get(one, one) for one in ids]


def _require(connection: Connection, subscriber_id: str, entry_id: str) -> None:
    reader = select(subscribers.c.id).where(subscribers.c.id == subscriber_id)
    if connection.scalar(reader.with_for_update(read=True, key_share=True)) is None:  # an erase at once waits for us
        raise UsageError(f"{subscriber_id}: there is no reader of this id")
    if connection.scalar(select(entries.c.id).where(entries.c.id == entry_id)) is None:
        raise UsageError(f"{entry_id}: there is no paper of this id")
