"""Figures of the ledger, on both kinds of database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from newsletter.model import Delivery, DeliveryState, Owner, SubscriberState
from newsletter.storage import Settlement, Storage

DAY = timedelta(days=1)


def test_deliveries_are_counted_by_local_date_and_state(
    storage: Storage, plan: Callable[..., None], lease: Callable[..., tuple[Delivery, ...]], now: datetime
) -> None:
    plan("old", local_date=(now - 40 * DAY).date(), created_at=now - 40 * DAY, edition="first")
    plan("eve", local_date=(now - DAY).date(), created_at=now - DAY, edition="second")
    plan("ada", "bob", local_date=now.date(), edition="third")
    ada = next(one for one in lease() if one.subscriber == "ada")
    storage.deliveries.record([Settlement(delivery=ada, state=DeliveryState.FAILED)], owner="a")
    today, waiting = now.date(), {DeliveryState.LEASED: 1}
    both = {DeliveryState.FAILED: 1, DeliveryState.LEASED: 1}
    assert storage.tallies.by_day(today - 30 * DAY) == {today - DAY: waiting, today: both}
    assert storage.tallies.by_day(today) == {today: both}
    assert storage.tallies.by_day(today + DAY) == {}
    assert storage.tallies.by_edition(["second", "third"], since=now - 2 * DAY) == {"second": waiting, "third": both}


def test_the_ledger_is_read_page_by_page(storage: Storage, plan: Callable[..., None]) -> None:
    plan("ada", "bob", "eve")
    first = storage.deliveries.find(limit=2)
    rest = storage.deliveries.find(limit=2, before=first[-1].id)
    assert [one.subscriber for one in [*first, *rest]] == ["eve", "bob", "ada"]


def test_readers_are_found_by_the_beginning_of_their_address(storage: Storage, join: Callable[..., object]) -> None:
    for name in ("ada", "adam", "a_b", "bob"):
        join(name, owner=Owner.FILE if name == "adam" else Owner.DATABASE)
    storage.subscribers.set_state("ada", SubscriberState.LEFT)

    def found(beginning: str = "", **how: object) -> list[str]:
        return [one.id for one in storage.subscribers.search(beginning, **how)]

    assert found("AdA") == ["ada", "adam"]
    assert found("a_") == ["a_b"], "no wildcard"
    assert found("%") == []
    assert found("ad", states=[SubscriberState.ACTIVE]) == ["adam"]
    assert found("ad", owner=Owner.DATABASE) == ["ada"]
    everybody = found()
    assert sorted(everybody) == ["a_b", "ada", "adam", "bob"]
    assert found(limit=2) + found(limit=2, after=f"{everybody[1]}@example.org") == everybody


def test_suppressions_are_counted_by_reason_and_readers_told(
    storage: Storage, join: Callable[..., object], now: datetime
) -> None:
    assert storage.suppressions.counts() == {}
    join("ada")
    join("bob")
    for number, email in enumerate(("ada@example.org", "gone@example.org", "bob@example.org")):
        storage.suppressions.add(email, "erased" if "gone" in email else "bounced", at=now + number * DAY)
    assert storage.suppressions.counts() == {"bounced": 2, "erased": 1}
    assert [(one.subscriber, one.at) for one in storage.suppressions.latest(10)] == [
        ("bob", now + 2 * DAY),
        ("ada", now),
    ]
    assert [one.email for one in storage.suppressions.latest(1)] == ["bob@example.org"]
