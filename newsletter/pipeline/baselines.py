"""What others do, to measure ours against: keywords counted, and two published ways over tf-idf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from newsletter.model import Entry

Scores = NDArray[np.float64]
FEATURES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a ranker is told of a reader."""

    interests: tuple[str, ...] = ()
    liked: tuple[Entry, ...] = ()


class TfIdf:
    """The published rankers' view of one trial's papers: tf-idf of words and pairs of words."""

    def __init__(self, candidates: Sequence[Entry], archive: Sequence[Entry], own: Sequence[Entry]) -> None:
        self._candidates, self._archive, self._own = candidates, archive, own

    def rank_by_svm(self, told: Told) -> Scores:
        """arxiv-sanity-lite's: a class-balanced linear SVM, what is liked against all the rest; interests mean nothing.

        https://github.com/karpathy/arxiv-sanity-lite, with its settings.
        """
        from sklearn.svm import LinearSVC

        rows = self._rows
        if rows is None or not told.liked:
            return np.zeros(len(self._candidates))
        liked = self._transform([_text(entry) for entry in told.liked])
        others = rows[: len(self._candidates) + len(self._archive)]
        labels = np.r_[np.ones(len(told.liked)), np.zeros(others.shape[0])]
        machine = LinearSVC(class_weight="balanced", C=0.01, tol=1e-6, max_iter=10_000, random_state=0)
        machine.fit(sparse.vstack([liked, others]), labels)
        return np.asarray(machine.decision_function(rows[: len(self._candidates)]), float)

    def rank_by_cosine(self, told: Told) -> Scores:
        """The mean cosine with what is told; the interests together are one more text."""
        rows = self._rows
        texts = [_text(entry) for entry in told.liked] + [" . ".join(told.interests)] * bool(told.interests)
        if rows is None or not texts:
            return np.zeros(len(self._candidates))
        centre = np.asarray(self._transform(texts).mean(axis=0)).ravel()
        return np.asarray(rows[: len(self._candidates)] @ centre, float)

    @cached_property
    def _fitted(self) -> tuple[Any, Any]:
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = [_text(entry) for entry in (*self._candidates, *self._archive, *self._own)]
        vectorizer = TfidfVectorizer(
            strip_accents="unicode",
            stop_words="english",
            token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",  # noqa: S106 a pattern of words
            ngram_range=(1, 2),
            max_features=FEATURES,
            sublinear_tf=True,
            max_df=0.1,
            min_df=min(5, max(1, len(texts) // 100)),  # theirs is 5, for thousands of papers
        )
        try:
            return vectorizer, vectorizer.fit_transform(texts).tocsr()
        except ValueError:  # no words in Latin script: then this way has nothing to say
            return None, None

    @property
    def _rows(self) -> Any:
        return self._fitted[1]

    def _transform(self, texts: Sequence[str]) -> Any:
        return self._fitted[0].transform(texts)


def count_keywords(told: Told, candidates: Sequence[Entry]) -> Scores:
    """What most keyword digests do: how many of the interests stand in the paper letter by letter."""
    texts = [_text(entry).casefold() for entry in candidates]
    phrases = [phrase.casefold() for phrase in told.interests]
    return np.array([sum(phrase in text for phrase in phrases) for text in texts], float)


def _text(entry: Entry) -> str:
    return f"{entry.title} {entry.summary}"
