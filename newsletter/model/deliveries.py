"""Where a message stands, and what a provider's answer means for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a message stands; the ledger only ever moves it along these."""

    READY = "ready"  # planned, nobody works on it
    LEASED = "leased"  # a sender has taken it; nothing was said to the provider yet
    HANDED = "handed"  # recorded before the first byte of its body left us
    SENT = "sent"  # the provider said yes
    UNCERTAIN = "uncertain"  # handed over, and no clear answer came back
    RETRY = "retry"  # the provider said "later"; ``retry_at`` says when
    FAILED = "failed"  # the provider said no, or its day is over
    SUPPRESSED = "suppressed"  # the address must not be mailed
    CANCELLED = "cancelled"  # the operator stopped the edition


DIGEST = "digest"
"""The kind of a delivery that is a reader's selection of papers; all others are letters."""


class LetterKind(StrEnum):
    """What a system mail is about."""

    CONFIRM = "confirm"  # somebody asked with this address: is it theirs, and do they want it?
    KNOWN = "known"  # the same, of a reader who gets us already
    WAITING = "waiting"  # confirmed, and the operator has to say yes
    WELCOME = "welcome"  # what comes, and when


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The ledger's row of one message."""

    id: int
    kind: str
    """``digest``, or one of ``LetterKind``."""
    subscriber: str
    """The subscriber's id."""
    local_date: date
    edition: str | None
    state: DeliveryState
    attempt: int
    owner: str | None
    lease_until: datetime | None
    retry_at: datetime | None
    valid_until: datetime
    message_id: str
    provider: str | None
    provider_id: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    shown: tuple[str, ...]
    """Ids of the entries on its cards."""
    payload: bytes
    """The frozen inputs of the message, as the outbox wrote them."""


class Verdict(StrEnum):
    """What a provider's answer means for one message."""

    SENT = "sent"  # accepted
    REFUSED = "refused"  # never will be: a bad address, a bad message
    DEFERRED = "deferred"  # not now
    NOT_HANDED = "not_handed"  # it never left us: back to ready, no attempt spent
    UNCERTAIN = "uncertain"  # the body left us and no clear answer came


class Trouble(StrEnum):
    """What an answer finds fault with beyond the one message."""

    CONTENT = "content"  # what the mail says or how large it is: the others of its edition are much the same
    DOMAIN = "domain"  # the recipient's domain wants less of us for a while
    SERVICE = "service"  # the provider itself is ill


LONGEST_TOLD_WAIT_SECONDS = 86_400.0
"""A provider that asks to wait longer is asked again after a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The provider's answer about one message of a group."""

    verdict: Verdict
    detail: str = ""
    """The provider's own words, one line."""
    provider_id: str | None = None
    retry_after_seconds: float | None = None
    address_is_bad: bool = False
    """A hard bounce: the address, not the message, is refused."""
    trouble: Trouble | None = None
    """``None``: it says nothing of other messages."""
