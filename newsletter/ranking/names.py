"""Whether two ways of writing a name can mean the same person, or the same organisation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from newsletter.text import fold

MAX_CHARACTERS = 200

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_DIGRAPH = re.compile("(?<=[aou])e")
"""ä is written a or ae: both become a."""
_TITLE = re.compile(r",?\s+(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d)\.?\s*$", re.IGNORECASE)
_PARTICLES = frozenset("van von der den de del della di da dos du la le el al bin ibn ter ten zu af av".split())  # noqa: SIM905
_GLUED_INITIALS = re.compile(r"\b[A-Z]{2,3}$")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name in its parts, folded; an initial is a given name of one letter."""

    family: str
    given: tuple[str, ...]

    def may_be(self, other: PersonName) -> bool:
        """Whether both can be one person: the same family name, and given names that do not contradict."""
        return (self.family == other.family and self._agrees(other)) or self._is_turned(other)

    def _agrees(self, other: PersonName) -> bool:
        pairs = zip_longest(self.given, other.given, fillvalue="")
        return all(one.startswith(two) or two.startswith(one) for one, two in pairs)

    def _is_turned(self, other: PersonName) -> bool:
        """Family name first without a comma, as much of East Asia writes it."""
        mine, theirs = (self.family, *self.given), (other.family, *other.given)
        return len(mine) == 2 and mine == theirs[::-1] and min(map(len, mine)) > 1


@lru_cache(maxsize=1 << 16)
def read_person(name: str) -> PersonName:
    """The name in its parts, whether the family name stands last, first with a comma, or first with initials.

    >>> read_person("Zenke, F.").may_be(read_person("Friedemann Zenke"))
    True
    >>> read_person("Zenke F").may_be(read_person("Gerd Zenke"))
    False
    """
    plain = _TITLE.sub("", name[:MAX_CHARACTERS])
    before, _, after = plain.partition(",")
    family, given = _words(before), _words(after.strip(), initials=True)
    if not given:
        family, given = _divide(before)
    kept = [word for word in family if word not in _PARTICLES] or family
    first = [word for word in given if word not in _PARTICLES]
    return PersonName(kept[-1] if kept else "", (*first, *kept[:-1]))


def read_organization(name: str) -> str:
    """The name folded, with a space at both ends, so that one name can be looked for in another by whole words."""
    return f" {fold(name[:MAX_CHARACTERS])} "


def _divide(name: str) -> tuple[list[str], list[str]]:
    """Family and given names where no comma parts them: "F. Zenke", "Zenke F", "van der Maaten LJP"."""
    words = _words(name.strip(), initials=not name.isupper())
    tail = len(words)
    while tail > 1 and len(words[tail - 1]) == 1:
        tail -= 1
    if tail == len(words):
        return words[-1:], words[:-1]
    if len(words[0]) > 1:
        return words[:tail], words[tail:]
    return words[tail - 1 : tail], words[: tail - 1]


def _words(name: str, *, initials: bool = False) -> list[str]:
    """The name's folded words, with ``initials`` written together taken apart: "JP" is J. P."""
    apart = _GLUED_INITIALS.sub(lambda match: " ".join(match[0]), name) if initials else name
    return _DIGRAPH.sub("", fold(apart).translate(_LETTERS)).split()
