"""The body of a request to SendGrid's v3 mail/send, written out quickly.

The ``sendgrid`` package builds mails with anything out of the ordinary. Digests are ordinary, and there are many of
them: what they say is written here, and is what the package would have said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

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
from newsletter.model import Framed, Message, decoded

_LIKE_A_KEY = b'"SG.'
_NOTHING = b'""'
FRAMES_KEPT = 4_000


def write_request(message: Message, *, sandbox: bool) -> bytes:
    """The JSON that sends the message; raises ``Unsendable`` and ``ProviderRefused``."""
    payload = _describe(message)
    if payload is None:
        return json.dumps(build_payload(message, sandbox=sandbox)).encode()
    if sandbox:
        payload["mail_settings"] = TRIAL
    return orjson.dumps(payload)


def _describe(message: Message) -> dict[str, Any] | None:
    """What the request says; ``None`` where that is left to the package."""
    headers = _headers(message)
    text = _as_json(message.pieces[slice(*message.text_pieces)] or [message.raw[slice(*message.text_at)]])
    html = _as_json(message.pieces[slice(*message.html_pieces)] or [message.raw[slice(*message.html_at)]])
    if headers is None or not _is_ordinary(message, text, html):
        return None
    sender, recipient = {"email": sender_address(message)}, {"email": recipient_address(message)}
    if message.sender.name:
        sender["name"] = message.sender.name
    if name := recipient_name(message):
        recipient["name"] = name
    payload: dict[str, Any] = {
        "from": sender,
        "personalizations": [{"to": [recipient]}],
        "subject": message.subject,
        "content": [
            {"type": "text/plain", "value": orjson.Fragment(text)},
            {"type": "text/html", "value": orjson.Fragment(html)},
        ],
        "headers": headers,
        "tracking_settings": TRACKING,
    }
    if message.delivery_id is not None:
        payload["custom_args"] = {DELIVERY_ARGUMENT: str(message.delivery_id)}
    return payload


def _headers(message: Message) -> dict[str, str] | None:
    headers = {"Message-ID": message.message_id}
    for name, value in message.headers:
        if name.lower() == "reply-to" or not value.isascii():
            return None
        if name.lower() not in RESERVED_HEADERS:
            headers.setdefault(name, value)  # of two, the package takes the first
    return headers


def _is_ordinary(message: Message, text: bytes, html: bytes) -> bool:
    """Whether both parts are there, nothing looks like a key, and all of it is Unicode that can be written down."""
    words = f"{message.subject}{message.sender.name}{message.recipient.name}"
    return (
        _NOTHING not in {text, html}
        and not text.startswith(_LIKE_A_KEY)
        and not html.startswith(_LIKE_A_KEY)
        and words.encode("utf-8", "replace").decode() == words
    )


def _as_json(pieces: Sequence[bytes | Framed]) -> bytes:
    """What the pieces of a part say, as a string of JSON; a frame is read once for all messages that share it."""
    said = [
        _read(piece) if isinstance(piece, bytes) else _read(piece[0]) % tuple([_read(value) for value in piece[1]])
        for piece in pieces
    ]
    return b'"%b"' % b"".join(said)


@lru_cache(FRAMES_KEPT)
def _read(encoded: bytes) -> bytes:
    """Gaps in a frame stay what they are: neither encoding knows their two characters."""
    return orjson.dumps(decoded(encoded))[1:-1]
