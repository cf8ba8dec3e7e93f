"""Ranked list to accepted mail and committed ledger, against the naive way and against a C program that only sends.

Ours is the product's own path: digests are frozen and planned, leased, rendered, recorded as handed over in groups of
twenty, sent over one kept connection, and recorded as sent; the message is kept for ``replay``. The naive way fills
and compiles the template for each reader, opens a connection for each, and remembers nothing. ``smtp-source`` sends
one finished message again and again. All of them send to Postfix's ``smtp-sink``.
"""

from __future__ import annotations

import shutil
import smtplib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

from benchmarks import messages
from benchmarks.loopback import HOST
from benchmarks.peak import peak_megabytes
from benchmarks.transports import TOOLS_PATH, by_smtp_source, smtp_sink
from newsletter.config.settings import SmtpProvider
from newsletter.delivery import open_provider
from newsletter.model import DeliveryState, Digest, Edition, Message, Owner, Subscriber
from newsletter.outbox import Planned, Sending, plan_digests, send_ready
from newsletter.pipeline.messages import LedgerMessages, Letterhead
from newsletter.rendering import message_id
from newsletter.storage import Storage

ROUNDS = 5
READERS = 1_000
NAIVE_READERS = 30
GROWTH = (1_000, 10_000, 100_000)
"""How many readers the memory is measured with."""
NOW = messages.NOW


def measure() -> list[dict[str, Any]]:
    """Messages a second of each way, medians of five rounds taken in turn, and the ratios."""
    sink, source = (shutil.which(tool, path=TOOLS_PATH) for tool in ("smtp-sink", "smtp-source"))
    if not sink or not source:
        print("left out: smtp-sink and smtp-source are missing (Debian has them in postfix)", file=sys.stderr)
        return []
    with ExitStack() as stack:
        port = stack.enter_context(smtp_sink(sink))
        send_again = by_smtp_source(stack, source, port)
        letterhead, naive = Letterhead(messages.SETTINGS), messages.make_naive()
        one = _a_message(letterhead)
        ways: dict[str, tuple[int, Callable[[], float]]] = {
            "naive": (NAIVE_READERS, lambda: _seconds(lambda: _send_naively(naive, port))),
            "smtp-source, ready-made": (READERS, lambda: _seconds(lambda: send_again([one] * READERS))),
            "ours": (READERS, lambda: send_all(READERS, letterhead, port)),
            "ours, nothing kept": (READERS, lambda: send_all(READERS, letterhead, port, keep_bodies=False)),
        }
        rounds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, (count, send) in ways.items():
                rounds[name].append(count / send())
    rates = {name: statistics.median(measured) for name, measured in rounds.items()}
    return [
        {
            "way": name,
            "messages a second": rate,
            "us a message": 1e6 / rate,
            "against naive": rate / rates["naive"],
            "against smtp-source": rate / rates["smtp-source, ready-made"],
        }
        for name, rate in rates.items()
    ]


def measure_memory() -> list[dict[str, Any]]:
    """The most memory of a process that plans and sends to so many readers; each number in a process of its own."""
    sink = shutil.which("smtp-sink", path=TOOLS_PATH)
    if not sink:
        print("left out: smtp-sink is missing (Debian has it in postfix)", file=sys.stderr)
        return []
    peaks = {}
    with smtp_sink(sink) as port:
        for readers in GROWTH:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                peaks[readers] = pool.submit(_peak_of, readers, port).result()
    return [
        {"readers": readers, "peak MB": peak, "against the fewest": peak / peaks[GROWTH[0]]}
        for readers, peak in peaks.items()
    ]


def send_all(readers: int, letterhead: Letterhead, port: int, *, keep_bodies: bool = True) -> float:
    """Seconds from the ranked lists of so many readers to their messages sent and recorded."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/newsletter.db"
        people = _prepare(url, readers)
        drawn = {one.id: messages.digest(number) for number, one in enumerate(people)}
        with Storage.open(url, durability="process") as storage:
            return _seconds(
                lambda: _send(storage, people, drawn.__getitem__, letterhead, port, keep_bodies=keep_bodies)
            )


def _send(
    storage: Storage,
    people: Iterable[Subscriber],
    digest_of: Callable[[str], Digest],
    letterhead: Letterhead,
    port: int,
    *,
    keep_bodies: bool,
) -> None:
    tomorrow = NOW + timedelta(days=1)
    planned = (Planned(subscriber=one, digest=digest_of(one.id), valid_until=tomorrow) for one in people)
    count = plan_digests(storage, planned, sender=messages.SENDER, now=NOW)
    settings = SmtpProvider(kind="smtp", host=HOST, port=port, tls="none")
    sending = Sending(
        owner="benchmark",
        render=LedgerMessages(storage, letterhead).render,
        open_provider=lambda: open_provider(settings),
        now=NOW,
        keep_bodies=keep_bodies,
    )
    tally = send_ready(storage, sending)
    if tally.error or tally.states != {DeliveryState.SENT: count}:
        raise RuntimeError(f"{tally.states}: {tally.error}")


def _prepare(url: str, readers: int) -> list[Subscriber]:
    """A database with these readers and the edition that their digests are drawn from."""
    people = [replace(messages.reader(number), id="", owner=Owner.FILE) for number in range(readers)]
    with Storage.open(url, durability="process") as storage:
        stored = storage.subscribers.sync_file(people, now=NOW)
        storage.editions.save(
            Edition(id=messages.EDITION, made_at=NOW, reach_from=NOW, entries=messages.all_entries()), fingerprint="one"
        )
    return stored


def _send_naively(render: Callable[[Subscriber, Digest], bytes], port: int) -> None:
    for number in range(NAIVE_READERS):
        one = messages.reader(number)
        raw = render(one, messages.digest(number))
        with smtplib.SMTP(HOST, port) as server:
            server.sendmail(messages.SENDER.email, [one.email], raw)


def _a_message(letterhead: Letterhead) -> Message:
    drawn, one = messages.digest(0), messages.reader(0)
    return letterhead.render(drawn, one, message_id=message_id(messages.SENDER, drawn.edition, one.id), date=NOW)


def _peak_of(readers: int, port: int) -> float:
    """Megabytes; the readers are stored by another process, and read page by page as in a run."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/newsletter.db"
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(_prepare_elsewhere, url, readers).result()
        with Storage.open(url, durability="process") as storage:
            people = (one for page in storage.subscribers.pages() for one in page)
            _send(storage, people, _digest_by_id, Letterhead(messages.SETTINGS), port, keep_bodies=True)
    return peak_megabytes()


def _prepare_elsewhere(url: str, readers: int) -> None:
    _prepare(url, readers)


def _digest_by_id(subscriber_id: str) -> Digest:
    return messages.digest(int.from_bytes(subscriber_id.encode()[:8]) % 1_000_000)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
