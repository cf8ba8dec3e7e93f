"""A clock that jumps takes no living sender's leases away."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model import DeliveryState
from newsletter.storage import GivenUp, Storage
from newsletter.storage.schema import notes

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING = GivenUp(ready=0, uncertain=())
BEHIND = [10 * MINUTE, HOUR, DAY, 3652 * DAY]


class Clock:
    """A machine's clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(storage_url: str, clock: Clock):
    with Storage.open(storage_url, clock=clock, durability="process") as opened:
        opened.clock.accept()
        clock.at += 10 * MINUTE
        yield opened


@pytest.fixture
def leased(storage: Storage, plan, clock: Clock, now: datetime):
    """A delivery that a sender has leased for five minutes."""
    plan("ada")
    [one] = storage.deliveries.lease(owner="a", limit=1, until=clock.at + 5 * MINUTE, now=now, at=clock.at).deliveries
    return one


def reap(storage: Storage, clock: Clock) -> GivenUp:
    return storage.deliveries.settle_dead(at=clock.at, expired_only=True)


def test_a_clock_that_goes_on_reaps_what_has_expired(storage, clock, leased):
    assert storage.clock.look() == timedelta(0)
    clock.at += 4 * MINUTE
    assert reap(storage, clock) == NOTHING
    clock.at += MINUTE
    assert reap(storage, clock) == GivenUp(ready=1, uncertain=())


@pytest.mark.parametrize("behind", BEHIND)
def test_a_clock_that_went_back_reaps_nothing(storage, clock, leased, behind, caplog):
    """Leased before the jump, and again after it: neither is taken away, also once the clock is set right."""
    storage.clock.look()
    clock.at -= behind
    assert storage.clock.look() == behind
    assert reap(storage, clock) == NOTHING
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "went back" in caplog.text


def test_what_was_leased_while_the_clock_was_behind_is_not_reaped_when_it_is_set_right(storage, plan, clock, now):
    storage.clock.look()
    plan("ada", valid_until=now + 9999 * DAY)
    clock.at -= 3652 * DAY
    until = clock.at + 5 * MINUTE
    storage.deliveries.lease(owner="a", limit=1, until=until, now=now, at=clock.at)
    clock.at += 3652 * DAY + 2 * HOUR
    assert reap(storage, clock) == NOTHING
    clock.at += 4 * MINUTE
    assert reap(storage, clock) == NOTHING
    clock.at += MINUTE
    assert reap(storage, clock) == GivenUp(ready=1, uncertain=())


@pytest.mark.parametrize("ahead", [61 * MINUTE, DAY, 3652 * DAY])
def test_a_clock_that_leapt_ahead_gives_a_living_sender_its_five_minutes(storage, clock, leased, ahead, caplog):
    storage.clock.look()
    clock.at += ahead
    assert reap(storage, clock) == NOTHING
    assert "leapt" in caplog.text
    assert storage.deliveries.hand([leased], owner="a", bodies={}) == {leased.id}
    clock.at += 5 * MINUTE
    assert reap(storage, clock).uncertain == ("ada",)


def test_whoever_takes_the_lock_asks_no_clock(storage, clock, leased):
    storage.clock.look()
    clock.at -= DAY
    assert storage.deliveries.settle_dead(at=clock.at) == GivenUp(ready=1, uncertain=())
    assert storage.deliveries.counts() == {DeliveryState.READY: 1}


def test_the_mark_outlives_its_process_and_an_operator_takes_it_back(storage, storage_url, clock):
    clock.at += DAY
    storage.clock.look()
    clock.at -= DAY
    with Storage.open(storage_url, clock=clock) as later:
        assert later.clock.look() == DAY
        later.clock.accept()
        assert later.clock.look() == timedelta(0)
    assert storage.clock.look() == timedelta(0)


@pytest.mark.parametrize("leap", [8 * DAY, 366 * DAY, 3652 * DAY])
def test_nothing_grows_old_by_a_clock_that_leapt_far_ahead(storage, clock, leap):
    before = clock.at
    assert storage.clock.believed() == before
    clock.at += leap
    storage.clock.look()
    assert storage.clock.believed() == before
    clock.at += 6 * DAY
    assert storage.clock.believed() == before
    clock.at += DAY
    assert storage.clock.believed() == clock.at


@pytest.mark.parametrize("pause", [DAY, 7 * DAY, 8 * DAY, 30 * DAY])
def test_whoever_runs_seldom_has_old_things_deleted_all_the_same(storage, clock, pause):
    storage.clock.look()
    for _ in range(9):
        before, clock.at = clock.at, clock.at + pause
        storage.clock.look()
        assert storage.clock.believed() in {before, clock.at}


def test_a_few_days_without_a_run_are_no_leap_and_a_clock_set_right_is_believed(storage, clock):
    clock.at += 5 * DAY
    before = clock.at
    assert storage.clock.believed() == before
    clock.at += 366 * DAY
    assert storage.clock.believed() == before
    clock.at -= 366 * DAY
    storage.clock.accept()
    assert storage.clock.believed() == clock.at


@pytest.mark.parametrize("marks", [2, 3])
def test_a_mark_of_an_earlier_version_is_read(storage, clock, marks):
    with storage._database.writing() as connection:
        value = json.dumps([NOON.isoformat()] * marks)
        connection.execute(storage._database.upsert(notes), {"name": "clock", "value": value})
    assert storage.clock.believed() == clock.at
