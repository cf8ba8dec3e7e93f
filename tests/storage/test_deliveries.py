from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from newsletter.errors import UsageError
from newsletter.model import (
    Delivery,
    DeliveryState,
    Edition,
    Entry,
    EntryChanges,
    LetterKind,
    Subscriber,
    SubscriberState,
)
from newsletter.storage import GivenUp, NewDelivery, Settlement, Storage, Wanted

Plan = Callable[..., None]
Lease = Callable[..., tuple[Delivery, ...]]
Join = Callable[..., Subscriber]

DAY = timedelta(days=1)
SETTLED = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.RETRY, DeliveryState.UNCERTAIN}


def states(storage: Storage) -> dict[str, DeliveryState]:
    return {delivery.subscriber: delivery.state for delivery in storage.deliveries.find()}


def hand(storage: Storage, leased: tuple[Delivery, ...], owner: str = "a") -> set[int]:
    return storage.deliveries.hand(leased, owner=owner, bodies={})


def record(storage: Storage, delivery: Delivery, state: DeliveryState, owner: str = "a", **said: object) -> bool:
    return bool(storage.deliveries.record([Settlement(delivery=delivery, state=state, **said)], owner=owner))


# -- planning ----------------------------------------------------------------------------------------------------


def test_a_delivery_is_planned_as_it_was_given(storage: Storage, plan: Plan, now: datetime) -> None:
    plan("ada", shown=("e1", "e2"), payload=b"\x00frozen")
    [delivery] = storage.deliveries.find()
    assert delivery == Delivery(
        id=delivery.id,
        kind="digest",
        subscriber="ada",
        local_date=now.date(),
        edition="2026-11-22T07:30:00Z",
        state=DeliveryState.READY,
        attempt=0,
        owner=None,
        lease_until=None,
        retry_at=None,
        valid_until=now + timedelta(hours=12),
        message_id="<ada@example.org>",
        provider=None,
        provider_id=None,
        error=None,
        created_at=now,
        updated_at=now,
        sent_at=None,
        shown=("e1", "e2"),
        payload=b"\x00frozen",
    )
    assert storage.deliveries.by_id(delivery.id) == delivery
    assert storage.deliveries.by_id(delivery.id + 1) is None


def test_one_digest_a_reader_and_date(storage: Storage, now: datetime) -> None:
    def new(subscriber: str, days: int = 0, kind: str = "digest") -> NewDelivery:
        return NewDelivery(
            subscriber=subscriber,
            local_date=now.date() + days * DAY,
            edition=None,
            valid_until=now + DAY,
            message_id="<m>",
            created_at=now,
            kind=kind,
        )

    assert storage.deliveries.plan([new("ada"), new("bob")]) == 2
    assert storage.deliveries.plan([new("ada"), new("eve"), new("eve"), new("ada", 1)]) == 2
    assert storage.deliveries.plan([new("ada", kind="confirm"), new("ada", kind="confirm")]) == 2
    assert storage.deliveries.plan([]) == 0


# -- leasing -----------------------------------------------------------------------------------------------------


def test_a_lease_takes_the_oldest_first_and_nothing_twice(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada", "bob", "eve")
    assert [d.subscriber for d in lease(limit=2)] == ["ada", "bob"]
    assert [d.subscriber for d in lease("b")] == ["eve"]
    assert lease() == ()


def test_a_lease_says_whose_it_is(storage: Storage, plan: Plan, lease: Lease, at: datetime) -> None:
    plan("ada")
    [leased] = lease()
    assert (leased.state, leased.owner, leased.attempt) == (DeliveryState.LEASED, "a", 1)
    assert (leased.lease_until, leased.updated_at) == (at + timedelta(minutes=5), at)
    assert storage.deliveries.by_id(leased.id) == leased


def test_a_lease_brings_the_readers_along(storage: Storage, plan: Plan, now: datetime, at: datetime) -> None:
    plan("ada", "bob")
    leased = storage.deliveries.lease(owner="a", limit=1, until=at, now=now, at=at)
    assert leased.subscribers == {"ada": storage.subscribers.by_id("ada")}
    assert leased.settled == ()


def test_a_lease_may_be_for_some_readers_only(storage: Storage, plan: Plan, now: datetime, at: datetime) -> None:
    plan("ada", "bob", "eve")
    only = frozenset({"bob", "nobody"})
    assert storage.deliveries.is_anything_ready(at=at, only=only)
    leased = storage.deliveries.lease(owner="a", limit=9, until=at, now=now, at=at, only=only)
    assert [d.subscriber for d in leased.deliveries] == ["bob"]
    assert not storage.deliveries.is_anything_ready(at=at, only=only)
    assert storage.deliveries.is_anything_ready(at=at)
    assert storage.deliveries.count_waiting(now=now, only={"ada", "bob"}) == 1
    assert storage.deliveries.count_waiting(now=now) == 2


@pytest.mark.parametrize("spelling", ["ada@example.org", "ADA@Example.org"])
def test_a_suppression_before_the_lease_is_heeded(
    storage: Storage, plan: Plan, now: datetime, at: datetime, spelling: str
) -> None:
    plan("ada", "bob")
    storage.suppressions.add(spelling, "complaint", at=now)
    leased = storage.deliveries.lease(owner="a", limit=9, until=at, now=now, at=at)
    assert [d.subscriber for d in leased.deliveries] == ["bob"]
    assert [one.state for one in leased.settled] == [DeliveryState.SUPPRESSED]
    [settled] = storage.deliveries.find(states=[DeliveryState.SUPPRESSED])
    assert (settled.subscriber, settled.error) == ("ada", "the address is suppressed: complaint")


@pytest.mark.parametrize(
    ("state", "paused_until", "is_sent"),
    [
        (SubscriberState.ACTIVE, None, True),
        (SubscriberState.PENDING, None, False),
        (SubscriberState.LEFT, None, False),
        (SubscriberState.REMOVED, None, False),
        (SubscriberState.PAUSED, None, False),
        (SubscriberState.PAUSED, date(2026, 11, 23), False),
        (SubscriberState.PAUSED, date(2026, 11, 22), True),
    ],
)
def test_a_reader_who_wants_no_digest_any_more_gets_none(
    storage: Storage, plan: Plan, *, lease: Lease, state: SubscriberState, paused_until: date | None, is_sent: bool
) -> None:
    plan("ada", local_date=date(2026, 11, 22))
    storage.subscribers.set_state("ada", state, paused_until=paused_until)
    assert bool(lease()) is is_sent
    assert states(storage)["ada"] is (DeliveryState.LEASED if is_sent else DeliveryState.SUPPRESSED)


ASKED = {SubscriberState.ACTIVE, SubscriberState.PAUSED}


@pytest.mark.parametrize("state", SubscriberState)
@pytest.mark.parametrize(
    ("kind", "for_whom"),
    [
        (LetterKind.CONFIRM, set(SubscriberState)),
        (LetterKind.KNOWN, ASKED),
        (LetterKind.WELCOME, ASKED),
        (LetterKind.WAITING, {SubscriberState.WAITING}),
    ],
)
def test_a_letter_goes_to_readers_in_the_states_that_it_is_for(
    storage: Storage,
    plan: Plan,
    lease: Lease,
    *,
    kind: LetterKind,
    for_whom: set[SubscriberState],
    state: SubscriberState,
) -> None:
    plan("ada", kind=kind.value)
    storage.subscribers.set_state("ada", state)
    assert [d.kind for d in lease()] == ([kind] if state in for_whom else [])
    assert states(storage)["ada"] is (DeliveryState.LEASED if state in for_whom else DeliveryState.SUPPRESSED)


@pytest.mark.parametrize("kind", [*LetterKind, "digest"])
@pytest.mark.parametrize("reason", ["unsubscribed", "complained", "erased", "bounced"])
def test_only_the_question_whether_somebody_wants_mail_goes_to_a_suppressed_address(
    storage: Storage, plan: Plan, *, lease: Lease, now: datetime, kind: str, reason: str
) -> None:
    plan("ada", kind=str(kind))
    storage.suppressions.add("ada@example.org", reason, at=now)
    is_sent = kind == LetterKind.CONFIRM and reason != "bounced"
    assert bool(lease()) is is_sent
    assert is_sent or f"suppressed: {reason}" in str(storage.deliveries.find()[0].error)


def test_a_letter_that_becomes_forbidden_between_lease_and_hand_over_is_kept_back(
    storage: Storage, plan: Plan, lease: Lease, now: datetime
) -> None:
    plan("ada", kind="confirm")
    plan("bob", kind="known")
    leased = lease()
    storage.subscribers.set_state("ada", SubscriberState.PENDING)
    storage.subscribers.set_state("bob", SubscriberState.LEFT)
    storage.suppressions.add("ada@example.org", "unsubscribed", at=now)
    assert hand(storage, leased) == {leased[0].id}
    assert lease() == ()
    assert states(storage) == {"ada": DeliveryState.HANDED, "bob": DeliveryState.SUPPRESSED}


def test_letters_may_be_leased_alone(storage: Storage, plan: Plan, now: datetime, at: datetime) -> None:
    plan("ada", "bob")
    assert not storage.deliveries.is_anything_ready(at=at, letters_only=True)
    plan("bob", "eve", kind="known")
    assert storage.deliveries.is_anything_ready(at=at, letters_only=True)
    wanted = {"owner": "a", "limit": 9, "until": at, "now": now, "at": at, "letters_only": True}
    leased = storage.deliveries.turn(owner="a", lease=Wanted(**wanted)).leased.deliveries
    assert [(one.subscriber, one.kind) for one in leased] == [("bob", "known"), ("eve", "known")]
    assert not storage.deliveries.is_anything_ready(at=at, letters_only=True)
    retry = Settlement(delivery=leased[0], state=DeliveryState.RETRY, retry_at=at)
    storage.deliveries.record([retry], owner="a")
    assert storage.deliveries.is_anything_ready(at=at, letters_only=True)


def test_what_a_run_counts_are_digests(storage: Storage, plan: Plan, lease: Lease, now: datetime, at: datetime) -> None:
    plan("ada", "bob", "eve", kind="known")
    plan("ada")
    assert storage.deliveries.count_waiting(now=now) == 1
    known, *_, digest = lease()
    hand(storage, (known, digest))
    assert storage.deliveries.settle_dead(at=at) == GivenUp(ready=2, uncertain=("ada",))
    plan("eve")
    assert storage.deliveries.expire(now=now + 2 * DAY) == 1
    assert storage.deliveries.counts() == {DeliveryState.UNCERTAIN: 2, DeliveryState.FAILED: 3}


def test_an_erased_reader_gets_nothing(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada")
    storage.subscribers.forget("ada")
    assert lease() == ()
    assert storage.deliveries.find()[0].error == "the reader was erased"


def test_a_digest_whose_day_is_over_has_failed(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    plan("ada", valid_until=now)
    assert storage.deliveries.count_waiting(now=now) == 0
    assert lease() == ()
    assert states(storage) == {"ada": DeliveryState.FAILED}


def test_a_paused_edition_waits_and_goes_on(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    storage.editions.save(Edition(id="e", made_at=now, reach_from=now), fingerprint="f")
    plan("ada", edition="e")
    plan("bob", edition="another")
    storage.editions.pause("e")
    assert [d.subscriber for d in lease()] == ["bob"]
    storage.editions.resume("e")
    assert [d.subscriber for d in lease()] == ["ada"]


# -- from the lease to the answer --------------------------------------------------------------------------------


def test_the_way_of_a_message(storage: Storage, plan: Plan, lease: Lease, at: datetime, now: datetime) -> None:
    plan("ada")
    [leased] = lease()
    longer = at + timedelta(hours=1)
    assert storage.deliveries.hand([leased], owner="a", bodies={leased.id: (b"Subject: x",)}, until=longer) == {
        leased.id
    }
    assert storage.deliveries.by_id(leased.id) == replace(leased, state=DeliveryState.HANDED, lease_until=longer)
    assert record(storage, leased, DeliveryState.SENT, provider="smtp", provider_id="250 ok")
    sent = storage.deliveries.by_id(leased.id)
    assert (sent.state, sent.sent_at, sent.provider, sent.provider_id) == (DeliveryState.SENT, at, "smtp", "250 ok")
    assert sent.lease_until is None
    assert storage.deliveries.message("ada", now.date()) == b"Subject: x"


def test_a_hand_over_without_a_new_lease_keeps_the_old_one(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada")
    [leased] = lease()
    hand(storage, (leased,))
    assert storage.deliveries.by_id(leased.id).lease_until == leased.lease_until


def test_nothing_is_handed_over_twice(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada", "bob")
    leased = lease()
    assert hand(storage, leased[:1]) == {leased[0].id}
    assert hand(storage, leased) == {leased[1].id}
    assert hand(storage, leased) == set()


@pytest.mark.parametrize("change", [{"owner": "b"}, {"attempt": 2}])
def test_who_has_lost_the_lease_hands_nothing_over(
    storage: Storage, plan: Plan, lease: Lease, change: dict[str, object]
) -> None:
    plan("ada")
    [leased] = lease()
    claimed = replace(leased, **change)
    assert hand(storage, (claimed,), owner=str(claimed.owner)) == set()
    assert states(storage) == {"ada": DeliveryState.LEASED}


def test_a_sender_taken_for_dead_runs_into_the_fence(
    storage: Storage, plan: Plan, lease: Lease, at: datetime, now: datetime
) -> None:
    plan("ada")
    stale = lease()
    assert storage.deliveries.settle_dead(at=at) == GivenUp(ready=1, uncertain=())
    [fresh] = lease()
    assert fresh.attempt == 2
    assert hand(storage, stale) == set()
    assert not record(storage, stale[0], DeliveryState.FAILED)
    assert storage.deliveries.release(stale, owner="a") == 0
    assert hand(storage, (fresh,)) == {fresh.id}


def test_released_deliveries_are_ready_and_no_attempt_is_spent(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada", "bob")
    ada, bob = lease()
    hand(storage, (bob,))
    assert storage.deliveries.release([ada, bob], owner="a") == 1
    assert states(storage) == {"ada": DeliveryState.READY, "bob": DeliveryState.HANDED}
    assert storage.deliveries.by_id(ada.id).owner is None
    assert lease("b")[0].attempt == 1


def test_what_was_never_handed_over_is_ready_again(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada")
    [leased] = lease()
    hand(storage, (leased,))
    assert record(storage, leased, DeliveryState.READY, error="not connected")
    [again] = lease("b")
    assert (again.attempt, again.error) == (1, "not connected")


def test_a_retry_waits_for_its_time(storage: Storage, plan: Plan, lease: Lease, at: datetime, now: datetime) -> None:
    plan("ada")
    [leased] = lease()
    hand(storage, (leased,))
    later = at + timedelta(minutes=10)
    assert record(storage, leased, DeliveryState.RETRY, error="451 later", retry_at=later)
    assert not storage.deliveries.is_anything_ready(at=later - timedelta(seconds=1))
    assert storage.deliveries.count_waiting(now=now) == 1
    assert lease() == ()
    [due] = storage.deliveries.lease(owner="b", limit=1, until=later, now=now, at=later).deliveries
    assert (due.attempt, due.retry_at, due.error) == (2, None, "451 later")


def test_due_retries_go_first(storage: Storage, plan: Plan, lease: Lease, at: datetime) -> None:
    plan("ada")
    plan("bob")
    for leased in lease():
        state = DeliveryState.RETRY if leased.subscriber == "bob" else DeliveryState.READY
        record(storage, leased, state, retry_at=at if state is DeliveryState.RETRY else None)
    assert [d.subscriber for d in lease()] == ["bob", "ada"]


@pytest.mark.parametrize("state", sorted(SETTLED))
def test_an_answer_is_recorded_once(storage: Storage, plan: Plan, lease: Lease, state: DeliveryState) -> None:
    plan("ada")
    [leased] = lease()
    hand(storage, (leased,))
    assert record(storage, leased, state, retry_at=leased.updated_at)
    assert not record(storage, leased, state)
    assert states(storage) == {"ada": state}


def test_an_answer_is_recorded_by_its_sender_alone(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada")
    [leased] = lease()
    hand(storage, (leased,))
    assert not record(storage, leased, DeliveryState.SENT, owner="b")
    assert not record(storage, replace(leased, attempt=2), DeliveryState.SENT)
    assert states(storage) == {"ada": DeliveryState.HANDED}


def test_nothing_is_sent_that_was_not_handed_over(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada")
    [leased] = lease()
    assert not record(storage, leased, DeliveryState.SENT)
    assert record(storage, leased, DeliveryState.FAILED, error="cannot be rendered")


def test_a_group_is_recorded_together(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada", "bob", "eve")
    ada, bob, eve = lease()
    hand(storage, (ada, bob))
    answers = [
        Settlement(delivery=ada, state=DeliveryState.SENT),
        Settlement(delivery=bob, state=DeliveryState.FAILED, error="550"),
        Settlement(delivery=eve, state=DeliveryState.SENT),
    ]
    assert storage.deliveries.record(answers, owner="a") == answers[:2]
    assert storage.deliveries.record([], owner="a") == []


def test_whatever_a_provider_says_can_be_recorded(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada")
    [leased] = lease()
    hand(storage, (leased,))
    assert record(storage, leased, DeliveryState.FAILED, error="550 \x00no\r\n\ud800" + "x" * 5000, provider_id="\x00")
    failed = storage.deliveries.by_id(leased.id)
    assert failed.error.startswith("550 no xxx")
    assert len(failed.error) == 500


# -- after a crash -----------------------------------------------------------------------------------------------


def test_whoever_takes_the_lock_settles_what_a_dead_sender_had(
    storage: Storage, plan: Plan, lease: Lease, at: datetime
) -> None:
    plan("ada", "bob", "eve")
    _, bob = lease(limit=2)
    hand(storage, (bob,))
    assert storage.deliveries.settle_dead(at=at) == GivenUp(ready=1, uncertain=("bob",))
    assert states(storage) == {
        "ada": DeliveryState.READY,
        "bob": DeliveryState.UNCERTAIN,
        "eve": DeliveryState.READY,
    }
    assert storage.deliveries.settle_dead(at=at) == GivenUp(ready=0, uncertain=())
    assert "sender ended" in storage.deliveries.find(states=[DeliveryState.UNCERTAIN])[0].error


def test_living_senders_keep_their_leases(storage: Storage, plan: Plan, lease: Lease, at: datetime) -> None:
    plan("ada", "bob")
    _, bob = lease()
    hand(storage, (bob,))
    over = at + timedelta(minutes=5)
    before = storage.deliveries.settle_dead(at=over - timedelta(seconds=1), expired_only=True)
    assert before == GivenUp(ready=0, uncertain=())
    assert storage.deliveries.settle_dead(at=over, expired_only=True) == GivenUp(ready=1, uncertain=("bob",))


def test_an_answer_that_comes_late_still_counts(storage: Storage, plan: Plan, lease: Lease, at: datetime) -> None:
    plan("ada")
    [leased] = lease()
    hand(storage, (leased,))
    storage.deliveries.settle_dead(at=at)
    assert record(storage, leased, DeliveryState.SENT)
    assert states(storage) == {"ada": DeliveryState.SENT}


# -- the operator ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED])
def test_an_uncertain_delivery_is_settled(
    storage: Storage, plan: Plan, lease: Lease, at: datetime, state: DeliveryState
) -> None:
    plan("ada", "bob")
    ada, bob = lease()
    hand(storage, (ada,))
    storage.deliveries.settle_dead(at=at)
    assert storage.deliveries.settle(ada.id, state)
    assert not storage.deliveries.settle(ada.id, state)
    assert not storage.deliveries.settle(bob.id, state)
    settled = storage.deliveries.by_id(ada.id)
    assert (settled.state, settled.sent_at) == (state, at if state is DeliveryState.SENT else None)


def test_an_uncertain_delivery_is_not_settled_as_just_anything(storage: Storage) -> None:
    with pytest.raises(UsageError, match="as sent or as failed, not as retry"):
        storage.deliveries.settle(1, DeliveryState.RETRY)


def test_a_failed_delivery_can_be_tried_again(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada")
    [leased] = lease()
    assert not storage.deliveries.retry(leased.id)
    record(storage, leased, DeliveryState.FAILED)
    assert storage.deliveries.retry(leased.id)
    [again] = lease()
    assert again.attempt == 2
    assert not record(storage, leased, DeliveryState.FAILED)


def test_a_cancelled_edition_stops_what_was_not_handed_over(storage: Storage, plan: Plan, lease: Lease) -> None:
    plan("ada", "bob", "eve", edition="e")
    plan("zoe", edition="another")
    ada, bob = lease(limit=2)
    hand(storage, (ada,))
    assert storage.deliveries.cancel("e") == 2
    assert states(storage) == {
        "ada": DeliveryState.HANDED,
        "bob": DeliveryState.CANCELLED,
        "eve": DeliveryState.CANCELLED,
        "zoe": DeliveryState.READY,
    }
    assert not hand(storage, (bob,))
    assert not record(storage, bob, DeliveryState.READY)


def test_what_was_handed_over_of_a_cancelled_edition_is_sent_or_is_not_tried_again(
    storage: Storage, plan: Plan, lease: Lease, at: datetime
) -> None:
    plan("ada", "bob", edition="e")
    ada, bob = lease()
    hand(storage, (ada, bob))
    assert storage.deliveries.cancel("e") == 0
    assert record(storage, ada, DeliveryState.SENT)
    assert record(storage, bob, DeliveryState.RETRY, retry_at=at)
    assert lease() == ()
    assert states(storage) == {"ada": DeliveryState.SENT, "bob": DeliveryState.FAILED}


# -- what is known -----------------------------------------------------------------------------------------------


def test_the_ledger_can_be_searched(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    plan("ada", edition="e1")
    plan("bob", edition="e2", local_date=now.date() - DAY)
    lease(limit=1)
    find = storage.deliveries.find
    assert [d.subscriber for d in find()] == ["bob", "ada"]
    assert [d.subscriber for d in find(limit=1)] == ["bob"]
    assert [d.subscriber for d in find(states=[DeliveryState.LEASED])] == ["ada"]
    assert [d.subscriber for d in find(subscriber="ada")] == ["ada"]
    assert [d.subscriber for d in find(edition="e2")] == ["bob"]
    assert [d.subscriber for d in find(local_date=now.date())] == ["ada"]
    assert find(states=[]) == []


def test_states_are_counted(storage: Storage, plan: Plan, lease: Lease) -> None:
    assert storage.deliveries.counts() == {}
    plan("ada", "bob", "eve")
    lease(limit=1)
    assert storage.deliveries.counts() == {DeliveryState.READY: 2, DeliveryState.LEASED: 1}


def test_a_reader_is_asked_for_their_own_date(storage: Storage, plan: Plan, lease: Lease, now: datetime) -> None:
    plan("ada", "bob", "eve")
    plan("zoe", kind="confirm")
    lease(limit=1)
    today, yesterday = now.date(), now.date() - DAY
    asked = {"ada": today, "bob": today, "eve": yesterday, "zoe": today, "nobody": today}
    assert storage.deliveries.states(asked) == {"ada": DeliveryState.LEASED, "bob": DeliveryState.READY}
    assert storage.deliveries.states({}) == {}


@pytest.mark.parametrize("state", [None, *sorted(SETTLED)])
def test_what_was_shown_is_remembered_unless_it_failed(
    storage: Storage, plan: Plan, lease: Lease, now: datetime, state: DeliveryState | None
) -> None:
    plan("ada", shown=("e1", "e2"))
    if state is not None:
        [leased] = lease()
        hand(storage, (leased,))
        record(storage, leased, state, retry_at=now)
    shown = storage.deliveries.shown_since(["ada", "nobody"], now - DAY)
    assert shown == ({} if state is DeliveryState.FAILED else {"ada": {"e1", "e2"}})


def test_shown_is_asked_since_an_instant(storage: Storage, plan: Plan, now: datetime) -> None:
    plan("ada", shown=("e1",), local_date=now.date() - DAY, created_at=now - DAY)
    plan("bob", shown=("e2",))
    assert storage.deliveries.shown_since(["ada", "bob"], now - DAY) == {"ada": {"e1"}, "bob": {"e2"}}
    assert storage.deliveries.shown_since(["ada", "bob"], now) == {"bob": {"e2"}}
    assert storage.deliveries.shown_since([], now) == {}


def test_a_paper_that_was_shown_stays_shown_after_a_merge(storage: Storage, plan: Plan, now: datetime) -> None:
    old, new = Entry(title="Old", id="old"), Entry(title="New", id="new")
    storage.entries.save(EntryChanges(entries=(old, new)), now=now)
    plan("ada", shown=("old", "e2"))
    storage.entries.save(EntryChanges(entries=(new,), aliases={"old": "new"}), now=now)
    assert storage.deliveries.shown_since(["ada"], now) == {"ada": {"new", "e2"}}


def test_hundreds_of_readers_are_asked_in_one_call(storage: Storage, now: datetime) -> None:
    names = [f"r{number}" for number in range(1201)]
    day = {"local_date": now.date(), "edition": None, "valid_until": now + DAY, "created_at": now}
    storage.deliveries.plan(NewDelivery(subscriber=n, message_id="<m>", shown=(n,), **day) for n in names)
    assert storage.deliveries.shown_since(names, now) == {name: {name} for name in names}
    assert len(storage.deliveries.states(dict.fromkeys(names, now.date()))) == 1201


# -- what is kept ------------------------------------------------------------------------------------------------


def test_a_message_is_kept_only_once_it_was_handed_over(
    storage: Storage, plan: Plan, lease: Lease, now: datetime
) -> None:
    plan("ada")
    [leased] = lease()
    message = storage.deliveries.message
    assert message("ada", now.date()) is None
    storage.deliveries.hand([leased], owner="a", bodies={leased.id: (b"first",), 999: (b"of nobody",)})
    assert message("ada", now.date()) == b"first"
    record(storage, leased, DeliveryState.READY)
    assert message("ada", now.date()) is None
    [again] = lease()
    storage.deliveries.hand([again], owner="a", bodies={again.id: (b"second",)})
    assert message("ada", now.date()) == b"second"
    assert message("ada", now.date() - DAY) is None


def test_old_messages_go_first_and_then_old_rows(
    storage: Storage, plan: Plan, lease: Lease, now: datetime, at: datetime
) -> None:
    plan("ada")
    [leased] = lease()
    storage.deliveries.hand([leased], owner="a", bodies={leased.id: (b"body",)})
    prune = storage.deliveries.prune
    kept, year = timedelta(days=30), timedelta(days=365)
    assert prune(now, messages_older_than=kept, rows_older_than=year) == (0, 0)
    assert prune(at + kept, messages_older_than=kept, rows_older_than=year) == (1, 0)
    assert storage.deliveries.message("ada", now.date()) is None
    assert states(storage) == {"ada": DeliveryState.HANDED}
    assert prune(now + year, messages_older_than=kept, rows_older_than=year) == (0, 0)
    assert prune(at + year, messages_older_than=kept, rows_older_than=year) == (0, 1)
    assert states(storage) == {}


def test_what_a_run_of_long_ago_did_today_is_kept(storage: Storage, plan: Plan, lease: Lease, at: datetime) -> None:
    """The product's clock may be set back for a run."""
    plan("ada", created_at=at - timedelta(days=800), local_date=(at - timedelta(days=800)).date())
    hand(storage, lease())
    year = timedelta(days=365)
    assert storage.deliveries.prune(at, messages_older_than=year, rows_older_than=year) == (0, 0)
    assert states(storage) == {"ada": DeliveryState.HANDED}


def test_no_retention_keeps_no_message(storage: Storage, plan: Plan, lease: Lease, at: datetime) -> None:
    plan("ada")
    [leased] = lease()
    storage.deliveries.hand([leased], owner="a", bodies={leased.id: (b"body",)})
    assert storage.deliveries.prune(at, messages_older_than=timedelta(0), rows_older_than=timedelta(days=365)) == (1, 0)


ANSWERS: dict[str, Sequence[Any]] = {
    "error": ("550 Ada is not here", "550 Bob has moved", None),
    "provider": ("smtp", "sendgrid", None),
    "provider_id": ("a1", None, "c3"),
    "retry_at": (datetime(2026, 11, 23, 9, 1, tzinfo=UTC), datetime(2026, 11, 23, 9, 2, tzinfo=UTC), None),
}


@pytest.mark.parametrize("field", ANSWERS)
def test_each_delivery_of_a_group_gets_its_own_answer(storage: Storage, plan: Plan, lease: Lease, field: str) -> None:
    plan("ada", "bob", "eve")
    leased = lease()
    hand(storage, leased)
    same = {"state": DeliveryState.RETRY if field == "retry_at" else DeliveryState.FAILED}
    answers = [
        Settlement(delivery=one, **same, **{field: value}) for one, value in zip(leased, ANSWERS[field], strict=True)
    ]
    storage.deliveries.record(answers, owner="a")
    kept = {one.subscriber: getattr(one, field) for one in storage.deliveries.find()}
    assert kept == {one.subscriber: value for one, value in zip(leased, ANSWERS[field], strict=True)}
