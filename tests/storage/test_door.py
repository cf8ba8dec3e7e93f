"""What the reader's door remembers: consents, limits, sessions, tokens; on each kind of database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from newsletter.errors import UsageError
from newsletter.model import Consent, ConsentAct, Subscriber
from newsletter.storage import Storage
from newsletter.storage.limits import EVERYBODY, Allowed

QUARTER, DAY = Allowed(1, timedelta(minutes=15)), Allowed(3, timedelta(days=1))


def test_an_address_is_mailed_once_a_quarter_of_an_hour_and_three_times_a_day(storage: Storage, at: datetime):
    def ask(minutes: int) -> bool:
        return storage.limits.take("confirm", "ada@example.org", QUARTER, DAY, at=at + timedelta(minutes=minutes))

    asked = {minutes: ask(minutes) for minutes in (0, 1, 14, 15, 16, 31, 47, 600, 1440, 1441)}
    assert [minutes for minutes, was_allowed in asked.items() if was_allowed] == [0, 15, 31, 1440]


def test_a_limit_knows_an_address_in_any_spelling_and_nobody_else_by_it(storage: Storage, at: datetime):
    assert storage.limits.take("confirm", "Ada@Example.org", QUARTER, at=at)
    assert not storage.limits.take("confirm", "ada@example.org", QUARTER, at=at)
    assert storage.limits.take("confirm", "eve@example.org", QUARTER, at=at)
    assert storage.limits.take("login", "ada@example.org", QUARTER, at=at)
    assert storage.limits.take("confirm", EVERYBODY, QUARTER, at=at)


def test_a_limit_that_is_forgotten_begins_anew(storage: Storage, at: datetime):
    storage.limits.take("login", "10.0.0.1", QUARTER, at=at)
    storage.limits.forget("login", "10.0.0.1")
    assert storage.limits.take("login", "10.0.0.1", QUARTER, at=at)
    storage.limits.prune(at + timedelta(days=3))
    assert storage.limits.take("login", "10.0.0.1", Allowed(1, timedelta(days=9)), at=at)


def test_two_at_once_do_not_both_get_the_last_one(storage: Storage, at: datetime):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: storage.limits.take("confirm", "ada@example.org", DAY, at=at), range(16)))
    assert sum(got) == 3


def test_consents_are_kept_in_their_order_and_go_with_their_reader(
    storage: Storage, join: Callable[..., Subscriber], at: datetime
):
    ada = join("ada")
    asked = Consent(subscriber=ada.id, at=at, act=ConsentAct.ASKED, method="page", words="2026-11")
    storage.consents.add(asked, came_from="192.0.2.7")
    storage.consents.add(Consent(subscriber=ada.id, at=at, act=ConsentAct.CONFIRMED, method="page"))
    first, second = storage.consents.of(ada.id)
    assert (first.act, first.words, second.act, second.source) == (asked.act, "2026-11", ConsentAct.CONFIRMED, None)
    assert first.source
    assert "192.0.2.7" not in first.source
    storage.subscribers.erase(ada.id, now=at)
    assert storage.consents.of(ada.id) == []


def test_a_session_ends_by_itself_by_word_and_with_what_it_was_begun_by(storage: Storage, at: datetime):
    secret = storage.sessions.begin(by="one", at=at)
    assert storage.sessions.is_open(secret, by="one", at=at + timedelta(minutes=119))
    assert storage.sessions.is_open(secret, by="one", at=at + timedelta(minutes=230))
    assert not storage.sessions.is_open(secret, by="one", at=at + timedelta(minutes=230 + 121))
    for hours in range(12):
        assert storage.sessions.is_open(secret, by="one", at=at + timedelta(hours=hours))
    assert not storage.sessions.is_open(secret, by="one", at=at + timedelta(hours=12))
    another = storage.sessions.begin(by="one", at=at)
    assert not storage.sessions.is_open(another, by="two", at=at)
    assert storage.sessions.is_open(another, by="one", at=at)
    other = storage.sessions.begin(by="one", at=at)
    storage.sessions.end(other, by="one")
    assert not storage.sessions.is_open(other, by="one", at=at)
    assert not storage.sessions.is_open("", by="one", at=at)


def test_a_token_is_known_by_its_secret_until_it_is_revoked_or_over(storage: Storage, at: datetime):
    made, secret = storage.api_tokens.add("dashboard", ["status:read"], at=at)
    _, brief = storage.api_tokens.add("brief", ["status:read"], at=at, expires_at=at + timedelta(days=1))
    assert (found := storage.api_tokens.find(secret, at=at)) is not None
    assert (found.id, found.scopes) == (made.id, {"status:read"})
    assert storage.api_tokens.find(secret[:-1], at=at) is None
    assert storage.api_tokens.find(brief, at=at + timedelta(days=1)) is None
    assert [(one.name, one.used_on) for one in storage.api_tokens.all()] == [("brief", None), ("dashboard", at.date())]
    with pytest.raises(UsageError, match="token of this name already"):
        storage.api_tokens.add("dashboard", [], at=at)
    assert storage.api_tokens.revoke("dashboard")
    assert not storage.api_tokens.revoke("dashboard")
    assert storage.api_tokens.find(secret, at=at) is None
