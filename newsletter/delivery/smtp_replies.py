"""Replies read off a connection, one after the other, however many of them come at once."""

from __future__ import annotations

import re
import socket

MAX_LINE_BYTES = 8192
MAX_LINES = 100
SOME_BYTES = 8192
NO_REPLY = -1

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*?))?\r?\n", re.DOTALL)


class Replies:
    """What the server says."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unread = b""

    @property
    def left(self) -> bytes:
        """What came already and was not read yet."""
        return self._unread

    def read(self) -> tuple[int, str]:
        """Code and words of the next reply; the code is ``NO_REPLY`` where what came is none.

        Raises ``OSError`` where the connection is lost or silent for too long.
        """
        codes, words = set(), []
        for _ in range(MAX_LINES):
            line = self._read_line()
            found = _LINE.fullmatch(line)
            words.append((found[3] or b"" if found else line).decode("utf-8", "replace").strip())
            codes.add(int(found[1]) if found else NO_REPLY)
            if not found or found[2] != b"-":
                break
        return codes.pop() if len(codes) == 1 and found and found[2] != b"-" else NO_REPLY, "\n".join(words)

    def _read_line(self) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > MAX_LINE_BYTES:
                raise ConnectionError("a line without an end")
            received = self._connection.recv(SOME_BYTES)
            if not received:
                raise ConnectionError("closed by the server")
            self._unread += received
        line, end, self._unread = self._unread.partition(b"\n")
        return line + end
