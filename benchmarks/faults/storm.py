"""T2: random kills over thousands of readers, while the server accepts some and hangs up, and lets others wait."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from threading import Lock

from benchmarks.faults.child import Job, run, start, was_killed
from benchmarks.faults.kills import TRIES, drain, mailed
from benchmarks.faults.rows import Row, judge, read_ledger
from benchmarks.faults.world import Place, addresses, is_over, let_time_pass, plan
from newsletter.config.settings import SmtpProvider
from newsletter.storage import Storage
from newsletter.testing import DROP, STALL, SmtpSink

CONNECTIONS = 4
DROPPED, STALLED = 0.03, 0.002
"""Shares of the messages that are accepted without an answer: the connection is cut, or nothing comes."""
TIMEOUT_SECONDS = 1.0
LOOK_SECONDS = 0.002


def kill_at_random(places: Sequence[Place], *, readers: int, kills: int) -> Iterator[Row]:
    """One process with four connections where the database is a file, four processes where it is a server."""
    for place in places:
        storm = _OneProcess if place.name == "SQLite" else _FourProcesses
        yield _weather(place, storm, readers=readers, kills=kills)


class Weather:
    """The script of a sink: accepts, and hangs up or waits; counts how often."""

    def __init__(self, seed: int) -> None:
        self._chance, self._lock = random.Random(seed), Lock()
        self.unanswered = 0

    def __call__(self, step: str, argument: str) -> str | None:
        if step != "END":
            return None
        with self._lock:
            throw = self._chance.random()
            self.unanswered += throw < DROPPED + STALLED
        return DROP if throw < DROPPED else STALL if throw < DROPPED + STALLED else None


def _weather(place: Place, storm: type[_Storm], *, readers: int, kills: int) -> Row:
    weather = Weather(readers)
    with place.fresh(readers) as url, SmtpSink(weather) as sink:
        provider = sink.settings.model_copy(update={"timeout_seconds": TIMEOUT_SECONDS})
        struck = storm(url, provider, sink, random.Random(kills)).rage(kills, every=2 * readers // (3 * kills))
        accepted = mailed(sink)
        row = judge(
            f"T2 storm, {place.name}",
            read_ledger(url),
            accepted,
            eligible=addresses(readers),
            kills=struck,
            lanes=storm.lanes,
            at_stake=weather.unanswered,
        )
    share = f"{row.uncertain / readers:.1%} uncertain, of which {row.arrived} had arrived"
    return replace(row, remark=f"{storm.what}; {weather.unanswered} accepted without an answer; {share}")


class _Storm:
    """Kills until it has killed so often, then lets the work end."""

    lanes = CONNECTIONS
    what = "1 process, 4 connections"

    def __init__(self, url: str, provider: SmtpProvider, sink: SmtpSink, chance: random.Random) -> None:
        self.url, self.provider, self.sink, self.chance = url, provider, sink, chance

    def rage(self, kills: int, *, every: int) -> int:
        """How many processes were killed while they were at work; ``every``: after so many messages, on an average."""
        struck = 0
        job = Job(url=self.url, provider=self.provider, lanes=self.lanes)
        while struck < kills and not is_over(self.url):
            let_time_pass(self.url)
            process = start(job)
            self.await_messages(every, [process])
            struck += slay(process)
        drain(self.url, lambda: job)
        return struck

    def await_messages(self, every: int, crowd: Sequence[ForkServerProcess]) -> None:
        """Waits for a random number of messages, or until nobody is at work."""
        wanted = len(self.sink.messages) + self.chance.randint(1, 2 * every)
        while len(self.sink.messages) < wanted and any(process.is_alive() for process in crowd):
            time.sleep(LOOK_SECONDS)


class _OneProcess(_Storm):
    """As on a SQLite file: it holds the lock, and who comes after it settles what it had in hand."""


class _FourProcesses(_Storm):
    """As on PostgreSQL: beside each other, none with the lock; what the dead had in hand is settled in the end."""

    lanes = 1
    what = "4 processes"

    def rage(self, kills: int, *, every: int) -> int:
        """How many processes were killed while they were at work; ``every`` as above."""
        struck = 0
        with Storage.open(self.url) as storage:
            plan(storage)
        while struck < kills and not is_over(self.url):
            struck += self._until_all_have_ended(kills - struck, every)
        for _ in range(TRIES):
            self._settle()
            if not is_over(self.url):
                run(self._job())
        return struck

    def _until_all_have_ended(self, kills: int, every: int) -> int:
        struck = 0
        self._settle()
        crowd = [start(self._job()) for _ in range(CONNECTIONS)]
        while any(process.is_alive() for process in crowd):
            if struck == kills:
                _join(crowd)
                break
            self.await_messages(every, crowd)
            which = self.chance.randrange(CONNECTIONS)
            if crowd[which].is_alive():
                struck += slay(crowd[which])
                crowd[which] = start(self._job())
        return struck

    def _settle(self) -> None:
        """What the next run does: whoever takes the lock knows that no sender lives."""
        with Storage.open(self.url) as storage, storage.lock():
            storage.deliveries.settle_dead(at=datetime.now(UTC))
        let_time_pass(self.url)

    def _job(self) -> Job:
        return Job(url=self.url, provider=self.provider, is_alone=False)


def slay(process: ForkServerProcess) -> bool:
    """Kills the process; whether it was still at work."""
    process.kill()
    process.join()
    return was_killed(process.exitcode)


def _join(crowd: Sequence[ForkServerProcess]) -> None:
    for process in crowd:
        process.join()
