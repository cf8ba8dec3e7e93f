"""How well a reader's own papers are found among 500, against what others publish; nDCG@10, and the time it takes.

``python -m benchmarks.ranking FOLDER`` reads ``papers.jsonl.gz`` (id, title, abstract, year) and ``tasks.jsonl.gz``
(reader, liked, keywords, archive, candidates, relevant: ids) from a folder; ``make bench`` takes the folder from
``NEWSLETTER_RANKING_DATA``, and without one measures on made-up libraries, which tell the speed but little more.

The peers are written anew from what their authors publish. ``svm``: tf-idf of 20,000 words and pairs, a linear SVM a
reader with everything else as negatives; for keywords, counts in title and abstract. ``cosine``: the mean likeness to
the liked papers, newer ones counting more. ``phrases``: how many of the keywords stand in the text as they are.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from benchmarks.reliability import Told, draw, measure_by_setting
from newsletter.model import Entry, Profile
from newsletter.ranking import Pool
from newsletter.ranking.reader import FEW_LIKED

DATA_VARIABLE = "NEWSLETTER_RANKING_DATA"
SETTINGS = {
    "1 liked": (1, False),
    "3 liked": (3, False),
    "5 liked": (5, False),
    "10 liked": (10, False),
    "20 liked": (20, False),
    "keywords": (0, True),
    "keywords, 3 liked": (3, True),
}
DEPTH = 10
DRAWS = 4_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Paper:
    """A paper of the benchmark."""

    id: str
    title: str
    abstract: str
    year: int

    @property
    def text(self) -> str:
        return f"{self.title}\n{self.abstract}"

    @property
    def entry(self) -> Entry:
        return Entry(id=self.id, title=self.title, summary=self.abstract, published=NOW)


@dataclass(frozen=True)
class Task:
    """Ten papers of a reader, hidden among the candidates."""

    reader: str
    liked: Sequence[Paper]
    keywords: Sequence[str]
    archive: Sequence[Paper]
    candidates: Sequence[Paper]
    relevant: frozenset[str]

    def allows(self, count: int, *, with_keywords: bool) -> bool:
        """Whether this reader has what a setting asks for."""
        return len(self.liked) >= count and (bool(self.keywords) or not with_keywords)

    @cached_property
    def pool(self) -> Pool:
        return Pool.build([p.entry for p in self.candidates], history=[p.entry for p in self.archive])

    @cached_property
    def peers(self) -> PeerSpace:
        return PeerSpace(self)


class PeerSpace:
    """The tf-idf that the peers use, over candidates, archive and liked papers."""

    def __init__(self, task: Task) -> None:
        self.vectorizer = TfidfVectorizer(
            strip_accents="unicode",
            stop_words="english",
            token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
            ngram_range=(1, 2),
            max_features=20_000,
            sublinear_tf=True,
            max_df=0.1,
            min_df=min(5, max(1, len(task.archive) // 100)),
        )
        papers = [*task.candidates, *task.archive, *task.liked]
        self.rows = self.vectorizer.fit_transform([paper.text for paper in papers])
        self.candidates = self.rows[: len(task.candidates)]
        self.others = self.rows[: len(task.candidates) + len(task.archive)]
        self.liked = self.rows[len(papers) - len(task.liked) :]


Ranker = Callable[[Task, Sequence[Paper], Sequence[str]], Scores]


def rank_here(task: Task, liked: Sequence[Paper], keywords: Sequence[str]) -> Scores:
    """This product."""
    profile = Profile(interests=tuple(keywords), liked=tuple(paper.entry for paper in liked))
    places = {one.entry.id: one.rank for one in task.pool.rank(profile, now=NOW)}
    return -np.array([places[paper.id] for paper in task.candidates], float)


def rank_by_svm(task: Task, liked: Sequence[Paper], keywords: Sequence[str]) -> Scores:
    """One against everything else; keywords alone are searched for."""
    if not liked:
        words = " ".join(keywords).split()
        return np.array([_search(words, paper) for paper in task.candidates], float)
    space = task.peers
    rows = sparse.vstack([space.liked[: len(liked)], space.others])
    mine = np.arange(rows.shape[0]) < len(liked)
    svm = LinearSVC(class_weight="balanced", C=0.01, tol=1e-6, max_iter=10_000).fit(rows, mine)
    return np.asarray(svm.decision_function(space.candidates))


def rank_by_cosine(task: Task, liked: Sequence[Paper], keywords: Sequence[str]) -> Scores:
    """The weighted mean cosine; keywords alone count as one text."""
    space = task.peers
    if not liked:
        return np.asarray((space.candidates @ space.vectorizer.transform([". ".join(keywords)]).T).todense()).ravel()
    newest_first = sorted(range(len(liked)), key=lambda n: -liked[n].year)
    weights = 1 / (1 + np.log10(1 + np.arange(len(liked))))
    likeness = (space.candidates @ space.liked[newest_first].T).toarray()
    return np.asarray(likeness @ (weights / weights.sum()))


def count_phrases(task: Task, liked: Sequence[Paper], keywords: Sequence[str]) -> Scores:
    """How many keywords stand in the text, letter by letter; liked papers are not looked at."""
    del liked
    return np.array([sum(word in paper.text.lower() for word in keywords) for paper in task.candidates], float)


RANKERS: dict[str, Ranker] = {
    "newsletter": rank_here,
    "svm": rank_by_svm,
    "cosine": rank_by_cosine,
    "phrases": count_phrases,
}
BASE = "svm"


def measure(folder: Path | None = None) -> list[dict[str, Any]]:
    """A row a setting and ranker: mean nDCG@10 over readers, the gain over the SVM with its paired 95 % interval."""
    folder = folder or find_folder()
    tasks = read_tasks(folder) if folder else make_tasks()
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for task in tasks:
        _ = task.pool, task.peers  # features are made once a pool, and not timed here
        for setting, (count, with_keywords) in SETTINGS.items():
            if not task.allows(count, with_keywords=with_keywords):
                continue
            keywords = task.keywords if with_keywords else ()
            for name, rank in RANKERS.items():
                start = time.perf_counter()
                scores = rank(task, task.liked[:count], keywords)
                seconds[setting, name].append(time.perf_counter() - start)
                found[setting, name][task.reader].append(_ndcg(scores, task))
    return [_row(found, seconds, setting, name) for setting in SETTINGS for name in RANKERS if (setting, name) in found]


def find_folder() -> Path | None:
    """The folder of papers and tasks that is named for ``make bench``."""
    given = os.environ.get(DATA_VARIABLE)
    return Path(given) if given else None


def read_papers(folder: Path) -> dict[str, Paper]:
    """The papers of a folder by id."""
    rows = _lines(folder / "papers.jsonl.gz")
    return {row["id"]: Paper(row["id"], row["title"], row["abstract"], row.get("year") or 2000) for row in rows}


def read_tasks(folder: Path) -> list[Task]:
    """The tasks of a folder."""
    papers = read_papers(folder)
    return [
        Task(
            reader=row["reader"],
            liked=[papers[i] for i in row["liked"]],
            keywords=row["keywords"],
            archive=[papers[i] for i in row["archive"]],
            candidates=[papers[i] for i in row["candidates"]],
            relevant=frozenset(row["relevant"]),
        )
        for row in _lines(folder / "tasks.jsonl.gz")
    ]


def make_fields(count: int, dice: random.Random) -> list[tuple[list[str], list[Paper]]]:
    """Made-up fields, each with words of its own, and 240 papers."""
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = [dice.choice(syllables) + dice.choice(syllables) + dice.choice(syllables) for _ in range(3_000)]

    def write(own: list[str], field: int, number: int) -> Paper:
        drawn = [dice.choice(own) if dice.random() < 0.15 else dice.choice(words) for _ in range(130)]
        return Paper(f"{field}-{number}", " ".join(drawn[:10]), " ".join(drawn[10:]), 2000 + number % 25)

    owns = [dice.sample(words, 60) for _ in range(count)]
    return [(own, [write(own, field, number) for number in range(240)]) for field, own in enumerate(owns)]


def make_tasks(readers: int = 6, fields: int = 12) -> list[Task]:
    """Made-up libraries: each reader has a field."""
    dice = random.Random(0)
    made = make_fields(fields, dice)
    tasks = []
    for reader, (own, mine) in enumerate(made[:readers]):
        others = [paper for field, (_, papers) in enumerate(made) if field != reader for paper in papers]
        dice.shuffle(others)
        tasks.append(
            Task(
                reader=str(reader),
                liked=mine[:20],
                keywords=own[:8],
                archive=[*mine[20:40], *others[:1_980]],
                candidates=[*mine[40:50], *others[1_980:2_470]],
                relevant=frozenset(paper.id for paper in mine[40:50]),
            )
        )
    return tasks


def measure_reliability(folder: Path) -> list[dict[str, Any]]:
    """How far ``match`` can be trusted, a row a setting and tenth of it."""
    told: dict[str, list[Told]] = {setting: [] for setting in SETTINGS}
    for task in read_tasks(folder):
        for setting, (count, with_keywords) in SETTINGS.items():
            if task.allows(count, with_keywords=with_keywords):
                told[setting].append(_tell(task, setting))
    return measure_by_setting([one for of_setting in told.values() for one in of_setting])


def _tell(task: Task, setting: str) -> Told:
    count, with_keywords = SETTINGS[setting]
    liked = tuple(paper.entry for paper in task.liked[:count])
    ranked = task.pool.rank(Profile(interests=tuple(task.keywords if with_keywords else ()), liked=liked), now=NOW)
    alone = 0.0 if with_keywords else 1.0
    doublings = math.log2(max(count / FEW_LIKED, 1.0)) * alone
    return Told(
        reader=task.reader,
        setting=setting,
        start=(float(with_keywords and not count), float(with_keywords and bool(count)), alone, doublings),
        scores=np.array([one.score for one in ranked]),
        theirs=np.array([one.entry.id in task.relevant for one in ranked]),
    )


def _row(
    found: Mapping[tuple[str, str], Mapping[str, Sequence[float]]],
    seconds: Mapping[tuple[str, str], Sequence[float]],
    setting: str,
    name: str,
) -> dict[str, Any]:
    means = {reader: float(np.mean(values)) for reader, values in found[setting, name].items()}
    gains = np.array([means[reader] - np.mean(found[setting, BASE][reader]) for reader in means])
    draws = np.random.RandomState(0).randint(0, len(gains), (DRAWS, len(gains)))
    low, high = np.percentile(gains[draws].mean(axis=1), [2.5, 97.5])
    time_here, time_base = float(np.mean(seconds[setting, name])), float(np.mean(seconds[setting, BASE]))
    return {
        "setting": setting,
        "ranker": name,
        "readers": len(means),
        "nDCG@10": float(np.mean(list(means.values()))),
        f"over {BASE}": float(gains.mean()),
        "from": float(low),
        "to": float(high),
        "ms a reader": time_here * 1_000,
        f"times as fast as {BASE}": time_base / time_here,
    }


def _ndcg(scores: Scores, task: Task) -> float:
    """Discounted gain of the first ten over the best there could be; equal scores in a fixed random order."""
    order = np.lexsort((np.random.RandomState(0).permutation(len(scores)), -scores))[:DEPTH]
    discounts = 1 / np.log2(np.arange(len(order)) + 2)
    hits = np.array([task.candidates[n].id in task.relevant for n in order], float)
    return float(hits @ discounts / discounts[: len(task.relevant)].sum())


def _search(words: Iterable[str], paper: Paper) -> int:
    title, abstract = paper.title.lower(), paper.abstract.lower()
    return sum(20 * (word in title) + min(3, len(re.findall(re.escape(word), abstract))) for word in words)


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None)
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="papers.jsonl.gz and tasks.jsonl.gz")
    parser.add_argument("--reliability", action="store_true", help="how far match can be trusted, instead")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="the same, drawn as SVG as well")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    chosen = parser.parse_args()
    if (chosen.reliability or chosen.plot) and not chosen.folder:
        parser.error("--reliability and --plot need a folder")
    is_reliability = chosen.reliability or chosen.plot
    measured = measure_reliability(chosen.folder) if is_reliability else measure(chosen.folder)
    if chosen.plot:
        chosen.plot.write_text(draw(measured), encoding="utf-8")
    print(json.dumps(measured, indent=2)) if chosen.json else _print(measured)
