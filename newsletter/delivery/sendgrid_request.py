"""The body of a request to SendGrid's v3 mail/send, written out quickly.

Digests of one edition are put together out of pieces that thousands of them share. So each piece is turned into JSON
once, and a body is what stands around the contents, and then those. Mails with anything out of the ordinary are left
to the ``sendgrid`` package, and whatever is written here says what the package would have said.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from newsletter.delivery.sendgrid_payload import (
    DELIVERY_ARGUMENT,
    RESERVED_HEADERS,
    TRACKING,
    TRIAL,
    build_payload,
    recipient_address,
    recipient_name,
    sender_address,
)
from newsletter.model import Message

MOST_KEPT_BYTES = 32 * 1024 * 1024
"""Pieces are forgotten when those that are known and their JSON take more room."""

_CUT_SHORT = re.compile(rb"(=[0-9A-Fa-f]?|=\r[^\n]*|\r)\Z")
_LIKE_A_KEY = b"SG."


class RequestBodies:
    """Writes the bodies of requests, and remembers the JSON of pieces."""

    def __init__(self, *, sandbox: bool) -> None:
        self._sandbox = sandbox
        self._settings: dict[str, Any] = {
            "tracking_settings": TRACKING,
            **({"mail_settings": TRIAL} if sandbox else {}),
        }
        self._known: dict[bytes, bytes | None] = {}
        self._known_bytes = 0

    def write(self, message: Message) -> bytes:
        """The JSON that sends the message, in UTF-8; raises ``Unsendable`` and ``ProviderRefused``."""
        envelope = _envelope(message)
        contents = self._contents(message) if envelope else None
        if envelope is None or contents is None:
            return json.dumps(build_payload(message, sandbox=self._sandbox)).encode()
        around = json.dumps(envelope | self._settings).encode()
        return b"".join((around[:-1], b',"content":[', contents, b"]}"))

    def _contents(self, message: Message) -> bytes | None:
        """Text and HTML as JSON objects; ``None`` where that is left to the package."""
        pieces = message.pieces
        bounds = [0, *accumulate(map(len, pieces))]
        if not {*message.text_at, *message.html_at} <= set(bounds):
            return None
        plain, html = (
            self._value(pieces[bounds.index(start) : bounds.index(end)])
            for start, end in (message.text_at, message.html_at)
        )
        if not plain or not html or plain.startswith(_LIKE_A_KEY) or html.startswith(_LIKE_A_KEY):
            return None
        return b'{"type":"text/plain","value":"%b"},{"type":"text/html","value":"%b"}' % (plain, html)

    def _value(self, pieces: Sequence[bytes]) -> bytes | None:
        """A part as the inside of a JSON string; ``None`` where its pieces do not stand for themselves."""
        values = [self._known[piece] if piece in self._known else self._learn(piece) for piece in pieces]
        return None if None in values else b"".join(values)  # type: ignore[arg-type]

    def _learn(self, piece: bytes) -> bytes | None:
        value = _json_inside(piece)
        size = len(piece) + len(value or b"")
        if self._known_bytes + size > MOST_KEPT_BYTES:
            self._known.clear()
            self._known_bytes = 0
        if size <= MOST_KEPT_BYTES:
            self._known[piece] = value
            self._known_bytes += size
        return value


def _envelope(message: Message) -> dict[str, Any] | None:
    """All but contents and settings; ``None`` where that is left to the package."""
    sender, recipient = sender_address(message), recipient_address(message)
    headers = {"Message-ID": message.message_id}
    for name, value in message.headers:
        if name.lower() == "reply-to" or not value.isascii():
            return None
        if name.lower() not in RESERVED_HEADERS:
            headers.setdefault(name, value)  # of two, the package takes the first
    reader = recipient_name(message)
    envelope: dict[str, Any] = {
        "from": {"email": sender} | ({"name": message.sender.name} if message.sender.name else {}),
        "personalizations": [{"to": [{"email": recipient} | ({"name": reader} if reader else {})]}],
        "subject": message.subject,
        "headers": headers,
    }
    if message.delivery_id is not None:
        envelope["custom_args"] = {DELIVERY_ARGUMENT: str(message.delivery_id)}
    return envelope


def _json_inside(piece: bytes) -> bytes | None:
    """Quoted-printable UTF-8 as the inside of a JSON string; ``None`` where it is cut in the middle of something."""
    if _CUT_SHORT.search(piece):
        return None
    try:
        text = binascii.a2b_qp(piece).decode()
    except UnicodeDecodeError:
        return None
    if text.endswith("\r"):
        return None
    return json.dumps(text.replace("\r\n", "\n"), ensure_ascii=False)[1:-1].encode()
