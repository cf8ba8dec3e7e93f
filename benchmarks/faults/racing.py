"""T15: somebody leaves, complains or is erased while the mail to them is on its way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from benchmarks.faults.child import Job, run, start
from benchmarks.faults.kills import drain, mailed
from benchmarks.faults.points import Strike
from benchmarks.faults.rows import Row, add_up, judge, read_ledger
from benchmarks.faults.runners import sleeps
from benchmarks.faults.world import NOW, Place, address, addresses, plan
from newsletter.model import SubscriberState
from newsletter.storage import Storage
from newsletter.testing import SmtpSink


def _leave(storage: Storage, number: int) -> None:
    storage.subscribers.set_state(f"reader-{number}", SubscriberState.LEFT)


def _complain(storage: Storage, number: int) -> None:
    storage.suppressions.add(address(number), "complained", at=NOW)


def _erase(storage: Storage, number: int) -> None:
    storage.subscribers.erase(f"reader-{number}", now=NOW)


WAYS: dict[str, Callable[[Storage, int], None]] = {"unsubscribe": _leave, "complaint": _complain, "erase": _erase}
BARRIERS = (
    Strike(when="after", commit="planned", signal=signal.SIGSTOP),
    Strike(when="after", commit="leased", signal=signal.SIGSTOP),
)
GONE = (1, 7, 19, 25, 41)
"""Readers of the first group, which is leased when the sender sleeps, and of later ones."""


def leave_while_sending(places: Sequence[Place], *, readers: int) -> Iterator[Row]:
    """Committed before the hand-over, it is heeded: nobody who has gone gets a mail."""
    for place in places:
        rows = [_race(place, name, barrier, readers) for name in WAYS for barrier in BARRIERS]
        yield add_up(
            f"T15 leaving, {place.name}", rows, remark="unsubscribe, complaint, erase; before and after the lease"
        )


def _race(place: Place, name: str, barrier: Strike, readers: int) -> Row:
    with place.fresh(readers) as url, SmtpSink() as sink:
        job = Job(url=url, provider=sink.settings)
        is_planned = barrier.commit != "planned"
        if is_planned:
            with Storage.open(url) as storage:
                plan(storage)
        sleeper = start(replace(job, strike=barrier))
        is_asleep = sleeps(sleeper)
        with Storage.open(url) as storage:
            for number in GONE:
                WAYS[name](storage, number)
        os.kill(sleeper.pid or 0, signal.SIGCONT)
        sleeper.join()
        drain(url, lambda: job)
        gone = {address(number) for number in GONE}
        stay = [email for email in addresses(readers) if email not in gone]
        accepted = mailed(sink)
        row = judge(f"{name}, {barrier}", read_ledger(url), accepted, eligible=stay)
        again = run(job)
    return row.with_checks(
        it_slept=is_asleep,
        nobody_who_has_gone_is_mailed=not gone & set(accepted),
        all_others_are=row.sent == len(stay),
        the_next_run_has_nothing_to_do=again == 0,
    )
