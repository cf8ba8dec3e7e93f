"""What a provider's answer means for the ledger: table B7 of retries, as a function of values."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from newsletter.model import LONGEST_TOLD_WAIT_SECONDS, Delivery, DeliveryState, Outcome, Trouble, Verdict
from newsletter.storage.brakes import CONTENT_REFUSED
from newsletter.storage.ledger import Settlement

MAX_ATTEMPTS = 8
FIRST_RETRY_SECONDS = 60.0
LONGEST_RETRY_SECONDS = 3600.0

log = logging.getLogger(__name__)

_FINAL = {
    Verdict.SENT: DeliveryState.SENT,
    Verdict.REFUSED: DeliveryState.FAILED,
    Verdict.UNCERTAIN: DeliveryState.UNCERTAIN,
    Verdict.NOT_HANDED: DeliveryState.READY,
}


def judge(
    delivery: Delivery, outcome: Outcome, *, provider: str, now: datetime, at: datetime, chance: random.Random
) -> Settlement:
    """The delivery's next state; ``now`` is the product's clock, ``at`` the machine's, by which retries wait.

    "Later" is waited for as long as the provider said, else twice as long each time with jitter; after eight tries,
    or where its day will be over by then, it has failed.
    """
    if outcome.verdict is not Verdict.DEFERRED:
        return Settlement(
            delivery=delivery,
            state=_FINAL[outcome.verdict],
            error=_error(outcome),
            provider=provider,
            provider_id=outcome.provider_id,
        )
    wait = retry_wait(delivery.attempt, outcome.retry_after_seconds, chance=chance)
    if delivery.attempt >= MAX_ATTEMPTS or now + wait >= delivery.valid_until:
        error = f"given up after {delivery.attempt} tries: {outcome.detail}"
        return Settlement(delivery=delivery, state=DeliveryState.FAILED, error=error, provider=provider)
    return Settlement(
        delivery=delivery,
        state=DeliveryState.RETRY,
        error=outcome.detail or None,
        provider=provider,
        retry_at=at + wait,
    )


def judge_anything(
    delivery: Delivery, outcome: Outcome, *, provider: str, now: datetime, at: datetime, chance: random.Random
) -> Settlement:
    """The same of whatever a provider has made: an answer that says nothing leaves its delivery uncertain."""
    try:
        return judge(delivery, outcome, provider=provider, now=now, at=at, chance=chance)
    except Exception as error:
        log.warning("what %s answered about delivery %s cannot be read", provider, delivery.id, exc_info=True)
        words = f"the answer cannot be read: {type(error).__name__}"
        return Settlement(delivery=delivery, state=DeliveryState.UNCERTAIN, error=words, provider=provider)


def _error(outcome: Outcome) -> str | None:
    if outcome.verdict is Verdict.SENT:
        return None
    return f"{CONTENT_REFUSED}{outcome.detail}" if outcome.trouble is Trouble.CONTENT else outcome.detail or None


def told_wait(seconds: float) -> timedelta:
    """The wait that a provider asked for, or a day where that is longer or no number."""
    return timedelta(seconds=max(0.0, seconds) if seconds < LONGEST_TOLD_WAIT_SECONDS else LONGEST_TOLD_WAIT_SECONDS)


def retry_wait(attempt: int, told_seconds: float | None, *, chance: random.Random) -> timedelta:
    """How long to wait before the next try."""
    if told_seconds is not None:
        return told_wait(told_seconds)
    longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** max(0, attempt - 1))
    return timedelta(seconds=longest * (0.5 + chance.random() / 2))
