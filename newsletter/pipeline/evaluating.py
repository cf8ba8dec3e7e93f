"""What the ranker is worth here: some of a reader's papers are hidden among the store's, and looked for."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.model import Entry, Interest, Profile
from newsletter.pipeline.baselines import Scores, TfIdf, Told, count_keywords
from newsletter.pipeline.holdout import Material, Trial, part, prepare
from newsletter.pipeline.sentences import SentenceMaker
from newsletter.ranking import Pool
from newsletter.ranking.sentences import NO_SENTENCES, Sentences
from newsletter.sources.references import read_library
from newsletter.storage import Storage
from newsletter.subscriptions import first_known, reader_named, resolve_profiles

FEWEST_PAPERS = 8
FEWEST_OTHERS = 50
CANDIDATES = 500
HISTORY = 1_000
TRIALS = 6
FIRST = 10
"""How many places count."""
LIKED = (1, 5, 20)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Any instant: what is ranked here has no dates."""

Wanted = NDArray[np.bool_]
"""Which of the candidates are the hidden ones."""

OURS, KEYWORDS, SVM, COSINE = "newsletter", "keyword count", "SVM on tf-idf", "mean cosine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one ranker did in one setting, as means over the trials."""

    setting: str
    """What was told: ``interests``, ``5 liked``, ``interests and 5 liked``."""
    ranker: str
    ndcg: float
    """nDCG@10: 1 where all first places are the reader's own."""
    low: float
    high: float
    """The 95 % interval of ``ndcg`` over the trials."""
    precision: float
    """The share of the first ten places that are the reader's own."""
    found: float
    """How many of the hidden papers stand in the first ten places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came of it."""

    papers: int
    """How many of the reader's could be used."""
    named: int
    """How many there were before those without a text to compare and near-duplicates went."""
    hidden: int
    """How many were looked for in each trial."""
    candidates: int
    """Among how many others."""
    history: int
    trials: int
    has_summaries: bool
    is_dated: bool
    """Hidden were the later papers; else any."""
    scores: tuple[Score, ...]
    missing: tuple[str, ...] = ()
    """Liked papers that nobody knows the content of."""

    @property
    def conclusion(self) -> str:
        """One plain sentence."""
        settings = list(dict.fromkeys(score.setting for score in self.scores))
        best = {score.ranker: score for score in self.scores if score.setting == settings[-1]}
        others = [f"{name} finds {score.found:.1f}" for name, score in best.items() if name != OURS]
        chance = FIRST * self.hidden / (self.hidden + self.candidates)
        told = settings[-1].replace("liked", "liked paper" if settings[-1].startswith("1 ") else "liked papers")
        return (
            f"Told {told}, {OURS} puts {best[OURS].found:.1f} of {self.hidden} hidden papers into the first {FIRST} of "
            f"{self.hidden + self.candidates}; {', '.join(others)}, chance {chance:.1f}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """A reader's papers as they named them, and their interests."""

    papers: tuple[Entry, ...]
    interests: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    """Ids in the store."""


@dataclass(slots=True)
class _Tally:
    """One ranker's results in one setting, a trial each."""

    ndcg: list[float] = field(default_factory=list)
    found: list[int] = field(default_factory=list)


def evaluate(
    settings: Settings,
    storage: Storage,
    *,
    library: Path | None = None,
    address: str | None = None,
    trials: int = TRIALS,
    on_trial: Callable[[], None] | None = None,
) -> Evaluation:
    """How well hidden papers of a library, or of a reader's liked ones, are found among the store's; writes nothing.

    ``address`` adds that reader's interests, and their liked papers where there is no ``library``. UsageError where
    there are too few papers on either side.
    """
    own = _read_own(settings, storage, library=library, address=address)
    stored = storage.entries.history(datetime.max.replace(tzinfo=UTC), limit=CANDIDATES + HISTORY + len(own.keys))
    others = [entry for entry in stored if entry.id not in own.keys and not entry.withdrawn]
    material = prepare(own.papers, others)
    _require_enough(material, own)
    maker = SentenceMaker(settings, storage, now=datetime.now(UTC))
    sentences = maker.make([*material.own, *material.others[:CANDIDATES]], own.interests)
    measured = measure(material, own.interests, trials=trials, sentences=sentences, on_trial=on_trial)
    return replace(measured, named=len(own.papers), missing=own.missing)


def measure(
    material: Material,
    interests: Sequence[str] = (),
    *,
    trials: int = TRIALS,
    sentences: Sentences = NO_SENTENCES,
    on_trial: Callable[[], None] | None = None,
) -> Evaluation:
    """All settings and rankers over the trials; the same material gives the same figures."""
    others, history = material.others[:CANDIDATES], material.others[CANDIDATES : CANDIDATES + HISTORY]
    tallies: dict[tuple[str, str], _Tally] = {}
    hidden = 0
    for trial in part(material, times=trials):
        hidden = len(trial.hidden)
        candidates = _mixed(trial.hidden, others)
        wanted = np.isin([entry.id for entry in candidates], [entry.id for entry in trial.hidden])
        for key, scores in _rank_all(trial, candidates, history, interests, sentences=sentences):
            tally = tallies.setdefault(key, _Tally())
            tally.ndcg.append(ndcg(scores, wanted))
            tally.found.append(count_found(scores, wanted))
        if on_trial:
            on_trial()
    return Evaluation(
        papers=len(material.own),
        named=len(material.own),
        hidden=hidden,
        candidates=len(others),
        history=len(history),
        trials=trials,
        has_summaries=material.has_summaries,
        is_dated=material.is_dated,
        scores=tuple(_summed(*key, tally) for key, tally in tallies.items()),
    )


def settings_for(trial: Trial, interests: Sequence[str]) -> dict[str, Told]:
    """What may be told, least first: the interests, 1, 5 and 20 liked papers as far as there are, both."""
    counts = [count for count in LIKED if count <= len(trial.told)]
    found = {"interests": Told(interests=tuple(interests))} if interests else {}
    found |= {f"{count} liked": Told(liked=trial.told[:count]) for count in counts}
    if interests:
        found[f"interests and {counts[-1]} liked"] = Told(interests=tuple(interests), liked=trial.told[: counts[-1]])
    return found


def ndcg(scores: Scores, wanted: Wanted) -> float:
    """nDCG@10; what is scored alike is in chance's order, the same each time."""
    gains = 1 / np.log2(np.arange(2, FIRST + 2))
    hits = wanted[_first(scores)]
    return float((hits * gains[: len(hits)]).sum() / gains[: min(FIRST, int(wanted.sum()))].sum())


def count_found(scores: Scores, wanted: Wanted) -> int:
    """How many of those wanted stand in the first ten places."""
    return int(wanted[_first(scores)].sum())


def _first(scores: Scores) -> NDArray[np.int64]:
    """The rows in the first places."""
    chance = np.random.RandomState(0).permutation(len(scores))
    return np.asarray(np.lexsort((chance, -scores))[:FIRST])


def _rank_all(
    trial: Trial,
    candidates: Sequence[Entry],
    history: Sequence[Entry],
    interests: Sequence[str],
    *,
    sentences: Sentences,
) -> Iterator[tuple[tuple[str, str], Scores]]:
    """(setting, ranker) and the scores of the candidates."""
    pool = Pool.build(candidates, history=history, sentences=sentences)
    peers = TfIdf(candidates, history, trial.told)
    for name, told in settings_for(trial, interests).items():
        yield (name, OURS), _rank(pool, told, candidates)
        if told.interests:
            yield (name, KEYWORDS), count_keywords(told, candidates)
        if told.liked:
            yield (name, SVM), peers.rank_by_svm(told)
        yield (name, COSINE), peers.rank_by_cosine(told)


def _rank(pool: Pool, told: Told, candidates: Sequence[Entry]) -> Scores:
    profile = Profile(interests=told.interests, liked=told.liked)
    scores = {one.entry.id: one.score for one in pool.rank(profile, now=NOW)}
    return np.array([scores[entry.id] for entry in candidates], float)


def _mixed(hidden: Sequence[Entry], others: Sequence[Entry]) -> list[Entry]:
    """In an order that says nothing."""
    return random.Random(0).sample([*hidden, *others], len(hidden) + len(others))  # noqa: S311


def _summed(setting: str, ranker: str, tally: _Tally) -> Score:
    from scipy import stats

    middle = float(np.mean(tally.ndcg))
    degrees = len(tally.ndcg) - 1
    spread = float(np.std(tally.ndcg, ddof=1))
    reach = float(stats.t.ppf(0.975, degrees)) * spread / math.sqrt(len(tally.ndcg))
    found = float(np.mean(tally.found))
    return Score(
        setting=setting,
        ranker=ranker,
        ndcg=middle,
        low=max(0.0, middle - reach),
        high=min(1.0, middle + reach),
        precision=found / FIRST,
        found=found,
    )


def _read_own(settings: Settings, storage: Storage, *, library: Path | None, address: str | None) -> _Own:
    """The papers that are to be found, with the store's texts where it knows them."""
    if library is None and address is None:
        raise UsageError("whose papers? name a file of them with --library, a reader with --subscriber, or both")
    interests: tuple[str, ...] = ()
    own = _Own(papers=())
    if address is not None:
        found = resolve_profiles([reader_named(address, settings, storage)], storage, settings)[0]
        interests = tuple(Interest.of(interest).text for interest in found.profile.interests)
        voted = [vote.entry for vote in found.profile.votes if vote.value > 0]
        own = _Own(papers=(*found.profile.liked, *voted), missing=(*found.missing, *found.unread))
    if library is not None:
        own = _read_file(storage, library)
    keys = frozenset(entry.id for entry in own.papers)
    return replace(own, interests=interests, keys=keys)


def _read_file(storage: Storage, library: Path) -> _Own:
    references = read_library(library)
    known = storage.entries.known({key for reference in references for key in reference.keys})
    found: dict[str, Entry] = {}
    missing = []
    for reference in references:
        entry = first_known(reference.keys, known) or reference.entry
        if entry is None:
            missing.append(reference.text)
        else:
            found.setdefault(entry.id, entry)
    return _Own(papers=tuple(found.values()), missing=tuple(missing))


def _require_enough(material: Material, own: _Own) -> None:
    if len(material.own) < FEWEST_PAPERS:
        raise UsageError(
            f"{len(material.own)} of {len(own.papers) + len(own.missing)} papers can be used; at least {FEWEST_PAPERS} "
            "are needed, each once and with a title: name a larger library with --library"
        )
    if len(material.others) < FEWEST_OTHERS:
        text = "with an abstract " if material.has_summaries else ""
        raise UsageError(
            f"the store has {len(material.others)} other papers {text}to hide them among; at least {FEWEST_OTHERS} are "
            "needed: run `newsletter fetch` for some days first"
        )
