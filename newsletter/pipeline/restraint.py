"""What holds mail back just now: the provider's circuit, rates, and brakes; for ``status`` and ``doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from newsletter.config.settings import Settings
from newsletter.outbox.brakes import COMPLAINTS_WARN, RECENT, exceeds, told
from newsletter.outbox.rates import day_cap
from newsletter.pipeline.providers import name_of
from newsletter.pipeline.waiting import tell_held
from newsletter.storage import Storage
from newsletter.storage.rates import EVERYBODY
from newsletter.storage.waiting import Held
from newsletter.text.instants import iso, told_instant

BRAKES = 10


def restraint_document(settings: Settings, storage: Storage) -> dict[str, Any]:
    """The part ``sending`` of ``status --json``: what is over is not told."""
    at, name = datetime.now(UTC), name_of(settings.provider)
    circuit, holds = storage.circuits.load(name), storage.rates.holds(name)
    bucket, rate = storage.rates.buckets().get((name, EVERYBODY)), settings.provider.rate
    is_today = bucket is not None and bucket.day == at.astimezone(settings.timezone).date()
    return {
        "provider": name,
        "left_alone_until": iso(circuit.open_until) if circuit.open_until and circuit.open_until > at else None,
        "reason": circuit.reason if circuit.open_until else None,
        "holds": [
            {"domain": domain or None, "until": iso(hold.until), "reason": hold.reason}
            for domain, hold in sorted(holds.items())
            if hold.until > at
        ],
        "sent_today": bucket.sent if bucket and is_today else 0,
        "per_day": day_cap(rate, bucket.days if bucket else 0) if rate else None,
        "brakes": [
            {"edition": brake.edition, "kind": brake.kind, "pulled_at": iso(brake.pulled_at), "reason": brake.reason}
            for brake in storage.brakes.list(BRAKES, in_force=True)
        ],
        "paused": [asdict(held) for held in storage.waiting.held()],
        "complaints": complaints_of(storage),
    }


def complaints_of(storage: Storage) -> str | None:
    """A word on complaints where there are too many of them."""
    recent = storage.brakes.complaints(since=datetime.now(UTC) - RECENT)
    return told(recent) if exceeds(recent, COMPLAINTS_WARN) else None


def restraints(document: dict[str, Any]) -> Iterator[str]:
    """The same for people: a line for each thing that holds mail back."""
    if document["left_alone_until"]:
        until = _words_of(document["left_alone_until"])
        yield f"{document['provider']} is left alone until {until}: {document['reason']}"
    for hold in document["holds"]:
        until = _words_of(hold["until"])
        yield f"{hold['domain'] or document['provider']} asked for a pause until {until}: {hold['reason']}"
    if document["per_day"] is not None:
        yield f"{document['sent_today']} of today's {document['per_day']} tries are used (provider.rate)"
    for brake in document["brakes"]:
        yield f"edition {brake['edition']} is paused: {brake['reason']}"
    for held in document["paused"]:
        yield tell_held(Held(**held))
    if document["complaints"]:
        yield f"{document['complaints']} within a week"


def _words_of(instant: str) -> str:
    return told_instant(datetime.fromisoformat(instant), datetime.now(UTC))
