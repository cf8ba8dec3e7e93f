"""A small proxy with TLS on loopback, set up as docs/deploying.md wants one: it sets where a visitor comes from."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from newsletter.testing.certificates import make_certificate

HOST = "127.0.0.1"
_OWN = {"connection", "keep-alive", "transfer-encoding", "x-forwarded-for", "x-forwarded-proto", "date", "server"}


class Proxy:
    """Passes on what is below ``root`` of its own address, and takes ``root`` away.

    ``visitor`` is where visitors come from, as far as the server behind it is told.
    """

    def __init__(self, *, root: str = "/") -> None:
        self.root = root
        self.behind = 0
        """The port of the server that it stands before."""
        self.port = 0
        self.visitor = HOST
        self.seen: list[str] = []
        """The first lines of all requests."""

    @property
    def url(self) -> str:
        """Where visitors come, without a slash at its end."""
        return f"https://{HOST}:{self.port}{self.root}".rstrip("/")


@contextmanager
def proxying(*, root: str = "/") -> Iterator[Proxy]:
    """A proxy on a free port that listens until the end of ``with``."""
    proxy = Proxy(root=root)

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                self.pass_on()
            except OSError:
                self.close_connection = True  # either side has gone away

        do_POST = do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 the parent's names

        def pass_on(self) -> None:
            proxy.seen.append(self.requestline)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not self.path.startswith(proxy.root):
                self.send_error(404)
                return
            onward = http.client.HTTPConnection(HOST, proxy.behind, timeout=120)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
            headers |= {"X-Forwarded-For": proxy.visitor, "X-Forwarded-Proto": "https"}
            onward.request(self.command, "/" + self.path[len(proxy.root) :], body or None, headers)
            answer = onward.getresponse()
            raw = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OWN | {"content-length"}:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(raw))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(raw)
            onward.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the parent's name
            return

    server = ThreadingHTTPServer((HOST, 0), Passing)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] a browser hangs up when it likes
    server.socket = make_certificate().server_context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    proxy.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
