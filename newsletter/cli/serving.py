"""A folder of pages on loopback that load themselves again when they were made anew.

A page that is served ends in a script that listens for changes; the files themselves hold none.
"""

from __future__ import annotations

import functools
import http.server
import re
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from newsletter.rendering.views import render_live

CHANGES = "/.changes"
STILL_HERE_SECONDS = 15.0
_END = re.compile(rb"</body>\s*</html>\s*$|$", re.IGNORECASE)


class Changes:
    """How often the pages were made, and what went wrong the last time; pages wait for it to move on."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self.version = 1
        self.fault = ""

    def announce(self, fault: str = "") -> None:
        """The pages were made anew, or could not be."""
        with self._moved:
            self.version += 1
            self.fault = fault
            self._moved.notify_all()

    def wait(self, after: int) -> bool:
        """Whether there is a version after that one; gives up after a while."""
        with self._moved:
            return self._moved.wait_for(lambda: self.version > after, timeout=STILL_HERE_SECONDS)


class PreviewServer(http.server.ThreadingHTTPServer):
    """Serves a folder on a free port of loopback."""

    daemon_threads = True

    def __init__(self, folder: Path, changes: Changes) -> None:
        self.changes = changes
        super().__init__(("127.0.0.1", 0), functools.partial(_Pages, directory=str(folder)))

    @property
    def url(self) -> str:
        """Where the gallery is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has gone away is nothing to tell of."""


class _Pages(http.server.SimpleHTTPRequestHandler):
    """Files as they are, pages with what makes them load themselves again."""

    server: PreviewServer

    def do_GET(self) -> None:
        """A file, a page, or the stream of changes."""
        address = urlsplit(self.path)
        if not self._is_for_us():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif address.path == CHANGES:
            self._tell_changes(parse_qs(address.query).get("after", [""])[0])
        elif (page := self._page(address.path)) is not None and self.headers.get("Sec-Fetch-Dest") != "iframe":
            self._send_page(page)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """Nothing is kept by the browser."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is http.server's
        """Says nothing."""

    def _is_for_us(self) -> bool:
        """Not a page elsewhere whose name was made to point here."""
        return self.headers.get("Host", "").rpartition(":")[0] in {"127.0.0.1", "localhost"}

    def _page(self, path: str) -> Path | None:
        file = Path(self.translate_path(path))
        file = file / "index.html" if path.endswith("/") else file
        return file if file.suffix == ".html" and file.is_file() else None

    def _send_page(self, file: Path) -> None:
        changes = self.server.changes
        live = render_live(version=changes.version, fault=changes.fault).encode()
        page = _END.sub(lambda end: live + end[0], file.read_bytes(), count=1)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _tell_changes(self, after: str) -> None:
        """Server-sent events: one, as soon as there is something newer than the page."""
        known = int(after) if after.isdecimal() else 0
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        while not self.server.changes.wait(known):
            self.wfile.write(b": still here\n\n")
        self.wfile.write(b"data: changed\n\n")
