"""The digest's papers out of a ranked pool: nothing twice, nothing unwanted, not too many, not too much of one."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from newsletter.model import Entry, Interest, Profile, Ranked, entry_id
from newsletter.ranking.candidates import read_entry
from newsletter.ranking.names import read_person
from newsletter.ranking.trending import COUNTED
from newsletter.ranking.variety import AHEAD, GOOD_MATCH, choose_cards
from newsletter.text import fold

CACHED = 1 << 13
MAX_BELOW = 8
"""Titles below the line."""
MIN_TITLE_WORDS = 4
"""Shorter titles, such as "Editorial", are borne by papers that have nothing else in common."""
MIN_SUMMARY_WORDS = 25
ALIKE_SHARE = 0.8
"""Two summaries with this share of their words in common are one text."""
MAX_LOOKED_AT = 100
"""Among so many, where they match well, each interest's best paper is looked for."""
EXPLORED = 20
"""From how many of the most noticed papers outside the profile the picks to explore are drawn."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What stands in a digest, ranked anew from 1."""

    items: tuple[Ranked, ...]
    """On cards, in order; picks to explore are marked and stand last."""
    below: tuple[Ranked, ...]
    """The next ones, of which only titles are shown."""


def select(
    ranked: Sequence[Ranked],
    profile: Profile,
    *,
    already: Collection[str] = frozenset(),
    shown: Collection[str] = frozenset(),
) -> Selection:
    """The papers for the cards and those just below, out of papers in the reader's order.

    Left out are those in ``already`` (ids), those the reader named themselves, muted ones and, of near-duplicates, all
    but the first; all, where the reader was ``shown`` one before (ids). What has a ``match`` below ``min_score`` is
    neither on a card nor below: a thin day gives a short digest. Who gets a card is a matter of scores, a little
    variety and a place for each interest; cards stand in the order of their scores. Picks to explore come from the
    lower half.
    """
    named = {entry.id for entry in (*profile.liked, *profile.disliked, *(vote.entry for vote in profile.votes))}
    free = [one for one in ranked if one.entry.id not in already and one.entry.id not in named]
    explored = min(profile.explore, profile.max_papers) if profile.says_something else 0
    size = profile.max_papers - explored
    wanted = (one for one in free if one.match >= profile.min_score and not _is_muted(one))
    had = [one for one in ranked if one.entry.id in shown]
    best = list(_look_at(_once(wanted, without=had), AHEAD * size + MAX_BELOW))
    cards = best[:size] if profile.trending_weight >= 1 else choose_cards(best, profile, size=size)
    outside = free[max(size, len(free) // 2) :] if explored else []
    picks = _pick_outside(outside, profile, without=[*cards, *had])[:explored]
    on_cards = {one.entry.id for one in (*cards, *picks)}
    below = list(islice(_once((one for one in best if one.entry.id not in on_cards), without=picks), MAX_BELOW))
    chosen = [replace(one, rank=rank) for rank, one in enumerate((*cards, *picks, *below), 1)]
    cut = len(chosen) - len(below)
    return Selection(tuple(chosen[:cut]), tuple(chosen[cut:]))


def _look_at(wanted: Iterable[Ranked], count: int) -> Iterator[Ranked]:
    """So many papers, each once, and those after them that match well."""
    for number, one in enumerate(islice(wanted, max(count, MAX_LOOKED_AT))):
        if number >= count and one.match < GOOD_MATCH:
            return
        yield one


def _is_muted(one: Ranked) -> bool:
    return any(reason.kind == "muted" for reason in one.reasons)


def _once(ranked: Iterable[Ranked], *, without: Sequence[Ranked] = ()) -> Iterator[Ranked]:
    """Each paper that is not nearly the same as one before it."""
    seen = [_read_print(one.entry) for one in without]
    for one in ranked:
        mark = _read_print(one.entry)
        if not any(mark.is_like(other) for other in seen):
            seen.append(mark)
            yield one


def _pick_outside(ranked: Sequence[Ranked], profile: Profile, *, without: Sequence[Ranked]) -> list[Ranked]:
    """Papers that others noticed, in an order of their own for each reader and always the same one."""
    wanted = (one for one in sorted(ranked, key=_by_notice) if not _is_muted(one))
    noticed = list(islice(wanted, EXPLORED))
    said = [Interest.of(one).text for one in profile.interests] + [entry.id for entry in profile.liked]
    dealt = sorted(noticed, key=lambda one: entry_id("\n".join((*said, *profile.authors, one.entry.id))))
    return [replace(one, explore=True) for one in _once(dealt, without=without)]


def _by_notice(one: Ranked) -> tuple[float, int]:
    return -sum(weight * (getattr(one.entry.signals, name) or 0) for name, weight in COUNTED.items()), one.rank


@dataclass(frozen=True, slots=True)
class _Print:
    """What tells near-duplicates."""

    id: str
    title: str
    summary: frozenset[str]
    longest: frozenset[str]
    """The words of the summary of which two texts that are alike have at least one in common."""
    authors: frozenset[str]

    def is_like(self, other: _Print) -> bool:
        return self.id == other.id or self._has_title_of(other) or self._has_text_of(other)

    def _has_title_of(self, other: _Print) -> bool:
        if self.title != other.title:
            return False
        if self.authors and other.authors:
            return bool(self.authors & other.authors)
        return len(self.title.split()) >= MIN_TITLE_WORDS

    def _has_text_of(self, other: _Print) -> bool:
        own, others = len(self.summary), len(other.summary)
        if min(own, others) < max(MIN_SUMMARY_WORDS, ALIKE_SHARE * max(own, others)):
            return False
        if self.longest.isdisjoint(other.longest):
            return False
        common = len(self.summary & other.summary)
        return common >= ALIKE_SHARE * (own + others - common)


@lru_cache(CACHED)
def _read_print(entry: Entry) -> _Print:
    families = frozenset(read_person(name).family for name in entry.authors)
    words = frozenset(read_entry(entry)[1])
    return _Print(entry.id, fold(entry.title), words, find_longest(words), families)


def find_longest(words: Collection[str]) -> frozenset[str]:
    """So many of the longest words that the others are too few to make a text alike another one.

    Long words are rare: hardly any two texts that are not alike share one, and the costly comparison is left out.
    """
    least = math.ceil(ALIKE_SHARE * len(words))
    return frozenset(sorted(words, key=lambda word: (-len(word), word))[: len(words) - least + 1])
