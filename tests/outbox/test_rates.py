"""No more than may leave: over restarts, for several lanes and several processes, and nothing lost by it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outboxes import NOW, PLACE, TODAY, Outbox, addresses

from newsletter.config.settings import DomainRate, Rate, WarmUp
from newsletter.model import DeliveryState, Outcome, Trouble, Verdict
from newsletter.outbox.rates import EVERYBODY, Grant, Pace, day_cap, take
from newsletter.storage import Storage
from newsletter.storage.rates import Bucket
from newsletter.testing import MemoryProvider

READY, SENT, RETRY = DeliveryState.READY, DeliveryState.SENT, DeliveryState.RETRY
FULL = Bucket(tokens=5.0, filled_at=NOW, day=TODAY)
TEN_A_SECOND = Rate(per_second=10)

# -- by themselves -----------------------------------------------------------------------------------------------


def test_half_a_seconds_worth_leaves_at_once_and_then_it_takes_time():
    bucket, grant = take(FULL, TEN_A_SECOND, 20, at=NOW, today=TODAY, is_patient=True)
    assert grant == Grant(5)
    bucket, grant = take(bucket, TEN_A_SECOND, 20, at=NOW + timedelta(seconds=0.1), today=TODAY, is_patient=True)
    assert grant == Grant(0, pytest.approx(0.4))
    bucket, grant = take(bucket, TEN_A_SECOND, 20, at=NOW + timedelta(seconds=0.5), today=TODAY, is_patient=True)
    assert (grant, bucket.sent) == (Grant(5), 10)


@given(
    rate=st.builds(Rate, per_second=st.floats(0.01, 1000), per_day=st.none() | st.integers(1, 200)),
    asked=st.lists(st.tuples(st.integers(1, 20), st.floats(-5, 5)), max_size=60),
)
def test_never_more_than_the_rate_whatever_is_asked_and_whatever_the_clock_does(rate, asked):
    bucket, at, forward, taken = Bucket(tokens=0.0, filled_at=NOW, day=TODAY), NOW, 0.0, 0
    for most, step in asked:
        at += timedelta(seconds=step)
        forward += max(0.0, step)
        bucket, grant = take(bucket, rate, most, at=at, today=TODAY)
        assert 0 <= grant.count <= most
        taken += grant.count
        assert taken <= rate.per_second * forward + 1e-6
        assert taken <= (rate.per_day or taken)


def test_a_day_ends_at_midnight_of_the_newsletters_zone(outbox: Outbox):
    rate, zone, at = Rate(per_day=3), ZoneInfo("Asia/Tokyo"), [datetime(2026, 11, 23, 14, 59, tzinfo=UTC)]
    pace = Pace(outbox.storage.rates, PLACE, rate, zone=zone, clock=lambda: at[0])
    assert [pace.grant(2).count for _ in range(3)] == [2, 1, 0]
    assert "has had all messages" in pace.notes["day"]
    at[0] += timedelta(minutes=1)
    assert pace.grant(20).count == 3


def test_a_wrong_clock_that_was_put_right_holds_nothing_up():
    ahead = Bucket(tokens=0.0, filled_at=NOW + timedelta(days=400), day=TODAY + timedelta(days=400), sent=9)
    bucket, grant = take(ahead, Rate(per_day=9), 20, at=NOW, today=TODAY)
    assert (grant, bucket.day) == (Grant(9), TODAY)


def test_warming_up_counts_the_days_on_which_mail_was_sent():
    rate = Rate(per_day=500, warm_up=WarmUp(first_day=50, double_every=2))
    assert [day_cap(rate, days) for days in range(10)] == [50, 50, 100, 100, 200, 200, 400, 400, 500, 500]
    assert day_cap(Rate(warm_up=WarmUp(first_day=50)), 3) == 400
    bucket, sent = FULL, []
    for day in (0, 1, 2, 9, 16):
        bucket, grant = take(bucket, rate, 0 if day == 2 else 1000, at=NOW, today=TODAY + timedelta(days=day))
        sent.append(grant.count)
    assert sent == [50, 50, 0, 100, 100]


# -- over the ledger ---------------------------------------------------------------------------------------------


def test_without_a_rate_nothing_is_written_down(outbox: Outbox):
    outbox.plan(*addresses(30))
    assert outbox.send().states == {SENT: 30}
    assert outbox.storage.rates.buckets() == {}


def test_when_the_days_number_is_reached_the_rest_stays_ready_for_the_next_run(outbox: Outbox):
    outbox.plan(*addresses(50))
    provider, rate = MemoryProvider(), Rate(per_day=27)
    first = outbox.send(provider, rate=rate)
    assert (first.states, first.error) == ({SENT: 27}, None)
    assert "the rest waits for a run of tomorrow" in first.notes[0]
    assert {one.attempt for one in outbox.rows if one.state is READY} == {0}
    assert outbox.send(provider, rate=rate).states == {}
    assert outbox.send(provider, rate=Rate(per_day=40)).states == {SENT: 13}
    assert outbox.states == {SENT: 40, READY: 10}
    assert len({message.recipient.email for message in provider.messages}) == 40


def test_messages_that_did_not_leave_are_not_counted(outbox: Outbox):
    readers = outbox.plan(*addresses(30))
    outbox.storage.suppressions.add(readers[0].email, "left", at=NOW)
    provider = MemoryProvider()
    provider.answer(Outcome(verdict=Verdict.NOT_HANDED))
    tally = outbox.send(provider, rate=Rate(per_day=28))
    assert tally.states == {SENT: 28, DeliveryState.SUPPRESSED: 1}
    assert outbox.storage.rates.buckets()[PLACE, EVERYBODY].sent == 28


def test_a_rate_a_second_is_kept_to_by_several_lanes_together(outbox: Outbox):
    outbox.plan(*addresses(50))
    assert outbox.send(rate=Rate(per_second=40), lanes=3).states == {SENT: 50}
    at = [NOW]
    paces = [
        Pace(outbox.storage.rates, "another", Rate(per_second=40), zone=UTC, clock=lambda: at[0]) for _ in range(3)
    ]
    taken = []
    for _ in range(4):
        taken.append(sum(pace.grant(20).count for pace in paces))
        at[0] += timedelta(seconds=0.25)
    assert taken == [20, 0, 20, 0]  # half a second's worth at once, and then it takes as long


def test_a_domain_at_its_limit_waits_and_the_others_go_on(outbox: Outbox):
    outbox.plan(*addresses(4, "slow.example"), *addresses(30, "quick.example"))
    provider = MemoryProvider()
    tally = outbox.send(provider, rate=Rate(per_domain={"slow.example": DomainRate(per_second=4)}))
    assert tally.states == {SENT: 34}
    order = [message.recipient.email.partition("@")[2] for message in provider.messages]
    assert Counter(order[:18]) == {"slow.example": 2, "quick.example": 16}
    assert {one.attempt for one in outbox.rows} == {1}


def test_a_turn_that_comes_between_the_last_lease_and_the_wait_is_not_missed(outbox: Outbox):
    outbox.plan(*addresses(4, "slow.example"))
    rate = Rate(per_domain={"slow.example": DomainRate(per_second=4)})
    tally = outbox.send(rate=rate, on_state=lambda _: time.sleep(0.6))  # longer than the two that are put off wait
    assert tally.states == {SENT: 4}


def test_a_domains_number_a_day_puts_its_rest_off_until_midnight(outbox: Outbox):
    outbox.plan(*addresses(5, "few.example"), *addresses(5))
    tally = outbox.send(rate=Rate(per_domain={"few.example": DomainRate(per_day=2)}))
    assert tally.states == {SENT: 7}
    waiting = [one for one in outbox.rows if one.state is RETRY]
    midnight = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
    assert {(one.retry_at, one.attempt) for one in waiting} == {(midnight, 0)}
    assert "provider.rate for few.example" in str(waiting[0].error)


def test_a_domain_that_wants_less_gets_nothing_for_a_while_and_then_slowly(outbox: Outbox):
    outbox.plan(*addresses(30, "full.example"), *addresses(30))
    busy = Outcome(verdict=Verdict.DEFERRED, detail="452 4.5.3 too many", trouble=Trouble.DOMAIN)
    provider = MemoryProvider(lambda message: busy if message.recipient.email.endswith("full.example") else None)
    began = datetime.now(UTC)
    tally = outbox.send(provider)
    assert tally.states == {SENT: 30}
    waiting = [one for one in outbox.rows if one.state is RETRY]
    assert Counter(one.attempt for one in waiting) == {1: 20, 0: 10}
    turns = sorted(one.retry_at for one in waiting if one.attempt == 0)
    assert turns[0] - began > timedelta(seconds=50)
    assert turns[-1] - turns[0] == timedelta(seconds=0.9)
    hold = outbox.storage.rates.holds(PLACE)["full.example"]
    assert (hold.times, hold.reason) == (1, "452 4.5.3 too many")
    assert outbox.send(provider).states == {}


def test_a_domain_that_takes_mail_again_is_held_no_more(outbox: Outbox):
    outbox.plan(*addresses(2, "full.example"))
    busy = Outcome(verdict=Verdict.DEFERRED, detail="452", trouble=Trouble.DOMAIN)
    provider = MemoryProvider()
    provider.answer(busy, Outcome(verdict=Verdict.SENT))
    outbox.send(provider)
    hold = outbox.storage.rates.holds(PLACE)["full.example"]
    outbox.storage.rates.hold(PLACE, "full.example", replace(hold, until=NOW - timedelta(days=400)))
    outbox.plan("new@full.example", day=TODAY + timedelta(days=1))
    assert outbox.send().states == {SENT: 1}
    assert outbox.storage.rates.holds(PLACE) == {}


@pytest.mark.parametrize("rate", [Rate(per_second=0.02), Rate(per_domain={"example.org": DomainRate(per_second=0.02)})])
def test_told_to_stop_who_waits_for_a_turn_stops_at_once(outbox: Outbox, rate: Rate):
    outbox.plan(*addresses(3))
    stop, began = Event(), Event()
    provider = MemoryProvider(lambda _: began.set())
    sender = Thread(target=outbox.send, args=(provider,), kwargs={"rate": rate, "stop": stop})
    sender.start()
    assert began.wait(300)
    sender.join(0.5)
    assert sender.is_alive()
    stop.set()
    sender.join(300)
    assert not sender.is_alive()  # its turn would come after fifty seconds
    assert outbox.states[SENT] == 1
    assert DeliveryState.LEASED not in outbox.states


@pytest.mark.parametrize("lanes", [1, 3])
def test_what_has_to_wait_too_long_is_left_to_the_next_run(outbox: Outbox, lanes: int):
    outbox.plan(*addresses(50))
    tally = outbox.send(rate=Rate(per_second=0.001), lanes=lanes)
    assert (tally.states, tally.error) == ({SENT: 1}, None)
    assert "waits for a later run" in tally.notes[0]


PROCESS = """
import sys; sys.path.insert(0, sys.argv[2])
from outboxes import *
with Storage.open(sys.argv[1]) as storage:
    print(Outbox(storage).send(owner=sys.argv[3], rate=Rate(per_day=33)).states[DeliveryState.SENT])
"""


def test_processes_on_postgresql_share_a_limit(emptied_postgres_url, request):
    with Storage.open(emptied_postgres_url) as storage:
        Outbox(storage).plan(*addresses(100))
        command = [sys.executable, "-c", PROCESS, emptied_postgres_url, str(request.config.rootpath / "tests")]
        senders = [subprocess.Popen([*command, f"s{n}"], stdout=subprocess.PIPE, text=True) for n in range(3)]
        sent = [int(sender.communicate(timeout=120)[0]) for sender in senders]
        assert sum(sent) == 33
        assert storage.deliveries.counts() == {SENT: 33, READY: 67}
