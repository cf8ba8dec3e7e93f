"""All that is held of one reader, as one document: for them, and for whoever has to answer when they ask."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any

from newsletter.model import Subscriber
from newsletter.storage import Storage

MOST_DELIVERIES = 100_000


def export_reader(storage: Storage, reader: Subscriber) -> dict[str, Any]:
    """The reader, profile, votes, consents, deliveries and what was told of these; ready to be JSON."""
    votes = storage.votes.of([reader.id]).get(reader.id, ())
    barred = storage.suppressions.reasons([reader.email]).get(reader.email)
    document: dict[str, Any] = _plain(
        {
            "reader": asdict(reader),
            "suppressed": {"reason": barred[0], "since": barred[1]} if barred else None,
            "votes": [
                {"paper": vote.entry.title, "link": vote.entry.link, "value": vote.value, "at": vote.at}
                for vote in votes
            ],
            "consents": [asdict(consent) for consent in storage.consents.of(reader.id)],
            "deliveries": [
                {
                    "kind": one.kind,
                    "date": one.local_date,
                    "state": one.state,
                    "planned_at": one.created_at,
                    "sent_at": one.sent_at,
                    "error": one.error,
                    "shown": one.shown,
                }
                for one in storage.deliveries.find(subscriber=reader.id, limit=MOST_DELIVERIES)
            ],
            "events": storage.events.of(reader.id),
        }
    )
    return document


def _plain(value: Any) -> Any:
    """The value as JSON has it."""
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case frozenset() | set():
            return sorted(_plain(item) for item in value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value
