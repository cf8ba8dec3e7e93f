"""The ledger against a model of it: whatever senders do, nothing leaves us twice without the operator's word."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model import Delivery, DeliveryState, Subscriber
from newsletter.storage import NewDelivery, Settlement, Storage
from newsletter.storage.ledger import MOVES, before

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
READERS = ("ada", "bob")
NOTHING_LEFT_US = {DeliveryState.READY, DeliveryState.RETRY, DeliveryState.FAILED}

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("lease"), st.sampled_from("ab")),
        st.tuples(st.just("hand"), st.integers(0, 9)),
        st.tuples(
            st.just("record"),
            st.integers(0, 9),
            st.sampled_from([*NOTHING_LEFT_US, "sent", "uncertain"]).map(DeliveryState),
        ),
        st.tuples(st.just("release"), st.integers(0, 9)),
        st.tuples(st.just("settle_dead")),
    ),
    min_size=5,
    max_size=25,
)


@dataclass
class World:
    """Two senders that remember every lease they ever had, and what may have left us."""

    storage: Storage
    leases: list[Delivery] = field(default_factory=list)
    may_be_out: set[int] = field(default_factory=set)
    states: dict[int, DeliveryState] = field(default_factory=dict)

    def step(self, name: str, *arguments: object) -> None:
        getattr(self, name)(*arguments)
        for delivery in self.storage.deliveries.find():
            old, new = self.states.get(delivery.id), delivery.state
            assert old in {None, new} or self.leads(old, new), f"{old} -> {new} by {name}"
            self.states[delivery.id] = new

    def leads(self, old: DeliveryState, new: DeliveryState) -> bool:
        return new in MOVES[old]

    def lease(self, owner: str) -> None:
        leased = self.storage.deliveries.lease(owner=owner, limit=1, until=NOW, now=NOW, at=NOW).deliveries
        assert not {delivery.id for delivery in leased} & self.may_be_out
        self.leases += leased

    def hand(self, index: int) -> None:
        for delivery in self.remembered(index):
            ours = self.storage.deliveries.hand([delivery], owner=delivery.owner, bodies={})
            assert not ours & self.may_be_out
            self.may_be_out |= ours

    def record(self, index: int, state: DeliveryState) -> None:
        for delivery in self.remembered(index):
            answer = Settlement(delivery=delivery, state=state, retry_at=NOW)
            if self.storage.deliveries.record([answer], owner=delivery.owner) and state in NOTHING_LEFT_US:
                self.may_be_out.discard(delivery.id)

    def release(self, index: int) -> None:
        for delivery in self.remembered(index):
            self.storage.deliveries.release([delivery], owner=delivery.owner)

    def settle_dead(self) -> None:
        self.storage.deliveries.settle_dead(at=NOW)

    def remembered(self, index: int) -> list[Delivery]:
        """A lease of the past, dead or alive."""
        return [self.leases[index % len(self.leases)]] if self.leases else []


@pytest.fixture(scope="module")
def planned(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two deliveries."""
    file = tmp_path_factory.mktemp("planned") / "newsletter.db"
    shutil.copy(sqlite_template, file)
    day = {"local_date": NOW.date(), "edition": None, "valid_until": NOW + timedelta(hours=9), "created_at": NOW}
    with Storage.open(f"sqlite:///{file}") as storage:
        for name in READERS:
            storage.subscribers.save(Subscriber(id=name, email=f"{name}@example.org"))
        storage.deliveries.plan(NewDelivery(subscriber=name, message_id="<m>", **day) for name in READERS)
    return file


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_nothing_leaves_us_twice(planned: Path, steps: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        file = shutil.copy(planned, folder)
        with Storage.open(f"sqlite:///{file}", durability="process") as storage:
            world = World(storage)
            for name, *arguments in steps:
                world.step(str(name), *arguments)


def test_every_state_is_in_the_table() -> None:
    assert MOVES.keys() == set(DeliveryState)
    assert {state for following in MOVES.values() for state in following} == set(DeliveryState)


def test_what_is_over_stays_over() -> None:
    assert [state for state, following in MOVES.items() if not following] == [
        DeliveryState.SENT,
        DeliveryState.SUPPRESSED,
        DeliveryState.CANCELLED,
    ]


def test_only_a_lease_leads_to_a_hand_over() -> None:
    assert before(DeliveryState.HANDED) == {DeliveryState.LEASED}
    assert before(DeliveryState.LEASED) == {DeliveryState.READY, DeliveryState.RETRY}
