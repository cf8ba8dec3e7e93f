"""Letters to a reader, written into the ledger: they are sent at once where pages are served, else by the next run."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic_core import from_json, to_json

from newsletter.model import LetterKind, Mailbox, Subscriber
from newsletter.rendering import message_id
from newsletter.storage import NewDelivery, Storage

WORTH_SENDING = timedelta(days=2)
"""What could not be sent by then comes too late for whoever waits for it."""


def plan_letter(storage: Storage, kind: LetterKind, reader: Subscriber, *, sender: Mailbox, now: datetime) -> None:
    """Writes a ready delivery of that letter; the reader has an id and a row."""
    letter = NewDelivery(
        kind=kind.value,
        subscriber=reader.id,
        local_date=now.astimezone(ZoneInfo(reader.timezone)).date(),
        edition=None,
        valid_until=now + WORTH_SENDING,
        message_id=message_id(sender, now.isoformat(), kind, reader.id),
        created_at=now,
        payload=to_json({"v": 1, "asked_at": now.isoformat()}),
    )
    storage.deliveries.plan([letter])


def asked_at(payload: bytes) -> datetime:
    """When somebody asked for what a letter is about, as it was frozen."""
    return datetime.fromisoformat(from_json(payload)["asked_at"])
