"""Two buttons at once: whoever leaves or is erased stays so, whatever an older page still had in mind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from web.conftest import Site

from newsletter.model import Consent, ConsentAct, Owner, Subscriber, SubscriberState
from newsletter.subscriptions import change_reader, confirm, erase_reader, leave

EMAIL = "zoe@example.org"


def test_wishes_that_were_read_before_the_reader_left_do_not_bring_them_back(site: Site) -> None:
    reader = _reader(site, SubscriberState.ACTIVE)
    leave(site.storage, reader.id, method="one-click", now=datetime.now(UTC))
    change_reader(site.settings, site.storage, replace(reader, name="Zoe"))
    kept = site.storage.subscribers.by_id(reader.id)
    assert kept is not None
    assert (kept.state, kept.name) == (SubscriberState.LEFT, "Zoe")


def test_nothing_that_was_read_before_an_erase_brings_the_address_back(site: Site) -> None:
    reader, now = _reader(site, SubscriberState.PENDING), datetime.now(UTC)
    erase_reader(site.settings, site.storage, EMAIL, now=now)
    change_reader(site.settings, site.storage, reader)
    confirm(site.settings, site.storage, reader, came_from="192.0.2.1", now=now)
    assert site.storage.subscribers.by_email(EMAIL) is None
    assert site.storage.suppressions.is_suppressed(EMAIL)


def test_a_confirmation_that_is_pressed_twice_at_once_is_welcomed_once(site: Site) -> None:
    reader, now = _reader(site, SubscriberState.PENDING), datetime.now(UTC)
    for _ in range(2):  # both had read the same
        confirm(site.settings, site.storage, reader, came_from="192.0.2.1", now=now)
    assert [one.kind for one in site.storage.deliveries.find(subscriber=reader.id)] == ["welcome"]


def _reader(site: Site, state: SubscriberState) -> Subscriber:
    return site.storage.subscribers.save(Subscriber(id="", email=EMAIL, owner=Owner.DATABASE, state=state))


def test_a_sign_up_that_was_read_before_a_confirmation_does_not_undo_it(site: Site) -> None:
    reader = _reader(site, SubscriberState.PENDING)
    confirm(site.settings, site.storage, reader, came_from="192.0.2.1", now=datetime.now(UTC))
    assert site.storage.subscribers.ask(replace(reader, id="", name="Somebody else")) is None
    kept = site.storage.subscribers.by_email(EMAIL)
    assert kept is not None
    assert (kept.id, kept.state, kept.name) == (reader.id, SubscriberState.ACTIVE, "")


def test_a_confirmation_takes_the_state_alone(site: Site) -> None:
    reader = _reader(site, SubscriberState.REMOVED)
    change_reader(site.settings, site.storage, replace(reader, name="Zoe"))
    confirm(site.settings, site.storage, reader, came_from="192.0.2.1", now=datetime.now(UTC))
    kept = site.storage.subscribers.by_id(reader.id)
    assert kept is not None
    assert (kept.state, kept.name) == (SubscriberState.ACTIVE, "Zoe")


def test_leaving_counts_whatever_else_is_pressed_meanwhile(site: Site) -> None:
    reader, now = _reader(site, SubscriberState.PENDING), datetime.now(UTC)
    assert not site.storage.subscribers.forget(reader.id, was=SubscriberState.WAITING)
    confirm(site.settings, site.storage, reader, came_from="192.0.2.1", now=now)
    assert not site.storage.subscribers.forget(reader.id, was=reader.state)
    assert leave(site.storage, reader.id, method="one-click", now=now)
    assert [one.act for one in site.storage.consents.of(reader.id)] == [ConsentAct.CONFIRMED, ConsentAct.LEFT]
    assert not site.storage.moves.make(reader, reader, said=_said(reader))
    assert len(site.storage.consents.of(reader.id)) == 2


def test_a_word_of_whoever_was_erased_is_not_kept_and_breaks_nothing(site: Site) -> None:
    reader = _reader(site, SubscriberState.ACTIVE)
    erase_reader(site.settings, site.storage, EMAIL, now=datetime.now(UTC))
    site.storage.consents.add(_said(reader), came_from="192.0.2.1")
    assert site.storage.consents.of(reader.id) == []


def _said(reader: Subscriber) -> Consent:
    return Consent(subscriber=reader.id, at=datetime.now(UTC), act=ConsentAct.ASKED, method="page")
