"""Feeds that went wrong, to hold a reader against: flipped, cut, doubled, in another charset, or made to burst."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_CHARSETS = (
    *("utf-16", "utf-32", "utf-7", "utf-8-sig", "latin-1", "cp1252", "koi8-r", "shift_jis", "gb18030", "iso-2022-jp"),
    *("punycode", "idna", "hex", "zip", "rot13", "undefined", "none-such", "", "\x00", "\xff\xfe", "u" * 5_000),
)
_NAMESPACE = re.compile(rb"(xmlns(?::\w+)?\s*=\s*)([\"'])[^\"']*\2")
_NAMESPACES = (
    *(
        b"http://www.w3.org/2005/Atom",
        b"http://purl.org/atom/ns#",
        b"http://purl.org/rss/1.0/",
        b"http://www.w3.org/1999/xhtml",
    ),
    *(
        b"http://arxiv.org/schemas/atom",
        b"http://www.w3.org/2000/svg",
        b"http://www.w3.org/XML/1998/namespace",
        b"",
        b"\xff",
        b"&#0;",
    ),
)
_TEXT = re.compile(rb">[^<]*<")
_VALUES: Sequence[Any] = (
    *(None, True, -1, 0.5, 10**30, 1e999, float("nan"), [], {}, [None], [[]], {"": None}, "", " ", "null", "NaN", "-1"),
    *(
        "1e999",
        "9" * 5_000,
        "\ud800",
        "\udfff\ud800",
        "\x00",
        "\u202e",
        "<p>" * 3_000,
        "&#xd800;",
        "&#0;",
        "]]>",
        "<!--",
    ),
    *("0000-00-00T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30", "99999-01-01"),
    *(
        "Mon, 99 Foo 99999 99:99:99 +9999",
        "Thu, 01 Jan 1970 00:00:00 +2400",
        "-2026-01-01",
        "2026-W99-9",
        "\u0664\u0665",
        "1" * 400,
    ),
    *("http://[", "http://[::1", "//", "http://x:99999999/", "javascript:0", "http://\u2100.example/", "x" * 100_000),
)
"""What is no title, no name, no date, no number and no address, or is one nobody expects."""


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


def mixed(body: bytes, chance: random.Random) -> Mutant:
    """A piece of it is in another charset than the rest."""
    start = chance.randrange(len(body) + 1)
    end = min(start + chance.randint(1, 2_000), len(body))
    charset = chance.choice(("utf-16", "utf-32-be", "latin-1", "cp1252", "shift_jis", "utf-7"))
    piece = body[start:end].decode("utf-8", "replace").replace("e", "\u00e9").encode(charset, "replace")
    return Mutant("mixed", body[:start] + piece + body[end:])


def respaced(body: bytes, chance: random.Random) -> Mutant:
    """Its namespaces are others, or none."""

    def other(match: re.Match[bytes]) -> bytes:
        return b"" if chance.random() < 0.2 else match[1] + match[2] + chance.choice(_NAMESPACES) + match[2]

    many = b" ".join(b'xmlns:n%d="%s"' % (n, chance.choice(_NAMESPACES)) for n in range(chance.choice((0, 1, 400))))
    wrong = _NAMESPACE.sub(lambda match: match[0] if chance.random() < 0.3 else other(match), body)
    return Mutant("respaced", re.sub(rb"<(\w[\w:]*)", lambda match: b"<" + match[1] + b" " + many, wrong, count=1))


def nested(body: bytes, chance: random.Random) -> Mutant:
    """What is said in it stands deep in markup."""
    depth = 10 ** chance.randint(1, 4)
    opening, closing = chance.choice(
        (
            (b"<div>", b"</div>"),
            (b"&lt;div&gt;", b"&lt;/div&gt;"),
            (b"<table><tr><td>", b"</td></tr></table>"),
            (b"&lt;script&gt;", b""),
            (b"<svg:svg><math>", b""),
            (b"<item>", b"</item>"),
            (b"<entry>", b"</entry>"),
            (b"<![CDATA[<p a='", b"'>]]>"),
        )
    )
    at = chance.choice([text.start() + 1 for text in _TEXT.finditer(body)] or [0])
    return Mutant("nested", body[:at] + opening * depth + b"x" + closing * chance.choice((0, depth)) + body[at:])


def valued(body: bytes, chance: random.Random) -> Mutant:
    """Some of its values are not of their kind: numbers as texts, texts as numbers, nulls, dates that cannot be."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        share = chance.choice((0.02, 0.2, 1.0))

        def other(match: re.Match[bytes]) -> bytes:
            if chance.random() >= share:
                return match[0]
            return b">" + str(chance.choice(_VALUES)).encode("utf-8", "surrogatepass")[:5_000] + b"<"

        return Mutant("valued", _TEXT.sub(other, body))
    text = json.dumps(_other_values(document, chance, share=chance.choice((0.02, 0.2, 0.7))))
    if chance.random() < 0.3:  # the same names again, with something else
        text = text.replace("{", '{"title": 7, "id": null, "authors": 1e999, "url": [', 1).replace("[", "[],", 1)
    return Mutant("valued", text.encode("utf-8", "surrogatepass"))


def _other_values(value: Any, chance: random.Random, *, share: float) -> Any:
    if chance.random() < share / 4:
        return chance.choice(_VALUES)
    if isinstance(value, dict):
        kept = {key: _other_values(one, chance, share=share) for key, one in value.items()}
        return {key: one for key, one in kept.items() if chance.random() >= share / 8} | {"extra": [{}]}
    if isinstance(value, list):
        return [_other_values(one, chance, share=share) for one in value]
    if chance.random() >= share:
        return value
    if isinstance(value, int | float) and chance.random() < 0.5:
        return str(value)
    return chance.choice(_VALUES)


def burst(body: bytes, chance: random.Random) -> Mutant:
    """Something in it grows without measure."""
    size = 10 ** chance.randint(3, 5)
    inside = chance.choice(
        (
            b"<!--" * size,
            b"<b>" * size,
            b"<b " + b" ".join(b'a%d="x"' % n for n in range(size)) + b">",
            b'<b a="' + b"x" * size * 20 + b'">',
            b'<item rdf:about="' + b"x" * size * 20 + b'">',
            b'<link href="' + b"/../" * size + b'"/>',
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
    mixed,
    respaced,
    nested,
    valued,
    burst,
)
