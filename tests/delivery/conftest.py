from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.model import Mailbox, Message
from newsletter.testing import Certificate, SendgridStub, SmtpSink, make_certificate

MakeMessage = Callable[..., Message]

LIST_HEADERS = (
    ("List-Id", "Morning Papers <papers.example.org>"),
    ("List-Unsubscribe", f"<https://papers.example.org/u/{'x' * 90}>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)


@pytest.fixture
def make_message() -> MakeMessage:
    """A factory of small messages: to ``reader<number>@example.org`` unless told otherwise."""

    def make(number: int = 1, *, to: str = "", to_name: str = "", **changes: Any) -> Message:
        values: dict[str, Any] = {
            "sender": Mailbox(email="papers@example.org", name="Morning Papers"),
            "recipient": Mailbox(email=to or f"reader{number}@example.org", name=to_name),
            "subject": f"Ten papers, number {number}",
            "html": f"<p>Hello reader {number}</p>",
            "text": f"Hello reader {number}\n.a dot leads this line\n",
            "headers": LIST_HEADERS,
            "message_id": f"<d{number}.1@example.org>",
            "date": datetime(2026, 11, 22, 7, 30, tzinfo=UTC),
            "delivery_id": number,
            **changes,
        }
        return Message(**{"raw": _raw(values), **values})

    return make


def _raw(values: dict[str, Any]) -> bytes:
    lines = (
        f"From: Morning Papers <{values['sender'].email}>",
        f"To: {values['recipient'].email}",
        f"Subject: {values['subject']}",
        "Date: Sun, 22 Nov 2026 07:30:00 +0000",
        f"Message-ID: {values['message_id']}",
        *(f"{name}: {value}" for name, value in values["headers"]),
        "Content-Type: text/plain; charset=utf-8",
        "",
        *values["text"].splitlines(),
        ".",
        "..two dots",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace")


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as server:
        yield server


@pytest.fixture
def stub() -> Iterator[SendgridStub]:
    with SendgridStub() as server:
        yield server


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return make_certificate("127.0.0.1")
