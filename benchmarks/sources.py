"""What many sources cost: the time of a fetch beside that of its parts, and memory as sources grow.

A server of its own process gives each source a feed of 200 entries, one of them late. Each measurement is a process of
its own, so that its peak of memory is its own. *Parsing* is the same answers read by the same children, all handed to
them at once, with no network and nothing kept; *the slowest* is the late source fetched alone.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen, run
from typing import Any

COUNTS = (50, 100, 200)
ENTRIES = 200
LATE_SECONDS = 3.0
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)

_WORDS = "sparse spiking neurons learn tidal maps of quiet forests while graphs fold proteins into noisy lattices"


def measure() -> list[dict[str, Any]]:
    """One row a number of sources."""
    with Popen([sys.executable, "-m", "benchmarks.sources", "serve"], stdout=PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            slowest = _in_a_process("fetch", 1, url)["seconds"]
            return [_row(count, url, slowest) for count in COUNTS]
        finally:
            server.kill()


def _row(count: int, url: str, slowest: float) -> dict[str, Any]:
    parsing = _in_a_process("parse", count, url)["seconds"]
    fetch = _in_a_process("fetch", count, url)
    return {
        "sources": count,
        "entries": fetch["entries"],
        "fetch / (slowest + parsing)": fetch["seconds"] / (slowest + parsing),
        "fetch s": fetch["seconds"],
        "slowest s": slowest,
        "parsing s": parsing,
        "peak MB": fetch["megabytes"],
        "peak MB of a child": fetch["megabytes of a child"],
    }


def _in_a_process(what: str, count: int, url: str) -> dict[str, Any]:
    asked = [sys.executable, "-m", "benchmarks.sources", what, str(count), url]
    done = run(asked, stdout=PIPE, check=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


# -- what is measured, each in a process of its own ---------------------------------------------------------------


def fetch(count: int, url: str) -> dict[str, Any]:
    """The product's own fetch into an empty store."""
    from newsletter.config.settings import Settings
    from newsletter.pipeline import fetch as fetch_sources
    from newsletter.storage import Storage

    names = [f"source-{number}" for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {
                "folder": Path(folder),
                "title": "Many sources",
                "from": {"name": "Papers", "email": "papers@example.org"},
                "sources": [{"kind": "feed", "name": name, "url": f"{url}/{name}"} for name in names],
                "network": {"allow": ["127.0.0.1"]},
            }
        )
        with Storage.open(f"sqlite:///{Path(folder) / 'newsletter.db'}") as storage:
            report, seconds = _timed(lambda: fetch_sources(settings, storage, now=NOW))
    assert not any(one.error for one in report.sources), report
    return {"seconds": seconds, "entries": report.entries, **_memory()}


def parse(count: int, url: str) -> dict[str, Any]:
    """The same answers read by the children that read them in a fetch, and nothing else."""
    from newsletter.sources.isolated import CHILDREN

    def read(body: bytes) -> int:
        reading = CHILDREN.read("newsletter.sources.feed:read_feed", body, where=url, now=NOW.isoformat())
        return len(reading.entries)

    bodies = [feed(f"source-{number}") for number in range(count)]
    with ThreadPoolExecutor(8) as threads:
        counts, seconds = _timed(lambda: list(threads.map(read, bodies)))
    CHILDREN.close()
    return {"seconds": seconds, "entries": sum(counts)}


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _memory() -> dict[str, float]:
    unit = 1e6 if sys.platform == "darwin" else 1e3
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"megabytes": own / unit, "megabytes of a child": child / unit}


# -- the server ---------------------------------------------------------------------------------------------------


@cache
def feed(name: str) -> bytes:
    """A feed of invented posts, all of that source's own."""
    items = "".join(
        f"<item><title>{_words(f'{name}{number}', 8)}</title><link>https://{name}.example/{number}</link>"
        f"<guid>https://{name}.example/{number}</guid><author>Ada {name} Byron</author>"
        f"<pubDate>Mon, 23 Nov 2026 0{number % 8}:00:00 GMT</pubDate><category>neurons</category>"
        f"<description>&lt;p&gt;{_words(f'{number}{name}', 40)}&lt;/p&gt;</description></item>"
        for number in range(ENTRIES)
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode()


def _words(seed: str, count: int) -> str:
    start, words = sum(map(ord, seed)), _WORDS.split()
    return " ".join([seed, *(words[(7 * len(seed) + start * at) % len(words)] for at in range(1, count))])


def serve() -> None:
    """Prints its address, and answers until it is ended."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            name = self.path.strip("/")
            if name == "source-0":
                time.sleep(LATE_SECONDS)
            body = feed(name)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    for number in range(max(COUNTS)):
        feed(f"source-{number}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        what, number, address = sys.argv[1:]
        print(json.dumps({"fetch": fetch, "parse": parse}[what](int(number), address)))
