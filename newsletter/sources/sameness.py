"""Whether two listings are of one paper: identifiers decide, titles and authors only where there are none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Self

from newsletter.model import Entry
from newsletter.sources.identifiers import named
from newsletter.text import fold

_BIORXIV = re.compile(r"10\.(?:1101|64898)/\d")
_PREPRINTS = re.compile(r"10\.(?:21203|31234|31219|31222|31223|26434|20944|36227|2139|22541)/")
_SUFFIX = re.compile(r"\s(?:jr|sr|ii|iii|iv)$")


def address_key(entry: Entry) -> str | None:
    """The link as a key, unless it says no more than an id does."""
    page = named(entry.link).page if entry.link else None
    return f"url:{page}" if page else None


@dataclass(slots=True)
class Facts:
    """What all sightings of one paper say of who it is."""

    arxiv_ids: set[str]
    dois: set[str]
    openreview_ids: set[str]
    addresses: set[str]
    families: set[str]
    """Of first authors."""
    names: set[str]
    """All the words of first authors' names: one source puts the family first, another one last."""
    summaries: set[str]
    sources: set[str]

    @classmethod
    def of(cls, entry: Entry, address: str | None) -> Self:
        """What one sighting says."""
        author = entry.authors[0] if entry.authors else ""
        return cls(
            arxiv_ids=_set(entry.arxiv_id),
            dois=_set(entry.doi),
            openreview_ids=_set(entry.openreview_id),
            addresses=_set(address),
            families=_set(_family(author)),
            names=set(_names(author)),
            summaries=_set(" ".join(entry.summary.casefold().split())),
            sources=set(entry.sources),
        )

    def take(self, other: Self) -> None:
        """Adds what another sighting of the same paper says."""
        for one in fields(self):
            getattr(self, one.name).update(getattr(other, one.name))


def no_contradiction(ours: Facts, theirs: Facts) -> bool:
    """Whether two that share an identifier may be one paper: nothing but two arXiv ids speaks against it."""
    return not (ours.arxiv_ids and theirs.arxiv_ids) or bool(ours.arxiv_ids & theirs.arxiv_ids)


def same_by_title(ours: Facts, theirs: Facts) -> bool:
    """Whether two of the same telling title are one paper: neither authors nor identifiers speak against it."""
    return (
        not _named_apart(ours, theirs)
        and no_contradiction(ours, theirs)
        and _dois_agree(ours, theirs)
        and not _are_posts(ours, theirs)
    )


def same_by_more(ours: Facts, theirs: Facts) -> bool:
    """Whether two of the same short title are one paper: something else has to say so too."""
    nameless = not any(one.arxiv_ids or one.dois or one.openreview_ids for one in (ours, theirs))
    authors = ours.families and theirs.families
    same_voice = nameless and ours.sources & theirs.sources
    return bool(authors or ours.summaries & theirs.summaries or same_voice) and same_by_title(ours, theirs)


def _named_apart(ours: Facts, theirs: Facts) -> bool:
    """Whether the first authors are two people, however either is written."""
    shared = ours.families & theirs.names or theirs.families & ours.names
    return bool(ours.families and theirs.families) and not shared


def _dois_agree(ours: Facts, theirs: Facts) -> bool:
    """A preprint and its article have a DOI each, as have preprints on two servers; two articles are two papers."""
    if ours.dois & theirs.dois:
        return True
    return not {_registry(name) for name in ours.dois} & {_registry(name) for name in theirs.dois}


def _are_posts(ours: Facts, theirs: Facts) -> bool:
    """Whether they are two posts of one source, which gives the same title to each week's."""
    apart = ours.addresses and theirs.addresses and not ours.addresses & theirs.addresses
    return bool(apart and ours.sources & theirs.sources)


class Papers:
    """A union-find over sightings; of each paper it knows what all of its sightings say."""

    def __init__(self, sightings: Sequence[tuple[Entry, str | None]]) -> None:
        """Each sighting is an entry and its address, as a key."""
        self._sightings = sightings
        self._root = list(range(len(sightings)))
        self._facts: dict[int, Facts] = {}

    def join_all(self, indices: Sequence[int], are_one: Callable[[Facts, Facts], bool]) -> None:
        """Joins those of the sightings that are one paper with one another."""
        heads: list[int] = []
        for index in indices:
            own = self._find(index)
            head = next((one for one in heads if one == own or are_one(self._known(one), self._known(own))), None)
            if head is None:
                heads.append(own)
            elif head != own:
                self._root[own] = head
                self._known(head).take(self._known(own))

    def groups(self) -> list[list[int]]:
        """The places of each paper's sightings."""
        groups: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._root)):
            groups[self._find(index)].append(index)
        return list(groups.values())

    def _known(self, head: int) -> Facts:
        """What is known of a paper; most papers are never compared with another."""
        if head not in self._facts:
            self._facts[head] = Facts.of(*self._sightings[head])
        return self._facts[head]

    def _find(self, index: int) -> int:
        while self._root[index] != index:
            self._root[index] = index = self._root[self._root[index]]
        return index


def _set(value: str | None) -> set[str]:
    return {value} if value else set()


def _family(name: str) -> str:
    """The word that a name is filed under.

    >>> _family("Kevin M. Wright Jr."), _family("Wright, K. M.")
    ('wright', 'wright')
    """
    words = _names(name.partition(",")[0])
    return next((word for word in reversed(words) if len(word) > 1), " ".join(words))


@lru_cache(maxsize=16_384)
def _names(name: str) -> tuple[str, ...]:
    return tuple(_SUFFIX.sub("", fold(name)).split())


def _registry(name: str) -> str:
    """Who gave out the DOI, as far as it tells preprints apart; all journals are one."""
    if _BIORXIV.match(name):
        return "biorxiv"
    return name.partition("/")[0] if _PREPRINTS.match(name) else "journals"
