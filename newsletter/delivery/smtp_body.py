"""A message as it travels between DATA and the lone dot."""

from __future__ import annotations

import re

import numpy as np

_LINE_END = re.compile(rb"\r\n|\r|\n")
_CR, _LF, _DOT = b"\r\n."


def wire_body(raw: bytes) -> bytes:
    """The message with every line ending in CRLF and dots at the starts of lines doubled.

    That is the very same object where nothing is to be done, as with all messages rendered here.

    >>> wire_body(b"one\\n.two")
    b'one\\r\\n..two\\r\\n'
    """
    if raw.endswith(b"\r\n") and _can_travel(raw):
        return raw
    ended = _LINE_END.sub(b"\r\n", raw if raw.endswith((b"\r", b"\n")) else raw + b"\n")
    return (b"." if ended.startswith(b".") else b"") + ended.replace(b"\r\n.", b"\r\n..")


def _can_travel(raw: bytes) -> bool:
    """Whether line ends are CRLF throughout and no line starts with a dot; all bytes at once, for it is asked of every
    message: four searches through the bytes take five times as long.
    """
    octets = np.frombuffer(raw, np.uint8)
    returns, feeds, dots = octets == _CR, octets == _LF, octets == _DOT
    is_paired = not feeds[0] and not (returns[:-1] != feeds[1:]).any()
    return bool(is_paired and not dots[0] and not (feeds[:-1] & dots[1:]).any())
