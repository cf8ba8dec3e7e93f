"""All that is held of one reader, as one document: for them, and for whoever has to answer when they ask."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from newsletter.config.values import WEEKDAYS
from newsletter.model import Consent, Delivery, Schedule, Subscriber, Vote
from newsletter.sources.references import reference_of
from newsletter.storage import Storage

MOST_DELIVERIES = 100_000
_INSIDE = ("subscriber", "local_date", "owner", "lease_until", "payload")
"""Of a delivery: what has another name outside, and what is the senders' own business."""


def export_reader(storage: Storage, reader: Subscriber) -> dict[str, Any]:
    """The reader, profile, consents, votes, deliveries and what was told of these; ready to be JSON."""
    barred = storage.suppressions.reasons([reader.email]).get(reader.email)
    document: dict[str, Any] = to_jsonable_python(
        {
            "reader": tell_reader(reader, barred),
            "consents": [_tell_consent(one) for one in storage.consents.of(reader.id)],
            "votes": [tell_vote(vote) for vote in storage.votes.of([reader.id]).get(reader.id, ())],
            "deliveries": [
                tell_delivery(one) for one in storage.deliveries.find(subscriber=reader.id, limit=MOST_DELIVERIES)
            ],
            "events": storage.events.of(reader.id),
        }
    )
    return document


def tell_reader(reader: Subscriber, barred: tuple[str, datetime] | None) -> dict[str, Any]:
    """The reader's record, and why the address is not mailed if it is not."""
    suppressed = {"reason": barred[0], "since": barred[1]} if barred else None
    return {**asdict(reader), "schedule": _tell_schedule(reader.schedule), "suppressed": suppressed}


def tell_vote(vote: Vote) -> dict[str, Any]:
    """The vote, its paper by our id, as profiles name it, and by its title."""
    paper = {"paper": vote.entry.id, "reference": reference_of(vote.entry), "title": vote.entry.title}
    return {**paper, "wish": vote.direction, "at": vote.at}


def tell_delivery(delivery: Delivery) -> dict[str, Any]:
    """The ledger's row, but for what only a sender needs."""
    row = {name: value for name, value in asdict(delivery).items() if name not in _INSIDE}
    return {**row, "reader": delivery.subscriber, "date": delivery.local_date}


def _tell_consent(consent: Consent) -> dict[str, Any]:
    return {name: value for name, value in asdict(consent).items() if name != "subscriber"}


def _tell_schedule(schedule: Schedule) -> dict[str, Any]:
    at = schedule.at.isoformat("minutes") if schedule.at else None
    return {"days": [WEEKDAYS[day] for day in sorted(schedule.days)], "at": at}
