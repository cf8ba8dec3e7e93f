from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from newsletter.model import Entry, EntryChanges, Signals
from newsletter.storage import Storage

DAY = timedelta(days=1)


def entry(name: str, **fields: object) -> Entry:
    return Entry(title=f"On {name}", id=name, **fields)


def changes(*entries: Entry, keys: tuple[tuple[str, str], ...] = (), **fields: object) -> EntryChanges:
    own = tuple((f"key:{e.id}", e.id) for e in entries)
    return EntryChanges(entries=entries, keys=own + keys, **fields)


def test_an_entry_is_known_by_all_its_keys(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("a"), keys=(("doi:10.1/a", "a"),)), now=now)
    known = storage.entries.known(["key:a", "doi:10.1/a", "doi:10.1/b"])
    assert known == {"key:a": (entry("a"),), "doi:10.1/a": (entry("a"),)}


def test_two_entries_may_share_a_key(storage: Storage, now: datetime) -> None:
    shared = (("title:x", "a"), ("title:x", "b"))
    storage.entries.save(changes(entry("b"), entry("a"), keys=shared), now=now)
    assert [e.id for e in storage.entries.known(["title:x"])["title:x"]] == ["a", "b"]


def test_nothing_is_known_of_no_keys(storage: Storage) -> None:
    assert storage.entries.known([]) == {}


def test_saving_again_replaces_the_record_and_keeps_the_keys(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("a"), keys=(("link:1", "a"),)), now=now)
    storage.entries.save(changes(entry("a", summary="longer")), now=now)
    assert storage.entries.known(["link:1"])["link:1"][0].summary == "longer"
    assert storage.entries.count() == 1


def test_saving_nothing_is_no_trouble(storage: Storage, now: datetime) -> None:
    storage.entries.save(EntryChanges(), now=now)
    assert storage.entries.count() == 0


def test_first_seen_since_is_in_order_and_leaves_backlog_out(storage: Storage, now: datetime) -> None:
    storage.entries.save(
        changes(
            entry("new", first_seen_at=now),
            entry("old", first_seen_at=now - 2 * DAY),
            entry("edge", first_seen_at=now - DAY),
            entry("backlog"),
        ),
        now=now,
    )
    assert [e.id for e in storage.entries.first_seen_since(now - DAY)] == ["edge", "new"]


def test_history_is_latest_first_and_ends_with_backlog(storage: Storage, now: datetime) -> None:
    seen = [entry(f"seen{days}", first_seen_at=now - days * DAY) for days in (0, 3, 1, 2)]
    storage.entries.save(changes(*seen, entry("backlog2"), entry("backlog1")), now=now)
    history = [e.id for e in storage.entries.history(now, limit=4)]
    assert history == ["seen1", "seen2", "seen3", "backlog1"]
    assert storage.entries.history(now, limit=0) == []


def test_hundreds_of_keys_are_asked_in_one_call(storage: Storage, now: datetime) -> None:
    many = [entry(f"e{number:04}", first_seen_at=now) for number in range(1201)]
    storage.entries.save(changes(*many), now=now)
    assert len(storage.entries.known([f"key:{e.id}" for e in many])) == 1201
    assert storage.entries.by_ids([e.id for e in many]) == {e.id: e for e in many}


def see(storage: Storage, at: datetime, **upvotes: int) -> None:
    """A fetch that finds these papers with that many upvotes each."""
    first_seen_at = datetime(2026, 11, 1, tzinfo=UTC)
    found = [entry(name, first_seen_at=first_seen_at, signals=Signals(upvotes=n)) for name, n in upvotes.items()]
    storage.entries.save(changes(*found), now=at)


def gains(storage: Storage) -> dict[str, int | None]:
    since = datetime(2026, 11, 1, tzinfo=UTC)
    return {e.id: e.signals.upvotes_gained for e in storage.entries.first_seen_since(since)}


def test_what_was_gained_in_a_day_is_told(storage: Storage, now: datetime) -> None:
    see(storage, now - 2 * DAY, a=1, b=7)
    see(storage, now - DAY, a=10)
    see(storage, now - DAY / 4, a=20)
    see(storage, now, a=25, c=3)
    assert gains(storage) == {"a": 15, "b": 0, "c": None}


def test_gains_are_of_the_last_day_and_not_of_the_last_change(storage: Storage, now: datetime) -> None:
    see(storage, now - 2 * DAY, a=1)
    see(storage, now - DAY, a=10)
    assert gains(storage) == {"a": 9}
    see(storage, now, b=1)
    assert gains(storage) == {"a": 0, "b": None}


def test_gains_are_not_stored(storage: Storage, now: datetime) -> None:
    see(storage, now - DAY, a=1)
    see(storage, now, a=5)
    assert storage.entries.by_ids(["a"])["a"].signals == Signals(upvotes=5)
    [seen] = storage.entries.first_seen_since(now - 90 * DAY)
    storage.entries.save(changes(seen), now=now + DAY)
    assert storage.entries.by_ids(["a"])["a"].signals == Signals(upvotes=5)


def test_entries_without_figures_have_none(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("a", first_seen_at=now)), now=now)
    assert storage.entries.first_seen_since(now)[0].signals == Signals()


def test_a_merge_moves_keys_and_figures(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("old", signals=Signals(upvotes=4)), entry("new")), now=now - DAY)
    merged = entry("new", first_seen_at=now, signals=Signals(upvotes=9))
    storage.entries.save(changes(merged, aliases={"old": "new"}), now=now)
    assert [e.id for e in storage.entries.known(["key:old"])["key:old"]] == ["new"]
    assert storage.entries.count() == 1
    assert storage.entries.first_seen_since(now)[0].signals.upvotes_gained == 5


def test_old_ids_are_followed_through_chains_of_merges(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("a"), entry("b"), entry("c")), now=now)
    storage.entries.save(changes(entry("b"), aliases={"a": "b"}), now=now)
    storage.entries.save(changes(entry("c"), aliases={"b": "c"}), now=now)
    assert storage.entries.aliases() == {"a": "c", "b": "c"}
    assert storage.entries.aliases(["a", "c", "unknown"]) == {"a": "c"}
    found = storage.entries.by_ids(["a", "b", "c", "unknown"])
    assert {asked: e.id for asked, e in found.items()} == {"a": "c", "b": "c", "c": "c"}


def test_a_chain_may_come_in_one_change(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("a"), entry("b")), now=now)
    storage.entries.save(changes(entry("c"), aliases={"a": "b", "b": "c"}), now=now)
    assert storage.entries.aliases() == {"a": "c", "b": "c"}


def test_a_circle_of_aliases_merges_nothing(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("a"), entry("b")), now=now)
    storage.entries.save(changes(aliases={"a": "b", "b": "a"}), now=now)
    assert storage.entries.aliases() == {}
    assert storage.entries.count() == 2


def test_an_id_that_is_saved_again_is_no_alias_any_more(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("a"), entry("b")), now=now)
    storage.entries.save(changes(entry("b"), aliases={"a": "b"}), now=now)
    storage.entries.save(changes(entry("a")), now=now)
    assert storage.entries.aliases() == {}


def test_a_change_that_fails_leaves_nothing_behind(storage: Storage, now: datetime) -> None:
    broken = EntryChanges(entries=(entry("a"),), keys=(("key:a", "nobody"),))
    with pytest.raises(IntegrityError):
        storage.entries.save(broken, now=now)
    assert storage.entries.count() == 0


def test_any_text_of_a_source_can_be_stored(storage: Storage, now: datetime) -> None:
    odd = entry("odd", summary="nul \x00, half \ud800 a pair, 漢字", first_seen_at=now)
    storage.entries.save(changes(odd), now=now)
    assert storage.entries.by_ids(["odd"]) == {"odd": replace(odd, summary="nul \x00, half ? a pair, 漢字")}


def test_entries_are_found_by_the_beginning_of_their_id(storage: Storage, now: datetime) -> None:
    storage.entries.save(changes(entry("ab1"), entry("ab2"), entry("b_1")), now=now)
    assert [e.id for e in storage.entries.starting_with("ab", limit=5)] == ["ab1", "ab2"]
    assert [e.id for e in storage.entries.starting_with("ab", limit=1)] == ["ab1"]
    assert storage.entries.starting_with("b%", limit=5) == []
