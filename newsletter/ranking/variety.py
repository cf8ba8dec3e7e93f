"""Which of the best papers get a card: a little variety, and no interest drowned by another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from newsletter.model import Entry, Interest, Profile, Ranked
from newsletter.ranking.candidates import read_entry
from newsletter.ranking.reader import MAX_LABEL_CHARACTERS
from newsletter.ranking.wording import Wording
from newsletter.text import clean, shorten

LIKENESS_COSTS = 2.0
"""Logits times the share of words that a paper has in common with the one most like it on a card."""
GOOD_MATCH = 0.3
"""From here on an interest's best paper has a place, whatever the others have."""
AHEAD = 2
"""A paper is not passed over for one that stands more than so many times as far down."""
CACHED = 1 << 13


def choose_cards(best: Sequence[Ranked], profile: Profile, *, size: int) -> list[Ranked]:
    """So many of the papers, which are in the reader's order, in that order."""
    chosen = sorted(_vary(best[: AHEAD * size], size), key=lambda one: one.rank)
    interests = tuple(shorten(clean(Interest.of(one).text), MAX_LABEL_CHARACTERS) for one in profile.interests)
    if len(interests) < 2:
        return chosen
    return sorted(_give_each_a_place(chosen, best, interests), key=lambda one: one.rank)


def _vary(best: Sequence[Ranked], size: int) -> list[Ranked]:
    """Always the one next that has the best score, less what it repeats of those before it."""
    left, likeness = list(best), [0.0] * len(best)
    chosen: list[Ranked] = []
    while left and len(chosen) < size:
        place = max(range(len(left)), key=lambda n: left[n].score - LIKENESS_COSTS * likeness[n])
        chosen.append(left.pop(place))
        likeness.pop(place)
        words = _words_of(chosen[-1].entry)
        likeness = [max(old, _share(words, _words_of(one.entry))) for old, one in zip(likeness, left, strict=True)]
    return chosen


def _give_each_a_place(chosen: Sequence[Ranked], best: Sequence[Ranked], interests: Sequence[str]) -> list[Ranked]:
    """Each interest without a card gets one for its best paper, in place of the weakest that is not its kind's last."""
    cards = {one.entry.id: (one, _main_interest(one, interests)) for one in chosen}
    for one in best:
        told = None if one.entry.id in cards or one.match < GOOD_MATCH else _main_interest(one, interests)
        places = Counter(served for _, served in cards.values())
        spare = next((name for name in reversed(cards) if places[cards[name][1]] > 1), None)
        if told and not places[told] and spare:
            del cards[spare]
            cards = {one.entry.id: (one, told), **cards}
    return [one for one, _ in cards.values()]


def _main_interest(one: Ranked, interests: Sequence[str]) -> str | None:
    """The interest that speaks most for a paper; ``None`` where none does."""
    told = [reason for reason in one.reasons if reason.kind in {"interest", "theme"} and reason.contribution > 0]
    if not told:
        return None
    label = max(told, key=lambda reason: reason.contribution).label
    if label in interests:
        return label
    return next((text for text in interests if _word(text).stands_in(one.entry) == label), None)


def _share(some: frozenset[str], others: frozenset[str]) -> float:
    """The words in common, by all words of both."""
    return len(some & others) / max(1, len(some | others))


@lru_cache(CACHED)
def _words_of(entry: Entry) -> frozenset[str]:
    return frozenset(word for field in read_entry(entry) for word in field)


_word = lru_cache(CACHED)(Wording.of)
