"""Names of authors in the two parts that reference managers sort by."""

from __future__ import annotations

import re
from typing import NamedTuple

from newsletter.text import one_line, readable

_PARTICLES = frozenset({
    "af", "al", "av", "ben", "bin", "da", "dal", "de", "degli", "del", "dela", "della", "den", "der", "des",
    "di", "do", "dos", "du", "el", "ibn", "la", "las", "le", "lo", "los", "ten", "ter", "van", "vom", "von",
    "zu", "zum", "zur", "'t",
})  # fmt: skip
"""In small letters they begin a family name."""
_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"})
_BODIES = frozenset({
    "ai", "association", "center", "centre", "collaboration", "committee", "company", "consortium",
    "corporation", "council", "department", "foundation", "gmbh", "group", "inc", "inc.", "initiative",
    "institute", "lab", "laboratory", "labs", "llc", "ltd", "ltd.", "network", "organisation", "organization",
    "project", "research", "society", "team", "university",
})  # fmt: skip
"""Words of which one ends, or nearly ends, the name of no person."""
_BODY = re.compile(r"(?:the|team)\s|.+-AI$|.*[\s-]AI$|.*[\d&/@:(\[]|.*\s(?:and|of|for)\s")


class Name(NamedTuple):
    """Whose name it is; an organisation, or who has one name alone, has no given name."""

    family: str
    given: str = ""
    suffix: str = ""

    @property
    def whole(self) -> str:
        """As people write it."""
        return " ".join(part for part in self[1::-1] if part) + (f" {self.suffix}" if self.suffix else "")

    @property
    def inverted(self) -> str:
        """``van der Berg, Anna, Jr.``, the family name first."""
        return ", ".join(part for part in self if part)


def name_of(author: str) -> Name | None:
    """An author's name in its parts; ``None`` where there is none.

    >>> name_of("Anna van der Berg Jr."), name_of("Byron, Ada")
    (Name(family='van der Berg', given='Anna', suffix='Jr.'), Name(family='Byron', given='Ada', suffix=''))
    >>> name_of("The ATLAS Collaboration"), name_of("Plato")
    (Name(family='The ATLAS Collaboration', given='', suffix=''), Name(family='Plato', given='', suffix=''))
    """
    said = one_line(readable(author)).strip(" ,")
    words = said.split()
    if not words:
        return None
    if len(words) == 1 or _is_body(said, words):
        return Name(said.replace(",", ""))
    family, comma, rest = (part.strip() for part in said.partition(","))
    if comma and not _is_suffix(rest):
        given, _, suffix = (part.strip() for part in rest.partition(","))
        return Name(family, given.replace(",", ""), suffix.replace(",", ""))
    return _of_words(said.replace(",", "").split())


def _of_words(words: list[str]) -> Name:
    suffix = words.pop() if len(words) > 2 and _is_suffix(words[-1]) else ""
    start = len(words) - 1
    while start > 0 and words[start - 1] in _PARTICLES:
        start -= 1
    return Name(" ".join(words[start:]), " ".join(words[:start]), suffix)


def _is_suffix(word: str) -> bool:
    return word.casefold() in _SUFFIXES


def _is_body(said: str, words: list[str]) -> bool:
    ends = {word.strip(",").casefold() for word in words[-2:]}
    # "Wei Ai" is a person, and so may anybody be whose name ends like a word in small letters.
    known = ends & _BODIES - {"ai"}
    return bool(known) or _BODY.match(said) is not None or said.casefold().startswith("the ")
