"""A message as RFC 5322 bytes.

The standard library's serialiser wraps long ``List-Unsubscribe`` links into encoded words, loses spaces in long
non-ASCII subjects and writes display names as encoded words of any length. So the bytes are made here: every line ends
in CRLF, no encoded word is longer than 75 characters and no line of a body longer than 76, both parts are
quoted-printable, and the same message gives the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from newsletter.errors import UsageError
from newsletter.model import Framed, Mailbox, Message, joined
from newsletter.rendering.quoted import MAX_LINE, clean_body, quoted_printable
from newsletter.text import one_line

MAX_HEADER_LINE = 998
MAX_ADDRESS = 254
MAX_NAME = 200

_CRLF = "\r\n"
_PLAIN = "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_HTML = _PLAIN.replace("plain", "html")

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ASCII_TEXT = re.compile(r"[\x20-\x7e]*")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_HEADER_STARTS = re.compile(r"[!-9;-~]+: ")
_LINE_STARTS = re.compile(r"[!-9;-~]+: | .")
"""A header's first line, or one that goes on with the header above."""


class Body(NamedTuple):
    """A part of a mail, quoted-printable, and the pieces that it is made of."""

    encoded: bytes
    pieces: Sequence[bytes | Framed]

    @classmethod
    def of(cls, pieces: Sequence[bytes | Framed]) -> Body:
        """What the pieces say."""
        return cls(joined(pieces), pieces)

    @classmethod
    def saying(cls, text: str) -> Body:
        """The text, cleaned, in one piece."""
        return cls.of([quoted_printable(clean_body(text))])


def build_message(
    *,
    sender: Mailbox,
    recipient: Mailbox,
    subject: str,
    html: str,
    text: str,
    message_id: str,
    date: datetime,
    headers: Sequence[tuple[str, str]] = (),
) -> Message:
    """The message with its raw bytes; an address that cannot be mailed to is a ``UsageError``."""
    return put_together(
        sender=sender,
        recipient=recipient,
        subject=subject,
        html=Body.saying(html),
        text=Body.saying(text),
        message_id=message_id,
        date=date,
        headers=headers,
    )


def put_together(
    *,
    sender: Mailbox,
    recipient: Mailbox,
    subject: str,
    html: Body,
    text: Body,
    message_id: str,
    date: datetime,
    headers: Sequence[tuple[str, str]] = (),
    shown: tuple[str, ...] = (),
) -> Message:
    """The message whose parts are quoted-printable already; their pieces are the message's."""
    subject = one_line(subject)
    head = (
        f"From: {_mailbox('From', sender)}\r\nTo: {_mailbox('To', recipient)}\r\n"
        f"Subject: {_unstructured('Subject', subject)}\r\nDate: {_date(date, date.utcoffset())}\r\n"
        f"Message-ID: {message_id}\r\n{''.join([f'{name}: {value}{_CRLF}' for name, value in headers])}"
    )
    if not _is_sound(head) or "\n" in message_id or any("\n" in value for _, value in headers):
        _tell_bad_header((("Message-ID", message_id), *headers))
    # "=_" cannot come out of quoted-printable, so no body holds the boundary
    boundary = "=_" + hashlib.blake2b(message_id.encode(), digest_size=12).hexdigest()
    before_text = (
        f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
        f"\r\n--{boundary}{_PLAIN}"
    ).encode("ascii")
    before_html, after = f"\r\n--{boundary}{_HTML}".encode("ascii"), f"\r\n--{boundary}--\r\n".encode("ascii")
    text_ends = len(before_text) + len(text.encoded)
    html_at = text_ends + len(before_html)
    return Message(
        sender=sender,
        recipient=recipient,
        subject=subject,
        headers=tuple(headers),
        message_id=message_id,
        date=date,
        raw=b"".join((before_text, text.encoded, before_html, html.encoded, after)),
        text_at=(len(before_text), text_ends),
        html_at=(html_at, html_at + len(html.encoded)),
        pieces=(before_text, *text.pieces, before_html, *html.pieces, after),
        shown=shown,
    )


def with_header(message: Message, line: bytes) -> Message:
    """The message with a header line, its CRLF included, before all others."""
    moved = len(line)
    return replace(
        message,
        raw=line + message.raw,
        pieces=(line, *(message.pieces or (message.raw,))),
        text_at=(message.text_at[0] + moved, message.text_at[1] + moved),
        html_at=(message.html_at[0] + moved, message.html_at[1] + moved),
    )


def message_id(sender: Mailbox, edition: str, *parts: str) -> str:
    """A stable id for one message, ``<20261122T073000Z.5f1d…@example.org>``: the same at every attempt.

    ``parts`` tell the message from the others of its edition: the reader's id and the date.
    """
    moment = re.sub(r"[^0-9A-Za-z]", "", edition) or "0"
    seed = "\0".join((edition, sender.email, *parts))
    unique = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"<{moment[:40]}.{unique}@{_ascii_domain(sender.email.rpartition('@')[2])}>"


def ascii_address(email: str) -> str:
    """The address as SMTP takes it, its domain in A-labels; anything but one plain address is a ``UsageError``."""
    local, at, domain = email.rpartition("@")
    address = f"{local}@{_ascii_domain(domain)}" if at and _LOCAL_PART.fullmatch(local) and domain else ""
    if not address or len(address) > MAX_ADDRESS or len(local) > 64:
        raise UsageError(f"{one_line(email)[:80]!r} is not an address that mail can be sent to")
    return address


def encoded_words(text: str, *, after: int) -> list[str]:
    """The text as RFC 2047 encoded words, one a line; ``after`` characters stand before the first one."""
    encoded = Header(text, "utf-8", maxlinelen=MAX_LINE, header_name="x" * after).encode(linesep="\n")
    return [line.strip() for line in encoded.split("\n")]


@lru_cache(10_000)
def _ascii_domain(domain: str) -> str:
    try:
        ascii_only = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_only = ""
    if not _DOMAIN.fullmatch(ascii_only):
        raise UsageError(f"{one_line(domain)[:80]!r} is not a domain that mail can be sent to")
    return ascii_only


@lru_cache(1_000)
def _mailbox(header: str, mailbox: Mailbox) -> str:
    address = ascii_address(mailbox.email)
    name = one_line(mailbox.name)[:MAX_NAME].strip()
    if not name:
        return address
    if len(name) <= MAX_LINE - len(header) - 6 and _ASCII_TEXT.fullmatch(name) and "=?" not in name:
        phrase = name if _ATOMS.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
        separator = " " if len(f"{header}: {phrase} <{address}>") <= MAX_LINE else "\r\n "
        return f"{phrase}{separator}<{address}>"
    return "\r\n ".join([*encoded_words(name, after=len(header)), f"<{address}>"])


@lru_cache(10_000)
def _unstructured(header: str, text: str) -> str:
    """Plain where it is short ASCII, else encoded words: they carry any text through any relay."""
    if _ASCII_TEXT.fullmatch(text) and "=?" not in text and len(header) + 2 + len(text) <= MAX_LINE:
        return text
    return "\r\n ".join(encoded_words(text, after=len(header)))


@lru_cache(64)
def _date(date: datetime, _offset: timedelta | None) -> str:
    """The offset is for the cache: instants are equal whatever zone they are told in."""
    return format_datetime(date)


def _is_sound(head: str) -> bool:
    """Whether these are header lines of printable ASCII, some of them folded, each with its CRLF."""
    *lines, end = head.split(_CRLF)
    return (
        not end
        and head.isascii()
        and "".join(lines).isprintable()
        and max(map(len, lines)) <= MAX_HEADER_LINE
        and _HEADER_STARTS.match(head) is not None
        and all(map(_LINE_STARTS.match, lines))
    )


def _tell_bad_header(headers: Iterable[tuple[str, str]]) -> None:
    """UsageError for the header that cannot stand in a mail."""
    for name, value in headers:
        if "\n" in value or not _is_sound(f"{name}: {value}\r\n"):
            raise UsageError(f"header {one_line(name)[:40]}: {one_line(value)[:80]!r} cannot stand in a mail")
