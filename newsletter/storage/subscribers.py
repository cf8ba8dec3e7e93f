"""The people who read us: one row an address, whoever owns it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.addresses import normal_form
from newsletter.errors import UsageError
from newsletter.model import Owner, Subscriber, SubscriberState
from newsletter.storage import erasing, file_readers
from newsletter.storage.codec import PROFILE, SCHEDULE
from newsletter.storage.engine import Database, execute_all, in_chunks
from newsletter.storage.limits import Limits
from newsletter.storage.schema import subscribers
from newsletter.storage.subscriber_rows import new_id, row_of, subscriber_of
from newsletter.storage.suppressions import ERASED, Suppressions

PAGE = 1000
_BY_ID = select(subscribers).where(subscribers.c.id == bindparam("wanted"))
"""Whoever follows a link is looked up by it."""


class Subscribers:
    """The store of subscribers."""

    def __init__(self, database: Database, suppressions: Suppressions, limits: Limits) -> None:
        self._database = database
        self._suppressions = suppressions
        self._limits = limits

    def all(self, states: Collection[SubscriberState] | None = None) -> list[Subscriber]:
        """Everyone, or everyone in one of these states, by id."""
        return [subscriber for page in self.pages(states) for subscriber in page]

    def pages(self, states: Collection[SubscriberState] | None = None) -> Iterator[Sequence[Subscriber]]:
        """The same a thousand at a time, so that a million readers fit in memory."""
        last = ""
        while page := self.page(states, after=last, limit=PAGE):
            yield page
            last = page[-1].id

    def search(
        self,
        beginning: str = "",
        *,
        states: Collection[SubscriberState] | None = None,
        owner: Owner | None = None,
        after: str = "",
        limit: int = 50,
    ) -> list[Subscriber]:
        """Those whose address begins like that, in the order of addresses; ``after``: the last address of the page
        before, in its normal form."""
        query = select(subscribers).order_by(subscribers.c.address).limit(limit).where(subscribers.c.address > after)
        if beginning:
            query = query.where(subscribers.c.address.startswith(beginning.casefold(), autoescape=True))
        if states is not None:
            query = query.where(subscribers.c.state.in_(list(states)))
        if owner is not None:
            query = query.where(subscribers.c.owner == owner)
        return self._read(query)

    def page(
        self, states: Collection[SubscriberState] | None = None, *, after: str = "", limit: int
    ) -> Sequence[Subscriber]:
        """The first of them whose ids come after that one."""
        query = select(subscribers).order_by(subscribers.c.id).where(subscribers.c.id > after).limit(limit)
        if states is not None:
            query = query.where(subscribers.c.state.in_(list(states)))
        return self._read(query)

    def by_email(self, email: str) -> Subscriber | None:
        """Who has that address, in whatever spelling."""
        found = self._read(select(subscribers).where(subscribers.c.address == normal_form(email)))
        return found[0] if found else None

    def by_id(self, subscriber_id: str) -> Subscriber | None:
        """Who has that id."""
        with self._database.reading() as connection:
            row = connection.execute(_BY_ID, {"wanted": subscriber_id}).mappings().one_or_none()
            return None if row is None else subscriber_of(row)

    def emails(self, ids: Iterable[str]) -> dict[str, str]:
        """The addresses of those of these ids that are somebody's."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for chunk in in_chunks(set(ids)):
                query = select(subscribers.c.id, subscribers.c.email).where(subscribers.c.id.in_(chunk))
                found |= {row.id: row.email for row in connection.execute(query)}
        return found

    def counts(self) -> dict[SubscriberState, int]:
        """How many are in each state; states of nobody are left out."""
        query = select(subscribers.c.state, func.count()).group_by(subscribers.c.state)
        with self._database.reading() as connection:
            return {SubscriberState(state): count for state, count in connection.execute(query)}

    def save(self, subscriber: Subscriber) -> Subscriber:
        """Inserts or replaces a person, with a new id where it is empty; UsageError where the address is another's."""
        complete = subscriber if subscriber.id else replace(subscriber, id=new_id())
        try:
            with self._database.writing() as connection:
                self._write(connection, [complete])
        except IntegrityError:
            raise UsageError(f"{subscriber.email}: there is a subscriber with this address already") from None
        return complete

    def save_all(self, people: Iterable[Subscriber]) -> None:
        """Inserts or replaces people who have their ids, in one transaction; UsageError as in ``save``."""
        try:
            with self._database.writing() as connection:
                self._write(connection, people)
        except IntegrityError:
            raise UsageError("there is a subscriber with one of these addresses already") from None

    def ask(self, wanted: Subscriber) -> Subscriber | None:
        """Keeps a sign-up: of somebody new, or in place of one that nobody has confirmed. ``None``, and nothing is
        written, where the address has become a reader's."""
        row = row_of(replace(wanted, id=new_id()), address_hash=self._suppressions.hash(wanted.email))
        insert = self._database.insert(subscribers).values(row)
        renewed = {name: insert.excluded[name] for name in row if name not in {"id", "address", "address_hash"}}
        asked = insert.on_conflict_do_update(
            index_elements=[subscribers.c.address],
            set_=renewed,
            where=subscribers.c.state == SubscriberState.PENDING,
        )
        with self._database.writing() as connection:
            kept = connection.execute(asked.returning(*subscribers.c)).mappings().one_or_none()
            return None if kept is None else subscriber_of(kept)

    def change(self, wished: Subscriber) -> bool:
        """Keeps a person's wishes, and nothing else of the record: whoever has left or was erased in the meantime
        stays so. False where there is nobody of that id."""
        wishes = update(subscribers).where(subscribers.c.id == wished.id)
        with self._database.writing() as connection:
            changed = wishes.values(
                name=wished.name,
                timezone=wished.timezone,
                schedule=SCHEDULE.encode(wished.schedule),
                profile=PROFILE.encode(wished.profile),
                when_empty=wished.when_empty,
            )
            return connection.execute(changed).rowcount > 0

    def set_state(
        self,
        subscriber_id: str,
        state: SubscriberState,
        *,
        paused_until: date | None = None,
        was: SubscriberState | None = None,
    ) -> bool:
        """Moves a person to another state; false where there is nobody of that id, or no longer in the state that it
        ``was``."""
        moved = update(subscribers).where(subscribers.c.id == subscriber_id)
        if was is not None:
            moved = moved.where(subscribers.c.state == was)
        with self._database.writing() as connection:
            return connection.execute(moved.values(state=state, paused_until=paused_until)).rowcount > 0

    def sync_file(self, readers: Sequence[Subscriber], *, now: datetime) -> list[Subscriber]:
        """Makes the readers of subscribers.yaml ours, as they stand now, in the file's order.

        Ids, pauses and leaving are kept; who is gone from the file becomes removed, who is back active again. An
        address that was erased is passed over: only its owner brings it back.
        """
        wanted = file_readers.by_address(readers)
        with self._database.writing() as connection:
            stored = _stored(connection, wanted)
            erased = self._suppressions.among([reader.email for reader in readers], reason=ERASED)
            synced, changed = file_readers.merge(wanted, stored, erased=erased, now=now)
            self._write(connection, changed)
        return synced

    def forget(self, subscriber_id: str, *, was: SubscriberState | None = None) -> bool:
        """Removes somebody who never was a reader, with the letters they got; ``erase`` is for readers. False where
        there is nobody of that id, or no longer in the state that it ``was``."""
        still = () if was is None else (subscribers.c.state == was,)
        gone = self._forget(subscribers.c.id == subscriber_id, *still) > 0
        if gone:
            erasing.empty_log(self._database)
        return gone

    def forget_pending(self, *, before: datetime) -> int:
        """The same for sign-ups of that time or earlier that nobody confirmed; how many."""
        return self._forget(subscribers.c.state == SubscriberState.PENDING, subscribers.c.created_at <= before)

    def _forget(self, *which: ColumnElement[bool]) -> int:
        with self._database.writing() as connection:
            return erasing.forget_rows(connection, *which)

    def erase(self, subscriber_id: str, *, now: datetime) -> bool:
        """Forgets a person: profile, deliveries, messages, events; a salted hash stays that keeps them unmailed.

        On SQLite the address is then nowhere in the file or its log (a copy made before an upgrade still has it).
        """
        with self._database.writing() as connection:
            email = erasing.hold(connection, subscriber_id)
            if email is None:
                return False
            self._suppressions.add_within(connection, email, ERASED, at=now)
            self._limits.forget_within(connection, email)
            erasing.erase_rows(connection, subscriber_id)
        erasing.empty_log(self._database)
        return True

    def finish_erasing(self) -> None:
        """Empties SQLite's log of what was erased while another connection was still reading it."""
        erasing.finish_erasing(self._database)

    def _read(self, query: Any) -> list[Subscriber]:
        with self._database.reading() as connection:
            return [subscriber_of(row) for row in connection.execute(query).mappings()]

    def _write(self, connection: Connection, people: Iterable[Subscriber]) -> None:
        rows = [row_of(person, address_hash=self._suppressions.hash(person.email)) for person in people]
        execute_all(connection, self._database.upsert(subscribers), rows)


def _stored(connection: Connection, addresses: Collection[str]) -> dict[str, Subscriber]:
    """By address: those who belong to the file, and those who have one of the addresses."""
    held = select(subscribers).order_by(subscribers.c.id).with_for_update()  # whoever leaves now does so after us
    rows = list(connection.execute(held.where(subscribers.c.owner == Owner.FILE)).mappings())
    for chunk in in_chunks(addresses):
        rows += connection.execute(held.where(subscribers.c.address.in_(chunk))).mappings()
    return {row["address"]: subscriber_of(row) for row in rows}
