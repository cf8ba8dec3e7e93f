"""The people who read us: one row an address, whoever owns it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.addresses import normal_form
from newsletter.errors import UsageError
from newsletter.model import Owner, ProfileSpec, Schedule, Subscriber, SubscriberState
from newsletter.storage.codec import PROFILE, SCHEDULE
from newsletter.storage.engine import Database, execute_all, in_chunks
from newsletter.storage.limits import Limits
from newsletter.storage.schema import IS_DIGEST, IS_NO_DIGEST, deliveries, events, notes, subscribers
from newsletter.storage.suppressions import ERASED, Suppressions

PAGE = 1000
LOG_HOLDS = "log holds"
"""The note that somebody's rows are in the log although they were erased."""


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
        found = self._read(select(subscribers).where(subscribers.c.id == subscriber_id))
        return found[0] if found else None

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
        wanted = _by_address(readers)
        erased = self._suppressions.among([reader.email for reader in readers], reason=ERASED)
        with self._database.writing() as connection:
            stored = _stored(connection, wanted)
            synced = {
                address: _from_file(reader, stored.get(address), now)
                for address, reader in wanted.items()
                if address in stored or reader.email not in erased
            }
            gone = [_removed(old) for address, old in stored.items() if address not in wanted]
            known = set(stored.values())
            self._write(connection, [new for new in [*synced.values(), *gone] if new not in known])
        return list(synced.values())

    def forget(self, subscriber_id: str) -> bool:
        """Removes somebody who never was a reader, with the letters they got; ``erase`` is for readers."""
        return self._forget(subscribers.c.id == subscriber_id) > 0

    def forget_pending(self, *, before: datetime) -> int:
        """The same for sign-ups of that time or earlier that nobody confirmed; how many."""
        return self._forget(subscribers.c.state == SubscriberState.PENDING, subscribers.c.created_at <= before)

    def _forget(self, *which: ColumnElement[bool]) -> int:
        with self._database.writing() as connection:
            gone = list(connection.scalars(select(subscribers.c.id).where(*which)))
            for chunk in in_chunks(gone):
                connection.execute(delete(deliveries).where(IS_NO_DIGEST, deliveries.c.subscriber.in_(chunk)))
                connection.execute(delete(subscribers).where(subscribers.c.id.in_(chunk)))
        return len(gone)

    def erase(self, subscriber_id: str, *, now: datetime) -> bool:
        """Forgets a person: profile, deliveries, messages, events; a salted hash stays that keeps them unmailed.

        On SQLite the address is then nowhere in the file or its log (a copy made before an upgrade still has it).
        """
        with self._database.writing() as connection:
            email = connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber_id))
            if email is None:
                return False
            self._suppressions.add_within(connection, email, ERASED, at=now)
            self._limits.forget_within(connection, email)
            for kinds in (IS_DIGEST, IS_NO_DIGEST):  # an index each
                theirs = kinds, deliveries.c.subscriber == subscriber_id
                connection.execute(
                    delete(events).where(events.c.delivery_id.in_(select(deliveries.c.id).where(*theirs)))
                )
                connection.execute(delete(deliveries).where(*theirs))
            connection.execute(delete(events).where(events.c.subscriber == subscriber_id))
            connection.execute(delete(subscribers).where(subscribers.c.id == subscriber_id))
        if self._database.is_sqlite and not self._database.empty_log():
            with self._database.writing() as connection:
                connection.execute(self._database.upsert(notes), {"name": LOG_HOLDS, "value": "what was erased"})
        return True

    def finish_erasing(self) -> None:
        """Empties SQLite's log of what was erased while another connection was still reading it."""
        its_note = notes.c.name == LOG_HOLDS
        with self._database.reading() as connection:
            if connection.scalar(select(notes.c.value).where(its_note)) is None:
                return
        if self._database.empty_log():
            with self._database.writing() as connection:
                connection.execute(delete(notes).where(its_note))

    def _read(self, query: Any) -> list[Subscriber]:
        with self._database.reading() as connection:
            return [subscriber_of(row) for row in connection.execute(query).mappings()]

    def _write(self, connection: Connection, people: Iterable[Subscriber]) -> None:
        rows = [
            {
                "id": person.id,
                "email": person.email,
                "address": normal_form(person.email),
                "address_hash": self._suppressions.hash(person.email),
                "name": person.name,
                "timezone": person.timezone,
                "schedule": SCHEDULE.encode(person.schedule),
                "profile": PROFILE.encode(person.profile),
                "state": person.state,
                "paused_until": person.paused_until,
                "owner": person.owner,
                "created_at": person.created_at,
                "when_empty": person.when_empty,
            }
            for person in people
        ]
        execute_all(connection, self._database.upsert(subscribers), rows)


def new_id() -> str:
    """An id that says nothing of its bearer and cannot be guessed."""
    return secrets.token_hex(8)


SUBSCRIBER_COLUMNS = (
    *("id", "email", "name", "timezone", "schedule", "profile", "state", "paused_until", "owner", "created_at"),
    "when_empty",
)
"""What a reader's record is made of."""


def subscriber_of(row: RowMapping) -> Subscriber:
    """The record of a row of the table ``subscribers``."""
    return subscriber_from([row[name] for name in SUBSCRIBER_COLUMNS])


def subscriber_from(
    values: Sequence[Any],
    *,
    read_instant: Callable[[Any], datetime] = lambda instant: instant,
    read_day: Callable[[Any], date] = lambda day: day,
) -> Subscriber:
    """The record out of the values of ``SUBSCRIBER_COLUMNS``; instants and days may be as the driver has them."""
    return Subscriber(
        id=values[0],
        email=values[1],
        name=values[2],
        timezone=values[3],
        schedule=_schedule(values[4]),
        profile=_profile(values[5]),
        state=_STATES[values[6]],
        paused_until=None if values[7] is None else read_day(values[7]),
        owner=_OWNERS[values[8]],
        created_at=None if values[9] is None else read_instant(values[9]),
        when_empty=values[10],
    )


_STATES = {state.value: state for state in SubscriberState}
_OWNERS = {owner.value: owner for owner in Owner}


@lru_cache(maxsize=1024)
def _schedule(stored: str) -> Schedule:
    return SCHEDULE.decode(stored)


@lru_cache(maxsize=1024)
def _profile(stored: str) -> ProfileSpec:
    return PROFILE.decode(stored)


def _by_address(readers: Iterable[Subscriber]) -> dict[str, Subscriber]:
    found: dict[str, Subscriber] = {}
    for reader in readers:
        if found.setdefault(normal_form(reader.email), reader) is not reader:
            raise UsageError(f"{reader.email}: this reader stands twice in subscribers.yaml")
    return found


def _stored(connection: Connection, addresses: Collection[str]) -> dict[str, Subscriber]:
    """By address: those who belong to the file, and those who have one of the addresses."""
    rows = list(connection.execute(select(subscribers).where(subscribers.c.owner == Owner.FILE)).mappings())
    for chunk in in_chunks(addresses):
        rows += connection.execute(select(subscribers).where(subscribers.c.address.in_(chunk))).mappings()
    return {row["address"]: subscriber_of(row) for row in rows}


def _from_file(reader: Subscriber, stored: Subscriber | None, now: datetime) -> Subscriber:
    """The file's word on everything but what only the database or the person can say."""
    if stored is None:
        return replace(reader, id=new_id(), owner=Owner.FILE, created_at=now)
    back = stored.state in {SubscriberState.REMOVED, SubscriberState.PENDING, SubscriberState.WAITING}
    return replace(
        reader,
        id=stored.id,
        owner=Owner.FILE,
        state=SubscriberState.ACTIVE if back else stored.state,
        paused_until=stored.paused_until,
        created_at=stored.created_at,
    )


def _removed(stored: Subscriber) -> Subscriber:
    return stored if stored.state is SubscriberState.LEFT else replace(stored, state=SubscriberState.REMOVED)
