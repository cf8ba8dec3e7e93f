"""What waits in the ledger, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from newsletter.model import Delivery, DeliveryState, Edition
from newsletter.storage import Settlement, Storage
from newsletter.storage.waiting import Held, Retries

LATER = timedelta(minutes=20)
LONG = timedelta(days=3)


def save_edition(storage: Storage, now: datetime) -> None:
    storage.editions.save(Edition(id="E", made_at=now, reach_from=now), fingerprint="f")


def put_off(storage: Storage, leased: Sequence[Delivery], at: datetime) -> None:
    storage.deliveries.hand(leased, owner="a", bodies={})
    answers = [
        Settlement(delivery=one, state=DeliveryState.RETRY, retry_at=at + LATER * (number + 1), error=f"450 {number}")
        for number, one in enumerate(leased)
    ]
    storage.deliveries.record(answers, owner="a")


def test_retries_tell_of_the_first_and_leave_out_whose_time_is_over(
    storage: Storage,
    plan: Callable[..., None],
    lease: Callable[..., Sequence[Delivery]],
    now: datetime,
    at: datetime,
):
    save_edition(storage, now)
    plan("ada", "ben", edition="E")
    assert storage.waiting.retries(after=now) is None
    put_off(storage, lease(), at)
    assert storage.waiting.retries(after=now) == Retries(count=2, next_at=at + LATER, reason="450 0")
    assert storage.waiting.retries(after=now, only={"ben"}) == Retries(count=1, next_at=at + 2 * LATER, reason="450 1")
    assert storage.waiting.retries(after=now + LONG) is None


def test_mail_of_a_paused_edition_is_held_whether_it_was_tried_or_not(
    storage: Storage,
    plan: Callable[..., None],
    lease: Callable[..., Sequence[Delivery]],
    now: datetime,
    at: datetime,
):
    save_edition(storage, now)
    plan("ada", edition="E")
    put_off(storage, lease(), at)
    plan("ben", edition="E")
    assert storage.waiting.held() == []
    storage.editions.pause("E")
    assert storage.waiting.held() == storage.waiting.held(after=now) == [Held("E", 2)]
    assert storage.waiting.held(only={"ben"}) == [Held("E", 1)]
    assert storage.waiting.held(after=now + LONG) == []
    assert storage.waiting.retries(after=now) is None
