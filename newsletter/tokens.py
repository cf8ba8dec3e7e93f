"""Signed links: what a token says can be read by anyone, and made only by us.

A token is its parts and, where its life ends, the day it was made on, joined by dots, then an HMAC-SHA256 of which half
is kept: 128 bits are out of reach, and a short link survives relays that fold long headers. One salt a purpose, so that
a token for one door opens no other; several keys, newest first, so that keys can be rotated while old links still work.
Tokens carry ids, never addresses; they hold no clock, so the same link is made again for the same message.

It is what ``itsdangerous`` makes with that algorithm; the keys are derived once here, and not for each link.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer

SIGNATURE_BYTES = 16
_SIGNATURE_CHARACTERS = 22
_BLOCK_BYTES = 64
"""Of SHA-256."""
_INNER, _OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(byte ^ 0x5C for byte in range(256))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PARTS = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


class Purpose(StrEnum):
    """What a token lets its bearer do; each has its own salt and life."""

    UNSUBSCRIBE = "unsubscribe"  # never expires: the law gives readers 30 days at least, we give them for ever
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    FEEDBACK = "feedback"
    ARCHIVE = "archive"
    FORM = "form"  # a form stood on a page of ours
    DIGESTS = "digests"  # a reader's own kept digests, all of them: a link to one shows no other
    FEED = "feed"  # the same for feed readers, which nobody gives a new link every other month
    RETURN = "return"  # names a delivery in the address that reports about it go to


LIVES: dict[Purpose, timedelta | None] = {
    Purpose.UNSUBSCRIBE: None,
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.PREFERENCES: timedelta(days=60),
    Purpose.FEEDBACK: timedelta(days=60),
    Purpose.ARCHIVE: None,
    Purpose.FORM: timedelta(days=1),
    Purpose.DIGESTS: timedelta(days=60),
    Purpose.FEED: None,
    Purpose.RETURN: None,
}


class Signer:
    """Makes and reads tokens.

    >>> signer = Signer(["a secret of thirty-two characters"])
    >>> signer.read(Purpose.UNSUBSCRIBE, signer.sign(Purpose.UNSUBSCRIBE, "s1"))
    ['s1']
    >>> token = signer.sign(Purpose.FEEDBACK, "s1", at=date(2026, 11, 22))
    >>> signer.read(Purpose.FEEDBACK, token, at=date(2026, 11, 30))
    ['s1']
    >>> signer.read(Purpose.FEEDBACK, token, at=date(2027, 11, 30)) is None
    True
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """``keys`` are newest first; the first one signs."""
        self._seals = {purpose: [_Seal(key, purpose) for key in keys] for purpose in Purpose}
        self._newest = {purpose: (seals[0], LIVES[purpose] is None) for purpose, seals in self._seals.items()}
        self._before = _older_reader(keys)

    def sign(self, purpose: Purpose, *parts: str, at: date | None = None) -> str:
        """A URL-safe token that says ``parts``: letters, digits, hyphens and underscores.

        ``at`` is the day from which a purpose's life counts; it is given for those that have one, and no others.
        """
        seal, lives_for_ever = self._newest[purpose]
        if (at is None) is not lives_for_ever:
            raise ValueError(f"{purpose}: a day belongs to what has a life, and to nothing else")
        said = ".".join(parts if at is None else (*parts, at.isoformat()))
        if not parts or not _PARTS.fullmatch(said) or said.count(".") != len(parts) - lives_for_ever:
            raise ValueError(f"{parts}: no parts of a link")
        return f"{said}.{seal.press(said.encode())}"

    def read(self, purpose: Purpose, token: str, *, at: date | None = None) -> list[str] | None:
        """What the token says, or ``None`` where it was not made by us for this purpose or its life is over ``at``
        that day (default: today)."""
        said, _, signature = token.rpartition(".")
        if len(signature) != _SIGNATURE_CHARACTERS or not signature.isascii() or not _PARTS.fullmatch(said):
            return self._read_older(token) if purpose is Purpose.UNSUBSCRIBE else None
        if not any(hmac.compare_digest(seal.press(said.encode()), signature) for seal in self._seals[purpose]):
            return None
        life, parts = LIVES[purpose], said.split(".")
        if life is None:
            return parts
        try:
            ends = date.fromisoformat(parts.pop()) + life
        except (ValueError, OverflowError):  # signed by our key, and by none of our code
            return None
        return parts if parts and (at or datetime.now(UTC).date()) <= ends else None

    def _read_older(self, token: str) -> list[str] | None:
        """Mails of earlier versions left with longer tokens; their way out works for ever."""
        try:
            return [str(part) for part in self._before.loads(token)]
        except BadSignature:
            return None


def salt_of(purpose: Purpose) -> str:
    """What keeps the tokens of one purpose from being good for another."""
    return f"newsletter/{purpose}"


class _Seal:
    """HMAC-SHA256 under one key for one purpose, the key already taken in."""

    def __init__(self, key: str, purpose: Purpose) -> None:
        derived = hashlib.sha256(f"{salt_of(purpose)}signer{key}".encode()).digest().ljust(_BLOCK_BYTES, b"\0")
        self._inner, self._outer = hashlib.sha256(derived.translate(_INNER)), hashlib.sha256(derived.translate(_OUTER))

    def press(self, said: bytes) -> str:
        """The signature of a text."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(said)
        outer.update(inner.digest())
        encoded = binascii.b2a_base64(outer.digest()[:SIGNATURE_BYTES], newline=False)
        return encoded.translate(_URL_SAFE)[:_SIGNATURE_CHARACTERS].decode("ascii")


def _older_reader(keys: Sequence[str]) -> URLSafeSerializer:
    return URLSafeSerializer(
        list(reversed(keys)),
        salt=f"newsletter.{Purpose.UNSUBSCRIBE}",
        serializer=json,
        signer_kwargs={"digest_method": hashlib.sha256},
    )
