"""Part of a reader's papers are told, part are hidden among others: pure, and the same each time.

Nothing but what a paper says may tell a reader's own from the others. So all of them are reduced to the same text, and
dates, authors, categories and sources, which a library and a store do not know equally well, are left out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from newsletter.model import Entry, entry_id
from newsletter.text import clean, fold, readable

MOST_HIDDEN = 10
MOST_PAPERS = 1_000
"""Of a larger library as many are drawn."""
SUMMARY_WORDS = (40, 200)
"""With fewer it is a teaser, not an abstract; what is beyond is cut, for length must not tell where a text is from."""
SHARE_WITH_SUMMARY = 0.5
SHARE_WITH_DATE = 0.75
ALIKE_SHARE = 0.8
"""Two papers with this share of the words of their titles, or of their summaries, in common count as one."""

_NOTICE = re.compile(
    r"(?:©|\(c\)\s|copyright\s+(?:©|\(c\)|\d{4})).*|all rights reserved.*"
    r"|\b(?:key\s?words?|mesh terms|index terms)\s*:.*",
    re.IGNORECASE | re.DOTALL,
)
"""Publishers sign the abstracts of reference managers and put keywords behind them, and nobody else does."""
_LABEL = re.compile(r"^\W*abstract\W+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to part the papers."""

    told: tuple[Entry, ...]
    """In the order in which they are told: the first k of them are."""
    hidden: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A reader's papers and the others, all reduced to the same kind of text."""

    own: tuple[Entry, ...]
    others: tuple[Entry, ...]
    """None of them one of the reader's or nearly the same; in the order given."""
    has_summaries: bool
    """Compared by title and abstract; else by titles alone."""
    dates: Mapping[str, datetime]
    """Id -> when it was published, of the reader's own where that is known."""

    @property
    def is_dated(self) -> bool:
        """Whether so many of the reader's have a date that the later ones can be hidden."""
        return len(self.dates) >= SHARE_WITH_DATE * len(self.own) > 0


def prepare(own: Sequence[Entry], others: Sequence[Entry], *, seed: int = 0) -> Material:
    """Both reduced to what can be compared, near-duplicates once: with abstracts where half the reader's have one."""
    drawn = list(own) if len(own) <= MOST_PAPERS else random.Random(seed).sample(list(own), MOST_PAPERS)  # noqa: S311
    whole = [entry for entry in drawn if _abstract(entry)]
    has_summaries = bool(whole) and len(whole) >= SHARE_WITH_SUMMARY * len(drawn)
    usable = whole if has_summaries else drawn
    kept_out = {id(entry) for entry in usable}
    unused = [entry for entry in own if id(entry) not in kept_out]
    rest = [entry for entry in others if not has_summaries or _abstract(entry)]
    papers = [_reduced(entry, has_summaries) for entry in (*usable, *unused, *rest)]
    alike = _Alike(papers)
    mine = alike.once(range(len(usable)))
    dates = {_id_of(entry): entry.published for entry in usable if entry.published}
    return Material(
        own=tuple(papers[row] for row in mine),
        others=tuple(papers[row] for row in alike.once(range(len(own), len(papers)), without=range(len(own)))),
        has_summaries=has_summaries,
        dates={papers[row].id: dates[papers[row].id] for row in mine if papers[row].id in dates},
    )


def part(material: Material, *, times: int, seed: int = 0) -> Iterator[Trial]:
    """Trials: told are the earlier papers and hidden some of the later ones where dates are known, else any."""
    own = material.own
    half = len(own) // 2
    count = min(
        MOST_HIDDEN, half * 3 // 4 if material.is_dated else half
    )  # of the later half not all, or trials are one
    later = half if material.is_dated else count
    chance = random.Random(seed)  # noqa: S311 the same each time is what is wanted
    for _ in range(times):
        papers = chance.sample(own, len(own))
        if material.is_dated:  # a paper without a date counts as old: it is told, not hidden
            papers.sort(key=lambda entry: material.dates[entry.id].toordinal() if entry.id in material.dates else 0)
        told, hidden = papers[:-later], papers[-later:]
        yield Trial(tuple(chance.sample(told, len(told))), tuple(chance.sample(hidden, count)))


def _reduced(entry: Entry, has_summaries: bool) -> Entry:
    summary = _abstract(entry) if has_summaries else ""
    return Entry(title=readable(entry.title), id=_id_of(entry), summary=summary)


def _id_of(entry: Entry) -> str:
    """Of the title alone, hashed: ties break by id, and must not favour either side."""
    return entry_id(fold(entry.title))


def _abstract(entry: Entry) -> str:
    """The summary, cut to a common length; empty where it is none worth the name."""
    least, most = SUMMARY_WORDS
    words = _NOTICE.sub("", _LABEL.sub("", clean(readable(entry.summary)))).split()
    return " ".join(words[:most]) if len(words) >= least else ""


class _Alike:
    """Which papers are nearly the same, by the words of their titles or of their summaries."""

    def __init__(self, papers: Sequence[Entry]) -> None:
        self._titles = _words([fold(paper.title) for paper in papers])
        self._summaries = _words([paper.summary.casefold() for paper in papers])

    def once(self, rows: Sequence[int], *, without: Sequence[int] = ()) -> list[int]:
        """Those of the rows that are like none before them, and like none of ``without``."""
        near = self._near(rows, rows)
        kept = np.ones(len(rows), bool)
        if without:
            kept[self._near(rows, without).any(axis=1)] = False
        for row in range(len(rows)):
            kept[row] &= not (near[row, :row] & kept[:row]).any()
        return [row for row, is_kept in zip(rows, kept, strict=True) if is_kept]

    def _near(self, ones: Sequence[int], others: Sequence[int]) -> NDArray[np.bool_]:
        shares = [_overlap(words[list(ones)], words[list(others)]) for words in (self._titles, self._summaries)]
        return np.asarray(np.maximum(*shares) >= ALIKE_SHARE)


def _words(texts: Sequence[str]) -> sparse.csr_array:
    """(texts, words): 1 where a text has a word."""
    numbers: dict[str, int] = {}
    rows = [sorted({numbers.setdefault(word, len(numbers)) for word in text.split()}) for text in texts]
    starts = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], np.int32)
    return sparse.csr_array((np.ones(len(columns), np.float32), columns, starts), shape=(len(texts), len(numbers) or 1))


def _overlap(ones: sparse.csr_array, others: sparse.csr_array) -> NDArray[np.float32]:
    """(ones, others): the share of the words of either that both have; 0 where there are none."""
    both = np.asarray((ones @ others.T).toarray())
    either = np.asarray(ones.sum(axis=1))[:, None] + np.asarray(others.sum(axis=1))[None, :] - both
    return np.asarray(np.divide(both, either, out=np.zeros(both.shape, np.float32), where=either > 0))
