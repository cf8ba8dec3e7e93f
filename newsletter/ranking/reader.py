"""One reader's evidence: what their profile says for and against each candidate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import numpy as np
from scipy import sparse

from newsletter.model import Entry, Interest, Profile
from newsletter.ranking.candidates import Candidates
from newsletter.ranking.evidence import Evidence, Mentions, Models, find_rows, weigh_likeness
from newsletter.ranking.named import NamedPapers
from newsletter.ranking.names import read_organization, read_person
from newsletter.ranking.sentences import Sense
from newsletter.ranking.space import Array, Space
from newsletter.ranking.terms import read_words
from newsletter.ranking.trending import days_between
from newsletter.ranking.weights import Likeness, Weights
from newsletter.ranking.wording import Wording
from newsletter.text import clean, shorten

CACHED_PHRASES = 1 << 12
VOTE_HALF_LIFE_DAYS = 180.0
MAX_LABEL_CHARACTERS = 100
FEW_LIKED, MANY_LIKED = 3, 32
WHOLE = 0.999
SHORTER = 0.2
"""How fast what interests find in a paper counts for less with how little it tells: a power of its fullness."""
MIN_STANDING = 0.25
"""The share of a phrase that is said to stand in a paper: half of it, or a quarter in the title."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A profile held against the candidates of a pool."""

    profile: Profile
    candidates: Candidates
    space: Space
    weights: Weights
    now: datetime
    papers: NamedPapers
    sense: Sense | None = None

    def evidence_for(self) -> Iterator[Evidence]:
        """All that makes a paper more, or by contrast less, theirs."""
        yield from self._interests()
        yield from self._liked()
        yield from self._named()

    def evidence_against(self) -> Iterator[Evidence]:
        """What they said they do not want; it counts whatever is trending."""
        models = [(entry, 1.0) for entry in self.profile.disliked] + self._votes(-1)
        if models:
            yield self._like_papers("disliked", models, self.weights.disliked)
        muted: dict[str, Sequence[int]] = {phrase: self._muted_by(phrase) for phrase in self.profile.muted}
        muted |= {name: self.candidates.find_person(read_person(name)) for name in self.profile.muted_authors}
        yield from self._found("muted", muted, self.weights.muted)

    @property
    def says_something(self) -> bool:
        """Whether there is anything to rank by: an interest without a word to look for is nothing."""
        followed = self.profile.authors or self.profile.organizations or self.profile.categories
        return bool(followed or self._phrases() or self._wanted())

    def starting_point(self) -> float:
        """What any paper gets before something speaks for it."""
        return self._start() + (self.weights.sentences_start if self._has_sentences() else 0.0)

    def _start(self) -> float:
        has_interests, has_liked = bool(self._phrases()), bool(self._wanted())
        interests = self.weights.interest.start
        liked = self.weights.liked.start + self.weights.crowd * self._doublings()
        if has_interests and has_liked:
            return (interests + liked) / 2 + self.weights.both_start
        return interests if has_interests else liked if has_liked else self.weights.start

    def _has_sentences(self) -> bool:
        if self.sense is None:
            return False
        papers = (entry.id for entry, _ in self._wanted())
        return self.sense.knows_any(papers, (phrase.text for phrase in self._phrases()))

    def _doublings(self) -> float:
        """How many times more liked papers there are than few, as their logarithm to base 2."""
        count = sum(weight for _, weight in self._wanted())
        return math.log2(min(max(count / FEW_LIKED, 1.0), MANY_LIKED / FEW_LIKED))

    def _interests(self) -> Iterator[Evidence]:
        phrases = self._phrases()
        if not phrases:
            return
        words = [_read_phrase(phrase.text) for phrase in phrases]
        vectors = self.space.embed([[(1, each)] for each in words])
        stated = np.array([phrase.weight for phrase in phrases], float) / max(phrase.weight for phrase in phrases)
        models = Models(tuple(_label(phrase.text) for phrase in phrases), vectors, stated * vectors.known)
        shares = np.asarray((self._weigh_words(words) @ self.candidates.mentions).toarray())
        telling = np.array([1.0 if len(each) > 1 else 0.5 for each in words])
        mentions = Mentions(shares, (shares > WHOLE) * telling[:, None], stated, 1 - vectors.known)
        weighed = weigh_likeness(models, self.candidates, weights=self.weights.interest, mentions=mentions)
        if self.sense:
            texts = [phrase.text for phrase in phrases]
            weighed += self.sense.like_interests(texts, models.strengths) * self.weights.interest.sentences
        weighed *= self.candidates.vectors.fullness**SHORTER
        yield Evidence(
            "interest", models.labels, weighed * self._part(), words=self._word_interests(models.labels, shares)
        )

    def _liked(self) -> Iterator[Evidence]:
        models = self._wanted()
        if models:
            evidence = self._like_papers("liked", models, self.weights.liked).scaled(self._part())
            yield replace(evidence, words=self._word_liked(evidence.labels))
            authors = self.papers.shared_authors([entry for entry, _ in models])
            yield from self._found("liked_author", authors, self.weights.shared_author)

    def _named(self) -> Iterator[Evidence]:
        """Authors, organisations and categories the reader follows."""
        people = {name: self.candidates.find_person(read_person(name)) for name in self.profile.authors}
        yield from self._found("author", people, self.weights.author)
        houses = {name: self._from_organization(name) for name in self.profile.organizations}
        yield from self._found("organization", houses, self.weights.organization)
        fields = {name: self._in_category(name) for name in self.profile.categories}
        yield from self._found("category", fields, self.weights.category)

    def _word_interests(self, labels: Sequence[str], shares: Array) -> Callable[[int, int], tuple[str, str]]:
        """What to say of an interest and a paper: in the paper's words, or that it is but near to it."""
        wordings = [_word(label) for label in labels]

        def say(label: int, row: int) -> tuple[str, str]:
            stands = shares[label, row] >= MIN_STANDING
            words = wordings[label].stands_in(self.candidates.entries[row]) if stands else None
            return ("interest", words) if words else ("theme", labels[label])

        return say

    def _word_liked(self, labels: Sequence[str]) -> Callable[[int, int], tuple[str, str]]:
        """What to say of a paper like one of ``_wanted``: votes come after what is in the profile."""
        liked = len(self._named_liked())
        told = [("liked" if number < liked else "voted", label) for number, label in enumerate(labels)]
        return lambda label, _: told[label]

    def _wanted(self) -> list[tuple[Entry, float]]:
        """Liked papers and votes for a paper, each with its weight."""
        return [(entry, 1.0) for entry in self._named_liked()] + self._votes(1)

    def _named_liked(self) -> list[Entry]:
        """Each liked paper once, however often it was named."""
        return list({entry.id: entry for entry in self.profile.liked}.values())

    def _part(self) -> float:
        return self.weights.both if self._phrases() and self._wanted() else 1.0

    def _phrases(self) -> list[Interest]:
        phrases = [Interest.of(interest) for interest in self.profile.interests]
        return [phrase for phrase in phrases if 0 < phrase.weight < math.inf and _read_phrase(phrase.text)]

    def _votes(self, value: int) -> list[tuple[Entry, float]]:
        """Papers voted for or against, the weight halved with every half-year."""
        votes = [vote for vote in self.profile.votes if vote.value == value]
        ages = [days_between(vote.at, self.now) for vote in votes]
        return [(vote.entry, 0.5 ** (age / VOTE_HALF_LIFE_DAYS)) for vote, age in zip(votes, ages, strict=True)]

    def _like_papers(self, kind: str, papers: Sequence[tuple[Entry, float]], weights: Likeness) -> Evidence:
        weighed = self.papers.weigh(tuple(papers), weights)
        if self.sense and weights.sentences:
            strengths = np.array([weight for _, weight in papers], float)
            sensed = self.sense.like_papers([entry.id for entry, _ in papers], strengths)
            weighed = weighed + sensed * weights.sentences
        labels = tuple(_label(entry.title) for entry, _ in papers)
        return Evidence(kind, labels, weighed)

    def _found(self, kind: str, found: Mapping[str, Sequence[int]], weight: float) -> Iterator[Evidence]:
        evidence = find_rows(
            kind,
            {_label(name): rows for name, rows in found.items()},
            size=len(self.candidates.entries),
            weight=weight,
        )
        if evidence:
            yield evidence

    def _weigh_words(self, phrases: Sequence[Sequence[str]]) -> sparse.csr_array:
        """(phrases, words): each word's part in its phrase by rarity; words that no candidate has are missing."""
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for row, words in enumerate(phrases):
            rarities = {word: self.space.rarity(word) for word in words}
            whole = sum(rarities.values())
            for word, rarity in rarities.items():
                if word in self.candidates.words:
                    rows.append(row)
                    columns.append(self.candidates.words[word])
                    values.append(rarity / whole)
        shape = (len(phrases), len(self.candidates.words))
        return sparse.csr_array((values, (rows, columns)), shape=shape)

    def _muted_by(self, phrase: str) -> list[int]:
        rows = set(self.candidates.find_phrase(read_words(phrase)))
        return sorted(rows | set(self._in_category(phrase)))

    def _from_organization(self, name: str) -> list[int]:
        wanted = read_organization(name)
        return [row for row, one in enumerate(self.candidates.organizations) if wanted.strip() and wanted in one]

    def _in_category(self, name: str) -> list[int]:
        """Rows in the category or, for an archive such as ``q-bio``, in any category of it."""
        wanted = name.strip().casefold()
        return [
            row
            for row, entry in enumerate(self.candidates.entries)
            if any(one == wanted or one.startswith(f"{wanted}.") for one in map(str.casefold, entry.categories))
        ]


_word = lru_cache(CACHED_PHRASES)(Wording.of)


@lru_cache(CACHED_PHRASES)
def _read_phrase(text: str) -> tuple[str, ...]:
    return tuple(read_words(text))


def _label(text: str) -> str:
    return shorten(clean(text), MAX_LABEL_CHARACTERS)
