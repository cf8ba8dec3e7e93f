from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from newsletter.errors import UsageError
from newsletter.model import Edition, Entry, SourceReport, SourceState
from newsletter.storage import Storage


def edition(made_at: datetime, *titles: str) -> Edition:
    return Edition(
        id=made_at.isoformat(),
        made_at=made_at,
        reach_from=made_at - timedelta(days=3),
        entries=tuple(Entry(title=title) for title in titles),
        sources=(SourceReport(name="s", kind="feed", state=SourceState.FRESH, entries=1, new=1),),
    )


def test_there_is_no_last_edition_at_first(storage: Storage) -> None:
    assert storage.editions.last() is None
    assert storage.editions.last_with("f") is None
    assert storage.editions.list() == []


def test_an_edition_comes_back_whole(storage: Storage, now: datetime) -> None:
    kept = edition(now, "One", "Two")
    storage.editions.save(kept, fingerprint="f")
    assert storage.editions.load(kept.id) == kept
    assert storage.editions.has(kept.id)
    assert not storage.editions.has("1999")
    assert storage.editions.last() == kept
    assert storage.editions.last_with("f") == kept
    assert storage.editions.last_with("g") is None


def test_the_list_is_latest_first(storage: Storage, now: datetime) -> None:
    for hours in (1, 3, 2):
        storage.editions.save(edition(now + timedelta(hours=hours), "One"), fingerprint=str(hours))
    assert [header.fingerprint for header in storage.editions.list(2)] == ["3", "2"]
    assert storage.editions.list()[0].entries == 1
    assert storage.editions.last_with("2") is None


def test_the_list_goes_on_before_an_instant(storage: Storage, now: datetime) -> None:
    for hours in (1, 3, 2):
        storage.editions.save(edition(now + timedelta(hours=hours), "One"), fingerprint=str(hours))
    before = storage.editions.list(before=now + timedelta(hours=3))
    assert [header.fingerprint for header in before] == ["2", "1"]
    assert storage.editions.list(before=now) == []


def test_an_unknown_edition_is_named(storage: Storage) -> None:
    with pytest.raises(UsageError, match="no edition 1999"):
        storage.editions.load("1999")


def test_saving_the_same_again_changes_nothing(storage: Storage, now: datetime) -> None:
    storage.editions.save(edition(now, "One"), fingerprint="f")
    storage.editions.save(edition(now, "One"), fingerprint="f")
    assert len(storage.editions.list()) == 1


def test_an_edition_never_changes(storage: Storage, now: datetime) -> None:
    storage.editions.save(edition(now, "One"), fingerprint="f")
    with pytest.raises(UsageError, match="editions never change"):
        storage.editions.save(edition(now, "Two"), fingerprint="g")
    assert storage.editions.last() == edition(now, "One")


def test_a_pause_is_seen_in_the_list(storage: Storage, now: datetime) -> None:
    storage.editions.save(edition(now), fingerprint="f")
    assert storage.editions.pause(now.isoformat())
    assert storage.editions.list()[0].paused
    assert storage.editions.resume(now.isoformat())
    assert not storage.editions.list()[0].paused
    assert not storage.editions.pause("1999")
