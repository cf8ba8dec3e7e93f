"""Hand over again what got no clear answer, where the provider knows a message again: same key, same bytes, in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from newsletter.model import Delivery, DeliveryState, Message
from newsletter.storage import Storage
from newsletter.storage.ledger import Settlement

SHARE = 0.8
"""Of the time for which a provider knows a message: its clock, or its word, may be a little off."""
LONGEST = timedelta(days=30)
CHANGED = "handed over before without a clear answer, and it would not be the same message now"


def take_up_doubts(
    storage: Storage, provider: str, *, owner: str, idempotency_seconds: int, now: datetime
) -> frozenset[str]:
    """Makes ready what may be handed over again, and notes that this sender's hand-overs may be too; the readers.

    For who holds the lock of a run, before anything is leased.
    """
    at = datetime.now(UTC)
    since = at - min(LONGEST, timedelta(seconds=idempotency_seconds * SHARE))
    storage.doubts.give_up(provider, since=since, now=now)
    if not idempotency_seconds:
        return frozenset()
    storage.doubts.forget_senders(before=at - LONGEST)
    storage.doubts.introduce(owner, provider, at=at)
    return storage.doubts.take_up(provider, since=since, now=now)


class Repeats:
    """Looks at messages that are handed over for a second time."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def cannot_be_same(self, group: Sequence[Delivery], messages: dict[int, Message]) -> list[Settlement]:
        """Takes out of ``messages`` those that differ from what was handed over; they are uncertain again."""
        changed = []
        doubted = self._storage.doubts.among([one.id for one in group if one.id in messages])
        for one in group:
            if one.id in doubted and messages[one.id].raw != self._storage.doubts.message(one.id):
                del messages[one.id]
                changed.append(Settlement(delivery=one, state=DeliveryState.UNCERTAIN, error=CHANGED))
        return changed
