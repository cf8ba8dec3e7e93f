"""Letters that cannot wait for the next run: a person sits before a screen that says a mail is on its way."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, datetime
from threading import Event

from newsletter.config.settings import Settings
from newsletter.model import DeliveryState
from newsletter.outbox import send_ready
from newsletter.pipeline.guarding import guard
from newsletter.pipeline.messages import LedgerMessages, Letterhead
from newsletter.pipeline.providers import make_sending
from newsletter.storage import Storage


def post_letters(
    settings: Settings, storage: Storage, letterhead: Letterhead, *, now: datetime, stop: Event
) -> Counter[DeliveryState]:
    """Hands over the letters that wait, as a run would, and no digests; what came to which end.

    LockHeld where a run is at work; ProviderError where the provider takes nothing; StorageError as in a run. What was
    not handed over waits for the next run.
    """
    with storage.lock() as lock:
        guard(storage, confirmed=False, dry_run=False)
        owner = f"letters-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        render = LedgerMessages(storage, letterhead).render
        sending = make_sending(settings, owner, render=render, now=now, stop=stop, lock=lock, letters_only=True)
        tally = send_ready(storage, sending)
        storage.events.settle_waiting()
    if tally.error:
        raise tally.error
    return tally.letters
