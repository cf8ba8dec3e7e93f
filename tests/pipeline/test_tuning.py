"""Today's digest for a changed profile: what the mail would have had, and how it differs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from product import READERS, Deployment, deploy

from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.model import Interest, ProfileSpec, Subscriber
from newsletter.pipeline.tuning import Tuner
from newsletter.storage import Storage
from newsletter.subscriptions import reader_named

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MORNING = "2026-11-23T08:00:00Z"
ADA = "ada@example.org"


@dataclass(frozen=True)
class Deployed:
    """A deployment with its storage."""

    folder: Deployment
    settings: Settings
    storage: Storage

    def reader(self, address: str = ADA) -> Subscriber:
        return reader_named(address, self.settings, self.storage)

    def tuner(self) -> Tuner:
        return Tuner(self.settings, self.storage)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    made = deploy(tmp_path_factory.mktemp("tuning"))
    made.write_readers(
        [{"email": email, "profile": {"interests": likes, "max_papers": 3}} for email, likes in READERS.items()]
    )
    made.write_plain_look()
    assert made("run", "--json", "--now", MORNING).json["sent"] == 3
    return made


@pytest.fixture
def deployed(kept: Deployment, tmp_path: Path) -> Iterator[Deployed]:
    deployment = Deployment(shutil.copytree(kept.folder, tmp_path / "deployment"), dict(kept.settings))
    settings = load(deployment.folder / "config", environ={})
    with Storage.open(settings.database) as storage:
        yield Deployed(deployment, settings, storage)


def wanting(reader: Subscriber, **changes: object) -> Subscriber:
    return replace(reader, profile=replace(reader.profile, **changes))


def test_an_unchanged_profile_gives_the_digest_that_was_sent_today(deployed: Deployed) -> None:
    reader = deployed.reader()
    tried = deployed.tuner().try_out(reader, reader, now=NOW)
    [sent] = deployed.storage.deliveries.find(subscriber=reader.id)
    assert tuple(card.item.entry.id for card in tried.cards) == sent.shown
    assert (tried.edition, tried.local_date) == (sent.edition, sent.local_date)
    assert [card.before for card in tried.cards] == [1, 2, 3]
    assert not any(card.is_new or card.has_risen for card in tried.cards)
    assert tried.gone == ()


def test_a_change_says_what_is_new_what_rose_and_what_is_gone(deployed: Deployed) -> None:
    reader = deployed.reader()
    changed = wanting(reader, interests=(Interest("brain decoding"), Interest("event camera", 5.0)))
    tried = deployed.tuner().try_out(reader, changed, now=NOW)
    titles = {card.item.entry.title: card for card in tried.cards}
    camera = titles["Event cameras meet spiking networks"]
    assert camera.item.rank == 1
    assert camera.has_risen == (camera.before is not None and camera.before > 1)
    assert any(card.is_new and "brain" in card.item.entry.title.lower() for card in tried.cards)
    kinds = {reason.kind for card in tried.cards for reason in card.item.reasons}
    assert "interest" in kinds
    assert len(tried.gone) == sum(card.is_new for card in tried.cards)
    assert not {item.entry.id for item in tried.gone} & {card.item.entry.id for card in tried.cards}


def test_it_is_what_a_run_would_send_to_a_reader_with_that_profile(deployed: Deployed) -> None:
    ben = deployed.reader("ben@example.org")
    as_ben = replace(deployed.reader(), profile=ben.profile)
    tried = deployed.tuner().try_out(deployed.reader(), as_ben, now=NOW)
    [sent] = deployed.storage.deliveries.find(subscriber=ben.id)
    assert tuple(card.item.entry.id for card in tried.cards) == sent.shown


def test_what_was_sent_before_today_is_left_out(deployed: Deployed) -> None:
    tomorrow = NOW + timedelta(days=1)
    reader = deployed.reader()
    [sent] = deployed.storage.deliveries.find(subscriber=reader.id)
    tried = deployed.tuner().try_out(reader, reader, now=tomorrow)
    assert tried.local_date.isoformat() == "2026-11-24"
    assert not {card.item.entry.id for card in tried.cards} & set(sent.shown)
    assert tried.candidates == 11 - len(sent.shown)


def test_before_anything_was_sent_it_is_drawn_from_what_the_store_holds(deployment: Deployment) -> None:
    deployment("fetch")
    settings = load(deployment.folder / "config", environ={})
    with Storage.open(settings.database) as storage:
        reader = reader_named(ADA, settings, storage)
        tried = Tuner(settings, storage).try_out(reader, reader, now=datetime.now(UTC))
        assert storage.editions.list() == []
    assert "spiking" in tried.cards[0].item.entry.title.lower()
    assert tried.candidates == 11


def test_an_empty_store_gives_an_empty_digest(deployment: Deployment) -> None:
    settings = load(deployment.folder / "config", environ={})
    with Storage.open(settings.database) as storage:
        reader = reader_named(ADA, settings, storage)
        tried = Tuner(settings, storage).try_out(reader, reader, now=NOW)
    assert (tried.cards, tried.gone, tried.candidates) == ((), (), 0)


def test_liked_papers_that_the_store_knows_count_and_others_are_named(deployed: Deployed) -> None:
    reader = deployed.reader()
    liked = ("title: A survey of tidal energy converters", "arXiv:2405.12345")
    tried = deployed.tuner().try_out(reader, wanting(reader, interests=(), liked=liked), now=NOW)
    assert tried.unknown == ("arXiv:2405.12345",)
    assert "A survey of tidal energy converters" not in [card.item.entry.title for card in tried.cards]


def test_a_vote_counts_at_once(deployed: Deployed) -> None:
    reader, tuner = deployed.reader(), deployed.tuner()
    first = tuner.try_out(reader, reader, now=NOW)
    deployed.storage.votes.cast(reader.id, first.cards[0].item.entry.id, -1, NOW)
    second = tuner.try_out(reader, reader, now=NOW)
    assert first.cards[0].item.entry.id not in [card.item.entry.id for card in second.cards]
    assert all(not card.is_new for card in second.cards)


def test_nothing_is_written(deployed: Deployed) -> None:
    def stored() -> list[object]:
        tables = deployed.storage
        return [
            tables.subscribers.all(),
            tables.editions.list(),
            tables.deliveries.counts(),
            tables.entries.count(),
            tables.runs.list(10),
        ]

    before, reader = stored(), deployed.reader()
    deployed.tuner().try_out(reader, wanting(reader, max_papers=1), now=NOW)
    assert stored() == before


def test_an_empty_profile_gets_what_is_trending(deployed: Deployed) -> None:
    reader = deployed.reader()
    tried = deployed.tuner().try_out(reader, replace(reader, profile=ProfileSpec(max_papers=20)), now=NOW)
    assert len(tried.cards) == tried.candidates == 11
