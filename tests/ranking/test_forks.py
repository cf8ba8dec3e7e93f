"""Many readers ranked by forked processes: the same as by one, and nothing is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from patience import wait_until

from newsletter.model import Entry, Profile
from newsletter.ranking import Pool
from newsletter.ranking.forks import map_forked

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
WORDS = ["tides", "frost", "orchards", "turbines", "neurons", "spikes", "dreams", "sleep", "masks", "tickets"]
ENTRIES = [
    Entry(title=f"{one} and {other}", summary=f"On {other}.", link=f"https://example.org/{one}/{other}")
    for one in WORDS
    for other in WORDS
    if one != other
]


def profiles(count: int) -> list[Profile]:
    return [
        Profile(interests=(WORDS[n % 10], WORDS[n % 7]), liked=(ENTRIES[n % 90],) if n % 3 else (), trending=n % 2)
        for n in range(count)
    ]


def test_two_processes_give_exactly_what_one_gives():
    pool, readers = Pool.build(ENTRIES), profiles(333)
    together = list(pool.rank_many(iter(readers), now=NOW, limit=3, processes=2))
    assert together == [pool.rank(reader, now=NOW, limit=3) for reader in readers]
    own = {id(one.entry) for one in pool.rank(Profile(), now=NOW)}
    assert {id(one.entry) for ranked in together for one in ranked} <= own
    assert not multiprocessing.active_children()


def test_the_order_of_the_chunks_is_kept_and_no_chunk_is_none():
    assert list(map_forked(lambda n: n * n, iter(range(7)), processes=3)) == [0, 1, 4, 9, 16, 25, 36]
    assert list(map_forked(lambda n: n * n, iter(range(1)), processes=3)) == [0]
    assert list(map_forked(lambda n: n * n, iter(()), processes=3)) == []


def test_an_abandoned_iterator_ends_its_children():
    ranking = Pool.build(ENTRIES).rank_many(profiles(400), now=NOW, limit=3, processes=2)
    next(ranking)
    assert len(multiprocessing.active_children()) == 2
    ranking.close()
    assert not multiprocessing.active_children()


def test_what_fails_in_a_child_is_raised_here_and_says_where():
    with pytest.raises(ZeroDivisionError) as caught:
        list(map_forked(lambda n: 1 // n, iter([1, 0, 1]), processes=2))
    assert "in a child process" in caught.value.__notes__[0]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("chunks", [1, 5])
def test_a_child_that_is_killed_is_said(chunks: int):
    def die(_: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(RuntimeError, match="ended before its work was done"):
        list(map_forked(die, iter(range(chunks)), processes=2))
    assert not multiprocessing.active_children()


def test_children_end_where_their_parent_is_killed():
    script = """
import multiprocessing, os, signal
from newsletter.ranking.forks import map_forked
made = map_forked(lambda n: n, iter(range(9)), processes=2)
next(made)
print(*[child.pid for child in multiprocessing.active_children()], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    children = [int(pid) for pid in done.stdout.split()]
    assert done.returncode == -signal.SIGKILL
    assert len(children) == 2
    wait_until(lambda: not any(map(is_running, children)))


def is_running(pid: int) -> bool:
    """Whether it is at work; where nobody reaps orphans they stay as zombies."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()[:1] not in {"", "Z"}
