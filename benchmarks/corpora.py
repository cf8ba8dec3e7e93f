"""``make corpora CORPORA=folder``: our readers over any folder of feeds, in the child process that they always run in.

Beside an XML file a JSON file of the same name may say what is expected of it, as in the tests of gofeed. No file may
raise, take ten seconds, or need 512 MB: then the exit code is 1. ``--mutate 10000`` goes on with feeds gone wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.expected import compare, expected_of
from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.isolated import CPU_SECONDS, Children
from newsletter.sources.trouble import Unreadable
from newsletter.sources.worker import MEMORY_BYTES
from newsletter.testing.mutants import Mutant, mutants

SUFFIXES = frozenset({".xml", ".rss", ".atom", ".rdf", ".json"})
READER = "newsletter.sources.feed:read_feed"
GOOD = b'<rss version="2.0"><channel><title>t</title><item><title>Untouched</title></item></channel></rss>'
"""Read now and then between the others, as the feed of somebody else."""
READS_BETWEEN_GOOD_ONES = 20
ENTRIES_COMPARED = 100
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Read:
    """What became of one answer."""

    name: str
    group: str
    state: str
    """parsed; failed: a clear line says why; raised: the reader went wrong or had to be ended."""
    said: str
    seconds: float
    peak_bytes: int
    entries: tuple[Entry, ...] = ()
    """The first ones; there may be thousands."""

    @property
    def is_bad(self) -> bool:
        """Whether it is what must never happen."""
        return self.state == "raised" or self.seconds > CPU_SECONDS or self.peak_bytes > MEMORY_BYTES


def main() -> int:
    """Reads all there is and tells; 1 where something happened that must never happen."""
    parser = argparse.ArgumentParser(prog="make corpora", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--mutate", type=int, default=0, metavar="COUNT", help="go on with so many mutants of the feeds"
    )
    parser.add_argument("--seed", type=int, default=1, help="other mutants for another number (default: 1)")
    options = parser.parse_args()
    files = sorted(find_feeds(options.folder))
    if not files:
        parser.error(f"{options.folder}: no file in it ends with {', '.join(sorted(SUFFIXES))}")
    feeds = [
        (str(file.relative_to(options.folder)), Mutant(group_of(file, options.folder), file.read_bytes()))
        for file in files
    ]
    reads = read_all(feeds, total=len(feeds))
    report("corpora", reads)
    report_failed(reads)
    report_expected(reads, options.folder)
    if options.mutate:
        bodies = [feed.body for _, feed in feeds if len(feed.body) < 200_000]
        made = ((f"mutant {n}", one) for n, one in enumerate(mutants(bodies, options.mutate, seed=options.seed)))
        mutated = read_all(made, total=options.mutate)
        report(f"mutants of seed {options.seed}", mutated)
        report_failed(mutated)
        reads += mutated
    return 1 if any(read.is_bad for read in reads) else 0


def find_feeds(folder: Path) -> Iterator[Path]:
    """Every feed below the folder; a JSON file that says what is expected of another one is none."""
    for file in folder.rglob("*"):
        if file.suffix.lower() not in SUFFIXES or not file.is_file():
            continue
        if file.suffix != ".json" or not (file.stem.endswith("_expected") or file.with_suffix(".xml").exists()):
            yield file


def group_of(file: Path, folder: Path) -> str:
    """The first folders on the way to it."""
    return "/".join(file.relative_to(folder).parent.parts[:3]) or "."


# -- reading -------------------------------------------------------------------------------------------------------


def read_all(feeds: Iterable[tuple[str, Mutant]], *, total: int) -> list[Read]:
    """What becomes of each, one after the other; somebody else's feed between them must not be touched by it."""
    children, reads = Children(1), []
    for number, (name, feed) in enumerate(track(feeds, total=total, console=Console(stderr=True))):
        reads.append(read_one(children, name, feed))
        if reads[-1].is_bad or number % READS_BETWEEN_GOOD_ONES == 0:
            good = read_one(children, f"somebody else's feed after {name}", Mutant("others", GOOD))
            if [entry.title for entry in good.entries] != ["Untouched"]:
                reads.append(good)
    children.close()
    return reads


def read_one(children: Children, name: str, feed: Mutant) -> Read:
    """What becomes of one answer, with the time and the memory that it took."""
    state, said, started, before = "parsed", "", time.perf_counter(), _computed(children)
    entries: tuple[Entry, ...] = ()
    _forget_peaks(children)
    try:
        context = {"now": datetime.now(UTC).isoformat(), "content_type": feed.content_type}
        reading = children.read(READER, feed.body, where=name, **context)
        entries, said = reading.entries[:ENTRIES_COMPARED], reading.problem or ""
    except SourceError as error:
        state, said = ("raised" if isinstance(error, Unreadable) else "failed"), str(error)
    after = _computed(children)
    spent = sum(after[child] - before.get(child, 0.0) for child in after) if after else time.perf_counter() - started
    return Read(name, feed.kind, state, said, spent, _peak(children), entries)


def _computed(children: Children) -> dict[int, float]:
    """Seconds that each idle child has computed, which nothing else on the machine adds to (Linux; elsewhere none)."""
    told: dict[int, float] = {}
    for child in children.idle:
        with suppress(OSError):
            fields = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
            told[child] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return told


def _forget_peaks(children: Children) -> None:
    """From now on the kernel counts the children's peaks anew (Linux; elsewhere they are not known at all)."""
    for child in children.idle:
        with suppress(OSError):
            Path(f"/proc/{child}/clear_refs").write_text("5", encoding="ascii")


def _peak(children: Children) -> int:
    """The most memory that a living child had in use at once; one that was ended had its limit."""
    with suppress(OSError):
        told = (Path(f"/proc/{child}/status").read_text(encoding="ascii") for child in children.idle)
        lines = (line.split() for status in told for line in status.splitlines() if line.startswith("VmHWM"))
        return max((int(line[1]) * 1024 for line in lines), default=0)
    return 0


# -- telling -------------------------------------------------------------------------------------------------------


def report(title: str, reads: Sequence[Read]) -> None:
    """One line a group, then all of them together, and each that is bad by itself."""
    groups: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        groups[read.group].append(read)
    table = Table(title=title, title_justify="left", box=None)
    for column in ("", "files", "parsed", "failed", "raised", "slowest s", "peak MB"):
        table.add_column(column, justify="right" if column else "left")
    for name, members in [*sorted(groups.items()), ("all", list(reads))]:
        states = Counter(read.state for read in members)
        figures = [len(members), *(states[state] for state in ("parsed", "failed", "raised"))]
        slowest, peak = max(read.seconds for read in members), max(read.peak_bytes for read in members)
        table.add_row(name, *map(str, figures), f"{slowest:.2f}", f"{peak / 1e6:.0f}")
    console = Console()
    console.print(table)
    for read in reads:
        if read.is_bad:
            console.print(
                f"{read.said or read.name} ({read.seconds:.1f} s, {read.peak_bytes / 1e6:.0f} MB)", style="red"
            )


def report_expected(reads: Sequence[Read], folder: Path) -> None:
    """How much of what the JSON files beside the feeds expect is what ours says, and each thing that is not."""
    asked, alike = Counter[str](), Counter[str]()
    console = Console(soft_wrap=True)
    for read in reads:
        expected = expected_of(folder / read.name) if read.name.lower().endswith(tuple(SUFFIXES)) else None
        for field, same, said in compare(read.entries, expected) if expected is not None else ():
            asked[field] += 1
            alike[field] += same
            if not same:
                console.print(f"  {read.name}: {field}: {said}", markup=False)
    if asked:
        console.print("as expected: " + ", ".join(f"{field} {alike[field]} of {asked[field]}" for field in asked))


def report_failed(reads: Sequence[Read]) -> None:
    """Why files could not be read, the most frequent reason first, with one of them for each."""
    reasons: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        if read.said and not read.is_bad:
            reasons[_NUMBER.sub("#", read.said.removeprefix(f"{read.name}: "))].append(read)
    for reason, members in sorted(reasons.items(), key=lambda item: -len(item[1])):
        Console(soft_wrap=True).print(f"  {len(members)}: {reason} ({members[0].name})", markup=False)


if __name__ == "__main__":
    sys.exit(main())
