"""Whatever is held of a person, deleted; and on SQLite emptied out of the log, where it would stand for a while."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, select

from newsletter.storage.engine import Database, in_chunks
from newsletter.storage.schema import IS_DIGEST, IS_NO_DIGEST, deliveries, events, notes, subscribers

LOG_HOLDS = "log holds"
"""The note that somebody's rows are in the log although they were erased."""


def hold(connection: Connection, subscriber_id: str) -> str | None:
    """A reader's address, with all that is to be deleted locked: in the order in which senders and events lock it, for
    on PostgreSQL they may come at the same moment. ``None`` where there is nobody of that id."""
    theirs = select(deliveries.c.id).where(deliveries.c.subscriber == subscriber_id).order_by(deliveries.c.id)
    for kinds in (IS_DIGEST, IS_NO_DIGEST):  # an index each
        connection.execute(theirs.where(kinds).with_for_update())
    reader = select(subscribers.c.email).where(subscribers.c.id == subscriber_id)
    return connection.scalar(reader.with_for_update())


def forget_rows(connection: Connection, *which: ColumnElement[bool]) -> int:
    """Deletes subscribers who never were readers, with the letters they got; how many."""
    gone = list(connection.scalars(select(subscribers.c.id).where(*which).with_for_update()))
    for chunk in in_chunks(gone):
        connection.execute(delete(deliveries).where(IS_NO_DIGEST, deliveries.c.subscriber.in_(chunk)))
        connection.execute(delete(subscribers).where(subscribers.c.id.in_(chunk)))
    return len(gone)


def erase_rows(connection: Connection, subscriber_id: str) -> None:
    """Deletes a reader: profile, votes, consents, deliveries, messages, events."""
    for kinds in (IS_DIGEST, IS_NO_DIGEST):
        theirs = kinds, deliveries.c.subscriber == subscriber_id
        connection.execute(delete(events).where(events.c.delivery_id.in_(select(deliveries.c.id).where(*theirs))))
        connection.execute(delete(deliveries).where(*theirs))
    connection.execute(delete(events).where(events.c.subscriber == subscriber_id))
    connection.execute(delete(subscribers).where(subscribers.c.id == subscriber_id))


def empty_log(database: Database) -> None:
    """Takes what was erased out of SQLite's log; where another connection reads it, ``finish_erasing`` will."""
    if database.is_sqlite and not database.empty_log():
        with database.writing() as connection:
            connection.execute(database.upsert(notes), {"name": LOG_HOLDS, "value": "what was erased"})


def finish_erasing(database: Database) -> None:
    """Empties SQLite's log of what was erased while another connection was still reading it."""
    its_note = notes.c.name == LOG_HOLDS
    with database.reading() as connection:
        if connection.scalar(select(notes.c.value).where(its_note)) is None:
            return
    if database.empty_log():
        with database.writing() as connection:
            connection.execute(delete(notes).where(its_note))
