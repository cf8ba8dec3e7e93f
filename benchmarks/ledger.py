"""What the ledger costs a message: planned, leased, handed and recorded in groups of 20, without mail or rendering.

A million deliveries; ``python -m benchmarks.ledger 20000`` for fewer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.peak import peak_megabytes
from newsletter.model import (
    Delivery,
    DeliveryState,
    Digest,
    Entry,
    Ranked,
    Reason,
    SourceReport,
    SourceState,
    Subscriber,
)
from newsletter.outbox import freeze
from newsletter.storage import Durability, HandOver, NewDelivery, Settlement, Storage, Wanted

READERS = 1_000_000
FEW_READERS = 10_000
SHARD = 500
GROUP = 20
DURABILITIES: tuple[Durability, ...] = ("process", "power")
NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
ENTRIES = tuple(Entry(title=f"On paper {number}", link=f"https://example.org/{number}") for number in range(300))


def measure(readers: int = READERS) -> list[dict[str, Any]]:
    """A row a durability, each in a process of its own; memory against that of ten thousand readers."""
    rows = []
    for durability in DURABILITIES:
        few = _measure_apart(min(FEW_READERS, readers), durability)
        row = _measure_apart(readers, durability)
        rows.append({**row, f"peak MB with {min(FEW_READERS, readers):,}": few["peak MB"]})
    return rows


class Stopwatch:
    """Seconds that passed inside of ``with``, by the clock and of the processor."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._start[0]
        self.cpu += time.process_time() - self._start[1]


def run(readers: int, durability: Durability) -> dict[str, Any]:
    """Microseconds of ledger a message, in a database of a folder that is thrown away."""
    planning, sending = Stopwatch(), Stopwatch()
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'newsletter.db'}"
        with Storage.open(url, durability="process") as storage:
            _sign_up(storage, readers)
        with Storage.open(url, durability=durability) as storage:
            _plan(storage, readers, planning)
            _send(storage, sending)
            counts = storage.deliveries.counts()
    if counts != {DeliveryState.SENT: readers}:
        raise RuntimeError(f"{readers} were to be sent, and the ledger has {counts}")
    return {
        "durability": durability,
        "messages": readers,
        "plan, us": planning.wall / readers * 1e6,
        "send, us": sending.wall / readers * 1e6,
        "a message, us": (planning.wall + sending.wall) / readers * 1e6,
        "of it CPU, us": (planning.cpu + sending.cpu) / readers * 1e6,
        "peak MB": peak_megabytes(),
    }


def _measure_apart(readers: int, durability: Durability) -> dict[str, Any]:
    """In a process of its own, for memory that was taken once is not given back."""
    code = f"import json; from benchmarks.ledger import run; print(json.dumps(run({readers}, {durability!r})))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))


def _sign_up(storage: Storage, readers: int) -> None:
    for start in range(0, readers, SHARD):
        storage.subscribers.save_all(
            Subscriber(id=_id(number), email=f"reader{number}@example.org", name=f"Reader {number}")
            for number in range(start, min(start + SHARD, readers))
        )


def _id(number: int) -> str:
    """Scattered as real ids are, and in order, which is how a run goes through its readers."""
    return f"{number * 0x9E3779B97F4A:016x}"


def _plan(storage: Storage, readers: int, watch: Stopwatch) -> None:
    """Every reader's delivery, five hundred a transaction, each with the frozen inputs of a usual digest."""
    payloads = [freeze(_digest(number)) for number in range(100)]
    for start in range(0, readers, SHARD):
        new = [_new(number, payloads) for number in range(start, min(start + SHARD, readers))]
        with watch:
            storage.deliveries.plan(new)


def _new(number: int, payloads: Sequence[bytes]) -> NewDelivery:
    reader = _id(number)
    return NewDelivery(
        subscriber=reader,
        local_date=NOW.date(),
        edition="2026-11-22T07:30:00Z",
        valid_until=NOW + timedelta(hours=16),
        message_id=f"<{reader}.2026-11-22@papers.example.org>",
        created_at=NOW,
        shown=tuple(entry.id for entry in ENTRIES[number % 200 :][:10]),
        payload=payloads[number % len(payloads)],
    )


def _send(storage: Storage, watch: Stopwatch) -> None:
    """Turn after turn, as one connection's lane takes them; the provider says yes at once."""
    ledger = storage.deliveries
    with watch:
        leased = ledger.turn(owner="bench", lease=_wanted()).leased
    answers: list[Settlement] = []
    while leased.deliveries or answers:
        hand = HandOver(deliveries=leased.deliveries, until=datetime.now(UTC) + timedelta(minutes=5))
        with watch:
            turned = ledger.turn(owner="bench", answers=answers, hand=hand, lease=_wanted())
        answers = [_sent(one) for one in leased.deliveries if one.id in turned.handed]
        leased = turned.leased


def _sent(one: Delivery) -> Settlement:
    said = f"250 2.0.0 Ok: queued as {one.id:x}"
    return Settlement(delivery=one, state=DeliveryState.SENT, provider="smtp", provider_id=said)


def _wanted() -> Wanted:
    at = datetime.now(UTC)
    return Wanted(owner="bench", limit=GROUP, until=at + timedelta(minutes=5), now=NOW, at=at)


def _digest(number: int) -> Digest:
    source = SourceReport(name="A listing", kind="huggingface", state=SourceState.FRESH, entries=412, new=300)
    return Digest(
        edition="2026-11-22T07:30:00Z",
        local_date=date(2026, 11, 22),
        items=tuple(_ranked(number + place, place) for place in range(1, 11)),
        below=tuple(_ranked(number + place, place) for place in range(11, 31)),
        candidates=412,
        sources=(source,) * 5,
    )


def _ranked(number: int, rank: int) -> Ranked:
    def reasons() -> Iterator[Reason]:
        for part in range(4):
            yield Reason(
                kind="interest", label=f"spiking networks {part}", contribution=round(1.234567 / (part + 1), 9)
            )
        yield Reason(kind="recency", label="today", contribution=0.3)
        yield Reason(kind="baseline", label="any paper", contribution=-2.123456789)

    score = round(3.0 - rank / 7, 6)
    return Ranked(entry=ENTRIES[number % 300], score=score, match=0.5 + score / 10, rank=rank, reasons=tuple(reasons()))


if __name__ == "__main__":
    for measured in measure(int(sys.argv[1]) if len(sys.argv) > 1 else READERS):
        print(measured)
