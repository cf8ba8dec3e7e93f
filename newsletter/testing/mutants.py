"""Feeds that went wrong, to hold a reader against: flipped, cut, doubled, in another charset, or made to burst."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_CHARSETS = (
    *("utf-16", "utf-32", "utf-7", "utf-8-sig", "latin-1", "cp1252", "koi8-r", "shift_jis", "gb18030", "iso-2022-jp"),
    *("punycode", "idna", "hex", "zip", "rot13", "undefined", "none-such", "", "\x00", "\xff\xfe", "u" * 5_000),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A feed as nobody should send it."""

    kind: str
    """What was done to it."""
    body: bytes
    content_type: str | None = None
    """As the server says it."""


def mutants(bodies: Sequence[bytes], count: int, *, seed: int) -> Iterator[Mutant]:
    """So many, each made of one of the feeds; the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 nothing is to be kept secret
    for number in range(count):
        make = MUTATIONS[number % len(MUTATIONS)]
        yield make(chance.choice(bodies), chance)


def flipped(body: bytes, chance: random.Random) -> Mutant:
    """Some of its bytes are others."""
    wrong = bytearray(body)
    for _ in range(chance.randint(1, 64)):
        if wrong:
            wrong[chance.randrange(len(wrong))] = chance.randrange(256)
    return Mutant("flipped", bytes(wrong))


def cut(body: bytes, chance: random.Random) -> Mutant:
    """It ends somewhere."""
    return Mutant("cut", body[: chance.randrange(len(body) + 1)])


def doubled(body: bytes, chance: random.Random) -> Mutant:
    """A piece of it comes again and again, or is missing."""
    start = chance.randrange(len(body) + 1)
    end = min(start + chance.randint(1, 400), len(body))
    return Mutant("doubled", body[:start] + body[start:end] * chance.choice((0, 2, 50, 2_000)) + body[end:])


def declared(body: bytes, chance: random.Random) -> Mutant:
    """It says that it is in another charset."""
    charset = chance.choice(_CHARSETS).encode("latin-1")
    return Mutant("declared", b'<?xml version="1.0" encoding="' + charset + b'"?>' + _DECLARATION.sub(b"", body))


def served(body: bytes, chance: random.Random) -> Mutant:
    """The server says that it is in another charset."""
    return Mutant("served", body, f"application/xml; charset={chance.choice(_CHARSETS)}")


def transcoded(body: bytes, chance: random.Random) -> Mutant:
    """It is in another charset."""
    charset = chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp1252", "shift_jis"))
    return Mutant("transcoded", body.decode("utf-8", "replace").encode(charset, "replace"))


def burst(body: bytes, chance: random.Random) -> Mutant:
    """Something in it grows without measure."""
    size = 10 ** chance.randint(3, 5)
    inside = chance.choice(
        (
            b"<!--" * size,
            b"<b>" * size,
            b"<b " + b" ".join(b'a%d="x"' % n for n in range(size)) + b">",
            b'<b a="' + b"x" * size * 20 + b'">',
            b"&#x" + b"9" * size + b";",
            b"&amp;lt;" * size,
            b"&laugh;" * 100,
            b"<![CDATA[" * size,
            b"</item>" * size,
            b"<item><title>x</title></item>" * (size // 10),
            b"\n" * size,
            b"[" * size,
            b'{"a":' * size,
            b"9" * size,
            b"\xf0\x9f\x92\xa9" * size,
            b"\\ud800" * size,
        )
    )
    at = chance.choice((body.find(b">") + 1, body.rfind(b"<"), chance.randrange(len(body) + 1), 0))
    laughs = _laughs(chance.randint(3, 9)) if b"laugh" in inside else b""
    return Mutant("burst", laughs + body[: max(at, 0)] + inside + body[max(at, 0) :])


def _laughs(depth: int) -> bytes:
    levels = [b'<!ENTITY l0 "ha">', *(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, depth))]
    return b"<!DOCTYPE rss [" + b"".join(levels) + b'<!ENTITY laugh "&l%d;">' % (depth - 1) + b"]>"


MUTATIONS: Sequence[Callable[[bytes, random.Random], Mutant]] = (
    flipped,
    cut,
    doubled,
    declared,
    served,
    transcoded,
    burst,
)
