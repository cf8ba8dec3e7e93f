"""The body of a request to SendGrid's v3 mail/send, written out quickly.

The ``sendgrid`` package builds mails with anything out of the ordinary. Digests are ordinary, and there are many of
them: what they say is written here, and is what the package would have said.
"""

from __future__ import annotations

import json
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
from newsletter.model import Message

_LIKE_A_KEY = "SG."


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
    text, html = message.text, message.html
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
        "content": [{"type": "text/plain", "value": text}, {"type": "text/html", "value": html}],
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


def _is_ordinary(message: Message, text: str, html: str) -> bool:
    """Whether both parts are there, nothing looks like a key, and all of it is Unicode that can be written down."""
    words = f"{message.subject}{message.sender.name}{message.recipient.name}"
    return (
        bool(text and html)
        and not text.startswith(_LIKE_A_KEY)
        and not html.startswith(_LIKE_A_KEY)
        and words.encode("utf-8", "replace").decode() == words
    )
