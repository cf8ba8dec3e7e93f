"""A provider that fails is left alone, and tried with one message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from outboxes import NOW, PLACE, Outbox, addresses

from newsletter.errors import ProviderError, ProviderRefused
from newsletter.model import DeliveryState, Outcome, Trouble, Verdict
from newsletter.outbox.circuit import LONGEST_PAUSE_SECONDS, Circuit, after, is_open
from newsletter.storage.circuits import CircuitState
from newsletter.testing import MemoryProvider

BAD = Outcome(verdict=Verdict.DEFERRED, detail="503 ill", trouble=Trouble.SERVICE)
GOOD = Outcome(verdict=Verdict.SENT)
LATER = Outcome(verdict=Verdict.DEFERRED, detail="450 not now")


def seconds(state: CircuitState) -> float | None:
    return state.open_until and (state.open_until - NOW).total_seconds()


@pytest.mark.parametrize(
    ("marks", "opens"),
    [
        ("", False),
        ("xxxx", False),
        ("xxxxx", True),
        ("xxxx.xxxx", False),
        ("." * 15 + "xxxxx", True),
        ("xx." * 6 + "xx", True),
        ("x." * 10, False),
        ("x." * 9 + "xx", True),
        ("." * 100, False),
    ],
)
def test_five_in_a_row_or_more_than_half_of_twenty(marks, opens):
    state = CircuitState()
    for mark in marks:
        state = after(state, mark, at=NOW)
    assert (state.open_until is not None) is opens
    assert (after(CircuitState(), marks, at=NOW).open_until is not None) is opens


def test_it_is_left_alone_for_longer_each_time_up_to_a_limit():
    state, pauses = CircuitState(), []
    for _ in range(8):
        state = after(state, "xxxxx", at=NOW, why="ill")
        pauses.append(seconds(state))
        assert is_open(state, at=NOW)
        state = after(state, "x", at=state.open_until) if len(pauses) == 8 else CircuitState(
            openings=state.openings, open_until=NOW
        )  # fmt: skip
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_lanes_that_were_under_way_do_not_lengthen_the_pause():
    state = after(CircuitState(), "xxxxx", at=NOW)
    assert after(state, "xxx", at=NOW + timedelta(seconds=1)) == state


def test_one_good_answer_closes_it():
    opened = after(CircuitState(), "xxxxx", at=NOW)
    closed = after(opened, ".", at=opened.open_until)
    assert (closed.open_until, closed.openings) == (None, 0)


def test_a_clock_that_was_set_back_leaves_nobody_alone_for_longer():
    state = after(CircuitState(), "xxxxx", at=NOW)
    assert not is_open(state, at=NOW - timedelta(seconds=LONGEST_PAUSE_SECONDS))


def test_what_works_is_not_written_down(outbox: Outbox):
    circuit = Circuit(outbox.storage.circuits, PLACE, clock=lambda: NOW)
    circuit.note([GOOD] * 20)
    assert outbox.storage.circuits.load(PLACE) == CircuitState()
    circuit.note([GOOD, BAD])
    assert outbox.storage.circuits.load(PLACE).recent.endswith(".x")
    circuit.note([GOOD] * 20)
    assert outbox.storage.circuits.load(PLACE) == CircuitState()


def test_an_ill_service_is_left_after_five_answers_and_the_next_run_asks_nothing(outbox: Outbox):
    outbox.plan(*addresses(30))
    provider = MemoryProvider(lambda _: BAD)
    tally = outbox.send(provider)
    assert "503 ill" in str(tally.error)
    assert provider.groups == [20]  # the group at hand
    again = outbox.send(provider)
    assert (again.error.exit_code, provider.groups) == (11, [20])
    assert f"{PLACE} is left alone until" in str(again.error)
    assert [one.attempt for one in outbox.rows] == [1] * 20 + [0] * 10


def test_connections_that_fail_count_over_runs_and_spend_no_attempt(outbox: Outbox):
    outbox.plan(*addresses(3))
    tried = []

    def connect():
        tried.append(1)
        raise ProviderError("nobody there")

    errors = [outbox.send(open_provider=connect).error for _ in range(7)]
    assert (len(tried), {error.exit_code for error in errors}) == (5, {11})
    assert "nobody there" in str(errors[-1])
    assert {(one.state, one.attempt) for one in outbox.rows} == {(DeliveryState.READY, 0)}


def let_pause_pass(outbox: Outbox) -> None:
    """As though its time were over."""
    state = outbox.storage.circuits.load(PLACE)
    outbox.storage.circuits.half_open(PLACE, at=state.open_until - timedelta(seconds=LONGEST_PAUSE_SECONDS))


def test_after_the_pause_one_message_is_tried_and_then_all(outbox: Outbox):
    outbox.plan(*addresses(50))
    provider = MemoryProvider()
    provider.refuses_connection = ProviderRefused("535 no")
    assert outbox.send(provider).error.exit_code == 21
    provider.refuses_connection = None
    assert outbox.send(provider).error.exit_code == 21
    assert provider.messages == []
    let_pause_pass(outbox)
    tally = outbox.send(provider)
    assert (tally.error, provider.groups) == (None, [1, 20, 20, 9])
    assert outbox.storage.circuits.load(PLACE) == CircuitState()


def test_one_that_is_ill_still_gets_no_second_message(outbox: Outbox):
    outbox.plan(*addresses(50))
    outbox.send(MemoryProvider(lambda _: BAD))
    first = outbox.storage.circuits.load(PLACE)
    let_pause_pass(outbox)
    provider = MemoryProvider(lambda _: BAD)
    assert outbox.send(provider).error.exit_code == 11
    assert provider.groups == [1]
    second = outbox.storage.circuits.load(PLACE)
    assert second.openings == 2
    assert second.open_until - first.open_until > timedelta(seconds=25)


def test_a_message_that_is_put_off_shows_that_the_service_works(outbox: Outbox):
    outbox.plan(*addresses(5))
    outbox.send(MemoryProvider(lambda _: BAD))
    outbox.plan(*addresses(3, "example.com"), day=NOW.date() + timedelta(days=1))
    let_pause_pass(outbox)
    provider = MemoryProvider(lambda _: LATER)
    assert outbox.send(provider).error is None
    assert provider.groups == [1, 2]


def test_only_one_of_several_processes_tries(outbox: Outbox):
    outbox.storage.circuits.save(PLACE, after(CircuitState(), "xxxxx", at=NOW))
    mine, theirs = (Circuit(outbox.storage.circuits, PLACE, clock=lambda: NOW + timedelta(minutes=1)) for _ in range(2))
    assert mine.enter() is False
    with pytest.raises(ProviderError, match="is left alone until"):
        theirs.enter()


def test_changed_credentials_are_tried_at_once(outbox: Outbox):
    outbox.plan(*addresses(3))
    provider = MemoryProvider()
    provider.refuses_connection = ProviderRefused("535 no")
    assert outbox.send(provider, credentials=lambda: "old").error.exit_code == 21
    provider.refuses_connection = None
    assert outbox.send(provider, credentials=lambda: "old").error.exit_code == 21
    assert outbox.send(provider, credentials=lambda: "new").error is None
    assert len(provider.messages) == 3
