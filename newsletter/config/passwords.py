"""Passwords as they are kept: a slow hash with its own salt and costs (scrypt, RFC 7914), never the password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata

SHORTEST = 12
"""Characters; what guards the desk is worth a sentence."""
LONGEST = 1_000
COST, BLOCKS, PASSES = 2**15, 8, 3
"""32 MB and a good part of a second for each try, as OWASP's cheat sheet has it."""
SALT_BYTES = 16
HASH_BYTES = 32
MOST_MEMORY = 256 * 2**20
_FORM = re.compile(r"scrypt\.(\d{1,7})\.(\d{1,2})\.(\d{1,2})\.([A-Za-z0-9_-]{22,86})\.([A-Za-z0-9_-]{43,86})")


def hash_password(password: str, *, salt: bytes | None = None, cost: int = COST) -> str:
    """What to keep of a password: letters, digits, dots, hyphens and underscores, so that no shell minds it.

    >>> is_password("a horse, a battery", hash_password("a horse, a battery", cost=16))
    True
    """
    taken = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    hashed = _scrypt(password, taken, cost, BLOCKS, PASSES)
    return f"scrypt.{cost}.{BLOCKS}.{PASSES}.{_text(taken)}.{_text(hashed)}"


def is_password(password: str, kept: str) -> bool:
    """Whether that is the password behind what was kept; as slow for a wrong one as for the right one."""
    cost, blocks, passes, salt, hashed = _parts(kept)
    return len(password) <= LONGEST and hmac.compare_digest(_scrypt(password, salt, cost, blocks, passes), hashed)


def read_password_hash(text: str) -> str:
    """The text, if it is what ``hash_password`` makes; ValueError says what else it is."""
    cost, blocks, passes, _, _ = _parts(text)
    if cost < 2 or cost & (cost - 1) or not blocks or not passes or 128 * cost * blocks > MOST_MEMORY:
        raise ValueError("the costs in it are out of bounds")
    return text


def _parts(kept: str) -> tuple[int, int, int, bytes, bytes]:
    found = _FORM.fullmatch(kept)
    if found is None:
        raise ValueError("not a password's hash")
    cost, blocks, passes, salt, hashed = found.groups()
    return int(cost), int(blocks), int(passes), _bytes(salt), _bytes(hashed)


def _scrypt(password: str, salt: bytes, cost: int, blocks: int, passes: int) -> bytes:
    raw = unicodedata.normalize("NFC", password).strip().encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=cost, r=blocks, p=passes, maxmem=2 * MOST_MEMORY, dklen=HASH_BYTES)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
