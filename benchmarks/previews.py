"""What a live preview costs: today's digest for a profile that is being typed, over 2,000 candidates in a real store.

Beside it what each would cost if nothing were kept from one to the next: the pool made anew, as ``rank`` does.
Seconds of the processor, so that it matters little what else the machine does.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.ranking import make_fields
from benchmarks.readers import row_of, timed
from newsletter.config import load
from newsletter.model import Entry, EntryChanges, Interest, Signals, Subscriber
from newsletter.pipeline.editions import keep_edition, snapshot
from newsletter.pipeline.tuning import Tuner
from newsletter.rendering.telling import CardTeller
from newsletter.storage import Storage

CANDIDATES, OLDER = 2_000, 5_000
PREVIEWS = 60
LIKED = {"8 interests": 0, "8 interests, 20 liked, 5 authors": 20, "8 interests, 200 liked, 5 authors": 200}
SETTINGS = {
    "title": "Morning Papers",
    "from": {"name": "Morning Papers", "email": "papers@example.org"},
    "sources": [{"kind": "feed", "name": "none", "url": "https://example.org/feed.xml"}],
}


def measure() -> list[dict[str, Any]]:
    """A row a reader, each with its ratio to a preview that keeps nothing."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        (Path(folder) / "newsletter.yaml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
        settings = load(Path(folder) / "newsletter.yaml", environ={})
        with Storage.open(settings.database) as storage:
            now = datetime.now().astimezone()
            words, papers = _fill(storage, now)
            keep_edition(storage, snapshot(storage, now=now, reach_from=now - settings.window, sources=()))
            tuner, cards, rows = Tuner(settings, storage), CardTeller(settings.templates), []
            reader = storage.subscribers.save(Subscriber(id="", email="ada@example.org", created_at=now))
            _, anew = timed(tuner.make_ready)
            for kind, liked in LIKED.items():
                saved = _with_liked(reader, papers, words, liked)
                typed = list(_type(saved, words))
                tuner.try_out(saved, saved, now=now)  # the page opens with it

                def preview(typed: list[Subscriber] = typed, saved: Subscriber = saved) -> None:
                    for changed in typed:
                        found = tuner.try_out(saved, changed, now=now)
                        cards.tell([*(card.item for card in found.cards), *found.gone])

                _, cost = timed(preview)
                each = cost / len(typed)
                rows.append(row_of(f"a live preview: {kind}", each * 1e3, "ms", (anew + each) * 1e3, "nothing kept"))
            return rows


def _fill(storage: Storage, now: datetime) -> tuple[list[str], list[Entry]]:
    """Papers with authors whose names are as common as names are, the first of them new today."""
    dice = random.Random(0)
    fields = make_fields(1 + (CANDIDATES + OLDER) // 240, dice)
    families = ["".join(dice.choice("bdfgklmnprst") + dice.choice("aeiou") for _ in range(3)) for _ in range(3_000)]
    given = ["".join(dice.choice("bdfgklmnprst") + dice.choice("aeiou") for _ in range(2)) for _ in range(400)]
    names = [f"{dice.choice(given)} {families[int(3_000 * dice.random() ** 3)]}".title() for _ in range(12_000)]
    papers = [paper for _, of_field in fields for paper in of_field][: CANDIDATES + OLDER]
    dice.shuffle(papers)
    entries = [
        replace(
            paper.entry,
            link=f"https://example.org/{paper.id}",
            authors=tuple(dice.sample(names, 5)),
            signals=Signals(upvotes=dice.randint(0, 60)),
            first_seen_at=now - timedelta(hours=1 if number < CANDIDATES else 24 * 30),
            sources=("none",),
        )
        for number, paper in enumerate(papers)
    ]
    keys = tuple((f"title:{entry.title}", entry.id) for entry in entries)
    storage.entries.save(EntryChanges(entries=tuple(entries), keys=keys), now=now)
    return sorted({word for own, _ in fields for word in own}), entries


def _with_liked(reader: Subscriber, papers: list[Entry], words: list[str], liked: int) -> Subscriber:
    dice = random.Random(1)
    named = dice.sample(papers[CANDIDATES:], liked)
    profile = replace(
        reader.profile,
        interests=tuple(Interest(" ".join(dice.sample(words, 2))) for _ in range(7)),
        liked=tuple(f"title: {paper.title}" for paper in named),
        authors=tuple(paper.authors[0] for paper in named[:5]),
    )
    return replace(reader, profile=profile)


def _type(reader: Subscriber, words: list[str]) -> Iterator[Subscriber]:
    """The reader as an eighth interest is typed, letter by letter, again and again."""
    dice = random.Random(2)
    made = 0
    while made < PREVIEWS:
        phrase = " ".join(dice.sample(words, 2))
        for end in range(3, len(phrase) + 1, 2):
            made += 1
            interests = (*reader.profile.interests, Interest(phrase[:end]))
            yield replace(reader, profile=replace(reader.profile, interests=interests))
