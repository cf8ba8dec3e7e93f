"""What is told about deliveries, once and in any order."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select, text

from newsletter.model import Delivery, DeliveryState, Event, EventKind, Rejection, Subscriber, SubscriberState
from newsletter.storage import NewDelivery, Settlement, Storage
from newsletter.storage.events import Applied
from newsletter.storage.schema import deliveries, events, metadata, subscribers, suppressions
from newsletter.storage.told import FAILING, THRESHOLD, worn_out

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SOFT = EventKind.BOUNCED_SOFT


def told(kind: EventKind, number: int = 1, **fields: Any) -> Event:
    defaults = {"kind": kind, "at": NOON, "provider": "sendgrid", "id": f"{kind}{number}", "delivery_id": 1}
    return Event(**(defaults | fields))


@pytest.fixture
def deliver(
    storage: Storage, plan: Callable[..., None], lease: Callable[..., Sequence[Delivery]]
) -> Callable[..., None]:
    """Plans a digest for Ada and takes it to that state."""

    def deliver(state: DeliveryState, message_id: str = "<m@example.org>") -> None:
        number_from_one(storage)
        plan("ada", message_id=message_id)
        leased = lease()
        if state is DeliveryState.LEASED:
            return
        storage.deliveries.hand(leased, owner="a", bodies={})
        if state is not DeliveryState.HANDED:
            answers = [Settlement(delivery=one, state=state, retry_at=NOON + DAY) for one in leased]
            storage.deliveries.record(answers, owner="a")

    return deliver


def number_from_one(storage: Storage) -> None:
    """On PostgreSQL numbers go on after rows were deleted."""
    if not storage._database.is_sqlite:
        with storage._database.writing() as connection:
            connection.execute(text("SELECT setval(pg_get_serial_sequence('deliveries', 'id'), 1, false)"))


def state_of(storage: Storage) -> DeliveryState:
    delivery = storage.deliveries.by_id(1)
    assert delivery is not None
    return delivery.state


# -- what becomes of a delivery ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        ("uncertain", "queued", "sent"),
        ("uncertain", "sent", "sent"),
        ("uncertain", "deferred", "sent"),
        ("uncertain", "delivered", "sent"),
        ("uncertain", "complained", "sent"),
        ("uncertain", "bounced_soft", "failed"),
        ("uncertain", "bounced_hard", "failed"),
        ("uncertain", "blocked", "failed"),
        ("uncertain", "rejected", "failed"),
        ("uncertain", "unknown", "uncertain"),
        ("sent", "deferred", "sent"),
        ("sent", "bounced_hard", "failed"),
        ("failed", "delivered", "sent"),
        ("failed", "queued", "failed"),
        ("retry", "delivered", "sent"),
        ("retry", "deferred", "retry"),
        ("retry", "bounced_soft", "retry"),
    ],
)  # fmt: skip
def test_what_is_told_moves_a_delivery(
    storage: Storage, deliver: Callable[..., None], before: str, kind: str, after: str
) -> None:
    deliver(DeliveryState(before))
    applied = storage.events.apply([told(EventKind(kind), detail="as told")])
    delivery = storage.deliveries.by_id(1)
    assert delivery is not None
    assert delivery.state == after
    assert applied.settled == (before != after)
    if before != after:
        assert delivery.owner is None
        assert delivery.retry_at is None
        assert (delivery.sent_at is not None) is (after == "sent")
        assert (delivery.error == f"reported as {kind.replace('_', ' ')}: as told") is (after == "failed")


def test_a_late_deferral_cannot_undo_a_delivery(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.UNCERTAIN)
    storage.events.apply([told(EventKind.DELIVERED), told(EventKind.DEFERRED, at=NOON + DAY)])
    assert state_of(storage) is DeliveryState.SENT


def test_what_is_told_while_a_sender_is_at_it_waits_for_the_senders_word(
    storage: Storage, deliver: Callable[..., None], at: datetime
) -> None:
    deliver(DeliveryState.HANDED)
    assert storage.events.apply([told(EventKind.DELIVERED)]).settled == 0
    assert storage.events.settle_waiting() == 0
    assert state_of(storage) is DeliveryState.HANDED
    storage.deliveries.settle_dead(at=at)
    assert state_of(storage) is DeliveryState.UNCERTAIN
    assert storage.events.settle_waiting() == 1
    assert state_of(storage) is DeliveryState.SENT
    assert storage.events.settle_waiting() == 0


def test_what_is_told_of_a_message_that_has_to_wait_is_looked_at_before_it_is_tried_again(
    storage: Storage, deliver: Callable[..., None], lease: Callable[..., tuple[Delivery, ...]], at: datetime
) -> None:
    deliver(DeliveryState.HANDED)
    storage.events.apply([told(EventKind.DELIVERED)])
    [handed] = storage.deliveries.find()
    storage.deliveries.record([Settlement(delivery=handed, state=DeliveryState.RETRY, retry_at=at)], owner="a")
    assert lease() == ()
    assert storage.events.settle_waiting() == 1
    assert state_of(storage) is DeliveryState.SENT


def test_what_was_told_of_an_earlier_try_says_nothing_of_the_next(
    storage: Storage, deliver: Callable[..., None], lease: Callable[..., Sequence[Delivery]]
) -> None:
    deliver(DeliveryState.SENT)
    storage.events.apply([told(EventKind.BLOCKED)])
    assert storage.deliveries.retry(1)
    leased = lease()
    storage.deliveries.hand(leased, owner="a", bodies={})
    storage.deliveries.record([Settlement(delivery=leased[0], state=DeliveryState.SENT)], owner="a")
    storage.events.apply([told(EventKind.DELIVERED)])
    assert state_of(storage) is DeliveryState.SENT


# -- which delivery, which reader ----------------------------------------------------------------------------------

OURS = "<20261122T073000Z.00112233445566778899aabb@example.org>"


@pytest.mark.parametrize(
    "found_by",
    [
        {"delivery_id": 1},
        {"subscriber": "ada", "message_id": OURS},
        {"recipients": ("elsewhere@example.net", " Ada@Example.ORG"), "message_id": OURS},
        {"message_id": OURS, "recipients": ("forwarded@example.net",), "is_vouched_for": False},
        {"message_id": OURS},
        {"message_id": OURS, "recipients": ("forwarded@example.net",)},
    ],
)
def test_a_delivery_is_found_by(storage: Storage, deliver: Callable[..., None], found_by: dict[str, Any]) -> None:
    deliver(DeliveryState.UNCERTAIN, OURS)
    applied = storage.events.apply([told(EventKind.BOUNCED_HARD, **({"delivery_id": None} | found_by))])
    assert applied == Applied(new=1, settled=1, suppressed=1)
    assert state_of(storage) is DeliveryState.FAILED
    assert storage.suppressions.is_suppressed("ada@example.org")


def test_a_reader_is_known_by_the_address_alone(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.SENT)
    alone = told(EventKind.COMPLAINED, delivery_id=None, recipients=("ada@example.org",))
    assert storage.events.apply([alone]) == Applied(new=1, suppressed=1)
    assert state_of(storage) is DeliveryState.SENT


@pytest.mark.parametrize("kind", [EventKind.BOUNCED_HARD, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED, SOFT])
def test_an_address_in_a_mail_by_just_anybody_is_counted_and_changes_nothing(
    storage: Storage, deliver: Callable[..., None], kind: EventKind
) -> None:
    deliver(DeliveryState.SENT, OURS)
    unknown = OURS.replace("0011", "ffff")
    forged = [
        told(kind, day, at=NOON + day * DAY, delivery_id=None, recipients=("ada@example.org",), message_id=unknown)
        for day in range(20)
    ]
    applied = storage.events.apply(replace(one, is_vouched_for=False) for one in forged)
    assert applied == Applied(new=20, strange=20)
    assert storage.events.counts() == {kind: 20}
    assert {row[0] for row in rows_of(storage, select(events.c.subscriber))} == {None}
    reader = storage.subscribers.by_id("ada")
    assert reader is not None
    assert (reader.state, storage.suppressions.count()) == (SubscriberState.ACTIVE, 0)
    assert state_of(storage) is DeliveryState.SENT


def test_a_message_is_found_without_a_look_at_all_of_them(storage: Storage) -> None:
    (index,) = inspect(storage._database.engine).get_indexes("inputs")
    assert index["column_names"] == ["message_id"]


def test_the_delivery_counts_before_the_address(
    storage: Storage, join: Callable[..., Subscriber], deliver: Callable[..., None]
) -> None:
    """A mail that Ada has forwarded to Bob came back from Bob's."""
    join("bob")
    deliver(DeliveryState.SENT, OURS)
    storage.events.apply(
        [told(EventKind.BOUNCED_HARD, delivery_id=None, recipients=("bob@example.org",), message_id=OURS)]
    )
    assert storage.suppressions.among(["ada@example.org", "bob@example.org"]) == {"ada@example.org"}


@pytest.mark.parametrize(
    "fields",
    [
        {"delivery_id": 77},
        {"delivery_id": None, "recipients": ("nobody@example.org", "a\x00b@example.org", "\ud800@example.org")},
        {"delivery_id": None, "message_id": "<other@example.org>"},
        {"delivery_id": None, "subscriber": "nobody", "message_id": OURS},
    ],
)
def test_what_is_about_nobody_of_ours_changes_nothing(
    storage: Storage, deliver: Callable[..., None], fields: dict[str, Any]
) -> None:
    deliver(DeliveryState.UNCERTAIN)
    assert storage.events.apply([told(EventKind.BOUNCED_HARD, **fields)]) == Applied(new=1, strange=1)
    assert state_of(storage) is DeliveryState.UNCERTAIN
    assert storage.suppressions.count() == 0


# -- who is not mailed any more ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason", "suppressed_for"),
    [
        (EventKind.BOUNCED_HARD, None, "bounced"),
        (EventKind.COMPLAINED, None, "complained"),
        (EventKind.UNSUBSCRIBED, None, "unsubscribed"),
        (EventKind.REJECTED, Rejection.BOUNCED, "bounced"),
        (EventKind.REJECTED, Rejection.INVALID, "bounced"),
        (EventKind.REJECTED, Rejection.COMPLAINED, "complained"),
        (EventKind.REJECTED, Rejection.UNSUBSCRIBED, "unsubscribed"),
        (EventKind.REJECTED, Rejection.BLOCKED, None),
        (EventKind.REJECTED, Rejection.OTHER, None),
        (EventKind.BLOCKED, None, None),
        (EventKind.BOUNCED_SOFT, None, None),
        (EventKind.DEFERRED, None, None),
        (EventKind.UNKNOWN, None, None),
    ],
)
def test_who_is_suppressed_at_once(
    storage: Storage,
    deliver: Callable[..., None],
    kind: EventKind,
    reason: Rejection | None,
    suppressed_for: str | None,
) -> None:
    deliver(DeliveryState.SENT)
    storage.events.apply([told(kind, reason=reason)])
    reasons = [suppressed_for] if suppressed_for else []
    assert [row[0] for row in rows_of(storage, select(suppressions.c.reason))] == reasons
    reader = storage.subscribers.by_id("ada")
    assert reader is not None
    assert (reader.state is SubscriberState.LEFT) is (suppressed_for == "unsubscribed")


def test_who_asked_to_be_forgotten_stays_so(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.SENT)
    storage.suppressions.add("ada@example.org", "erased", at=NOON)
    storage.events.apply([told(EventKind.COMPLAINED)])
    assert storage.suppressions.among(["ada@example.org"], reason="erased")


def soft(*days: int) -> list[Event]:
    return [told(SOFT, number, at=NOON + number * DAY, delivery_id=None, subscriber="ada") for number in days]


@pytest.mark.parametrize(
    ("days", "is_too_many"),
    [
        (range(9), False),
        (range(10), True),
        (range(0, 70, 7), True),  # a week apart is just not stale
        (range(0, 80, 8), False),
        ([*range(9), *range(20, 29)], False),
        ([0] * 30, False),  # once a day
    ],
)
def test_soft_bounces_add_up(
    storage: Storage, join: Callable[..., Subscriber], days: Sequence[int], is_too_many: bool
) -> None:
    join("ada")
    one_by_one = [
        told(SOFT, number, at=NOON + day * DAY, delivery_id=None, subscriber="ada") for number, day in enumerate(days)
    ]
    applied = storage.events.apply(one_by_one)
    assert applied.new == len(days)
    assert (applied.suppressed, storage.suppressions.is_suppressed("ada@example.org")) == (is_too_many, is_too_many)


def test_the_score_is_never_more_than_a_point_a_day() -> None:
    hard = [(NOON + number * timedelta(hours=1), EventKind.BOUNCED_HARD) for number in range(5 * 24)]
    assert worn_out(hard[:84]) is None
    assert worn_out(hard) == NOON + 84 * timedelta(hours=1)
    assert THRESHOLD == 5


def test_an_address_whose_suppression_was_lifted_begins_anew(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.SENT)
    bounces = [told(SOFT, day, at=NOON + day * DAY) for day in range(10)]
    assert storage.events.apply(bounces).suppressed == 1
    assert storage.suppressions.remove("ada@example.org")
    assert storage.events.apply(bounces) == Applied(known=10)
    assert storage.events.apply([told(SOFT, 10, at=NOON + 10 * DAY)]).suppressed == 0
    assert not storage.suppressions.is_suppressed("ada@example.org")
    assert storage.events.counts() == {SOFT: 11}


def test_a_score_stays_where_nothing_was_lifted(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.SENT)
    storage.events.apply([told(SOFT, day, at=NOON + day * DAY) for day in range(9)])
    assert not storage.suppressions.remove("ada@example.org")
    assert storage.events.apply([told(SOFT, 9, at=NOON + 9 * DAY)]).suppressed == 1


def test_what_else_was_told_stays_with_its_reader_when_a_suppression_is_lifted(
    storage: Storage, deliver: Callable[..., None]
) -> None:
    deliver(DeliveryState.SENT)
    storage.events.apply([told(EventKind.COMPLAINED), told(EventKind.BOUNCED_HARD)])
    assert storage.suppressions.remove("ada@example.org")
    whose = rows_of(storage, select(events.c.kind, events.c.subscriber))
    assert whose == [(EventKind.BOUNCED_HARD, None), (EventKind.COMPLAINED, "ada")]


def test_an_erased_reader_leaves_no_bounces_behind_that_were_forgiven(
    storage: Storage, deliver: Callable[..., None], now: datetime
) -> None:
    deliver(DeliveryState.SENT)
    alone = told(EventKind.BOUNCED_HARD, 2, delivery_id=None, subscriber="ada", detail="Ada has left the Institute")
    storage.events.apply([told(EventKind.BOUNCED_HARD, detail="550 Ada is gone"), alone])
    assert storage.suppressions.remove("ada@example.org")
    storage.subscribers.erase("ada", now=now)
    assert "Ada" not in str(rows_of(storage, select(events)))


# -- once, and in any order ----------------------------------------------------------------------------------------


def test_the_same_told_46_times_counts_once(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.UNCERTAIN)
    applied = storage.events.apply([told(SOFT)] * 46)
    assert applied == Applied(new=1, known=45, settled=1)
    assert storage.events.counts() == {SOFT: 1}


def test_providers_do_not_share_ids(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.SENT)
    assert storage.events.apply([told(SOFT), told(SOFT, provider="mail")]).new == 2


READERS = ("ada", "bob")
STATES = [DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.RETRY, DeliveryState.FAILED]


def prepare(storage: Storage, states: Sequence[DeliveryState]) -> None:
    """Two readers with a delivery each, numbered from one."""
    day = {"local_date": NOON.date(), "edition": None, "valid_until": NOON + DAY, "created_at": NOON}
    number_from_one(storage)
    for name in READERS:
        storage.subscribers.save(Subscriber(id=name, email=f"{name}@example.org"))
    storage.deliveries.plan(NewDelivery(subscriber=name, message_id=f"<{name}>", **day) for name in READERS)
    leased = storage.deliveries.lease(owner="a", limit=2, until=NOON + DAY, now=NOON, at=NOON).deliveries
    storage.deliveries.hand(leased, owner="a", bodies={})
    answers = [Settlement(delivery=one, state=state, retry_at=NOON) for one, state in zip(leased, states, strict=True)]
    storage.deliveries.record(answers, owner="a")


def rows_of(storage: Storage, query: Any) -> list[Any]:
    with storage._database.reading() as connection:
        return sorted(tuple(row) for row in connection.execute(query))


def everything(storage: Storage) -> list[Any]:
    """All that could tell one history from another."""
    moved = ("subscriber", "state", "error", "sent_at", "retry_at", "owner")
    return [
        rows_of(storage, select(*(deliveries.c[name] for name in moved))),
        rows_of(storage, select(suppressions)),
        rows_of(storage, select(subscribers.c.id, subscribers.c.state)),
        rows_of(storage, select(events.c.provider, events.c.id, events.c.kind, events.c.subscriber, events.c.at)),
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    size = draw(st.integers(1, 25))
    return [
        Event(
            kind=draw(st.sampled_from(EventKind)),
            reason=draw(st.sampled_from([None, *Rejection])),
            at=NOON + draw(st.integers(0, 40)) * timedelta(hours=12),
            provider="sendgrid",
            id=str(number),
            subscriber=draw(st.sampled_from([None, *READERS])),
            recipients=draw(st.sampled_from([(), *((f"{name}@example.org",) for name in READERS)])),
            detail=f"detail {number}",
            delivery_id=draw(st.sampled_from([None, 1, 2, 3])),
        )
        for number in range(size)
    ]


WORN_OUT = [told(SOFT, day, at=NOON + day * DAY, delivery_id=1 + day % 2 * 2, subscriber="ada") for day in range(20)]


@pytest.fixture(scope="module")
def empty_copies(sqlite_template: Path, postgres_with_schema: str) -> Iterator[Callable[[str], str]]:
    """URLs of databases with nothing in them but the same salt."""
    with TemporaryDirectory() as folder:

        def empty(kind: str) -> str:
            if kind == "sqlite":
                return f"sqlite:///{shutil.copy(sqlite_template, Path(folder) / 'newsletter.db')}"
            children_first = [table.name for table in reversed(metadata.sorted_tables) if table.name != "notes"]
            with psycopg.connect(postgres_with_schema) as connection:
                connection.execute("; ".join(f"DELETE FROM {name}" for name in children_first))
            return postgres_with_schema

        yield empty


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@given(
    history=histories(),
    states=st.tuples(st.sampled_from(STATES), st.sampled_from(STATES)),
    shuffle=st.randoms(use_true_random=False),
    times=st.sampled_from([1, 2, 3, 46]),
)
@example(history=WORN_OUT, states=(DeliveryState.SENT, DeliveryState.UNCERTAIN), shuffle=random.Random(1), times=2)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_repetition_and_order_do_not_matter(
    empty_copies: Callable[[str], str], kind: str, *, history: list[Event], states: Any, shuffle: Any, times: int
) -> None:
    shuffled = history * 2 + [history[0]] * (times - 1)
    shuffle.shuffle(shuffled)
    ends = []
    for stream in (history, shuffled):
        with Storage.open(empty_copies(kind), clock=lambda: NOON, durability="process") as storage:
            prepare(storage, states)
            for start in range(0, len(stream), 7):
                storage.events.apply(stream[start : start + 7])
            ends.append(everything(storage))
    assert ends[0] == ends[1]


# -- what is kept --------------------------------------------------------------------------------------------------


def test_no_address_is_written_down(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver(DeliveryState.SENT)
    storage.events.apply([told(SOFT, detail="550 <ada@example.org>: full", recipients=("ada@example.org",))])
    assert "@" not in str(rows_of(storage, select(events)))


def test_an_erased_reader_leaves_no_events(storage: Storage, deliver: Callable[..., None], now: datetime) -> None:
    deliver(DeliveryState.SENT)
    storage.events.apply([told(SOFT)])
    storage.subscribers.erase("ada", now=now)
    assert storage.events.counts() == {}
    assert storage.events.apply([told(SOFT)]) == Applied(new=1, strange=1)
    assert [row[:2] for row in rows_of(storage, select(events.c.subscriber, events.c.delivery_id))] == [(None, 1)]


def test_events_are_counted_by_edition_and_pruned(
    storage: Storage, deliver: Callable[..., None], at: datetime, now: datetime
) -> None:
    deliver(DeliveryState.SENT)
    storage.events.apply([told(EventKind.COMPLAINED, number) for number in range(3)])
    assert storage.events.count({EventKind.COMPLAINED}, edition="2026-11-22T07:30:00Z", since=at) == 1
    assert storage.events.count({EventKind.COMPLAINED}, edition="another") == 0
    assert storage.events.count(FAILING) == 0
    assert storage.events.prune(at, older_than=DAY) == 0
    assert storage.events.prune(at + 2 * DAY, older_than=DAY) == 3


def test_what_is_about_nobody_is_counted_apart(storage: Storage, deliver: Callable[..., None]):
    deliver(DeliveryState.SENT)
    hard = EventKind.BOUNCED_HARD
    storage.events.apply([told(hard, 1), told(hard, 2, delivery_id=None), told(SOFT, 3)])
    assert storage.events.counts() == {hard: 2, SOFT: 1}
    assert storage.events.counts_of_nobody() == {hard: 1}


def test_all_that_was_told_of_a_reader_can_be_told_them(
    storage: Storage, deliver: Callable[..., None], join: Callable[..., Subscriber]
) -> None:
    deliver(DeliveryState.SENT)
    join("bob")
    complaint = told(EventKind.COMPLAINED, delivery_id=None, subscriber="ada", at=NOON + DAY)
    storage.events.apply([complaint, told(EventKind.DELIVERED), told(SOFT, 2, delivery_id=None, subscriber="bob")])
    assert [one["kind"] for one in storage.events.of("ada")] == [EventKind.DELIVERED, EventKind.COMPLAINED]
    assert [one["kind"] for one in storage.events.of("bob")] == [SOFT]
    assert storage.events.of("nobody") == []
