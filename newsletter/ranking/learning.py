"""What a reader's votes have taught us, in words: groups of votes, each under what their papers have in common."""

from __future__ import annotations

import heapq
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, get_args

from newsletter.model import Direction, Entry, Vote
from newsletter.ranking.reader import VOTE_HALF_LIFE_DAYS
from newsletter.ranking.terms import MAX_CHARACTERS, read_words
from newsletter.ranking.trending import days_between
from newsletter.text import clean, readable, shorten

MAX_WORDS = 3
MAX_SIGNS = 8
"""Of a phrase in a script that does not part words by spaces."""
MAX_SHARE, FEW = 0.05, 3
"""What more of the other papers have, and more than these few, tells nothing of this reader."""
REPEATED, IN_PASSING = 0.5, 0.25
"""How much a paper is about what its summary says more than once, or once; what its title says counts 1."""
LONGER = 0.25
"""What each further word adds to how telling a phrase is."""
MAX_TITLE_CHARACTERS = 100
CACHED_ENTRIES = 1 << 12

_SIGNS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f"
    "\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai to Khmer, kana, Han, Hangul: words are not parted by spaces, or carry their particles."""
_MARKS = "\u0300-\u036f\u064b-\u065f\u0900-\u0dff"
"""Accents and vowel signs, which are no letters to ``re``."""
_SIGN = re.compile(f"[{_SIGNS}]")
_PARTICLE = re.compile("[\u3041-\u309f的了和与與在是及等]")
_TOKEN = re.compile(
    rf"[\u30a1-\u30fa\u30fc]+|[{_SIGNS}]|(?:(?![{_SIGNS}_])[\w{_MARKS}])+(?:['’](?:(?![{_SIGNS}_])[\w{_MARKS}])+)*"
)
_BETWEEN_WORDS = re.compile(r"\s|\s?[-‐‑–]\s?")

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """One thing that votes taught; each vote belongs to exactly one."""

    direction: Direction
    phrase: str
    """What the papers share, as they write it; of a lone vote the paper's title."""
    votes: tuple[Vote, ...]
    """Oldest first."""
    weight: float
    """How many fresh votes it counts for: they halve with every half-year."""


def learnt(votes: Iterable[Vote], *, background: Iterable[Entry], now: datetime) -> list[Learnt]:
    """What these votes taught, "more" first, then by weight; ``background``: other papers, to tell what is special.

    The same votes and papers give the same lines in the same order, whatever the order they come in.
    """
    known = sorted(votes, key=lambda vote: (vote.at, vote.entry.id))
    voted = {vote.entry.id for vote in known}
    others = [entry for entry in background if entry.id not in voted]
    found: list[Learnt] = []
    for direction in get_args(Direction):
        mine = [vote for vote in known if vote.direction == direction]
        against = [vote.entry for vote in known if vote.direction != direction]
        lines = [_line(direction, *group, now=now) for group in _groups(mine, against, others)]
        found += sorted(lines, key=lambda line: (-round(line.weight, 9), line.phrase, line.votes[0].entry.id))
    return found


def tell(line: Learnt) -> str:
    """The line in words: ``more: neuromorphic hardware, from 3 votes (12 Nov … 20 Nov 2026)``."""
    first, last = line.votes[0].at, line.votes[-1].at
    if len(line.votes) == 1:
        return f"{line.direction}: “{line.phrase}”, from 1 vote ({tell_day(last)})"
    span = tell_day(last)
    if first.date() != last.date():
        span = f"{tell_day(first) if first.year != last.year else f'{first.day} {first:%b}'} … {span}"
    return f"{line.direction}: {line.phrase}, from {len(line.votes)} votes ({span})"


def tell_day(at: datetime) -> str:
    """The day of a vote: ``20 Nov 2026``."""
    return f"{at.day} {at:%b %Y}"


def _line(direction: Direction, phrase: str, votes: Sequence[Vote], *, now: datetime) -> Learnt:
    weight = sum(0.5 ** (days_between(vote.at, now) / VOTE_HALF_LIFE_DAYS) for vote in votes)
    return Learnt(direction=direction, phrase=phrase, votes=tuple(votes), weight=weight)


def _groups(
    votes: Sequence[Vote], against: Sequence[Entry], others: Sequence[Entry]
) -> Iterator[tuple[str, list[Vote]]]:
    """The votes under the phrases that tell most of those still ungrouped, then the lone ones under their titles."""
    papers = [_Paper.read(vote.entry) for vote in votes]
    shared = _without_disputed(_shared_phrases(papers), against)
    rarities = _rarities(shared, others)
    left = set(range(len(papers)))
    waiting = [
        (-_score(stems, holders, papers, rarities), stems) for stems, holders in shared.items() if stems in rarities
    ]
    heapq.heapify(waiting)
    while waiting:
        promised, stems = heapq.heappop(waiting)
        holders = [number for number in shared[stems] if number in left]
        if len(holders) < 2:
            continue
        score = -_score(stems, holders, papers, rarities)
        if score > promised:  # some of its papers were taken by a better phrase
            heapq.heappush(waiting, (score, stems))
            continue
        left.difference_update(holders)
        yield _written(stems, [papers[number] for number in holders]), [votes[number] for number in holders]
    for number in sorted(left):
        yield shorten(_plain(votes[number].entry.title), MAX_TITLE_CHARACTERS), [votes[number]]


@dataclass(frozen=True, slots=True)
class _Paper:
    """The phrases of a paper, by their stems."""

    written: Mapping[Stems, Counter[str]]
    """How it writes each of them."""
    titled: frozenset[Stems]
    """Those that stand in its title, or among its keywords."""

    @classmethod
    def read(cls, entry: Entry) -> _Paper:
        written: defaultdict[Stems, Counter[str]] = defaultdict(Counter)
        heads = [found for text in (entry.title, *entry.keywords) for found in _phrases(_plain(text))]
        for stems, text in (*heads, *_phrases(_plain(entry.summary))):
            written[stems][text] += 1
        return cls(written, frozenset(stems for stems, _ in heads))

    def weigh(self, stems: Stems) -> float:
        """How much the paper is about it, not only speaks of it: from 0 to 1."""
        if stems in self.titled:
            return 1.0
        return REPEATED if self.written[stems].total() > 1 else IN_PASSING


def _shared_phrases(papers: Sequence[_Paper]) -> dict[Stems, list[int]]:
    """Phrases that two papers or more have, with the numbers of those.

    Any two papers share some words by chance: one of them must have it in its title, and a single word two of them, and
    all the others at least twice.
    """
    holders: defaultdict[Stems, list[int]] = defaultdict(list)
    for number, paper in enumerate(papers):
        for stems in paper.written:
            if _length(stems) > 1 or paper.weigh(stems) > IN_PASSING:
                holders[stems].append(number)
    return {
        stems: numbers
        for stems, numbers in holders.items()
        if len(numbers) > 1
        and sum(stems in papers[number].titled for number in numbers) >= (1 if _length(stems) > 1 else 2)
    }


def _without_disputed(shared: dict[Stems, list[int]], against: Sequence[Entry]) -> dict[Stems, list[int]]:
    """The phrases that papers voted on the other way hardly have; so none ever stands on both sides."""
    disputed = Counter(stems for entry in against for stems in _Paper.read(entry).written)
    return {stems: numbers for stems, numbers in shared.items() if 2 * disputed[stems] < len(numbers)}


def _rarities(phrases: Iterable[Stems], others: Collection[Entry]) -> dict[Stems, float]:
    """How rare each phrase is among the other papers; those that too many have are left out."""
    wanted = frozenset(phrases)
    starts = frozenset(stems[0] for stems in wanted)
    longest = max(map(len, wanted), default=0)
    seen: Counter[Stems] = Counter()
    for entry in others if wanted else ():
        stems = _stems_of(entry)
        spans = (
            stems[first:last]
            for first, stem in enumerate(stems)
            if stem in starts
            for last in range(first + 1, first + longest + 1)
        )
        seen.update(wanted.intersection(spans))
    return {
        stems: (math.log((len(others) + 1) / (seen[stems] + 1)) + 1) ** 2
        for stems in wanted
        if seen[stems] <= max(MAX_SHARE * len(others), FEW)
    }


def _score(stems: Stems, holders: Sequence[int], papers: Sequence[_Paper], rarities: Mapping[Stems, float]) -> float:
    said = sum(papers[number].weigh(stems) for number in holders)
    return said * rarities[stems] * (1 + LONGER * (_length(stems) - 1))


def _length(stems: Stems) -> float:
    """In words; two signs are about one."""
    return sum(map(len, stems)) / 2 if _SIGN.match(stems[0]) else len(stems)


def _written(stems: Stems, papers: Sequence[_Paper]) -> str:
    """The phrase as most of them write it, small letters first."""
    ways: Counter[str] = Counter()
    for paper in papers:
        ways.update(paper.written[stems])
    return min(ways, key=lambda text: (sum(map(str.isupper, text)), -ways[text], text))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", readable(clean(text[:MAX_CHARACTERS])))


def _phrases(text: str) -> Iterator[tuple[Stems, str]]:
    """All phrases of the text: their stems, and how they are written."""
    for longest, tokens in _runs(text):
        for first, last in _spans(len(tokens), longest):
            stems = tuple(token.stem for token in tokens[first:last])
            if _can_stand_alone(stems):
                yield stems, text[tokens[first].start : tokens[last - 1].end]


def _spans(length: int, longest: int) -> Iterator[tuple[int, int]]:
    for first in range(length):
        yield from ((first, last) for last in range(first + 1, min(first + longest, length) + 1))


def _can_stand_alone(stems: Stems) -> bool:
    """No single sign or letter, and no bare number."""
    return sum(map(len, stems)) > 1 and any(character.isalpha() for stem in stems for character in stem)


class _Token(NamedTuple):
    stem: str
    start: int
    end: int


def _runs(text: str) -> Iterator[tuple[int, list[_Token]]]:
    """What may be one phrase: words between stop words and punctuation; and how many of them one may have."""
    run: list[_Token] = []
    longest = end = 0
    for match in _TOKEN.finditer(text):
        stem = _stem(match[0])
        reach = MAX_SIGNS if _SIGN.match(match[0]) else MAX_WORDS
        between = text[end : match.start()]
        follows = not between if reach == MAX_SIGNS else bool(_BETWEEN_WORDS.fullmatch(between))
        if run and not (stem and follows and reach == longest):
            yield longest, run
            run = []
        if stem:
            run.append(_Token(stem, match.start(), match.end()))
        longest, end = reach, match.end()
    if run:
        yield longest, run


@lru_cache(maxsize=CACHED_ENTRIES)
def _stems_of(entry: Entry) -> Stems:
    """All that the entry says, word for word."""
    return tuple(map(_stem, _TOKEN.findall(" . ".join((entry.title, entry.summary, *entry.keywords)))))


@lru_cache(maxsize=1 << 16)
def _stem(token: str) -> str:
    """What a token is compared by; empty for one that only joins others."""
    if _SIGN.match(token):
        return "" if _PARTICLE.match(token) else unicodedata.normalize("NFKC", token)
    return " ".join(read_words(token))
