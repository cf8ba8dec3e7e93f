"""Workers beside a run: real processes over a real PostgreSQL; what an SMTP server accepted is the truth."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import Event

import psycopg
import pytest
from patience import wait_until
from product import Deployment

from newsletter import pipeline
from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.model import DeliveryState, Interest, ProfileSpec, Subscriber
from newsletter.outbox.lane import GROUP
from newsletter.scheduling.crew import DRAIN, SHARES, Sender, Workers, clear_away, engine_url, find_crew
from newsletter.storage import Storage
from newsletter.testing import STALL, SmtpSink

READERS = 90
IN_HAND = (DeliveryState.LEASED, DeliveryState.HANDED)
Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as listening:
        yield listening


@pytest.fixture
def platform(deployment: Deployment, postgres_url: str, sink: SmtpSink) -> Deployment:
    """A deployment on PostgreSQL with readers in its database."""
    deployment.write_plain_look()
    deployment.write(database=postgres_url, provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
    deployment.write_readers([])
    migrated = deployment("migrate")
    assert (migrated.code, "tables for the jobs" in migrated.out) == (0, True)
    assert "tables for the jobs" not in deployment("migrate").out
    with Storage.open(postgres_url) as storage:
        wish = ProfileSpec(interests=(Interest("fMRI"),))
        storage.subscribers.save_all(
            Subscriber(id=f"r{number:04}", email=f"r{number:04}@example.org", profile=wish) for number in range(READERS)
        )
    return deployment


@pytest.fixture
def settings(platform: Deployment) -> Settings:
    return load(platform.folder / "config", environ={})


@pytest.fixture
def storage(settings: Settings) -> Iterator[Storage]:
    with Storage.open(settings.database) as opened:
        yield opened


@pytest.fixture
def ask(settings: Settings) -> Iterator[Ask]:
    """Asks the database itself."""
    with psycopg.connect(engine_url(settings.database), autocommit=True) as connection:
        yield (
            lambda query, *values: ((found := connection.execute(query, values)).description and found.fetchall()) or []
        )


@contextmanager
def worker(platform: Deployment) -> Iterator[subprocess.Popen[str]]:
    """``newsletter worker`` as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter", "--config", str(platform.folder / "config"), "-v", "worker"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", env=dict(os.environ),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def at_work(ask: Ask) -> int:
    """How many workers have said that they are there."""
    return len(ask("SELECT id FROM procrastinate_workers"))


def plan(settings: Settings, storage: Storage) -> None:
    """A run that is told to stop when everything is planned, and nothing sent."""
    stop = Event()
    watch = pipeline.Watch(planned=lambda _count: stop.set())
    report = pipeline.run(settings, storage, now=datetime.now(UTC), everyone=True, watch=watch, stop=stop)
    assert report.counts.retrying == READERS


def test_two_send_at_once_and_what_a_killed_one_had_is_taken_up_or_uncertain(
    platform: Deployment, settings: Settings, storage: Storage, sink: SmtpSink, ask: Ask
) -> None:
    plan(settings, storage)
    crew = Workers(str(engine_url(settings.database)))
    assert not crew.is_at_work()
    sink.answer("END", STALL)  # whoever comes to its first message's end hears nothing, and stays there
    with ExitStack() as processes:
        hands = {one.pid: one for one in (processes.enter_context(worker(platform)) for _ in range(2))}
        wait_until(lambda: at_work(ask) == 2)
        assert crew.is_at_work()
        crew.call()
        crew.call()  # once more is no more
        wait_until(lambda: storage.deliveries.counts().get(DeliveryState.SENT, 0) >= READERS - 2 * GROUP)
        owners = "SELECT DISTINCT owner FROM deliveries WHERE owner IS NOT NULL"
        wait_until(lambda: len(ask(owners)) == 1)  # the other one has no more to do
        owner = str(ask(owners)[0][0])
        stuck = hands.pop(next(pid for pid in hands if f"-{pid}-" in owner))
        stuck.kill()
        stuck.wait()
        ask("UPDATE deliveries SET lease_until = now() - interval '1 hour' WHERE owner = %s", owner)  # time goes by
        crew.call()
        wait_until(lambda: not ask("SELECT id FROM deliveries WHERE state IN ('ready', 'leased', 'handed')"))
        (left,) = hands.values()
        left.send_signal(signal.SIGTERM)
        assert left.wait(timeout=120) == 0
    ask("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    asyncio.run(clear_away(crew.url))
    assert not ask("SELECT id FROM procrastinate_jobs WHERE status <> 'todo'")
    states = storage.deliveries.counts()
    accepted = Counter(message.recipient for message in sink.messages)
    doubted = {one.subscriber for one in storage.deliveries.find(states=[DeliveryState.UNCERTAIN])}
    assert states[DeliveryState.SENT] + states[DeliveryState.UNCERTAIN] == READERS
    assert 1 <= states[DeliveryState.UNCERTAIN] <= GROUP
    assert set(accepted.values()) == {1}
    assert {f"r{number:04}@example.org" for number in range(READERS)} - accepted.keys() <= {
        f"{reader}@example.org" for reader in doubted
    }
    assert len(ask("SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND task_name = %s", DRAIN)) <= SHARES


def test_a_run_shares_its_mail_with_workers_and_counts_all_of_it(
    platform: Deployment, settings: Settings, storage: Storage, sink: SmtpSink, ask: Ask
) -> None:
    with worker(platform):
        wait_until(lambda: at_work(ask) == 1)
        report = platform("run", "--everyone", "--json").json
    assert (report["due"], report["sent"], report["exit_code"]) == (READERS, READERS, 0)
    assert set(Counter(message.recipient for message in sink.messages).values()) == {1}
    assert len(sink.messages) == READERS
    assert storage.deliveries.counts() == {DeliveryState.SENT: READERS}


def test_who_looks_calls_for_what_nobody_was_called_for(
    settings: Settings, storage: Storage, sink: SmtpSink, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    up = "SELECT id FROM procrastinate_jobs WHERE status = 'todo'"
    sender = Sender(settings, storage, str(engine_url(settings.database)))
    sender.look(0)
    assert not ask(up)
    plan(settings, storage)
    for _ in range(2):
        sender.look(0)
        assert len(ask(up)) == SHARES
    sink.answer("CONNECT", *["554 5.7.1 go away"] * 9)
    sender.drain(0)
    assert "share 0" in caplog.text
    assert "go away" in caplog.text
    assert storage.deliveries.counts() == {DeliveryState.READY: READERS}


def test_on_sqlite_one_process_sends(deployment: Deployment) -> None:
    said = deployment("worker")
    assert (said.code, said.out) == (2, "")
    assert "needs PostgreSQL" in said.err
    assert len(said.err.splitlines()) == 1
    settings = load(deployment.folder / "config", environ={})
    assert not find_crew(settings).is_at_work()


def test_a_worker_says_which_tables_it_lacks(deployment: Deployment, emptied_postgres_url: str) -> None:
    deployment.write(database=emptied_postgres_url)
    said = deployment("worker")
    assert said.code == 2
    assert "newsletter migrate" in said.err
    assert not find_crew(load(deployment.folder / "config", environ={})).is_at_work()
