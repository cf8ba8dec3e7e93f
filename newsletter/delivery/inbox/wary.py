"""The library's IMAP client, for servers that may say anything: what it reads, and for how long, has an end."""

from __future__ import annotations

import imaplib
import socket
from contextlib import suppress
from threading import Timer

from newsletter.delivery.reports import MAX_BYTES

DEADLINE_SECONDS = 60.0
"""Of a connection, from the first byte to the last; the next run reads on."""
MAX_LINES = 100_000
"""Of a connection; two thousand mails take some six thousand."""
MAX_LITERAL = MAX_BYTES + 1000


class WaryClient(imaplib.IMAP4):
    """A client that is cut off at its deadline."""

    deadline_seconds = DEADLINE_SECONDS
    is_overdue = False
    _lines = 0
    _timer: Timer | None = None

    def open(self, host: str = "", port: int | None = 143, timeout: float | None = None) -> None:
        """Connects; the time runs from here."""
        super().open(host, port or 143, timeout)
        self._timer = Timer(self.deadline_seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def read(self, size: int) -> bytes:
        """A literal, unless it is larger than anything that was asked for."""
        if size > MAX_LITERAL:
            raise self.abort(f"{size} bytes at once, expected {MAX_LITERAL} at most")
        return super().read(size)

    def readline(self) -> bytes:
        """A line, unless there were too many."""
        self._lines += 1
        if self._lines > MAX_LINES:
            raise self.abort(f"more than {MAX_LINES} lines")
        return super().readline()

    def shutdown(self) -> None:
        """Hangs up."""
        if self._timer is not None:
            self._timer.cancel()
        super().shutdown()

    def _cut(self) -> None:
        self.is_overdue = True
        with suppress(OSError):
            # Not the method of encrypted sockets, which is for the thread that reads.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class WaryTlsClient(WaryClient, imaplib.IMAP4_SSL):
    """The same, encrypted from the first byte."""
