"""Votes, and papers that readers name, on their way into ranking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from product import MORNING, Deployment
from sqlalchemy import event

from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.model import Entry, Profile, ProfileSpec, Subscriber, Vote
from newsletter.storage import Storage
from newsletter.subscriptions import resolve_profiles

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FROST = "title: Crop yields under late frost"
TIDES = "title: A survey of tidal energy converters"


@pytest.fixture
def settings(deployment: Deployment) -> Settings:
    """Of a deployment whose papers are fetched."""
    assert deployment("fetch", "--now", MORNING).code == 0
    return load(deployment.folder / "config", environ={})


@pytest.fixture
def storage(settings: Settings) -> Iterator[Storage]:
    """Its database."""
    with Storage.open(settings.database) as opened:
        yield opened


def paper(storage: Storage, words: str) -> Entry:
    """The stored paper with these words in its title."""
    return next(entry for entry in storage.entries.history(NOON, limit=100) if words in entry.title)


def join(storage: Storage, name: str, **profile: object) -> Subscriber:
    return storage.subscribers.save(Subscriber(id=name, email=f"{name}@example.org", profile=ProfileSpec(**profile)))


def test_named_papers_and_votes_come_into_the_profile(settings: Settings, storage: Storage) -> None:
    dan = join(storage, "dan", liked=(FROST,), disliked=(TIDES, "arXiv:9912.99999"))
    spikes = paper(storage, "Event cameras")
    storage.votes.cast("dan", spikes.id, -1, NOON)
    stranger = Subscriber(id="stranger", email="stranger@example.org")
    resolved, nothing = resolve_profiles([dan, stranger], storage, settings)
    assert [entry.title for entry in resolved.profile.liked] == ["Crop yields under late frost"]
    assert [entry.title for entry in resolved.profile.disliked] == ["A survey of tidal energy converters"]
    assert resolved.profile.votes == (Vote(entry=spikes, value=-1, at=NOON),)
    assert resolved.missing == ("arXiv:9912.99999",)
    assert nothing.profile.votes == ()


def test_a_vote_goes_before_what_the_profile_says_of_the_paper(settings: Settings, storage: Storage) -> None:
    dan = join(storage, "dan", liked=(FROST,), disliked=(TIDES,))
    frost, tides = paper(storage, "frost"), paper(storage, "tidal")
    storage.votes.cast("dan", frost.id, -1, NOON)
    storage.votes.cast("dan", tides.id, 1, NOON)
    profile = resolve_profiles([dan], storage, settings)[0].profile
    assert (profile.liked, profile.disliked) == ((), ())
    assert {vote.entry.id: vote.value for vote in profile.votes} == {frost.id: -1, tides.id: 1}


def test_a_vote_that_says_the_same_as_the_profile_is_not_counted_twice(settings: Settings, storage: Storage) -> None:
    dan = join(storage, "dan", liked=(FROST,), disliked=(TIDES,))
    storage.votes.cast("dan", paper(storage, "frost").id, 1, NOON)
    storage.votes.cast("dan", paper(storage, "tidal").id, -1, NOON)
    profile = resolve_profiles([dan], storage, settings)[0].profile
    assert (len(profile.liked), len(profile.disliked), profile.votes) == (1, 1, ())


def test_votes_of_many_readers_are_read_at_once(settings: Settings, storage: Storage) -> None:
    people = [join(storage, f"reader{number}", liked=(FROST,)) for number in range(30)]
    for person in people:
        storage.votes.cast(person.id, paper(storage, "tidal").id, 1, NOON - timedelta(days=1))
    statements: list[str] = []
    engine = storage._database.engine
    event.listen(engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    resolved = resolve_profiles(people, storage, settings)
    assert all(len(found.profile.votes) == 1 for found in resolved)
    assert len([statement for statement in statements if "SELECT" in statement]) == 2


def test_votes_against_alone_leave_a_reader_what_is_trending() -> None:

    entry = Entry(title="A survey of tidal energy converters")
    assert Profile(votes=(Vote(entry=entry, value=-1, at=NOON),)).trending_weight == 1.0
    assert Profile(votes=(Vote(entry=entry, value=1, at=NOON),)).trending_weight == 0.0
