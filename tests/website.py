"""A real web server on loopback that says what a test tells it to say."""

from __future__ import annotations

import select
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Site:
    """Plays answers by path: the next one of a list, the last one again and again."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    _answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))

    def say(
        self, path: str, body: bytes | str = b"", *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> str:
        """Adds an answer to that path; gives the whole address."""
        raw = body.encode() if isinstance(body, str) else body

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(raw)), **(headers or {})}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(raw)

        return self.play(path, answer)

    def play(self, path: str, answer: Answer) -> str:
        """Adds an answer of any shape."""
        self._answers[path].append(answer)
        return self.url + path

    def answer_queries(self, path: str, answer: Callable[[dict[str, list[str]]], tuple[int, str]]) -> None:
        """From now on that path's status and body follow from what is asked."""

        def play(handler: BaseHTTPRequestHandler) -> None:
            status, text = answer(parse_qs(urlsplit(handler.path).query))
            raw = text.encode()
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(raw)))
            handler.end_headers()
            handler.wfile.write(raw)

        self.play(path, play)

    def forget(self, path: str) -> None:
        """Takes back what was to be answered there."""
        self._answers.pop(path, None)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.asked.append(
            Asked(
                path=parts.path,
                query=parse_qs(parts.query),
                headers={name.lower(): value for name, value in handler.headers.items()},
                body=handler.rfile.read(int(handler.headers.get("Content-Length", 0))),
            )
        )
        answers = self._answers.get(parts.path)
        if not answers:
            handler.send_error(404)
            return
        (answers.pop(0) if len(answers) > 1 else answers[0])(handler)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A body of which a byte comes now and then, until the client hangs up."""
    dripping(b"1", before=b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")(handler)


def dripping(piece: bytes, *, before: bytes = b"") -> Answer:
    """The same of any answer: what comes first, and what drips after it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(before)
        while not select.select([handler.connection], [], [], 0.02)[0]:  # one that hangs up can be read: nothing
            handler.wfile.write(piece)
            handler.wfile.flush()

    return answer


@pytest.fixture
def site() -> Iterator[Site]:
    played = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                played.answer(self)
            except OSError:
                self.close_connection = True  # the client has hung up, as some tests want it to

        do_POST = do_GET  # noqa: N815 the parent's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    played.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield played
    server.shutdown()
    server.server_close()
