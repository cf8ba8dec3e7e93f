"""Forty sources at once, one of which never says a word to the end."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newsletter.config.settings import FeedSource
from newsletter.model import Fetched
from newsletter.sources import fetch_all
from newsletter.sources.http import Http, Limits

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def over():
    """Until then one of them keeps silent."""
    return threading.Event()


@pytest.fixture
def server(over):

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            items = "".join(
                f"<item><title>Post {number} of {name}</title><link>https://{name}.example/{number}</link></item>"
                for number in range(20)
            )
            body = f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:200])
            self.wfile.flush()
            if name == "source-7":
                over.wait(100)
                return
            self.wfile.write(body[200:])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    made = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    over.set()
    made.shutdown()
    made.server_close()


def test_one_that_stalls_delays_no_other(server, over):
    """It breaks off only when all others are done."""
    names = [f"source-{number}" for number in range(40)]
    sources = [FeedSource(kind="feed", name=name, url=f"{server}/{name}") for name in names]
    ended: list[str] = []

    def note(one: Fetched) -> None:
        ended.append(one.source)
        if len(ended) == len(names) - 1:
            over.set()

    limits = Limits(seconds=120, read_seconds=120, attempts=1)
    with Http(contact="ada@example.org", allow=["127.0.0.1"], limits=limits) as http:
        fetched = fetch_all(sources, {}, http=http, now=NOW, on_done=note)
    assert [one.source for one in fetched] == names
    assert {one.source: len(one.entries) for one in fetched} == {
        name: 0 if name == "source-7" else 20 for name in names
    }
    assert [one.source for one in fetched if one.error] == ["source-7"]
    assert ended[-1] == "source-7"
