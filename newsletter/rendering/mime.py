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
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from newsletter.errors import UsageError
from newsletter.model import Mailbox, Message
from newsletter.text import one_line

MAX_LINE = 76
MAX_HEADER_LINE = 998
MAX_ADDRESS = 254
MAX_NAME = 200

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ASCII_TEXT = re.compile(r"[\x20-\x7e]*")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_NOT_IN_BODIES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_RISKY_START = re.compile(rb"\.|From ")
_RISKY_LINE = re.compile(rb"^(?:\.|From ).*$|^.{%d,}$" % (MAX_LINE + 1), re.MULTILINE)
"""The standard library's encoder makes a line now and then that is a byte or two too long."""


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
    subject, html, text = one_line(subject), _body(html), _body(text)
    head = [
        ("From", _mailbox("From", sender)),
        ("To", _mailbox("To", recipient)),
        ("Subject", _unstructured("Subject", subject)),
        ("Date", format_datetime(date)),
        ("Message-ID", message_id),
        *headers,
        ("MIME-Version", "1.0"),
    ]
    return Message(
        sender=sender,
        recipient=recipient,
        subject=subject,
        html=html,
        text=text,
        headers=tuple(headers),
        message_id=message_id,
        date=date,
        raw=_serialize(head, (("plain", text), ("html", html))),
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


def _ascii_domain(domain: str) -> str:
    try:
        ascii_only = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_only = ""
    if not _DOMAIN.fullmatch(ascii_only):
        raise UsageError(f"{one_line(domain)[:80]!r} is not a domain that mail can be sent to")
    return ascii_only


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


def _unstructured(header: str, text: str) -> str:
    """Plain where it is short ASCII, else encoded words: they carry any text through any relay."""
    if _ASCII_TEXT.fullmatch(text) and "=?" not in text and len(header) + 2 + len(text) <= MAX_LINE:
        return text
    return "\r\n ".join(encoded_words(text, after=len(header)))


def _body(text: str) -> str:
    """Line ends as ``\\n``, and none of the characters that no mail may hold."""
    return _NOT_IN_BODIES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _serialize(head: Sequence[tuple[str, str]], parts: Sequence[tuple[str, str]]) -> bytes:
    bodies = [(subtype, _quoted_printable(text)) for subtype, text in parts]
    # "=_" cannot come out of quoted-printable, so no body holds the boundary
    boundary = "=_" + hashlib.blake2b(b"".join(body for _, body in bodies), digest_size=12).hexdigest()
    lines = [*(_header_line(name, value) for name, value in head)]
    lines.append(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode("ascii"))
    for subtype, body in bodies:
        lines.append(
            f"\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode("ascii")
        )
        lines.append(body)
    lines.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return b"".join(lines)


def _header_line(name: str, value: str) -> bytes:
    line = f"{name}: {value}"
    folded = line.split("\r\n ")
    clean = all(_ASCII_TEXT.fullmatch(part) and len(part) < MAX_HEADER_LINE for part in folded)
    if not clean or not _HEADER_NAME.fullmatch(name):
        raise UsageError(f"header {one_line(name)[:40]}: {one_line(value)[:80]!r} cannot stand in a mail")
    return line.encode("ascii") + b"\r\n"


def _quoted_printable(text: str) -> bytes:
    """RFC 2045; a line never starts with a dot (SMTP) or "From " (mailboxes)."""
    encoded = binascii.b2a_qp(text.encode("utf-8"), istext=True)
    return _RISKY_LINE.sub(_harmless, encoded).replace(b"\n", b"\r\n")


def _harmless(risky: re.Match[bytes]) -> bytes:
    line = b"=%02X" % risky[0][0] + risky[0][1:] if _RISKY_START.match(risky[0]) else risky[0]
    if len(line) <= MAX_LINE:
        return line
    cut = line.rindex(b"=", 0, MAX_LINE - 1) if b"=" in line[MAX_LINE - 3 : MAX_LINE - 1] else MAX_LINE - 1
    return line[:cut] + b"=\n" + _RISKY_LINE.sub(_harmless, line[cut:])
