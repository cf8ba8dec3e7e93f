"""``make faults``: every scenario in turn, a table of what became of the mail, and status 1 if a promise was broken."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.faults import (
    answers,
    canaries,
    headers,
    kills,
    racing,
    runners,
    snapshots,
    storm,
    trouble,
    webhooks,
    zones,
)
from benchmarks.faults.rows import Row
from benchmarks.faults.world import Place, postgresql_databases, postgresql_server, sqlite_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much of everything."""

    seeds: int = 20
    """Tries of each named point (T1)."""
    readers: int = 10_000
    """In the storm (T2)."""
    kills: int = 40
    """In the storm."""
    few: int = 200
    """Readers of all other scenarios."""
    codes: int = 8
    """Codes that are said at each verb (T5)."""
    runners: int = 8
    """Runs at once (T9)."""
    days: int = 731
    """In every zone (T12)."""
    every: int = 1
    """Only each so many-th zone."""
    sizes: int = 12
    """Amounts of room that a disk has (T13), and runs without a server (T6)."""
    bodies: int = 100_000
    """Mangled ones to the webhook (T18)."""
    mails: int = 10_000
    """Of random words (T19)."""


def main() -> None:
    """Runs what is named on the command line, or everything."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCENARIOS, []], help="default: all of them")
    for field in fields(Scale):
        parser.add_argument(f"--{field.name}", type=int, default=field.default)
    told = vars(parser.parse_args())
    names = told.pop("names") or list(SCENARIOS)
    rows = list(run(names, Scale(**told)))
    Console(width=None if sys.stdout.isatty() else 200).print(table(rows))
    for row in rows:
        for promise in row.broken:
            print(f"{row.scenario}: {promise}")
    sys.exit(not all(row.is_kept for row in rows))


def run(names: Sequence[str], scale: Scale) -> Iterator[Row]:
    """The rows of these scenarios; progress goes to stderr."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="newsletter-faults-")))
        server = stack.enter_context(postgresql_server())
        places = [stack.enter_context(sqlite_files(folder)), stack.enter_context(postgresql_databases(server))]
        for name in names:
            start = time.monotonic()
            for row in SCENARIOS[name](places, scale):
                tell(f"{row}")
                yield row
            tell(f"{name} took {time.monotonic() - start:.0f} s")


def tell(words: str) -> None:
    """How far it has come."""
    print(words, file=sys.stderr, flush=True)


def table(rows: Sequence[Row]) -> Table:
    """One line a scenario."""
    made = Table(title="What became of the mail", title_justify="left", box=None)
    for column in ("scenario", "kills", "recipients", "sent", "uncertain", "arrived", "doubled", "lost", "verdict", ""):
        made.add_column(column, justify="left" if column in {"scenario", "verdict", ""} else "right")
    for row in rows:
        counts = (row.kills, row.recipients, row.sent, row.uncertain, row.arrived, row.doubled, row.lost)
        verdict = "kept" if row.is_kept else "BROKEN"
        made.add_row(row.scenario, *(f"{count:,}" for count in counts), verdict, row.remark)
    return made


SCENARIOS: dict[str, Callable[[Sequence[Place], Scale], Iterator[Row]]] = {
    "T1": lambda places, scale: kills.kill_everywhere(places, seeds=scale.seeds),
    "T2": lambda places, scale: storm.kill_at_random(places, readers=scale.readers, kills=scale.kills),
    "T3": lambda places, scale: answers.accept_without_an_answer(places[0], readers=scale.few),
    "T4": lambda places, scale: iter([answers.drop_at_each_verb(places[0], readers=scale.few // 4)]),
    "T5": lambda places, scale: iter([answers.answer_with_each_code(places[0], codes=scale.codes)]),
    "T6": lambda places, scale: iter([answers.refuse_connections(places[0], readers=scale.few, runs=scale.sizes)]),
    "T7": lambda places, scale: iter([answers.answer_over_http(places[0])]),
    "T8": lambda places, scale: iter([answers.accept_once_what_comes_twice(places[0], readers=scale.few, kills=3)]),
    "T9": lambda places, scale: runners.run_at_once(places, readers=scale.few, runners=scale.runners),
    "T10": lambda places, scale: runners.stop_past_the_lease(places, readers=scale.few),
    "T11": lambda places, scale: runners.jump_clocks(places, readers=scale.few),
    "T12": lambda places, scale: iter([zones.walk_every_zone(days=scale.days, every=scale.every)]),
    "T13": lambda places, scale: trouble.break_the_disk(readers=scale.few, sizes=scale.sizes),
    "T15": lambda places, scale: racing.leave_while_sending(places, readers=scale.few),
    "T18": lambda places, scale: webhooks.post_to_the_webhook(places, bodies=scale.bodies, readers=scale.few),
    "T19": lambda places, scale: iter([headers.read_random_mails(mails=scale.mails)]),
    "T23": lambda places, scale: iter([snapshots.put_back_a_copy(readers=scale.few)]),
    "T24": lambda places, scale: iter([canaries.look_for_canaries(readers=scale.few)]),
    "T25": lambda places, scale: snapshots.upgrade_in_the_middle(places, readers=scale.few),
}


if __name__ == "__main__":
    main()
