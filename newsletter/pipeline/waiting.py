"""Why mail waits at the end of a run, for the operator."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from newsletter.storage import Storage
from newsletter.storage.waiting import Held
from newsletter.text.instants import told_instant
from newsletter.text.numbers import counted


def tell_waiting(storage: Storage, *, now: datetime, only: Collection[str] | None = None) -> Iterator[str]:
    """A line for what waits for another try, and one for each paused edition with mail that waits."""
    if retries := storage.waiting.retries(after=now, only=only):
        waits = counted(retries.count, "waits for its next try", "wait for their next try, the first")
        at = told_instant(retries.next_at, datetime.now(UTC))
        reason = f": {retries.reason}" if retries.reason else ""
        yield f"{waits} at {at}{reason}; see `newsletter deliveries list`"
    for held in storage.waiting.held(after=now, only=only):
        yield tell_held(held)


def tell_held(held: Held) -> str:
    """Why an edition's mail waits, and what ends that."""
    waits = counted(held.count, "mail waits", "mails wait")
    return f"{waits}, for edition {held.edition} is paused; go on with `newsletter editions resume {held.edition}`"
