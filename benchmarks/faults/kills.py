"""T1: kill -9 at named points of the dialogue and of the ledger, each with many seeds."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Timer
from typing import Any

from benchmarks.faults.child import Job, at_once, run, start, was_killed
from benchmarks.faults.points import Strike
from benchmarks.faults.rows import Row, add_up, judge, read_ledger
from benchmarks.faults.world import Place, addresses, is_over, let_time_pass
from newsletter.testing import STALL, SendgridStub, SmtpSink

DIALOGUE = {
    "at the greeting": "CONNECT",
    "at EHLO": "EHLO",
    "at MAIL": "MAIL",
    "at RCPT": "RCPT",
    "at DATA": "DATA",
    "inside the body": "BODY",
    "at the dot": "END",
    "after the 250": "AFTER",
}
REQUEST = {"before the request is read": "HEAD", "after the request": "ANSWER", "after the answer": "AFTER"}
LEDGER = tuple(
    Strike(when=when, commit=commit)
    for commit in ("planned", "leased", "handed", "recorded", "given up")
    for when in ("before", "after")
)
LARGE_BODY_BYTES = 8_000_000
"""More than a connection takes while nobody reads."""
MOMENT_SECONDS = 0.02
TRIES = 6


@dataclass
class Killer:
    """Kills a process when its server has seen one step so many times; the script of a sink."""

    step: str
    nth: int
    pid: int = 0
    is_armed: Event = field(default_factory=Event)
    has_struck: bool = False

    def aim(self, pid: int) -> None:
        """At that process, from now on."""
        self.pid = pid
        self.is_armed.set()

    def __call__(self, step: str, argument: str) -> Any:
        if step != self.step or self.has_struck:
            return None
        self.is_armed.wait()
        self.nth -= 1
        if self.nth > 0:
            return None
        self.has_struck = True
        if step == "BODY":  # the server reads a little of it first
            Timer(MOMENT_SECONDS, self._strike).start()
            return STALL
        self._strike()
        return None

    def _strike(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def kill_everywhere(places: Sequence[Place], *, seeds: int) -> Iterator[Row]:
    """A row a kind of point."""
    sqlite = places[0]
    for offers, name in ((True, "commands in groups"), (False, "step by step")):
        tries = [(sqlite, point, step, seed, offers) for point, step in DIALOGUE.items() for seed in range(seeds)]
        rows = at_once(_kill_in_dialogue, tries)
        yield add_up(f"T1 SMTP, {name}", rows, remark=f"{len(DIALOGUE)} points x {seeds} seeds, SQLite")
    rows = at_once(_kill_in_request, [(sqlite, *point, seed) for point in REQUEST.items() for seed in range(seeds)])
    yield add_up("T1 HTTP", rows, remark=f"{len(REQUEST)} points x {seeds} seeds, SQLite")
    for place in places:
        rows = at_once(_kill_at_commit, [(place, strike, seed) for strike in LEDGER for seed in range(seeds)])
        yield add_up(f"T1 ledger, {place.name}", rows, remark=f"{len(LEDGER)} points x {seeds} seeds")


def drain(url: str, job: Callable[[], Job]) -> int:
    """Sends until nothing waits any more; the last exit code."""
    code = 0
    for _ in range(TRIES):
        let_time_pass(url)
        code = run(job())
        if code in (0, 10) and is_over(url):
            break
    return code


def _kill_in_dialogue(place: Place, point: str, step: str, seed: int, pipelining: bool) -> Row:
    chance = random.Random(f"{point} {seed} {pipelining}")
    inside = step == "BODY"
    lanes = chance.choice((1, 1, 4))
    readers = 4 if inside else chance.randint(60, 100)
    first = step in {"CONNECT", "EHLO"}
    killer = Killer(step, nth=1 if first else chance.randint(1, readers // 2))
    with place.fresh(readers) as url, SmtpSink(killer, pipelining=pipelining) as sink:
        job = Job(url=url, provider=sink.settings, lanes=lanes, body_bytes=LARGE_BODY_BYTES if inside else 0)
        process = start(job)
        killer.aim(process.pid or 0)
        process.join()
        after = drain(url, lambda: job)
        row = judge(
            point,
            read_ledger(url),
            mailed(sink),
            eligible=addresses(readers),
            kills=1,
            lanes=lanes,
        )
    return row.with_checks(
        it_was_killed=killer.has_struck and was_killed(process.exitcode), the_next_run_ends=after in (0, 10)
    )


def _kill_in_request(place: Place, point: str, step: str, seed: int) -> Row:
    chance = random.Random(f"{point} {seed}")
    readers = chance.randint(60, 100)
    killer = Killer(step, nth=chance.randint(1, readers // 2))
    with place.fresh(readers) as url, SendgridStub(killer) as stub:
        job = Job(url=url, provider=stub.settings)
        process = start(job)
        killer.aim(process.pid or 0)
        process.join()
        after = drain(url, lambda: job)
        accepted = recipients(stub)
        row = judge(point, read_ledger(url), accepted, eligible=addresses(readers), kills=1)
    return row.with_checks(
        it_was_killed=killer.has_struck and was_killed(process.exitcode),
        the_next_run_ends=after in (0, 10),
        every_request_was_well_formed=not stub.faults,
    )


def _kill_at_commit(place: Place, strike: Strike, seed: int) -> Row:
    """For a dead sender's rows there has to be one that died: it is killed right after a hand-over."""
    chance = random.Random(f"{place.name} {strike} {seed}")
    readers, kills = chance.randint(60, 100), 0
    nth = 1 if strike.commit == "given up" else chance.randint(1, 3)
    strikes = [Strike(when=strike.when, commit=strike.commit, nth=nth)]
    if strike.commit == "given up":
        strikes.insert(0, Strike(when="after", commit="handed", nth=chance.randint(1, 3)))
    with place.fresh(readers) as url, SmtpSink() as sink:
        for one in strikes:
            code = run(Job(url=url, provider=sink.settings, strike=one))
            kills += was_killed(code)
        after = drain(url, lambda: Job(url=url, provider=sink.settings))
        row = judge(
            str(strike),
            read_ledger(url),
            mailed(sink),
            eligible=addresses(readers),
            kills=kills,
        )
    return row.with_checks(it_was_killed=kills == len(strikes), the_next_run_ends=after in (0, 10))


def mailed(sink: SmtpSink) -> list[str]:
    """Who got the messages that were accepted."""
    with sink.lock:
        return [one.recipient for one in sink.messages]


def recipients(stub: SendgridStub) -> list[str]:
    """Who got the messages that were accepted."""
    with stub.lock:
        return [one["personalizations"][0]["to"][0]["email"] for one in stub.messages]
