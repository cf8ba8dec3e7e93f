"""Whether two names may be one person's: families agree, and given names do not speak against it."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from newsletter.text import fold

_SUFFIX = re.compile(r"\s(?:jr|sr|ii|iii|iv)$")
_PARTICLES = frozenset(
    ("al", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "la", "le", "ten", "ter", "van", "von")
)
_INITIALS = re.compile(r"[A-Z]{2,3}")


class _Reading(NamedTuple):
    """One way to read a name: which word is the family's, and what stands for the person."""

    family: str
    given: tuple[str, ...]
    is_usual: bool
    """The family is written last, or before a comma."""


def may_be_one(one: str, other: str, *, surely: bool = False) -> bool:
    """Whether the names may be one person's, however they are written; ``surely``: more than an initial has to agree.

    A given name may be shortened to its initial, and written as one likes where the initial is the same (Mike,
    Michael); ``surely`` does not take that for the same name.

    >>> may_be_one("Kevin M. Wright", "Wright KM"), may_be_one("Wang Wei", "Wei Wang"), may_be_one("A. Li", "J. Li")
    (True, True, False)
    """
    if fold(one) == fold(other):
        return True
    return any(_agree(a, b, surely=surely) for a, b in product(_readings(one), _readings(other)))


def _agree(one: _Reading, other: _Reading, *, surely: bool) -> bool:
    if one.family != other.family or not (one.is_usual or other.is_usual or _is_short(one) or _is_short(other)):
        return False
    if not one.given or not other.given or {word for word in one.given if len(word) > 1} & set(other.given):
        return True
    first, second = one.given[0], other.given[0]
    if surely:
        return first.startswith(second) or second.startswith(first)
    return bool({word[0] for word in one.given} & {word[0] for word in other.given})


def _is_short(reading: _Reading) -> bool:
    return bool(reading.given) and all(len(word) == 1 for word in reading.given)


@lru_cache(maxsize=16_384)
def _readings(name: str) -> tuple[_Reading, ...]:
    """All ways to read a name: ``Wei Wang`` may be filed under either word, ``María García López`` under two."""
    before, comma, after = name.partition(",")
    words, behind = _words(before), _words(after)
    if not words:
        return ()
    if comma and behind:
        unusual = [_Reading(words[0], behind, is_usual=False)] if len(words) > 1 else []
        return (_Reading(words[-1], behind, is_usual=True), *unusual)
    found = []
    last = next((at for at in reversed(range(len(words))) if len(words[at]) > 1), len(words) - 1)
    for at in range(len(words)):
        if len(words[at]) > 1 or at == last:
            given = words[:at] or words[1:]
            found.append(_Reading(words[at], given, is_usual=at == last))
    return tuple(found)


def _words(name: str) -> tuple[str, ...]:
    """The words of a name; initials that are written together are as many, particles within it are left out."""
    in_capitals = name.isupper()
    found: list[str] = []
    for word in name.split():
        if not in_capitals and _INITIALS.fullmatch(word) and not set(word) & set("AEIOU"):
            found.extend(word.casefold())
        else:
            found.extend(fold(word).split())
    text = _SUFFIX.sub("", " ".join(found)).split()
    ends = (0, len(text) - 1)  # Le and Di are names, too
    return tuple(word for at, word in enumerate(text) if at in ends or word not in _PARTICLES)
