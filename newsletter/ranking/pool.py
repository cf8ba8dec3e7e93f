"""The pool: candidate papers with their features, ranked for one reader or many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain, islice

import numpy as np

from newsletter.model import Entry, Profile, Ranked
from newsletter.ranking.candidates import Candidates, weigh_fields
from newsletter.ranking.evidence import Evidence
from newsletter.ranking.forks import can_fork, map_forked
from newsletter.ranking.later import rank_later, rank_now
from newsletter.ranking.named import NamedPapers
from newsletter.ranking.reader import Reader
from newsletter.ranking.reasons import tell_reasons
from newsletter.ranking.sentences import NO_SENTENCES, Sense, Sentences
from newsletter.ranking.space import Space
from newsletter.ranking.trending import weigh_circumstances
from newsletter.ranking.weights import WEIGHTS, Weights

SCORE_DECIMALS = 6
READERS_AT_ONCE = 64
MANY_BLOCKS = 5
"""Fewer blocks of readers are ranked before more processes are of any use."""
NO_ENTRY = Entry(title="")


class Pool:
    """Papers to rank, made ready once; ranking changes nothing in it.

    >>> from datetime import UTC
    >>> pool = Pool.build([Entry(title="Pruning transformers"), Entry(title="Spiking networks on a chip")])
    >>> best = pool.rank(Profile(interests=("spiking networks",)), now=datetime(2026, 1, 2, tzinfo=UTC))[0]
    >>> best.entry.title, best.match > 0.5
    ('Spiking networks on a chip', True)
    """

    def __init__(
        self, candidates: Candidates, space: Space, *, weights: Weights = WEIGHTS, sentences: Sentences = NO_SENTENCES
    ) -> None:
        self._candidates, self._space, self._weights = candidates, space, weights
        self._sentences, self._sense = sentences, Sense.of(candidates.entries, sentences)
        ids = [entry.id for entry in candidates.entries]
        self._places = np.argsort(np.argsort(np.array(ids, dtype=np.str_), kind="stable"), kind="stable")
        self._named = NamedPapers(candidates, space)
        self._circumstances = lru_cache(maxsize=4)(partial(weigh_circumstances, candidates.entries, weights=weights))

    @classmethod
    def build(
        cls,
        entries: Iterable[Entry],
        history: Iterable[Entry] = (),
        *,
        weights: Weights = WEIGHTS,
        sentences: Sentences = NO_SENTENCES,
    ) -> Pool:
        """The entries ready for ranking, each id once; ``history`` adds to what is known of the language only.

        ``sentences``: what an encoder made of the entries, and of what readers like (or ``with_sentences``).
        """
        candidates = {entry.id: entry for entry in entries}
        background = {entry.id: entry for entry in history} | candidates
        # By id, for the themes are found step by step from a start that goes by place.
        space = Space.fit([weigh_fields(background[name]) for name in sorted(background)])
        return cls(Candidates.read(candidates.values(), space), space, weights=weights, sentences=sentences)

    def __len__(self) -> int:
        return len(self._candidates.entries)

    def extended(self, entries: Iterable[Entry]) -> Pool:
        """A pool with these entries as well; what is known of the language stays, so it takes a moment only."""
        known = {entry.id for entry in self._candidates.entries}
        added = Candidates.read((entry for entry in entries if entry.id not in known), self._space)
        return Pool(self._candidates.joined(added), self._space, weights=self._weights, sentences=self._sentences)

    def with_sentences(self, sentences: Sentences) -> Pool:
        """The same pool, which knows these vectors as well; all else that was made ready is theirs together."""
        made = copy(self)
        joined = self._sentences.joined(sentences)
        vars(made).update(_sentences=joined, _sense=Sense.of(self._candidates.entries, joined))
        return made

    def rank(self, profile: Profile, *, now: datetime, limit: int | None = None) -> list[Ranked]:
        """The entries in this reader's order, best first, muted ones last; all of them where ``limit`` is ``None``."""
        start, evidence = self._weigh(profile, now)
        scores = start + sum((part.shares.sum(axis=0) for part in evidence), np.zeros(len(self)))
        scores = np.round(scores, SCORE_DECIMALS) + 0.0
        order = np.lexsort((self._places, -scores))[: None if limit is None else max(limit, 0)]
        entries = [self._candidates.entries[row] for row in order.tolist()]
        best = scores[order].tolist()
        matches = list(map(match_of, best))
        if limit is not None:
            return rank_now(entries, best, matches, tell_reasons(evidence, order, scores=best))
        return rank_later(
            entries,
            best,
            matches,
            lambda start, end: tell_reasons(evidence, order[start:end], scores=best[start:end]),
        )

    def rank_many(
        self, profiles: Iterable[Profile], *, now: datetime, limit: int | None = 10, processes: int = 1
    ) -> Iterator[list[Ranked]]:
        """``rank`` for each profile, in their order.

        By so many forked ``processes`` where there are many readers and a limit: ask for them only where no other
        thread is at work.
        """
        blocks = _cut_in_blocks(profiles)
        ahead = list(islice(blocks, MANY_BLOCKS)) if processes > 1 and limit is not None and can_fork() else []
        blocks = chain(ahead, blocks)
        if len(ahead) < MANY_BLOCKS:
            for block in blocks:
                yield from self._rank_block(block, now, limit)
            return
        for told in map_forked(lambda block: self._tell_block(block, now, limit), blocks, processes=processes):
            yield from ([replace(one, entry=self._candidates.entries[row]) for row, one in ranked] for ranked in told)

    def _rank_block(self, block: list[Profile], now: datetime, limit: int | None) -> Iterator[list[Ranked]]:
        self._named.prepare(entry for profile in block for entry in _named_by(profile))
        return (self.rank(profile, now=now, limit=limit) for profile in block)

    def _tell_block(self, block: list[Profile], now: datetime, limit: int | None) -> list[list[tuple[int, Ranked]]]:
        """The same to be handed to another process, which has the entries: a row for each."""
        rows = {entry.id: row for row, entry in enumerate(self._candidates.entries)}
        return [
            [(rows[one.entry.id], replace(one, entry=NO_ENTRY)) for one in ranked]
            for ranked in self._rank_block(block, now, limit)
        ]

    def _weigh(self, profile: Profile, now: datetime) -> tuple[float, list[Evidence]]:
        """The starting point and all evidence: what is theirs and what is trending, blended as the reader wants it."""
        reader = Reader(profile, self._candidates, self._space, self._weights, now, self._named, self._sense)
        recency, trending = self._circumstances(now)
        trend = _share(profile.trending_weight) if reader.says_something else 1.0
        start = (1 - trend) * reader.starting_point() + trend * self._weights.trending_start
        evidence = [recency, *reader.evidence_against()]
        if trend < 1:
            evidence += [part.scaled(1 - trend) for part in reader.evidence_for()]
        if trend > 0:
            evidence.append(trending.scaled(trend))
        return start, evidence


def _cut_in_blocks(profiles: Iterable[Profile]) -> Iterator[list[Profile]]:
    waiting = iter(profiles)
    while block := list(islice(waiting, READERS_AT_ONCE)):
        yield block


def _share(value: float) -> float:
    """The value between 0 and 1; what is no number says nothing."""
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def _named_by(profile: Profile) -> Iterator[Entry]:
    yield from (*profile.liked, *profile.disliked, *(vote.entry for vote in profile.votes))


def match_of(score: float) -> float:
    """How likely a paper of that score is theirs."""
    return 1 / (1 + math.exp(-score)) if score >= 0 else math.exp(score) / (1 + math.exp(score))
