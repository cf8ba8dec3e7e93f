"""Signed links: what a token says can be read by anyone, and made only by us.

One salt a purpose, so that a token for one door opens no other; HMAC-SHA256; several keys, newest first, so that keys
can be rotated while old links still work. Tokens carry ids, never addresses.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer


class Purpose(StrEnum):
    """What a token lets its bearer do; each has its own salt and life."""

    UNSUBSCRIBE = "unsubscribe"  # never expires: the law gives readers 30 days at least, we give them for ever
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    FEEDBACK = "feedback"
    ARCHIVE = "archive"


LIVES: dict[Purpose, timedelta | None] = {
    Purpose.UNSUBSCRIBE: None,
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.PREFERENCES: timedelta(days=60),
    Purpose.FEEDBACK: timedelta(days=60),
    Purpose.ARCHIVE: None,
}


class Signer:
    """Makes and reads tokens.

    >>> signer = Signer(["a secret of thirty-two characters"])
    >>> signer.read(Purpose.UNSUBSCRIBE, signer.sign(Purpose.UNSUBSCRIBE, "s1"))
    ['s1']
    >>> signer.read(Purpose.CONFIRM, signer.sign(Purpose.UNSUBSCRIBE, "s1")) is None
    True
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """``keys`` are newest first; the first one signs."""
        oldest_first = list(reversed(keys))
        self._makers = {
            purpose: _serializer(oldest_first, purpose, timed=life is not None) for purpose, life in LIVES.items()
        }

    def sign(self, purpose: Purpose, *parts: str) -> str:
        """A URL-safe token that says ``parts``."""
        token = self._makers[purpose].dumps(list(parts))
        return token if isinstance(token, str) else token.decode("ascii")

    def read(self, purpose: Purpose, token: str) -> list[str] | None:
        """What the token says, or ``None`` where it was not made by us for this purpose or its life is over."""
        maker, life = self._makers[purpose], LIVES[purpose]
        try:
            if isinstance(maker, URLSafeTimedSerializer) and life is not None:
                parts = maker.loads(token, max_age=life.total_seconds())  # type: ignore[arg-type]
            else:
                parts = maker.loads(token)
        except BadSignature:
            return None
        return [str(part) for part in parts]


def new_secret() -> str:
    """A key for ``NEWSLETTER_SECRET_KEY``: 256 random bits."""
    return secrets.token_urlsafe(32)


def _serializer(keys: list[str], purpose: Purpose, *, timed: bool) -> URLSafeSerializer | URLSafeTimedSerializer:
    kind = URLSafeTimedSerializer if timed else URLSafeSerializer
    return kind(
        keys,
        salt=f"newsletter.{purpose}",
        serializer=json,
        serializer_kwargs={"separators": (",", ":")},
        signer_kwargs={"digest_method": hashlib.sha256},
    )
