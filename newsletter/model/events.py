"""What is told later about a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What a provider, or a mail that came back, tells later about a message; one vocabulary for all of them."""

    QUEUED = "queued"  # the provider has taken it up
    SENT = "sent"  # handed on to another server, which tells nothing more
    DEFERRED = "deferred"  # not yet; whoever has it tries again
    DELIVERED = "delivered"  # the reader's own server said yes
    BOUNCED_HARD = "bounced_hard"  # the address is no good: nobody there, no such place
    BOUNCED_SOFT = "bounced_soft"  # given up, and another mail may get through: mailbox full, server away
    BLOCKED = "blocked"  # refused for what it says or who we are; says nothing of the address
    COMPLAINED = "complained"  # the reader called it spam
    UNSUBSCRIBED = "unsubscribed"  # the reader left by the provider's or the mail program's own door
    REJECTED = "rejected"  # the provider never tried; ``reason`` says why
    OPENED = "opened"
    CLICKED = "clicked"
    UNKNOWN = "unknown"  # something else; nothing follows from it


class Rejection(StrEnum):
    """Why a provider never tried to deliver a message."""

    INVALID = "invalid"  # no address
    BOUNCED = "bounced"  # it bounced there before
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    BLOCKED = "blocked"  # for what the mail says, or who we are
    EXPIRED = "expired"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was told about one message. Which one, is said in any of four ways; the first that leads to a
    delivery or a reader counts."""

    kind: EventKind
    at: datetime
    provider: str
    """Who tells: ``sendgrid``, or ``mail`` for reports that came by mail."""
    id: str
    """The same each time the same thing is told; holds no address."""
    delivery_id: int | None = None
    """As signed by us, or as the provider was given it."""
    subscriber: str | None = None
    """The reader's id, out of a link of ours in the message."""
    message_id: str | None = None
    """With its angle brackets."""
    recipients: tuple[str, ...] = field(default=(), repr=False)
    """The address it is about; where the mail was forwarded, the last one first."""
    is_vouched_for: bool = True
    """Whether who tells is known, so that an address alone leads to its reader; anybody can write a mail."""
    reason: Rejection | None = None
    detail: str = ""
    """One line without addresses."""

    @property
    def recipient(self) -> str | None:
        """The address it is about."""
        return self.recipients[0] if self.recipients else None
