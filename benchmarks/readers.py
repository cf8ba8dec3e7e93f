"""What ranking for many readers costs: against an SVM that is fitted a reader, as readers and papers grow, in memory.

1,000 candidates over 5,000 older papers, the first ten told with reasons. Costs are seconds of the processor, so that
it matters little what else the machine does. Papers and keywords come from the folder of the ranking benchmark; without
one they are made up. The SVM is that of the ranking benchmark on the same papers: it puts them in order, and tells why
of none.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from subprocess import PIPE, run
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.peak import peak_megabytes
from benchmarks.ranking import NOW, Paper, Task, find_folder, make_fields, rank_by_svm, read_papers, read_tasks
from newsletter.model import Profile
from newsletter.ranking import Pool

CANDIDATES, ARCHIVE, ADDED = 1_000, 5_000, 200
KINDS = {"8 keywords": 0, "8 keywords, 3 liked": 3, "8 keywords, 20 liked": 20}
GROUP = 60
"""Readers whose mean is taken."""
FITS = 5
MANY = (100, 400, 1_600)
SIZES = (500, 1_000, 2_000)

Made = TypeVar("Made")


def measure() -> list[dict[str, Any]]:
    """A row a cost, each with its ratio to another one."""
    with threadpool_limits(1):  # threads that wait for each other cost time of the processor too
        return _measure()


def _measure() -> list[dict[str, Any]]:
    task = make_task()
    peer = replace(task, liked=task.liked[: max(KINDS.values())])
    pool, build = timed(lambda: task.pool)
    _, build_peers = timed(lambda: peer.peers)
    _, extend = timed(lambda: pool.extended(paper.entry for paper in task.liked[:ADDED]))
    return [
        row_of("build 1,000 over 5,000", build, "s", build_peers, "tf-idf of the SVM"),
        row_of("200 papers more", extend, "s", build, "build"),
        *_against_svm(task, peer),
        *_as_candidates_grow(task),
        *_as_readers_grow(),
    ]


def _against_svm(task: Task, peer: Task) -> list[dict[str, Any]]:
    rows = []
    for kind, count in KINDS.items():
        readers = make_readers(task, GROUP, [count])
        _rank_all(task.pool, readers)  # the SVM's features of liked papers are made before, too
        _, ours = timed(partial(_rank_all, task.pool, readers))
        liked = peer.liked[: count or 1]
        _, svm = timed(partial(_fit_all, peer, liked))
        of = f"SVM of {len(liked)} liked"
        rows.append(row_of(f"a reader: {kind}", ours / GROUP * 1e3, "ms", svm / FITS * 1e3, of))
    return rows


def _as_candidates_grow(task: Task) -> list[dict[str, Any]]:
    """All candidates in order, their reasons ready to be told, as a preview asks for them."""
    papers, rows, first = [*task.candidates, *task.archive], [], 0.0
    older = [paper.entry for paper in papers[SIZES[-1] : 2 * SIZES[-1]]]
    for size in SIZES:
        pool = Pool.build([p.entry for p in papers[:size]], history=older)
        readers = make_readers(task, GROUP, list(KINDS.values()))
        _rank_all(pool, readers)  # their liked papers are read once
        _, cost = timed(partial(_put_in_order, pool, readers))
        first = first or cost
        rows.append(
            row_of(f"a reader: {size:,} in order", cost / GROUP * 1e3, "ms", first / GROUP * 1e3, f"{SIZES[0]} papers")
        )
    return rows


def _as_readers_grow() -> list[dict[str, Any]]:
    """Each number of readers in a process of its own, so that the peak of memory is its own."""
    rows: list[dict[str, Any]] = []
    first: dict[str, float] = {}
    for count in MANY:
        asked = [sys.executable, "-m", "benchmarks.readers", str(count)]
        measured = json.loads(run(asked, stdout=PIPE, check=True, text=True).stdout)
        first = first or measured
        rows += [
            row_of(f"a reader of {count:,}", measured["ms"], "ms", first["ms"], f"{MANY[0]} readers"),
            row_of(f"memory with {count:,} readers", measured["MB"], "MB", first["MB"], f"{MANY[0]} readers"),
        ]
    return rows


def rank_in_this_process(count: int) -> dict[str, float]:
    """Milliseconds a reader and the peak of memory of so many readers."""
    task = make_task()
    readers = make_readers(task, count, list(KINDS.values()))
    _ = task.pool  # what is asked for is a reader's part
    with threadpool_limits(1):
        _, cost = timed(partial(_rank_all, task.pool, readers))
    return {"ms": cost / count * 1e3, "MB": peak_megabytes()}


# -- who and what --------------------------------------------------------------------------------------------------


def make_task() -> Task:
    """One pool for all readers; what is neither candidate nor older is there to be liked."""
    folder, dice = find_folder(), random.Random(0)
    if folder:
        papers = list(read_papers(folder).values())
        keywords = sorted({word for task in read_tasks(folder) for word in task.keywords})
    else:
        fields = make_fields(30, dice)
        papers = [paper for _, of_field in fields for paper in of_field]
        keywords = sorted({word for own, _ in fields for word in own})
    dice.shuffle(papers)
    return Task(
        reader="",
        liked=papers[CANDIDATES + ARCHIVE :],
        keywords=keywords,
        archive=papers[CANDIDATES : CANDIDATES + ARCHIVE],
        candidates=papers[:CANDIDATES],
        relevant=frozenset(),
    )


def make_readers(task: Task, count: int, liked: Sequence[int]) -> list[Profile]:
    """So many readers with eight keywords, who like so many papers in turn."""
    dice = random.Random(1)
    entries = [paper.entry for paper in task.liked]
    return [
        Profile(
            interests=tuple(dice.sample(task.keywords, 8)),
            liked=tuple(dice.sample(entries, liked[number % len(liked)])),
        )
        for number in range(count)
    ]


# -- what is timed -------------------------------------------------------------------------------------------------


def _rank_all(pool: Pool, readers: Sequence[Profile]) -> None:
    for _ in pool.rank_many(readers, now=NOW):
        pass


def _put_in_order(pool: Pool, readers: Sequence[Profile]) -> None:
    for reader in readers:
        pool.rank(reader, now=NOW)


def _fit_all(task: Task, liked: Sequence[Paper]) -> None:
    for _ in range(FITS):
        rank_by_svm(task, liked, ())


def timed(work: Callable[[], Made]) -> tuple[Made, float]:
    start = time.process_time()
    made = work()
    return made, time.process_time() - start


def row_of(what: str, cost: float, unit: str, other: float, of: str) -> dict[str, Any]:
    return {"what": what, "cost": cost, "unit": unit, "against": of, "its cost": other, "ratio": other / cost}


if __name__ == "__main__":
    print(json.dumps(rank_in_this_process(int(sys.argv[1]))))
