"""The ledger's rules: which state follows which, what a caller hands in and gets back. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic_core import to_json

from newsletter.model import DIGEST, Delivery, DeliveryState, LetterKind, Subscriber, SubscriberState
from newsletter.storage.parts import Body
from newsletter.storage.suppressions import BOUNCED

MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.READY: frozenset(
        {DeliveryState.LEASED, DeliveryState.SUPPRESSED, DeliveryState.FAILED, DeliveryState.CANCELLED}
    ),
    DeliveryState.LEASED: frozenset(
        {
            DeliveryState.CANCELLED,
            DeliveryState.HANDED,
            DeliveryState.READY,
            DeliveryState.RETRY,
            DeliveryState.FAILED,
            DeliveryState.UNCERTAIN,  # of an earlier hand-over that cannot be repeated
        }
    ),
    DeliveryState.HANDED: frozenset(
        {
            DeliveryState.SENT,
            DeliveryState.UNCERTAIN,
            DeliveryState.READY,
            DeliveryState.RETRY,
            DeliveryState.FAILED,
        }
    ),
    DeliveryState.RETRY: frozenset(
        {DeliveryState.LEASED, DeliveryState.SUPPRESSED, DeliveryState.FAILED, DeliveryState.CANCELLED}
    ),
    DeliveryState.UNCERTAIN: frozenset({DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.READY}),
    DeliveryState.FAILED: frozenset({DeliveryState.READY}),
    DeliveryState.SENT: frozenset(),
    DeliveryState.SUPPRESSED: frozenset(),
    DeliveryState.CANCELLED: frozenset(),
}
"""State -> the states that may follow it by a sender's word or an operator's; what is told later has rules of its own
(``told``). ``handed`` goes back to ready only on proof that nothing left us."""

SENDING = frozenset({DeliveryState.LEASED, DeliveryState.HANDED, DeliveryState.UNCERTAIN})
"""States in which a sender's word still counts: an answer may come after the lease was given up for lost."""
WAITING = frozenset({DeliveryState.READY, DeliveryState.RETRY})
"""States from which a lease takes."""
NEVER_SHOWN = frozenset({DeliveryState.FAILED, DeliveryState.SUPPRESSED, DeliveryState.CANCELLED})
"""States whose papers the reader has not seen."""


def before(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states from which a delivery may move to this one."""
    return frozenset(origin for origin, following in MOVES.items() if state in following)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to plan: who, for which date, and the frozen inputs of the message."""

    subscriber: str
    local_date: date
    edition: str | None
    valid_until: datetime
    message_id: str
    created_at: datetime
    """By the product's clock."""
    shown: tuple[str, ...] = ()
    payload: bytes = b""
    kind: str = DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a lease is to bring."""

    owner: str
    limit: int
    until: datetime
    now: datetime
    """The product's clock: what is over by then is not sent."""
    at: datetime
    """The machine's clock: retries wait for it."""
    only: Collection[str] | None = None
    """Ids of the readers to lease for; ``None`` is everyone."""
    letters_only: bool = False
    """Whether digests are left where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """What a lease brought."""

    deliveries: tuple[Delivery, ...] = ()
    subscribers: Mapping[str, Subscriber] = field(default_factory=dict)
    """Id -> the reader as they stand now, for each of the deliveries."""
    settled: tuple[Settlement, ...] = ()
    """What became of deliveries that were ready and may not be sent any more: suppressed or failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Leased deliveries that are about to be given to the provider."""

    deliveries: Sequence[Delivery] = ()
    bodies: Mapping[int, Body] = field(default_factory=dict)
    """Id -> the message to keep, in pieces; those that messages share are the same for several of them."""
    shown: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Id -> the entries on the cards of a message that has others than planned."""
    until: datetime | None = None
    """A longer lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """What dead senders had in hand."""

    ready: int
    """How many deliveries were leased and not handed over."""
    uncertain: tuple[str, ...]
    """The readers of the digests that were handed over, one a delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of a delivery that a sender had leased."""

    delivery: Delivery
    """As it was leased: its attempt says whose word this is."""
    state: DeliveryState
    error: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    retry_at: datetime | None = None
    spends_attempt: bool = True
    """Whether a retry counts as one of its tries; what goes back to ready never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a sender does between two groups."""

    owner: str
    answers: Sequence[Settlement] = ()
    """What became of the group before."""
    hand: HandOver = HandOver()
    lease: Wanted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What one turn of a sender came to."""

    recorded: Sequence[Settlement] = ()
    """The answers that still counted."""
    handed: frozenset[int] = frozenset()
    """Ids that may be given to the provider now."""
    leased: Leased = Leased()


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader at the moment of a lease."""

    subscriber: Subscriber
    suppressed_for: str | None = None


NOTHING_TO_HAND = HandOver()


def bar(waiting: Iterable[Delivery], readers: Mapping[str, Reader], *, now: datetime) -> list[Settlement]:
    """Those of the deliveries that may not be sent, with what becomes of them; ``now`` is the product's clock."""
    found = []
    for delivery in waiting:
        reason = obstacle(delivery, readers.get(delivery.subscriber))
        if reason:
            found.append(Settlement(delivery=delivery, state=DeliveryState.SUPPRESSED, error=reason))
        elif delivery.valid_until <= now:
            late = "its time was over before it could be sent"
            found.append(Settlement(delivery=delivery, state=DeliveryState.FAILED, error=late))
    return found


def delivery_of(fields: Iterable[tuple[str, Any]]) -> Delivery:
    """The record of a row of the table ``deliveries``, whose columns are its fields."""
    values = dict(fields)
    values["state"] = DeliveryState(values["state"])
    values["shown"] = tuple(json.loads(values["shown"]))
    return Delivery(**values)


def shown_as_text(ids: Sequence[str]) -> str:
    """Entry ids as the column ``shown`` holds them."""
    return to_json(ids).decode()


def obstacle(delivery: Delivery, reader: Reader | None) -> str | None:
    """Why this reader may not be mailed."""
    if reader is None:
        return "the reader was erased"
    is_question = delivery.kind == LetterKind.CONFIRM
    # Who left, complained or was erased comes back by answering that question, and in no other way.
    if reader.suppressed_for is not None and not (is_question and reader.suppressed_for != BOUNCED):
        return f"the address is suppressed: {reader.suppressed_for}"
    if is_question or _may_get(delivery, reader.subscriber):
        return None
    return f"the reader's state is {reader.subscriber.state}"


def _may_get(delivery: Delivery, reader: Subscriber) -> bool:
    """Whether it is for somebody in that state."""
    if delivery.kind == DIGEST:
        return _wants_digest(reader, delivery.local_date)
    if delivery.kind == LetterKind.WAITING:
        return reader.state is SubscriberState.WAITING
    return reader.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}


def _wants_digest(reader: Subscriber, day: date) -> bool:
    if reader.state is SubscriberState.PAUSED:
        return reader.paused_until is not None and day >= reader.paused_until
    return reader.state is SubscriberState.ACTIVE
