"""A hand-over without a clear answer is repeated only where the provider knows the message again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from outboxes import NOW, PLACE, Outbox, addresses, render

from newsletter.model import DeliveryState, Outcome, Verdict
from newsletter.outbox import take_up_doubts
from newsletter.outbox.job import Job, Sending
from newsletter.outbox.lane import Lane
from newsletter.testing import IdempotentProvider, MemoryProvider

SENT, UNCERTAIN = DeliveryState.SENT, DeliveryState.UNCERTAIN
TIMED_OUT = Outcome(verdict=Verdict.UNCERTAIN, detail="no answer")
HOUR = 3600


def begin(outbox: Outbox, provider: MemoryProvider | IdempotentProvider, *, place: str = PLACE, owner: str = "me"):
    """What a run does before it sends; the readers whose mail may be handed over again."""
    seconds = provider.idempotency_seconds
    return take_up_doubts(outbox.storage, place, owner=owner, idempotency_seconds=seconds, now=NOW)


def never_answered(outbox: Outbox, count: int) -> IdempotentProvider:
    """Has handed over so many messages and heard nothing of them; the provider that knows them."""
    outbox.plan(*addresses(count))
    provider = IdempotentProvider(lambda _: TIMED_OUT)
    begin(outbox, provider)
    outbox.send(provider)
    return provider


def test_what_timed_out_is_handed_over_again_and_arrives_once(outbox: Outbox):
    outbox.plan(*addresses(30))
    provider = IdempotentProvider()
    provider.answer(*[TIMED_OUT if n % 10 == 3 else Outcome(verdict=Verdict.SENT) for n in range(30)])
    begin(outbox, provider)
    assert outbox.send(provider).states == {SENT: 27, UNCERTAIN: 3}
    assert len(begin(outbox, provider, owner="next")) == 3
    assert outbox.send(provider, owner="next").states == {SENT: 3}
    assert (len(provider.messages), len(provider.repeated)) == (30, 3)
    assert outbox.states == {SENT: 30}


def test_what_a_dead_sender_had_handed_over_is_too(outbox: Outbox):
    outbox.plan(*addresses(45))

    class Killed(BaseException):
        pass

    def die(delivery, reader):
        if len(provider.messages) == 20:
            raise Killed
        return render(delivery, reader)

    provider = IdempotentProvider()
    begin(outbox, provider)
    sending = Sending(owner="me", render=die, open_provider=lambda: provider, now=NOW, provider=PLACE)
    with pytest.raises(Killed):
        Lane(Job(outbox.storage, sending, lambda _: None)).send_all(provider)
    assert len(outbox.storage.deliveries.settle_dead(at=datetime.now(UTC)).uncertain) == 20
    assert len(begin(outbox, provider, owner="next")) == 20
    assert outbox.send(provider, owner="next").states == {SENT: 45}
    assert (len(provider.messages), len(provider.repeated)) == (45, 20)


@pytest.mark.parametrize("kind", ["none declared", "another provider", "too late"])
def test_otherwise_it_stays_uncertain(outbox: Outbox, kind: str):
    outbox.plan(*addresses(3))
    provider = IdempotentProvider(lambda _: TIMED_OUT, idempotency_seconds=0 if kind == "none declared" else HOUR)
    begin(outbox, provider, place="elsewhere" if kind == "another provider" else PLACE)
    outbox.send(provider)
    later = IdempotentProvider(idempotency_seconds=0 if kind == "too late" else HOUR)
    assert begin(outbox, later, owner="next") == set()
    assert outbox.states == {UNCERTAIN: 3}


def test_eight_tenths_of_the_time_count_from_the_first_hand_over(outbox: Outbox):
    outbox.plan(*addresses(1))
    provider = IdempotentProvider(lambda _: TIMED_OUT, idempotency_seconds=HOUR)
    begin(outbox, provider)
    began = datetime.now(UTC)
    outbox.send(provider)
    doubts = outbox.storage.doubts
    assert doubts.take_up(PLACE, since=began + timedelta(minutes=1), now=NOW) == set()
    assert len(doubts.take_up(PLACE, since=began - timedelta(minutes=1), now=NOW)) == 1
    second = datetime.now(UTC)
    outbox.send(provider)
    assert doubts.take_up(PLACE, since=second, now=NOW) == set()


def test_what_waits_until_it_may_not_be_repeated_is_uncertain_again(outbox: Outbox):
    provider = never_answered(outbox, 2)
    begin(outbox, provider, owner="next")
    assert outbox.states == {DeliveryState.READY: 2}
    begin(outbox, MemoryProvider(), owner="with another provider")
    assert outbox.states == {UNCERTAIN: 2}


def test_another_provider_that_knows_messages_again_does_not_know_these(outbox: Outbox):
    provider = never_answered(outbox, 2)
    assert len(begin(outbox, provider, owner="next")) == 2
    assert begin(outbox, IdempotentProvider(), place="elsewhere", owner="third") == set()
    assert outbox.states == {UNCERTAIN: 2}


def test_a_message_that_would_not_be_the_same_is_not_handed_over(outbox: Outbox):
    provider = never_answered(outbox, 2)
    begin(outbox, provider, owner="next")
    changed = IdempotentProvider()
    tally = outbox.send(
        changed, owner="next", render=lambda one, to: replace(render(one, to), raw=render(one, to).raw + b"PS\r\n")
    )
    assert (tally.states, changed.messages) == ({UNCERTAIN: 2}, [])
    assert "would not be the same message" in str(outbox.rows[0].error)


def test_an_operator_who_sends_it_again_has_decided(outbox: Outbox):
    provider = never_answered(outbox, 1)
    begin(outbox, provider, owner="next")
    outbox.send(provider, owner="next")
    assert outbox.storage.deliveries.retry(outbox.rows[0].id)
    begin(outbox, MemoryProvider(), owner="third")
    assert outbox.send().states == {SENT: 1}
