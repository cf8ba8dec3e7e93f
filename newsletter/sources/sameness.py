"""Whether two listings are of one paper: identifiers decide, titles and authors only where there are none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Self
from urllib.parse import urlsplit

from newsletter.model import Entry
from newsletter.sources.identifiers import named
from newsletter.sources.naming import may_be_one
from newsletter.text import fold

_BIORXIV = re.compile(r"10\.(?:1101|64898)/\d")
_PREPRINTS = re.compile(r"10\.(?:21203|31234|31219|31222|31223|26434|20944|36227|2139|22541)/")
_UNIQUE = re.compile(r"https?://[^/\s]+/\S|tag:\S|urn:\S", re.IGNORECASE)
"""Guids that no two sites give by chance."""
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w+")
"""Of Chinese and Japanese, which put no spaces, each character is one."""
_MANY_HEADS = 100
"""So many papers of one key are told apart by comparing them; what comes after them joins one of these or none."""


def address_key(entry: Entry) -> str | None:
    """The link as a key, unless it says no more than an id does."""
    page = named(entry.link).page if entry.link else None
    return f"url:{page}" if page else None


def guid_key(entry: Entry) -> str | None:
    """What its source calls it, as a key; with the source's name unless nobody else means another thing by it."""
    if not entry.guid:
        return None
    return f"guid:{entry.guid}" if _UNIQUE.match(entry.guid) else f"guid:{':'.join(entry.sources[:1])}:{entry.guid}"


@dataclass(slots=True)
class Facts:
    """What all sightings of one paper say of who it is."""

    arxiv_ids: set[str]
    dois: set[str]
    openreview_ids: set[str]
    addresses: set[str]
    fragments: set[str]
    """Of links: ``v2`` of a page on which a source puts one post below the other."""
    guids: set[tuple[str, str]]
    """With the sources that gave them."""
    titles: set[str]
    authors: set[str]
    """First ones."""
    summaries: set[str]
    sources: set[str]
    readings: set[bool]
    """Whether ids were only found in a feed's item (``False``), or are what the source is about (``True``)."""

    @classmethod
    def of(cls, entry: Entry, address: str | None, *, is_derived: bool = False) -> Self:
        """What one sighting says."""
        return cls(
            arxiv_ids=_set(entry.arxiv_id),
            dois=_set(entry.doi),
            openreview_ids=_set(entry.openreview_id),
            addresses=_set(address),
            fragments=_set(urlsplit(entry.link).fragment if address and entry.link else None),
            guids={(entry.sources[0], entry.guid)} if entry.guid and entry.sources else set(),
            titles=_set(fold(entry.title)),
            authors={author for author in entry.authors[:1] if fold(author)},
            summaries=_set(" ".join(entry.summary.casefold().split())),
            sources=set(entry.sources),
            readings={not is_derived},
        )

    def take(self, other: Self) -> None:
        """Adds what another sighting of the same paper says."""
        for one in fields(self):
            getattr(self, one.name).update(getattr(other, one.name))


def no_contradiction(ours: Facts, theirs: Facts) -> bool:
    """Whether two that share an arXiv id may be one paper: nothing but two arXiv ids speaks against it."""
    return not (ours.arxiv_ids and theirs.arxiv_ids) or bool(ours.arxiv_ids & theirs.arxiv_ids)


def same_by_id(ours: Facts, theirs: Facts) -> bool:
    """Whether two that share a DOI are one paper: a feed may give its items the DOI of something else.

    Then both the title and the author differ. Titles alone change between versions, and so do authors.
    """
    derived = ours.readings == {False} or theirs.readings == {False}
    mistaken = derived and are_unlike(ours.titles, theirs.titles) and _named_apart(ours, theirs)
    return no_contradiction(ours, theirs) and not mistaken


def same_by_guid(ours: Facts, theirs: Facts) -> bool:
    """Whether two that share a guid are one post: some sources number what they list today."""
    reused = are_unlike(ours.titles, theirs.titles) and not ours.addresses & theirs.addresses
    return no_contradiction(ours, theirs) and not reused


def same_by_address(ours: Facts, theirs: Facts) -> bool:
    """Whether two that share an address are one post: some sources put every post at the same."""
    return no_contradiction(ours, theirs) and not (ours.sources & theirs.sources and _are_successive(ours, theirs))


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
    authors = any(may_be_one(one, other, surely=True) for one, other in product(ours.authors, theirs.authors))
    same_voice = nameless and ours.sources & theirs.sources
    return bool(authors or ours.summaries & theirs.summaries or same_voice) and same_by_title(ours, theirs)


def are_unlike(ours: set[str], theirs: set[str]) -> bool:
    """Whether no title of the one shares half of its telling words with one of the other.

    >>> are_unlike({"how worms learn"}, {"how worms learn to learn"}), are_unlike({"how worms learn"}, {"on glaciers"})
    (False, True)
    """
    if not ours or not theirs or ours & theirs:
        return False
    pairs = [(_telling(one), _telling(other)) for one, other in product(ours, theirs)]
    return all(2 * len(one & other) < min(len(one), len(other)) for one, other in pairs)


def _telling(title: str) -> set[str]:
    """The words of a folded title without those that any title may have."""
    words = _WORDS.findall(title)
    return {word for word in words if len(word) > 3 or not word.isascii()} or set(words)


def _named_apart(ours: Facts, theirs: Facts) -> bool:
    """Whether the first authors are two people, however either is written."""
    if not ours.authors or not theirs.authors:
        return False
    return not any(may_be_one(one, other) for one, other in product(ours.authors, theirs.authors))


def _dois_agree(ours: Facts, theirs: Facts) -> bool:
    """A preprint and its article have a DOI each, as have preprints on two servers; two articles are two papers."""
    if ours.dois & theirs.dois:
        return True
    return not {_registry(name) for name in ours.dois} & {_registry(name) for name in theirs.dois}


def _are_posts(ours: Facts, theirs: Facts) -> bool:
    """Whether they are two posts of one source, which gives the same title to each week's."""
    apart = ours.addresses and theirs.addresses and not ours.addresses & theirs.addresses
    return bool(apart and ours.sources & theirs.sources)


def _are_successive(ours: Facts, theirs: Facts) -> bool:
    """Whether two posts at one address are two: their source names them apart, or nothing in their titles agrees."""
    if ours.titles & theirs.titles or ours.guids & theirs.guids:
        return False
    elsewhere = ours.fragments and theirs.fragments and not ours.fragments & theirs.fragments
    return bool(elsewhere) or are_unlike(ours.titles, theirs.titles)


class Papers:
    """A union-find over sightings; of each paper it knows what all of its sightings say."""

    def __init__(self, sightings: Sequence[tuple[Entry, str | None, bool]]) -> None:
        """Each sighting is an entry, its address as a key, and whether its ids were only found in a feed's item."""
        self._sightings = sightings
        self._root = list(range(len(sightings)))
        self._facts: dict[int, Facts] = {}

    def join_all(self, indices: Sequence[int], are_one: Callable[[Facts, Facts], bool]) -> None:
        """Joins those of the sightings that are one paper with one another."""
        heads: list[int] = []
        for own in dict.fromkeys(self._find(index) for index in indices):
            head = next((one for one in heads if are_one(self._known(one), self._known(own))), None)
            if head is not None:
                self._root[own] = head
                self._known(head).take(self._known(own))
            elif len(heads) < _MANY_HEADS:
                heads.append(own)

    def groups(self) -> list[list[int]]:
        """The places of each paper's sightings."""
        groups: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._root)):
            groups[self._find(index)].append(index)
        return list(groups.values())

    def _known(self, head: int) -> Facts:
        """What is known of a paper; most papers are never compared with another."""
        if head not in self._facts:
            entry, address, is_derived = self._sightings[head]
            self._facts[head] = Facts.of(entry, address, is_derived=is_derived)
        return self._facts[head]

    def _find(self, index: int) -> int:
        while self._root[index] != index:
            self._root[index] = index = self._root[self._root[index]]
        return index


def _set(value: str | None) -> set[str]:
    return {value} if value else set()


def _registry(name: str) -> str:
    """Who gave out the DOI, as far as it tells preprints apart; all journals are one."""
    if _BIORXIV.match(name):
        return "biorxiv"
    return name.partition("/")[0] if _PREPRINTS.match(name) else "journals"
