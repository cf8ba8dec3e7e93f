"""What follows from events, as functions of all that was told so far: so neither order nor repetition matters. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from newsletter.model import DeliveryState, EventKind, Rejection
from newsletter.storage.suppressions import BOUNCED, COMPLAINED, UNSUBSCRIBED

FAILING = frozenset({EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT, EventKind.BLOCKED, EventKind.REJECTED})
"""The reader did not get it, whatever else is told."""
ARRIVED = frozenset(
    {EventKind.DELIVERED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED, EventKind.OPENED, EventKind.CLICKED}
)
"""The reader has it."""
TAKEN = ARRIVED | {EventKind.QUEUED, EventKind.SENT, EventKind.DEFERRED}
"""Somebody has it who goes on trying."""
IN_HAND = frozenset({DeliveryState.LEASED, DeliveryState.HANDED})
"""A sender is about to say what became of it: what is told waits for that."""

SCORES = {EventKind.BOUNCED_HARD: 1.0, EventKind.BOUNCED_SOFT: 0.5}
"""What one day's bounces count, as Mailman has it."""
THRESHOLD = 5.0
STALE = timedelta(days=7)
"""After so long without a bounce the score begins anew."""

_REASONS = {
    EventKind.BOUNCED_HARD: BOUNCED,
    EventKind.COMPLAINED: COMPLAINED,
    EventKind.UNSUBSCRIBED: UNSUBSCRIBED,
}
_REJECTIONS = {
    Rejection.INVALID: BOUNCED,
    Rejection.BOUNCED: BOUNCED,
    Rejection.UNSUBSCRIBED: UNSUBSCRIBED,
    Rejection.COMPLAINED: COMPLAINED,
}


def settle_told(state: DeliveryState, told: Collection[EventKind]) -> DeliveryState:
    """Where a delivery stands once this has been told of it; ``told`` is everything, of its current attempt.

    What is uncertain is settled. What was sent has failed where it came back. What waits for another try, or was given
    up, was sent where it arrived all the same: another try would make it two.
    """
    failed, arrived = not FAILING.isdisjoint(told), not ARRIVED.isdisjoint(told)
    if state is DeliveryState.UNCERTAIN and not TAKEN.isdisjoint(told):
        return DeliveryState.FAILED if failed else DeliveryState.SENT
    if state in {DeliveryState.UNCERTAIN, DeliveryState.SENT} and failed:
        return DeliveryState.FAILED
    if state in {DeliveryState.READY, DeliveryState.RETRY, DeliveryState.FAILED} and arrived:
        return DeliveryState.FAILED if failed else DeliveryState.SENT
    return state


def barring(kind: EventKind, reason: Rejection | None) -> str | None:
    """Why the address must not be mailed any more after this alone; ``None`` where it may."""
    if kind is EventKind.REJECTED:
        return _REJECTIONS.get(reason) if reason else None
    return _REASONS.get(kind)


def worn_out(bounces: Iterable[tuple[datetime, EventKind]]) -> datetime | None:
    """When the bounces of an address were too many; ``None`` while they are not.

    >>> from datetime import UTC
    >>> days = [(datetime(2026, 11, day, tzinfo=UTC), EventKind.BOUNCED_SOFT) for day in range(1, 11)]
    >>> worn_out(days[:9]) is None, worn_out(days) == days[-1][0]
    (True, True)
    """
    by_day: dict[date, tuple[float, datetime]] = {}
    for at, kind in bounces:
        counts, first = by_day.get(at.date(), (0.0, at))
        by_day[at.date()] = (max(counts, SCORES.get(kind, 0.0)), min(first, at))
    score, last = 0.0, date.min
    for day, (counts, first) in sorted(by_day.items()):
        score = counts if day - last > STALE else score + counts
        last = day
        if score >= THRESHOLD:
            return first
    return None
