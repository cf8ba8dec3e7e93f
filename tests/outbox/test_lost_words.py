"""Whatever goes wrong around a hand-over, no answer that came is lost, and nothing is uncertain that never left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from outboxes import PLACE, Outbox, addresses
from sqlalchemy import text

from newsletter.config.settings import Rate
from newsletter.errors import ProviderBusy, StorageError
from newsletter.model import DeliveryState, Outcome, Verdict
from newsletter.outbox.rates import EVERYBODY
from newsletter.storage.rates import Hold
from newsletter.testing import MemoryProvider

READY, SENT, RETRY, FAILED, UNCERTAIN = (
    DeliveryState.READY, DeliveryState.SENT, DeliveryState.RETRY, DeliveryState.FAILED, DeliveryState.UNCERTAIN,
)  # fmt: skip
YES = Outcome(verdict=Verdict.SENT)
NOBODY = Outcome(verdict=Verdict.REFUSED, detail="550 5.1.1 no such user", address_is_bad=True)


def busy(seconds: float) -> MemoryProvider:
    """Takes one message, and then asks to come back after so long."""
    provider = MemoryProvider()
    later = Outcome(verdict=Verdict.DEFERRED, retry_after_seconds=seconds)
    provider.answer(YES, later, ProviderBusy("too many requests", retry_after_seconds=seconds))
    return provider


@pytest.mark.parametrize("seconds", [1e20, 1e30, float("inf"), float("nan")])
def test_an_absurd_wait_loses_nothing_and_is_a_day(outbox: Outbox, seconds: float):
    outbox.plan(*addresses(30))
    tally = outbox.send(busy(seconds))
    assert isinstance(tally.error, ProviderBusy)
    assert outbox.states == {SENT: 1, FAILED: 1, READY: 28}  # tomorrow is too late for the one
    hold = outbox.storage.rates.holds(PLACE)[EVERYBODY]
    assert timedelta(hours=23) < hold.until - datetime.now(UTC) <= timedelta(days=1)
    again = outbox.send()
    assert f"until {hold.until:%Y-%m-%d %H:%M} UTC, as it asked" in str(again.error)


def test_a_hold_of_more_than_a_day_is_not_believed(outbox: Outbox):
    outbox.plan(*addresses(3))
    hold = Hold(until=datetime.now(UTC) + timedelta(days=3650), times=1, reason="429")
    outbox.storage.rates.hold(PLACE, EVERYBODY, hold)
    assert outbox.send().states == {SENT: 3}


def test_an_answer_that_is_none_leaves_its_own_message_uncertain_alone(outbox: Outbox):
    outbox.plan(*addresses(3))
    provider = MemoryProvider()
    provider.answer(YES, Outcome(verdict="perhaps"), YES)  # type: ignore[arg-type]
    outbox.send(provider)
    assert outbox.states == {SENT: 2, UNCERTAIN: 1}


def rename(outbox: Outbox, table: str, name: str) -> None:
    with outbox.storage._database.writing() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


@pytest.mark.parametrize("table", ["circuits", "events", "rates"])
def test_storage_that_fails_around_a_hand_over_leaves_nothing_handed(outbox: Outbox, table: str):
    outbox.plan(*addresses(60))

    def decide(message):
        if len(provider.messages) == 5:
            rename(outbox, table, "gone")

    provider = MemoryProvider(decide)
    provider.answer(NOBODY, *[Outcome(verdict=Verdict.NOT_HANDED)] * 2)
    rate = Rate(per_second=30) if table == "rates" else None
    tally = outbox.send(provider, rate=rate)
    rename(outbox, "gone", table)  # the database is the next test's as well
    assert isinstance(tally.error, StorageError)
    states = outbox.states
    assert states[SENT] == len(provider.messages)
    assert UNCERTAIN not in states
    assert DeliveryState.HANDED not in states
