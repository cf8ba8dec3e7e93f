"""A port of its own for monitoring: what is not on the readers' port no proxy can lay open by mistake."""

from __future__ import annotations

import http.server
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from newsletter.errors import NewsletterError, UsageError
from newsletter.text.exposition import CONTENT_TYPE

PATH = "/metrics"

log = logging.getLogger(__name__)


@contextmanager
def serve_metrics(collect: Callable[[], str], *, host: str, port: int) -> Iterator[int]:
    """Answers ``/metrics`` from inside of the ``with``; gives the port. UsageError where it cannot listen there."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != PATH:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            try:
                page = collect().encode()
            except NewsletterError as error:
                log.error("no metrics: %s", error)  # noqa: TRY400 the message is made for people
                self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is http.server's
            """Says nothing of each scrape."""

    try:
        server = http.server.ThreadingHTTPServer((host, port), Page)
    except OSError as error:
        raise UsageError(f"{host}:{port}: cannot listen there: {error.strerror}; choose another --metrics") from error
    with server:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
