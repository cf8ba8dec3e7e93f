from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from newsletter.errors import UsageError
from newsletter.model import Entry, EntryChanges, Subscriber, Vote
from newsletter.storage import Storage

Join = Callable[..., Subscriber]
HOUR = timedelta(hours=1)


def entry(name: str, **fields: object) -> Entry:
    return Entry(title=f"On {name}", id=name, **fields)


@pytest.fixture
def papers(storage: Storage, now: datetime) -> tuple[Entry, ...]:
    """Three stored papers: a, b and c."""
    found = tuple(entry(name) for name in "abc")
    storage.entries.save(EntryChanges(entries=found), now=now)
    return found


def test_votes_come_back_with_their_papers_oldest_first(
    storage: Storage, join: Join, papers: tuple[Entry, ...], now: datetime
) -> None:
    join("ada")
    join("ben")
    storage.votes.cast("ada", "b", -1, now + HOUR)
    storage.votes.cast("ada", "c", 1, now)
    storage.votes.cast("ben", "b", 1, now)
    a, b, c = papers
    assert storage.votes.of(["ada", "ben", "eve"]) == {
        "ada": [Vote(entry=c, value=1, at=now), Vote(entry=b, value=-1, at=now + HOUR)],
        "ben": [Vote(entry=b, value=1, at=now)],
    }
    assert storage.votes.of([]) == {}
    assert a.id not in {vote.entry.id for votes in storage.votes.of(["ada", "ben"]).values() for vote in votes}


def test_of_more_readers_than_a_statement_takes_all_are_read(
    storage: Storage, join: Join, papers: tuple[Entry, ...], now: datetime
) -> None:
    for number in range(3):
        join(f"reader{number}")
        storage.votes.cast(f"reader{number}", "a", 1, now)
    asked = [f"reader{number}" for number in range(1200)]
    assert set(storage.votes.of(asked)) == {"reader0", "reader1", "reader2"}


def test_the_last_vote_on_a_paper_counts(
    storage: Storage, join: Join, papers: tuple[Entry, ...], now: datetime
) -> None:
    join("ada")
    storage.votes.cast("ada", "a", 1, now)
    storage.votes.cast("ada", "a", -1, now + HOUR)
    assert storage.votes.of(["ada"])["ada"] == [Vote(entry=papers[0], value=-1, at=now + HOUR)]


def test_a_vote_needs_a_reader_and_a_paper(
    storage: Storage, join: Join, papers: tuple[Entry, ...], now: datetime
) -> None:
    with pytest.raises(UsageError, match="eve: there is no reader of this id"):
        storage.votes.cast("eve", "a", 1, now)
    join("eve")
    with pytest.raises(UsageError, match="z: there is no paper of this id"):
        storage.votes.cast("eve", "z", 1, now)
    assert storage.votes.of(["eve"]) == {}


def test_votes_are_taken_back_one_by_one_and_all_at_once(
    storage: Storage, join: Join, papers: tuple[Entry, ...], now: datetime
) -> None:
    for name in ("ada", "ben"):
        join(name)
        for paper in papers:
            storage.votes.cast(name, paper.id, 1, now)
    assert storage.votes.take_back("ada", ["a", "c", "z"]) == 2
    assert [vote.entry.id for vote in storage.votes.of(["ada"])["ada"]] == ["b"]
    assert storage.votes.take_back("ada", []) == 0
    assert storage.votes.reset("ada") == 1
    assert storage.votes.reset("ada") == 0
    assert set(storage.votes.of(["ada", "ben"])) == {"ben"}
    assert len(storage.votes.of(["ben"])["ben"]) == 3


def test_votes_follow_papers_that_turn_out_to_be_one(
    storage: Storage, join: Join, papers: tuple[Entry, ...], now: datetime
) -> None:
    """Whoever voted on both is taken at the later word, wherever it was said."""
    for name in ("ada", "ben", "eve"):
        join(name)
    storage.votes.cast("ada", "a", 1, now)
    storage.votes.cast("ben", "a", 1, now)
    storage.votes.cast("ben", "b", -1, now + HOUR)
    storage.votes.cast("eve", "a", -1, now + HOUR)
    storage.votes.cast("eve", "b", 1, now)
    storage.entries.save(EntryChanges(entries=(papers[1],), aliases={"a": "b"}), now=now)
    found = storage.votes.of(["ada", "ben", "eve"])
    assert {name: [(vote.entry.id, vote.value) for vote in votes] for name, votes in found.items()} == {
        "ada": [("b", 1)],
        "ben": [("b", -1)],
        "eve": [("b", -1)],
    }
    storage.votes.cast("ada", "a", -1, now + HOUR)  # a link of an old mail
    assert [(vote.entry.id, vote.value) for vote in storage.votes.of(["ada"])["ada"]] == [("b", -1)]
    assert storage.votes.take_back("ada", ["a"]) == 1


def test_votes_are_erased_with_their_reader(
    storage: Storage, join: Join, papers: tuple[Entry, ...], now: datetime
) -> None:
    for name in ("ada", "ben"):
        join(name)
        storage.votes.cast(name, "a", 1, now)
    storage.subscribers.erase("ada", now=now)
    assert set(storage.votes.of(["ada", "ben"])) == {"ben"}
