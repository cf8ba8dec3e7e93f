from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from newsletter.errors import UsageError
from newsletter.model import Consent, ConsentAct, Interest, Owner, ProfileSpec, Schedule, Subscriber, SubscriberState
from newsletter.storage import NewDelivery, Storage
from newsletter.storage.subscribers import PAGE

Plan = Callable[..., None]


def reader(email: str = "ada@example.org", **fields: object) -> Subscriber:
    return Subscriber(id="", email=email, **fields)


def from_file(email: str = "ada@example.org", **fields: object) -> Subscriber:
    return reader(email, owner=Owner.FILE, **fields)


# -- one person --------------------------------------------------------------------------------------------------


def test_a_person_comes_back_whole(storage: Storage, now: datetime) -> None:
    saved = storage.subscribers.save(
        reader(
            name="Ada",
            timezone="Asia/Tokyo",
            schedule=Schedule(days=frozenset({0, 4}), at=time(7, 30)),
            profile=ProfileSpec(interests=(Interest("spikes", 2.0),), liked=("doi:10.1/x",), trending=0.25),
            state=SubscriberState.PAUSED,
            paused_until=date(2026, 12, 1),
            created_at=now,
            when_empty="send",
        )
    )
    assert saved.id
    assert storage.subscribers.by_id(saved.id) == saved
    assert storage.subscribers.by_email(" ADA@example.ORG") == saved


def test_nobody_is_found_where_there_is_nobody(storage: Storage) -> None:
    assert storage.subscribers.by_id("x") is None
    assert storage.subscribers.by_email("x@example.org") is None
    assert storage.subscribers.all() == []
    assert storage.subscribers.counts() == {}


def test_saving_again_replaces(storage: Storage) -> None:
    saved = storage.subscribers.save(reader())
    storage.subscribers.save(replace(saved, name="Ada L.", email="ada@example.com"))
    assert [(s.id, s.name, s.email) for s in storage.subscribers.all()] == [(saved.id, "Ada L.", "ada@example.com")]


@pytest.mark.parametrize("spelling", ["ada@example.org", "ADA@EXAMPLE.org"])
def test_an_address_belongs_to_one_person(storage: Storage, spelling: str) -> None:
    storage.subscribers.save(reader("Ada@example.org"))
    with pytest.raises(UsageError, match=f"{spelling}: there is a subscriber with this address already"):
        storage.subscribers.save(reader(spelling))


def test_states_are_set_and_counted(storage: Storage) -> None:
    ada, bob = storage.subscribers.save(reader()), storage.subscribers.save(reader("bob@example.org"))
    assert storage.subscribers.set_state(ada.id, SubscriberState.PAUSED, paused_until=date(2026, 12, 1))
    assert storage.subscribers.by_id(ada.id).paused_until == date(2026, 12, 1)
    assert storage.subscribers.counts() == {SubscriberState.PAUSED: 1, SubscriberState.ACTIVE: 1}
    assert storage.subscribers.all([SubscriberState.ACTIVE]) == [bob]
    assert not storage.subscribers.set_state("nobody", SubscriberState.LEFT)


def test_everyone_comes_in_pages(storage: Storage) -> None:
    storage.subscribers.sync_file([from_file(f"r{n}@example.org") for n in range(PAGE + 5)], now=NOW)
    pages = list(storage.subscribers.pages())
    assert [len(page) for page in pages] == [PAGE, 5]
    assert len({s.id for page in pages for s in page}) == PAGE + 5


def test_a_row_can_be_deleted(storage: Storage) -> None:
    saved = storage.subscribers.save(reader(state=SubscriberState.PENDING))
    assert storage.subscribers.forget(saved.id)
    assert not storage.subscribers.forget(saved.id)
    assert storage.suppressions.count() == 0


# -- readers of the file -----------------------------------------------------------------------------------------

NOW = datetime.fromisoformat("2026-11-22T07:30:00+00:00")


def test_a_sign_up_that_nobody_confirmed_is_forgotten_with_its_letters(
    storage: Storage, plan: Callable[..., None], now: datetime
) -> None:
    plan("ada", "bob", "eve", kind="confirm")
    old = {"state": SubscriberState.PENDING, "created_at": now - timedelta(days=8)}
    people = [("ada", old), ("bob", old | {"created_at": now}), ("eve", old | {"state": SubscriberState.WAITING})]
    for name, fields in people:
        storage.subscribers.save(Subscriber(id=name, email=f"{name}@example.org", **fields))
    storage.consents.add(Consent(subscriber="ada", at=now, act=ConsentAct.ASKED, method="page"))
    assert storage.subscribers.forget_pending(before=now - timedelta(days=7)) == 1
    assert [person.id for person in storage.subscribers.all()] == ["bob", "eve"]
    assert sorted(one.subscriber for one in storage.deliveries.find()) == ["bob", "eve"]
    assert storage.consents.of("ada") == []
    assert storage.subscribers.forget("bob")
    assert not storage.subscribers.forget("bob")


def test_readers_of_the_file_get_ids_that_stay(storage: Storage) -> None:
    first = storage.subscribers.sync_file([from_file(), from_file("bob@example.org")], now=NOW)
    again = storage.subscribers.sync_file([from_file("bob@example.org", name="Bob"), from_file()], now=NOW)
    assert [s.id for s in again] == [first[1].id, first[0].id]
    assert again[0].name == "Bob"
    assert again[0].created_at == NOW
    assert storage.subscribers.by_email("bob@example.org") == again[0]


def test_a_reader_gone_from_the_file_is_removed_and_one_who_is_back_is_active(storage: Storage) -> None:
    [ada] = storage.subscribers.sync_file([from_file()], now=NOW)
    assert storage.subscribers.sync_file([], now=NOW) == []
    assert storage.subscribers.by_id(ada.id).state is SubscriberState.REMOVED
    assert storage.subscribers.sync_file([from_file()], now=NOW) == [ada]


@pytest.mark.parametrize("state", [SubscriberState.LEFT, SubscriberState.PAUSED])
def test_the_file_does_not_undo_what_the_reader_did(storage: Storage, state: SubscriberState) -> None:
    [ada] = storage.subscribers.sync_file([from_file()], now=NOW)
    storage.subscribers.set_state(ada.id, state, paused_until=date(2026, 12, 1))
    [synced] = storage.subscribers.sync_file([from_file()], now=NOW)
    assert (synced.state, synced.paused_until) == (state, date(2026, 12, 1))


def test_leaving_outlives_a_reader_going_and_coming_back(storage: Storage) -> None:
    [ada] = storage.subscribers.sync_file([from_file()], now=NOW)
    storage.subscribers.set_state(ada.id, SubscriberState.LEFT)
    storage.subscribers.sync_file([], now=NOW)
    assert storage.subscribers.sync_file([from_file()], now=NOW)[0].state is SubscriberState.LEFT


def test_the_file_takes_over_who_signed_up(storage: Storage) -> None:
    signed_up = storage.subscribers.save(reader("Ada@example.org", state=SubscriberState.PENDING))
    [ada] = storage.subscribers.sync_file([from_file(name="Ada")], now=NOW)
    assert (ada.id, ada.owner, ada.state, ada.name) == (signed_up.id, Owner.FILE, SubscriberState.ACTIVE, "Ada")


def test_the_file_leaves_others_alone(storage: Storage) -> None:
    bob = storage.subscribers.save(reader("bob@example.org"))
    storage.subscribers.sync_file([from_file()], now=NOW)
    storage.subscribers.sync_file([], now=NOW)
    assert storage.subscribers.by_id(bob.id) == bob


def test_a_reader_twice_in_the_file_is_named(storage: Storage) -> None:
    with pytest.raises(UsageError, match=r"Ada@example\.org: this reader stands twice"):
        storage.subscribers.sync_file([from_file(), from_file("Ada@example.org")], now=NOW)
    assert storage.subscribers.all() == []


def test_the_file_does_not_bring_back_who_was_erased(storage: Storage) -> None:
    [ada] = storage.subscribers.sync_file([from_file()], now=NOW)
    storage.subscribers.erase(ada.id, now=NOW)
    assert storage.subscribers.sync_file([from_file("ADA@example.org")], now=NOW) == []
    assert storage.subscribers.all() == []


def test_who_was_erased_and_signs_up_again_is_known_to_the_file(storage: Storage) -> None:
    [ada] = storage.subscribers.sync_file([from_file()], now=NOW)
    storage.subscribers.erase(ada.id, now=NOW)
    storage.suppressions.remove("ada@example.org")
    back = storage.subscribers.save(reader())
    assert [s.id for s in storage.subscribers.sync_file([from_file()], now=NOW)] == [back.id]


# -- forgetting --------------------------------------------------------------------------------------------------


def test_erasing_leaves_nothing_but_the_suppression(storage: Storage, plan: Plan, lease: Plan, now: datetime) -> None:
    plan("ada", "bob", shown=("e1",))
    leased = lease()
    storage.deliveries.hand(leased, owner="a", bodies={d.id: (b"To: ada@example.org",) for d in leased})
    assert storage.subscribers.erase("ada", now=now)
    assert [d.subscriber for d in storage.deliveries.find()] == ["bob"]
    assert storage.deliveries.message("ada", now.date()) is None
    assert storage.deliveries.message("bob", now.date()) is not None
    assert storage.subscribers.by_id("ada") is None
    assert storage.suppressions.among(["ada@example.org"], reason="erased")
    assert not storage.subscribers.erase("ada", now=now)


def test_erasing_deletes_system_mail_too(storage: Storage, plan: Plan, now: datetime) -> None:
    plan("ada", kind="confirm")
    storage.subscribers.erase("ada", now=now)
    assert storage.deliveries.find() == []


def test_an_erased_address_is_nowhere_in_the_file(sqlite_url: str, tmp_path: Path, now: datetime) -> None:
    """Among hundreds whose rows were changed, moved and deleted, so that pages were split and joined."""
    chance = random.Random(7)
    with Storage.open(sqlite_url, durability="process") as storage:
        people = [
            storage.subscribers.save(reader(f"reader{n}@example.org", name="x" * chance.randrange(200)))
            for n in range(400)
        ]
        for person in chance.sample(people, 200):
            storage.subscribers.save(replace(person, name="y" * chance.randrange(2000)))
        day = {"local_date": now.date(), "valid_until": now + timedelta(hours=9), "created_at": now}
        storage.deliveries.plan(
            NewDelivery(subscriber=p.id, edition=None, message_id="<m>", payload=p.email.encode() * 50, **day)
            for p in people
        )
        erased = chance.sample(people, 40)
        for person in erased:
            assert storage.subscribers.erase(person.id, now=now)
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert [person.email for person in erased if person.email.encode() in kept] == []
        assert all(person.email.encode() in kept for person in people if person not in erased)


def test_addresses_of_some_readers_alone(storage: Storage) -> None:
    ada, _, eve = [storage.subscribers.save(Subscriber(id="", email=f"{name}@example.org")) for name in ("a", "b", "e")]
    found = storage.subscribers.emails([ada.id, eve.id, eve.id, "nobody"])
    assert found == {ada.id: "a@example.org", eve.id: "e@example.org"}
    assert storage.subscribers.emails([]) == {}


def test_what_is_erased_while_somebody_still_reads_leaves_the_log_with_the_next_run(tmp_path: Path, now: datetime):
    file = tmp_path / "newsletter.db"
    with Storage.open(f"sqlite:///{file}", durability="process") as storage:
        ada = storage.subscribers.save(Subscriber(id="", email="ada.lovelace@example.org"))
        with closing(sqlite3.connect(file, isolation_level=None)) as reading:
            reading.execute("BEGIN")
            assert reading.execute("SELECT count(*) FROM subscribers").fetchone() == (1,)
            storage.subscribers.erase(ada.id, now=now)
            reading.execute("COMMIT")
        storage.subscribers.finish_erasing()
        storage.subscribers.finish_erasing()
        held = b"".join(each.read_bytes() for each in tmp_path.iterdir())
        assert b"ada.lovelace" not in held
