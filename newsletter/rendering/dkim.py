"""DKIM signatures (RFC 6376, RFC 8463): what proves to receivers that a mail is the sender's and was not changed.

Relaxed for headers and body: relays that fold or space anew break nothing. From, To, Subject and Date are named once
more than they stand in the mail, so that nobody can add a second one above the signature.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from newsletter.config.signing_keys import SigningKey

SIGNED = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Help", "List-Archive", "Feedback-ID",
    "Auto-Submitted", "Precedence",
)  # fmt: skip
"""Headers that are signed where they stand in the mail; both of one-click unsubscribing have to be (RFC 8058)."""
ONCE_MORE = ("From", "To", "Subject", "Date")
LINE = 72

SPACE, RETURN = 0x20, 0x0D
_KEYS = {name: name.lower().encode("ascii") for name in SIGNED}


@dataclass(frozen=True, slots=True)
class Signature:
    """A key, and where its public half is found: the TXT record of ``selector._domainkey.domain``."""

    domain: str
    selector: str
    key: SigningKey


def sign(raw: bytes, signatures: Iterable[Signature], *, at: datetime) -> bytes:
    """The header lines to put before ``raw``, one ``DKIM-Signature`` a key; empty without any.

    ``raw`` is a whole message with CRLF line ends, the last line's too. The same message, keys and instant give the
    same lines.
    """
    head, _, body = raw.partition(b"\r\n\r\n")
    covered, signed = _chosen(head)
    digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode("ascii")
    return b"".join(_sign(one, covered, signed, digest, seconds=int(at.timestamp())) for one in signatures)


def _sign(one: Signature, covered: tuple[str, ...], signed: bytes, body_digest: str, *, seconds: int) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    is_short = isinstance(one.key, Ed25519PrivateKey)
    lines = (
        f"v=1; a={'ed25519' if is_short else 'rsa'}-sha256; c=relaxed/relaxed;",
        f"d={one.domain}; s={one.selector};",
        f"t={seconds}; bh={body_digest};",
        *_folded(covered),
        "b=",
    )
    # It signs itself too, relaxed: its own value still missing, and no line end after it.
    text = signed + f"dkim-signature:{' '.join(lines)}".encode("ascii")
    if isinstance(one.key, Ed25519PrivateKey):
        made = one.key.sign(hashlib.sha256(text).digest())
    else:
        made = one.key.sign(text, PKCS1v15(), SHA256())
    value = base64.b64encode(made).decode("ascii")
    folded = "\r\n ".join([*lines, *(value[at : at + LINE] for at in range(0, len(value), LINE))])
    return f"DKIM-Signature: {folded}\r\n".encode("ascii")


def _chosen(head: bytes) -> tuple[tuple[str, ...], bytes]:
    """The names for ``h=``, and those headers as they are signed; of several of one name the last goes first."""
    standing: dict[bytes, list[bytes]] = {}
    for field in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, _, value = field.partition(b":")
        key = name.rstrip().lower()
        standing.setdefault(key, []).append(b"%b:%b\r\n" % (key, b" ".join(value.split())))
    names: list[str] = []
    lines: list[bytes] = []
    for shown, key in _KEYS.items():
        found = standing.get(key, [])
        names += [shown] * (len(found) + (shown in ONCE_MORE))
        lines += reversed(found)
    return tuple(names), b"".join(lines)


@lru_cache(maxsize=64)
def _folded(names: Sequence[str]) -> tuple[str, ...]:
    """``h=From:From:To:…;`` on lines of a header."""
    lines = ["h="]
    for name in names:
        if len(lines[-1]) + len(name) + 1 > LINE:
            lines.append("")
        lines[-1] += f"{name}:"
    return (*lines[:-1], f"{lines[-1][:-1]};")


def _relaxed_body(body: bytes) -> bytes:
    """The body with single spaces, none at the ends of lines, and no empty lines at its own end."""
    if b"\t" in body:
        body = body.replace(b"\t", b" ")
    signs = np.frombuffer(body, np.uint8)
    following = signs[1:]
    dropped = (signs[:-1] == SPACE) & ((following == SPACE) | (following == RETURN))
    if dropped.any():
        body = signs[np.append(~dropped, True)].tobytes()
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    if end == len(body) - 2 and end:
        return body
    return body[:end] + b"\r\n" if end else b""
