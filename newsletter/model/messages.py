"""A mail, rendered and provider-neutral."""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A name and an address."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a mail's own links lead; each is ``None`` where there is no web door."""

    unsubscribe: str | None = None
    """https, one-click by RFC 8058."""
    unsubscribe_mailto: str | None = None
    preferences: str | None = None
    archive: str | None = None
    vote: str | None = None
    """Where papers are voted for: an entry's id and ``more`` or ``less`` follow it, each after a slash."""


Framed = tuple[bytes, tuple[bytes, ...]]
"""A frame that messages have in common, and what stands in its gaps, which are ``%b``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail, rendered and provider-neutral."""

    sender: Mailbox
    recipient: Mailbox
    subject: str
    headers: tuple[tuple[str, str], ...] = ()
    """Beside From, To, Subject, Date, Message-ID and the MIME ones."""
    message_id: str
    """With its angle brackets."""
    date: datetime
    raw: bytes
    """RFC 5322 bytes, CRLF line ends."""
    text_at: tuple[int, int] = (0, 0)
    """Where in ``raw`` the plain text starts and ends; it is quoted-printable UTF-8."""
    html_at: tuple[int, int] = (0, 0)
    pieces: tuple[bytes | Framed, ...] = ()
    """What ``raw`` is made of, if it is: what messages have in common is the same object in all of them."""
    delivery_id: int | None = None
    """The ledger row; ``None`` for mail outside the ledger."""
    return_path: str | None = None
    """Where a mail server sends word of what becomes of it; ``None``: to the sender."""
    shown: tuple[str, ...] = ()
    """Ids of the entries on its cards, in order: fewer than the digest's where that would have been too large."""

    @property
    def text(self) -> str:
        """The plain text."""
        return decoded(self.raw[slice(*self.text_at)])

    @property
    def html(self) -> str:
        """The same as HTML."""
        return decoded(self.raw[slice(*self.html_at)])


def joined(pieces: Iterable[bytes | Framed]) -> bytes:
    """Pieces put together.

    >>> joined([b"Dear ", (b"%b, today is %b", (b"Ada", b"Sunday"))])
    b'Dear Ada, today is Sunday'
    """
    return b"".join([piece if isinstance(piece, bytes) else piece[0] % piece[1] for piece in pieces])


def decoded(encoded: bytes) -> str:
    """A part of a mail as text, its line ends as ``\\n``: no mail of ours holds another carriage return."""
    return binascii.a2b_qp(encoded).replace(b"\r", b"").decode("utf-8", "replace")
