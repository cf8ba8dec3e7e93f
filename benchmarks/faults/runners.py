"""T9 to T11: several runs at once, a sender that is stopped past its lease, and clocks that jump."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from benchmarks.faults.child import Job, run, start
from benchmarks.faults.deployment import deploy
from benchmarks.faults.kills import drain, mailed
from benchmarks.faults.points import Strike
from benchmarks.faults.rows import GROUP, Row, add_up, judge, read_ledger
from benchmarks.faults.world import Place, addresses, plan
from newsletter.storage import Storage
from newsletter.testing import SmtpSink

MACHINES = 4
STOPPED_SECONDS = 300
AFTER_THE_LEASE = timedelta(minutes=10)
STATES = (
    Strike(when="after", commit="leased", signal=signal.SIGSTOP),
    Strike(when="before", commit="handed", signal=signal.SIGSTOP),
    Strike(when="after", commit="handed", signal=signal.SIGSTOP),
    Strike(when="before", commit="recorded", signal=signal.SIGSTOP),
    Strike(when="after", commit="recorded", signal=signal.SIGSTOP),
)
JUMPS = {
    "1 h on": timedelta(hours=1),
    "1 day on": timedelta(days=1),
    "1 h back": timedelta(hours=-1),
    "1 day back": timedelta(days=-1),
    "10 years back": timedelta(days=-3652),
}


# -- T9 ------------------------------------------------------------------------------------------------------------


def run_at_once(places: Sequence[Place], *, readers: int, runners: int) -> Iterator[Row]:
    """So many runs of the main job on a SQLite file; four senders on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder, SmtpSink() as sink:
        deployment = deploy(Path(folder), sink, readers=readers)
        crowd = [deployment.start("run", "--json", "--now", "2026-11-23T08:00:00Z")[0] for _ in range(runners)]
        codes = [_code(process) for process in crowd]
        last, _ = deployment.run()
        row = judge("T9 runs at once, SQLite", read_ledger(deployment.url), mailed(sink), eligible=addresses(readers))
        with Storage.open(deployment.url) as storage:
            editions = len(storage.editions.list())
    told = ", ".join(f"{codes.count(code)} x {code}" for code in sorted(set(codes)))
    yield replace(row, remark=f"{runners} runs; exit codes: {told}").with_checks(
        there_is_one_edition=editions == 1,
        all_arrived=row.sent == readers,
        each_run_ends_as_documented=set(codes) <= {0, 12},
        the_next_run_has_nothing_to_do=last == 0,
    )
    for place in places[1:]:
        with place.fresh(readers) as url, SmtpSink() as sink:
            with Storage.open(url) as storage:
                plan(storage)
            crowd = [start(Job(url=url, provider=sink.settings, is_alone=False)) for _ in range(MACHINES)]
            codes = [_code(process) for process in crowd]
            row = judge(
                f"T9 senders at once, {place.name}", read_ledger(url), mailed(sink), eligible=addresses(readers)
            )
        yield replace(row, remark=f"{MACHINES} processes").with_checks(
            all_arrived=row.sent == readers, each_ends_well=set(codes) == {0}
        )


def _code(process: ForkServerProcess) -> int:
    process.join()
    return process.exitcode or 0


# -- T10 -----------------------------------------------------------------------------------------------------------


def stop_past_the_lease(places: Sequence[Place], *, readers: int) -> Iterator[Row]:
    """A sender sleeps at each state; its lease runs out, another takes over; then it wakes."""
    for place in places:
        rows = [_stop(place, strike, readers) for strike in STATES]
        yield add_up(f"T10 stopped and woken, {place.name}", rows, remark=f"{len(STATES)} states; the lease is over")


def _stop(place: Place, strike: Strike, readers: int) -> Row:
    # Who sleeps inside of a transaction keeps a SQLite file locked: nobody can take over.
    is_locked = place.name == "SQLite" and strike.when == "before"
    with place.fresh(readers) as url, SmtpSink() as sink:
        with Storage.open(url) as storage:
            plan(storage)
        job = Job(url=url, provider=sink.settings, is_alone=False)
        sleeper = start(replace(job, strike=strike))
        is_asleep = sleeps(sleeper)
        taken = 0 if is_locked else _take_over(url, job)
        os.kill(sleeper.pid or 0, signal.SIGCONT)
        woken = _code(sleeper)
        _take_over(url, job)
        row = judge(str(strike), read_ledger(url), mailed(sink), eligible=addresses(readers), at_stake=2 * GROUP)
    return row.with_checks(
        it_slept=is_asleep,
        what_it_had_was_taken_from_it=taken > 0 or strike.when == "before",
        it_ends_well_once_woken=woken == 0,
    )


def _take_over(url: str, job: Job) -> int:
    """What is past its lease, as others see it later on, is given up; then they send; how many were given up."""
    with Storage.open(url) as storage:
        given_up = storage.deliveries.settle_dead(at=datetime.now(UTC) + AFTER_THE_LEASE, expired_only=True)
    run(job)
    return given_up.ready + len(given_up.uncertain)


def sleeps(process: ForkServerProcess) -> bool:
    """Waits until it is stopped; false where it ends instead."""
    end = time.monotonic() + STOPPED_SECONDS
    while process.is_alive() and time.monotonic() < end:
        state = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        if state == "T":
            return True
        time.sleep(0.01)
    return False


# -- T11 -----------------------------------------------------------------------------------------------------------


def jump_clocks(places: Sequence[Place], *, readers: int) -> Iterator[Row]:
    """While a sender is at work, another machine's clock is wrong and it looks for leases that are over."""
    for place in places:
        rows = [_jump(place, name, jump, readers) for name, jump in JUMPS.items()]
        yield add_up(f"T11 clock jumps, {place.name}", rows, remark=", ".join(JUMPS))


def _jump(place: Place, name: str, jump: timedelta, readers: int) -> Row:
    def clock() -> datetime:
        return datetime.now(UTC) + jump

    with place.fresh(readers) as url, SmtpSink() as sink:
        with Storage.open(url) as storage:
            storage.clock.look()  # as each run does that begins
            plan(storage)
        job = Job(url=url, provider=sink.settings, is_alone=False)
        sleeper = start(replace(job, strike=Strike(when="after", commit="handed", nth=2, signal=signal.SIGSTOP)))
        is_asleep = sleeps(sleeper)
        with Storage.open(url, clock=clock) as storage:
            reaped = storage.deliveries.settle_dead(at=clock(), expired_only=True)
        os.kill(sleeper.pid or 0, signal.SIGCONT)
        _code(sleeper)
        drain(url, lambda: job)
        row = judge(name, read_ledger(url), mailed(sink), eligible=addresses(readers))
    return row.with_checks(
        it_slept=is_asleep,
        nothing_is_given_up_by_a_clock_that_jumped=not (reaped.ready or reaped.uncertain),
        who_was_alive_leaves_nothing_uncertain=row.uncertain == 0,
        all_arrived=row.sent == readers,
    )
