"""Lease, hand over, record: over both databases, with a provider that says what it is told to."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest

from newsletter.errors import ProviderError, ProviderRefused
from newsletter.model import (
    Delivery,
    DeliveryState,
    Digest,
    Edition,
    Entry,
    EventKind,
    Mailbox,
    Message,
    Outcome,
    Ranked,
    Reason,
    SourceReport,
    SourceState,
    Subscriber,
    SubscriberState,
    Verdict,
)
from newsletter.outbox import Planned, Sending, freeze, plan_digests, send_ready, thaw
from newsletter.outbox.job import Job
from newsletter.outbox.lane import Lane
from newsletter.outbox.retries import MAX_ATTEMPTS, judge, retry_wait
from newsletter.storage import Storage
from newsletter.testing import MemoryProvider

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TONIGHT = datetime(2026, 11, 24, 0, tzinfo=UTC)
SENDER = Mailbox(email="papers@example.org", name="Papers")
ENTRIES = tuple(Entry(title=f"Paper {number}", link=f"https://example.org/{number}") for number in range(5))


def digest_of(*entries: Entry, edition: str = "2026-11-23T08:00:00Z") -> Digest:
    reasons = (Reason(kind="interest", label="“cats”, naïve", contribution=1.5),)
    items = tuple(
        Ranked(entry=entry, score=1.5 - n, match=0.5, rank=n, reasons=reasons) for n, entry in enumerate(entries, 1)
    )
    source = SourceReport(name="a", kind="feed", state=SourceState.FAILED, error="gone")
    return Digest(
        edition=edition,
        local_date=date(2026, 11, 23),
        items=items[:3],
        below=items[3:],
        candidates=9,
        sources=(source,),
    )


def test_a_frozen_digest_thaws_to_the_same():
    digest = digest_of(*ENTRIES)
    edition = Edition(id=digest.edition, made_at=NOW, reach_from=NOW, entries=ENTRIES[::-1])
    thawed = thaw(freeze(digest), edition)
    assert [item.entry for item in thawed.items] == [item.entry for item in digest.items]
    assert thawed.items == digest.items
    assert (thawed.sources, thawed.candidates, thawed.local_date) == (digest.sources, 9, digest.local_date)
    assert [item.entry for item in thawed.below] == [item.entry for item in digest.below]
    assert [item.rank for item in (*thawed.items, *thawed.below)] == [1, 2, 3, 4, 5]


def test_only_reasons_that_a_mail_tells_are_frozen():
    reasons = (
        Reason(kind="interest", label="cats \ud800", contribution=1.23456789),
        Reason(kind="recency", label="today", contribution=1.0),
        Reason(kind="disliked", label="dogs", contribution=-1.0),
        Reason(kind="baseline", label="any paper", contribution=0.5),
    )
    digest = digest_of(*ENTRIES)
    digest = replace(digest, items=tuple(replace(item, reasons=reasons, explore=True) for item in digest.items))
    thawed = thaw(freeze(digest), Edition(id=digest.edition, made_at=NOW, reach_from=NOW, entries=ENTRIES))
    told = (Reason(kind="interest", label="cats ?", contribution=1.234568),)
    assert [(item.explore, item.reasons) for item in thawed.items] == [(True, told)] * 3


def test_what_an_earlier_version_froze_thaws_too():
    source = '["a","feed","failed",0,0,"gone",true,"cs.LG"]'
    item = f'["{ENTRIES[0].id}",1.5,0.8,1,[["interest","cats",1.5],["baseline","any paper",-0.5]]]'
    below = f'["{ENTRIES[1].id}",0.5,0.6,0,[["baseline","any paper",0.5]]]'
    payload = (
        f'{{"edition":"e","date":"2026-11-23","candidates":9,"items":[{item}],"below":[{below}],"sources":[{source}]}}'
    )
    thawed = thaw(payload.encode(), Edition(id="e", made_at=NOW, reach_from=NOW, entries=ENTRIES))
    [card] = thawed.items
    assert (card.entry, card.score, card.match, card.explore) == (ENTRIES[0], 1.5, 0.8, True)
    assert card.reasons == (
        Reason(kind="interest", label="cats", contribution=1.5),
        Reason(kind="baseline", label="any paper", contribution=-0.5),
    )
    assert [item.entry for item in thawed.below] == [ENTRIES[1]]
    assert thawed.sources == (
        SourceReport(name="a", kind="feed", state=SourceState.FAILED, error="gone", is_partial=True, silent=("cs.LG",)),
    )


@pytest.fixture
def storage(storage_url):
    with Storage.open(storage_url) as opened:
        yield opened


def plan(storage: Storage, count: int) -> list[Subscriber]:
    readers = [storage.subscribers.save(Subscriber(id="", email=f"r{number}@example.org")) for number in range(count)]
    planned = [Planned(subscriber=reader, digest=digest_of(*ENTRIES), valid_until=TONIGHT) for reader in readers]
    assert plan_digests(storage, planned, sender=SENDER, now=NOW) == count
    assert plan_digests(storage, planned, sender=SENDER, now=NOW) == 0
    return readers


def render(delivery: Delivery, reader: Subscriber) -> Message:
    return Message(
        shown=delivery.shown,
        sender=SENDER,
        recipient=Mailbox(email=reader.email),
        subject="s",
        message_id=delivery.message_id,
        date=NOW,
        raw=f"To: {reader.email}\r\n\r\nhello\r\n".encode(),
    )


def send(storage: Storage, provider: MemoryProvider, **changes):
    given = {"owner": "me", "render": render, "open_provider": lambda: provider, "now": NOW, **changes}
    return send_ready(storage, Sending(**given))


def test_groups_of_twenty_and_everyone_once(storage):
    plan(storage, 45)
    provider = MemoryProvider()
    tally = send(storage, provider)
    assert provider.groups == [20, 20, 5]
    assert tally.states == {DeliveryState.SENT: 45}
    assert len({message.recipient.email for message in provider.messages}) == 45
    assert send(storage, MemoryProvider()).states == {}


def test_handed_is_on_disk_before_the_provider_sees_a_message(storage):
    plan(storage, 3)
    seen = []

    def look(_message: Message) -> None:
        seen.append(storage.deliveries.counts())

    send(storage, MemoryProvider(look))
    assert seen[0] == {DeliveryState.HANDED: 3}


def test_the_next_group_is_leased_while_one_is_sent_and_not_yet_recorded(storage):
    plan(storage, 45)
    seen = []

    def look(_message: Message) -> None:
        seen.append(storage.deliveries.counts())

    send(storage, MemoryProvider(look))
    assert seen[0] == {DeliveryState.HANDED: 20, DeliveryState.LEASED: 20, DeliveryState.READY: 5}
    assert seen[20] == {DeliveryState.SENT: 20, DeliveryState.HANDED: 20, DeliveryState.LEASED: 5}
    assert seen[40] == {DeliveryState.SENT: 40, DeliveryState.HANDED: 5}


def test_no_kill_leaves_more_than_twenty_uncertain(storage):
    """The worst moment: all of a group is accepted, and its answers are not recorded."""
    plan(storage, 60)

    class Killed(BaseException):
        pass

    def kill(delivery: Delivery, reader: Subscriber) -> Message:
        if len(provider.messages) == 20:
            raise Killed
        return render(delivery, reader)

    provider = MemoryProvider()
    sending = Sending(owner="me", render=kill, open_provider=lambda: provider, now=NOW)
    lane = Lane(Job(storage, sending, lambda _: None))
    with pytest.raises(Killed):
        lane.send_all(provider)
    given_up = storage.deliveries.settle_dead(at=NOW)
    assert (given_up.ready, len(given_up.uncertain)) == (20, 20)
    assert send(storage, MemoryProvider()).states == {DeliveryState.SENT: 40}


def test_who_leaves_while_the_group_before_is_sent_gets_nothing(storage):
    readers = plan(storage, 40)
    provider = MemoryProvider()

    def leave(_message: Message) -> None:
        storage.suppressions.add(readers[30].email, "left", at=NOW)
        storage.subscribers.set_state(readers[31].id, SubscriberState.PAUSED)

    provider = MemoryProvider(leave)
    tally = send(storage, provider)
    assert tally.states == {DeliveryState.SENT: 38, DeliveryState.SUPPRESSED: 2}
    assert not {readers[30].email, readers[31].email} & {message.recipient.email for message in provider.messages}


def test_an_edition_that_is_paused_stops_after_the_group_at_hand(storage):
    edition = Edition(id="2026-11-23T08:00:00Z", made_at=NOW, reach_from=NOW, entries=ENTRIES)
    storage.editions.save(edition, fingerprint="f")
    plan(storage, 50)
    tally = send(storage, MemoryProvider(lambda _: storage.editions.pause(edition.id) and None))
    assert tally.states == {DeliveryState.SENT: 20}
    assert storage.deliveries.counts() == {DeliveryState.SENT: 20, DeliveryState.READY: 30}
    assert {one.attempt for one in storage.deliveries.find(states=[DeliveryState.READY])} == {0}


def test_told_to_stop_it_finishes_the_message_at_hand_and_gives_back_the_others(storage):
    plan(storage, 50)
    stop = Event()
    provider = MemoryProvider(lambda _: stop.set())
    tally = send(storage, provider, stop=stop)
    assert len(provider.messages) == 1
    assert tally.states == {DeliveryState.SENT: 1}
    assert storage.deliveries.counts() == {DeliveryState.SENT: 1, DeliveryState.READY: 49}
    assert {one.attempt for one in storage.deliveries.find(states=[DeliveryState.READY])} == {0}


def test_who_has_lost_the_lock_leases_no_more(storage):
    plan(storage, 50)
    held = [True]
    provider = MemoryProvider(lambda _: held.clear())
    tally = send(storage, provider, may_send=lambda: bool(held))
    assert (len(provider.messages), tally.states) == (20, {DeliveryState.SENT: 20})
    assert storage.deliveries.counts() == {DeliveryState.SENT: 20, DeliveryState.READY: 30}


def test_the_very_bytes_are_kept(storage):
    readers = plan(storage, 40)
    shared = b"The same for everyone, and long enough to be kept apart from what is not. " * 3

    def in_pieces(delivery: Delivery, reader: Subscriber) -> Message:
        pieces = (f"To: {reader.email}\r\n\r\n".encode(), shared, f"Yours, {reader.id}\r\n".encode())
        return replace(render(delivery, reader), raw=b"".join(pieces), pieces=tuple(pieces))

    provider = MemoryProvider()
    send(storage, provider, render=in_pieces)
    sent = {message.recipient.email: message.raw for message in provider.messages}
    assert {r.email: storage.deliveries.message(r.id, date(2026, 11, 23)) for r in readers} == sent


def test_papers_that_the_size_governor_moved_below_the_line_may_come_back(storage):
    [reader] = plan(storage, 1)

    def shorter(delivery: Delivery, to: Subscriber) -> Message:
        return replace(render(delivery, to), shown=delivery.shown[:1])

    assert len(storage.deliveries.shown_since([reader.id], NOW)[reader.id]) == 3
    send(storage, MemoryProvider(), render=shorter)
    assert storage.deliveries.shown_since([reader.id], NOW)[reader.id] == {ENTRIES[0].id}


@pytest.mark.parametrize(
    ("verdict", "state", "attempts"),
    [
        (Verdict.SENT, DeliveryState.SENT, 1),
        (Verdict.REFUSED, DeliveryState.FAILED, 1),
        (Verdict.UNCERTAIN, DeliveryState.UNCERTAIN, 1),
        (Verdict.DEFERRED, DeliveryState.RETRY, 1),
    ],
)
def test_each_verdict_has_its_state(storage, verdict, state, attempts):
    plan(storage, 2)
    provider = MemoryProvider()
    provider.answer(Outcome(verdict=verdict, detail="as it says"))
    send(storage, provider)
    first = storage.deliveries.find(states=[state])[-1]
    assert (first.state, first.attempt) == (state, attempts)
    assert storage.deliveries.counts()[DeliveryState.SENT] == (2 if verdict is Verdict.SENT else 1)


def test_what_was_never_handed_over_is_ready_again_and_spends_no_attempt(storage):
    plan(storage, 3)
    provider = MemoryProvider()
    provider.answer(Outcome(verdict=Verdict.SENT), ProviderError("gone"))
    tally = send(storage, provider)
    assert isinstance(tally.error, ProviderError)
    assert storage.deliveries.counts() == {DeliveryState.SENT: 1, DeliveryState.READY: 2}
    assert {delivery.attempt for delivery in storage.deliveries.find(states=[DeliveryState.READY])} == {0}


def test_a_provider_that_takes_nothing_does_not_go_round_for_ever(storage):
    plan(storage, 3)
    tally = send(storage, MemoryProvider(lambda _: Outcome(verdict=Verdict.NOT_HANDED, detail="421 busy")))
    assert "421 busy" in str(tally.error)
    assert storage.deliveries.counts() == {DeliveryState.READY: 3}


def test_an_unexpected_error_in_the_middle_leaves_uncertain_what_may_have_left(storage):
    plan(storage, 3)
    provider = MemoryProvider()
    provider.answer(Outcome(verdict=Verdict.SENT), ZeroDivisionError("a fault in a plugin"))
    with pytest.raises(ZeroDivisionError):
        send(storage, provider)
    assert storage.deliveries.counts() == {DeliveryState.SENT: 1, DeliveryState.UNCERTAIN: 2}


def test_refused_credentials_stop_every_lane_and_lose_nothing(storage):
    plan(storage, 60)
    provider = MemoryProvider()
    provider.refuses_connection = ProviderRefused("535 no")
    tally = send(storage, provider, lanes=3)
    assert isinstance(tally.error, ProviderRefused)
    assert storage.deliveries.counts() == {DeliveryState.READY: 60}


def test_several_lanes_send_each_message_once(storage):
    plan(storage, 130)
    providers: list[MemoryProvider] = []

    def connect() -> MemoryProvider:
        providers.append(MemoryProvider())
        return providers[-1]

    tally = send(storage, MemoryProvider(), lanes=4, open_provider=connect)
    sent = [message.recipient.email for provider in providers for message in provider.messages]
    assert (len(providers), len(sent), len(set(sent))) == (4, 130, 130)
    assert tally.states == {DeliveryState.SENT: 130}


def test_one_message_that_cannot_be_rendered_stops_no_other(storage):
    readers = plan(storage, 3)

    def fussy(delivery: Delivery, reader: Subscriber) -> Message:
        if reader.id == readers[1].id:
            raise ValueError("no such paper")
        return render(delivery, reader)

    provider = MemoryProvider()
    tally = send(storage, provider, render=fussy)
    assert tally.states == {DeliveryState.SENT: 2, DeliveryState.FAILED: 1}
    assert "no such paper" in str(storage.deliveries.find(states=[DeliveryState.FAILED])[0].error)


def test_who_left_or_was_suppressed_after_planning_gets_nothing(storage):
    readers = plan(storage, 3)
    storage.suppressions.add(readers[0].email, "bounced", at=NOW)
    storage.subscribers.erase(readers[1].id, now=NOW)
    provider = MemoryProvider()
    tally = send(storage, provider)
    assert [message.recipient.email for message in provider.messages] == [readers[2].email]
    assert tally.states[DeliveryState.SENT] == 1
    assert tally.states[DeliveryState.SUPPRESSED] == 1


def test_a_digest_whose_day_is_over_is_not_sent(storage):
    plan(storage, 2)
    provider = MemoryProvider()
    tally = send(storage, provider, now=TONIGHT)
    assert provider.messages == []
    assert tally.states == {DeliveryState.FAILED: 2}


def judged(verdict: Verdict, *, attempt: int = 1, now: datetime = NOW, seconds: float | None = None):
    delivery = Delivery(
        id=1, kind="digest", subscriber="s", local_date=date(2026, 11, 23), edition=None, state=DeliveryState.HANDED,
        attempt=attempt, owner="me", lease_until=None, retry_at=None, valid_until=TONIGHT, message_id="<m>",
        provider=None, provider_id=None, error=None, created_at=NOW, updated_at=NOW, sent_at=None, shown=(), payload=b"",
    )  # fmt: skip
    outcome = Outcome(verdict=verdict, detail="later", retry_after_seconds=seconds)
    return judge(delivery, outcome, provider="memory", now=now, at=NOW, chance=random.Random(1))


def test_the_providers_own_word_is_waited_for_exactly():
    assert judged(Verdict.DEFERRED, seconds=90).retry_at == NOW + timedelta(seconds=90)


def test_waits_grow_with_jitter_and_have_an_end():
    waits = [retry_wait(attempt, None, chance=random.Random(attempt)).total_seconds() for attempt in range(1, 9)]
    assert all(30 * 2 ** min(n, 6) <= wait <= 3600 for n, wait in enumerate(waits))
    assert judged(Verdict.DEFERRED, attempt=MAX_ATTEMPTS).state is DeliveryState.FAILED


def test_no_retry_that_could_only_come_after_the_digests_day():
    late = judged(Verdict.DEFERRED, now=TONIGHT - timedelta(seconds=20))
    assert late.state is DeliveryState.FAILED
    assert "later" in str(late.error)


def test_an_address_that_is_refused_is_not_mailed_again(storage):
    """Once, whoever else was in its group, and by no refusal that is not about the address."""
    readers = plan(storage, 3)
    bad, blocked, good = (reader.email for reader in readers)
    answers = {
        bad: Outcome(verdict=Verdict.REFUSED, detail="550 5.1.1 nobody", address_is_bad=True),
        blocked: Outcome(verdict=Verdict.REFUSED, detail="550 5.7.1 policy"),
    }
    provider = MemoryProvider(lambda message: answers.get(message.recipient.email))
    tally = send(storage, provider)
    assert tally.states == {DeliveryState.FAILED: 2, DeliveryState.SENT: 1}
    assert storage.suppressions.among([bad, blocked, good]) == {bad}
    assert storage.events.counts() == {EventKind.BOUNCED_HARD: 1}
    assert storage.deliveries.counts() == tally.states
