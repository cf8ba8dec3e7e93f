"""What a worker does for a job: send what is ready, beside whoever else does, without the lock of a run."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event

from newsletter.config.settings import Settings
from newsletter.outbox import Tally, send_ready
from newsletter.pipeline.messages import LedgerMessages, Letterhead
from newsletter.pipeline.providers import make_provider, make_sending, place_of
from newsletter.storage import RunLock, Storage

NO_LOCK = RunLock(lambda: True)
"""The leases of the ledger are all that senders beside each other need."""


def drain(settings: Settings, storage: Storage, letterhead: Letterhead, *, owner: str, stop: Event) -> Tally:
    """Takes up what dead senders left, once their leases are over, and hands over everything that is ready."""
    now = datetime.now(UTC)
    storage.deliveries.settle_dead(at=now, expired_only=True)
    if make_provider(settings).idempotency_seconds:
        storage.doubts.introduce(owner, place_of(settings.provider), at=now)
    render = LedgerMessages(storage, letterhead).render
    sending = make_sending(settings, owner, render=render, now=now, stop=stop, lock=NO_LOCK)
    tally = send_ready(storage, sending)
    storage.events.settle_waiting()
    return tally
