from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from newsletter.errors import StorageError
from newsletter.model import Delivery, DeliveryState, Entry, EntryChanges, Subscriber
from newsletter.storage import NewDelivery, Settlement, Storage

SEND = """
import sys
from datetime import datetime, timedelta
from newsletter.model import DeliveryState
from newsletter.storage import Settlement, Storage

url, owner, now = sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])
with Storage.open(url, durability="process") as storage:
    while leased := storage.deliveries.lease(
        owner=owner, limit=7, until=now + timedelta(hours=1), now=now, at=now
    ).deliveries:
        ours = storage.deliveries.hand(leased, owner=owner, bodies={})
        print(*ours, sep="\\n")
        answers = [Settlement(delivery=d, state=DeliveryState.SENT) for d in leased if d.id in ours]
        assert len(storage.deliveries.record(answers, owner=owner)) == len(answers)
"""

PLAN = """
import sys
from datetime import datetime, timedelta
from newsletter.storage import NewDelivery, Storage

now = datetime.fromisoformat(sys.argv[3])
day = {"local_date": now.date(), "edition": None, "valid_until": now + timedelta(hours=9), "created_at": now}
with Storage.open(sys.argv[1], durability="process") as storage:
    rows = [NewDelivery(subscriber=f"r{n}", message_id="<m>", **day) for n in range(500)]
    print(sum(storage.deliveries.plan(rows[start : start + 50]) for start in range(0, 500, 50)))
"""


def run_at_once(script: str, url: str, now: datetime, *, processes: int) -> list[list[str]]:
    """What each of the processes printed."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, url, f"owner{number}", now.isoformat()], stdout=subprocess.PIPE, text=True
        )
        for number in range(processes)
    ]
    told = [child.communicate()[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0] * processes
    return told


def test_two_planners_at_once_plan_each_reader_once(storage: Storage, storage_url: str, now: datetime) -> None:
    told = run_at_once(PLAN, storage_url, now, processes=2)
    assert sum(int(planned) for [planned] in told) == 500
    assert storage.deliveries.counts() == {DeliveryState.READY: 500}


def test_many_senders_hand_each_delivery_over_once(
    storage: Storage, storage_url: str, plan: Callable[..., None], now: datetime
) -> None:
    plan(*(f"r{number}" for number in range(150)))
    told = run_at_once(SEND, storage_url, now, processes=3)
    handed = [delivery_id for ids in told for delivery_id in ids]
    assert len(handed) == len(set(handed)) == 150
    assert storage.deliveries.counts() == {DeliveryState.SENT: 150}


def test_lanes_of_one_process_share_a_storage(
    storage: Storage, plan: Callable[..., None], lease: Callable[..., tuple[Delivery, ...]]
) -> None:
    plan(*(f"r{number}" for number in range(60)))

    def lane(owner: str) -> list[int]:
        handed = []
        while leased := lease(owner, limit=4):
            ours = storage.deliveries.hand(leased, owner=owner, bodies={d.id: (b"body",) for d in leased})
            handed += list(ours)
            storage.deliveries.record([Settlement(delivery=d, state=DeliveryState.SENT) for d in leased], owner=owner)
        return handed

    with ThreadPoolExecutor(max_workers=4) as pool:
        handed = [delivery_id for ids in pool.map(lane, "abcd") for delivery_id in ids]
    assert len(handed) == len(set(handed)) == 60
    assert storage.deliveries.counts() == {DeliveryState.SENT: 60}


def test_a_suppression_that_is_committed_before_the_lease_is_seen_by_another_connection(
    storage: Storage, storage_url: str, plan: Callable[..., None], now: datetime, at: datetime
) -> None:
    plan("ada", "bob")
    with Storage.open(storage_url) as door:
        door.suppressions.add("ada@example.org", "left", at=now)
    leased = storage.deliveries.lease(owner="a", limit=9, until=at, now=now, at=at)
    assert [delivery.subscriber for delivery in leased.deliveries] == ["bob"]


def test_what_a_living_sender_is_writing_is_neither_waited_for_nor_given_up(
    emptied_postgres_url: str, now: datetime
) -> None:
    day = {"local_date": now.date(), "edition": None, "valid_until": now + timedelta(hours=9), "created_at": now}
    with Storage.open(emptied_postgres_url) as storage:
        storage.subscribers.save_all(Subscriber(id=name, email=f"{name}@example.org") for name in ("ada", "bob"))
        storage.deliveries.plan(
            [NewDelivery(subscriber=name, message_id=f"<{name}>", **day) for name in ("ada", "bob")]
        )
        storage.deliveries.lease(owner="a", limit=9, until=now, now=now, at=now)
        with storage._database.writing() as connection:
            connection.execute(text("SELECT id FROM deliveries WHERE subscriber = 'ada' FOR UPDATE"))
            assert storage.deliveries.settle_dead(at=now, expired_only=True).ready == 1
        assert storage.deliveries.settle_dead(at=now, expired_only=True).ready == 1


def test_erasing_while_planning_stops_neither(storage: Storage, join: Callable[..., object], now: datetime) -> None:
    join("ada")
    storage.subscribers.erase("ada", now=now)
    new = NewDelivery(
        subscriber="ada",
        local_date=now.date(),
        edition=None,
        valid_until=now + timedelta(hours=1),
        message_id="<m>",
        created_at=now,
    )
    assert storage.deliveries.plan([new]) == 1
    [settled] = storage.deliveries.lease(owner="a", limit=1, until=now, now=now, at=now).settled
    assert settled.state is DeliveryState.SUPPRESSED


def test_a_vote_that_comes_while_its_paper_becomes_one_with_another_is_kept(
    storage: Storage, join: Callable[..., Subscriber], now: datetime
) -> None:
    join("ada")
    papers = tuple(Entry(title=f"On {name}", id=name) for name in "ab")
    storage.entries.save(EntryChanges(entries=papers), now=now)
    with ThreadPoolExecutor() as pool:
        with storage._database.writing() as connection:
            storage.entries._merge(connection, "a", "b")
            vote = pool.submit(storage.votes.cast, "ada", "a", 1, now)
            while not (storage._database.is_sqlite or vote.done() or is_one_waiting(storage)):
                pass
        vote.result()
    assert [vote.entry.id for vote in storage.votes.of(["ada"])["ada"]] == ["b"]


def is_one_waiting(storage: Storage) -> bool:
    """Whether PostgreSQL has a statement that waits for a lock of another."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with storage._database.reading() as connection:
        return bool(connection.scalar(waiting))


def end_sessions(url: str) -> None:
    """As a fail-over or an administrator does."""
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


def write_while_it_ends(storage: Storage, url: str, *, goes_on: bool) -> None:
    with storage._database.writing_bare() as bare:
        bare.write("INSERT INTO notes (name, value) VALUES (?, ?)", ["half-done", "x"])
        end_sessions(url)
        if goes_on:
            bare.read("SELECT name FROM notes")


@pytest.mark.parametrize("goes_on", [True, False], ids=["before a statement", "before the commit"])
def test_a_session_that_the_server_ends_is_one_clear_error(
    emptied_postgres_url: str, caplog: pytest.LogCaptureFixture, goes_on: bool
) -> None:
    with Storage.open(emptied_postgres_url) as storage:
        with pytest.raises(StorageError):
            write_while_it_ends(storage, emptied_postgres_url, goes_on=goes_on)
        assert [record for record in caplog.records if record.exc_info] == []
        with storage._database.writing_bare() as bare:
            assert bare.read("SELECT name FROM notes WHERE name = ?", ["half-done"]) == []
