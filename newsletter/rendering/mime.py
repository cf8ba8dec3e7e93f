"""A message as RFC 5322 bytes.

The standard library's serialiser wraps long ``List-Unsubscribe`` links into encoded words, loses spaces in long
non-ASCII subjects and writes display names as encoded words of any length. So the bytes are made here: every line ends
in CRLF, no encoded word is longer than 75 characters and no line of a body longer than 76, both parts are
quoted-printable, and the same message gives the same bytes.
"""

from __future__ import annotations

import binascii
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
from newsletter.text import one_line

MAX_LINE = 76
MAX_ADDRESS = 254
MAX_NAME = 200

_CRLF = "\r\n"
_PLAIN = "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_HTML = _PLAIN.replace("plain", "html")

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ASCII_TEXT = re.compile(r"[\x20-\x7e]*")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_HEAD = re.compile(r"(?:(?=[^\r]{1,998}\r)[!-9;-~]+: [\x20-\x7e]*\r\n(?:(?=[^\r]{1,998}\r) [\x20-\x7e]+\r\n)*)*")
"""Header lines, some of them folded."""
_NOT_IN_BODIES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_RISKY_START = re.compile(rb"\.|From ")
_RISKY_LINE = re.compile(rb"^(?:\.|From ).*$|^.{%d,}$" % (MAX_LINE + 1), re.MULTILINE)
"""The standard library's encoder makes a line now and then that is a byte or two too long."""


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
    if not _HEAD.fullmatch(head):
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


def clean_body(text: str) -> str:
    """Line ends as ``\\n``, and none of the characters that no mail may hold."""
    return _NOT_IN_BODIES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


@lru_cache(64)
def _date(date: datetime, _offset: timedelta | None) -> str:
    """The offset is for the cache: instants are equal whatever zone they are told in."""
    return format_datetime(date)


def _tell_bad_header(headers: Iterable[tuple[str, str]]) -> None:
    """UsageError for the header that cannot stand in a mail."""
    for name, value in headers:
        if not _HEAD.fullmatch(f"{name}: {value}\r\n"):
            raise UsageError(f"header {one_line(name)[:40]}: {one_line(value)[:80]!r} cannot stand in a mail")


def encode(string: str) -> bytes:
    """A string of a body, quoted-printable, from the start of a line on; what follows starts another line."""
    if string.isascii() and string.isprintable() and "=" not in string and string == string.strip(" "):
        lines = [string[at : at + MAX_LINE - 1] for at in range(0, len(string), MAX_LINE - 1)]
        if not [line for line in lines if line[0] == "." or line.startswith("From ")]:
            return "=\r\n".join([*lines, ""]).encode("ascii")
    return quoted_printable(clean_body(string), goes_on=True)


def quoted_printable(text: str, *, goes_on: bool = False) -> bytes:
    """RFC 2045; a line never starts with a dot (SMTP) or "From " (mailboxes).

    ``goes_on``: more will follow, and whatever it is starts a line of its own.
    """
    encoded = _RISKY_LINE.sub(_harmless, binascii.b2a_qp(text.encode("utf-8"), istext=True))
    if goes_on and encoded and not encoded.endswith(b"\n"):
        encoded = _with_soft_break(encoded)
    return encoded.replace(b"\n", b"\r\n")


def _with_soft_break(encoded: bytes) -> bytes:
    """Ended by a soft break, before which there is room for one in its line."""
    last = len(encoded) - encoded.rfind(b"\n") - 1
    if last < MAX_LINE:
        return encoded + b"=\n"
    cut = len(encoded) - 3 if encoded[-3:-2] == b"=" else len(encoded) - 1
    return encoded[:cut] + b"=\n" + encoded[cut:].replace(b".", b"=2E") + b"=\n"


def _harmless(risky: re.Match[bytes]) -> bytes:
    line = b"=%02X" % risky[0][0] + risky[0][1:] if _RISKY_START.match(risky[0]) else risky[0]
    if len(line) <= MAX_LINE:
        return line
    cut = line.rindex(b"=", 0, MAX_LINE - 1) if b"=" in line[MAX_LINE - 3 : MAX_LINE - 1] else MAX_LINE - 1
    return line[:cut] + b"=\n" + _RISKY_LINE.sub(_harmless, line[cut:])
