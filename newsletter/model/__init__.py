"""The records that all stages speak: frozen, without behaviour that touches the world.

Times are timezone-aware and in UTC. Names of an entry's fields are Atom's; our own times end in ``_at``.
"""

from __future__ import annotations

from newsletter.model.deliveries import (
    DIGEST,
    LONGEST_TOLD_WAIT_SECONDS,
    Delivery,
    DeliveryState,
    LetterKind,
    Outcome,
    Trouble,
    Verdict,
)
from newsletter.model.digests import Digest, Edition, Ranked, Reason
from newsletter.model.entries import Entry, Signals, entry_id
from newsletter.model.events import Event, EventKind, Rejection
from newsletter.model.messages import Framed, Links, Mailbox, Message, decoded, joined
from newsletter.model.readers import (
    VOTES,
    ApiToken,
    Consent,
    ConsentAct,
    Direction,
    Interest,
    Owner,
    Profile,
    ProfileSpec,
    Schedule,
    Subscriber,
    SubscriberState,
    Vote,
)
from newsletter.model.sources import EntryChanges, Fetched, SourceMemory, SourceReport, SourceState, Tally

__all__ = [
    "DIGEST",
    "LONGEST_TOLD_WAIT_SECONDS",
    "VOTES",
    "ApiToken",
    "Consent",
    "ConsentAct",
    "Delivery",
    "DeliveryState",
    "Digest",
    "Direction",
    "Edition",
    "Entry",
    "EntryChanges",
    "Event",
    "EventKind",
    "Fetched",
    "Framed",
    "Interest",
    "LetterKind",
    "Links",
    "Mailbox",
    "Message",
    "Outcome",
    "Owner",
    "Profile",
    "ProfileSpec",
    "Ranked",
    "Reason",
    "Rejection",
    "Schedule",
    "Signals",
    "SourceMemory",
    "SourceReport",
    "SourceState",
    "Subscriber",
    "SubscriberState",
    "Tally",
    "Trouble",
    "Verdict",
    "Vote",
    "decoded",
    "entry_id",
    "joined",
]
