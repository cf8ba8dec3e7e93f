from __future__ import annotations

import binascii
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

    def make(
        number: int = 1,
        *,
        to: str = "",
        to_name: str = "",
        text: str | None = None,
        html: str | None = None,
        **changes: Any,
    ) -> Message:
        values: dict[str, Any] = {
            "sender": Mailbox(email="papers@example.org", name="Morning Papers"),
            "recipient": Mailbox(email=to or f"reader{number}@example.org", name=to_name),
            "subject": f"Ten papers, number {number}",
            "headers": LIST_HEADERS,
            "message_id": f"<d{number}.1@example.org>",
            "date": datetime(2026, 11, 22, 7, 30, tzinfo=UTC),
            "delivery_id": number,
            **changes,
        }
        if "raw" not in values:
            text = f"Hello reader {number}\n.a dot leads this line\n" if text is None else text
            html = f"<p>Hello reader {number}</p>" if html is None else html
            values |= _raw(values, _quoted_printable(text), _quoted_printable(html))
        return Message(**values)

    return make


def _raw(values: dict[str, Any], text: bytes, html: bytes) -> dict[str, Any]:
    """The bytes with what a message says of them."""
    lines = (
        f"From: Morning Papers <{values['sender'].email}>",
        f"To: {values['recipient'].email}",
        f"Subject: {values['subject']}",
        "Date: Sun, 22 Nov 2026 07:30:00 +0000",
        f"Message-ID: {values['message_id']}",
        *(f"{name}: {value}" for name, value in values["headers"]),
        "Content-Type: multipart/alternative; boundary=b",
        "",
        "--b",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "",
    )
    head = "\r\n".join(lines).encode("utf-8", "replace")
    between = (
        b"\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    pieces = (head, text, between, html, b"\r\n--b--\r\n.\r\n..two dots\r\n")
    html_at = len(head) + len(text) + len(between)
    return {
        "raw": b"".join(pieces),
        "pieces": pieces,
        "text_at": (len(head), len(head) + len(text)),
        "html_at": (html_at, html_at + len(html)),
    }


def _quoted_printable(text: str) -> bytes:
    return binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture(params=[True, False], ids=["in-groups", "step-by-step"])
def pipelining(request: pytest.FixtureRequest) -> bool:
    """Whether the mail server takes commands in groups."""
    return bool(request.param)


@pytest.fixture
def sink(pipelining: bool) -> Iterator[SmtpSink]:
    with SmtpSink(pipelining=pipelining) as server:
        yield server


@pytest.fixture
def stub() -> Iterator[SendgridStub]:
    with SendgridStub() as server:
        yield server


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return make_certificate("127.0.0.1")
