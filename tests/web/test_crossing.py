"""Two buttons at once: whoever leaves or is erased stays so, whatever an older page still had in mind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from web.conftest import Site

from newsletter.model import Owner, Subscriber, SubscriberState
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
