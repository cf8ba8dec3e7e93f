"""Who may not be mailed any more, and since when: what was committed before a message is handed over is heeded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest

from newsletter import subscriptions
from newsletter.model import Delivery, DeliveryState, Digest, Mailbox, Message, Subscriber
from newsletter.outbox import Planned, Sending, plan_digests, plan_suppressed, send_ready
from newsletter.storage import Storage
from newsletter.testing import MemoryProvider

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TONIGHT = datetime(2026, 11, 24, 0, tzinfo=UTC)
SENDER = Mailbox(email="papers@example.org")

Happening = Callable[[Storage, Subscriber], object]
HAPPENINGS: dict[str, Happening] = {
    "unsubscribe": lambda storage, reader: subscriptions.leave(
        storage, reader.id, method="page", now=datetime.now(UTC)
    ),
    "hard bounce": lambda storage, reader: storage.suppressions.add(reader.email, "bounced", at=NOW),
    "complaint": lambda storage, reader: storage.suppressions.add(reader.email, "complained", at=NOW),
    "erase": lambda storage, reader: storage.subscribers.erase(reader.id, now=NOW),
}


@pytest.fixture
def storage(storage_url: str) -> Iterator[Storage]:
    with Storage.open(storage_url) as opened:
        yield opened


@pytest.fixture
def elsewhere(storage: Storage, storage_url: str) -> Iterator[Storage]:
    """What another process has of the same database."""
    with Storage.open(storage_url) as opened:
        yield opened


@pytest.fixture
def readers(storage: Storage) -> list[Subscriber]:
    """Three readers, each with a digest that is planned."""
    saved = [storage.subscribers.save(Subscriber(id="", email=f"{name}@example.org")) for name in ("ada", "ben", "eve")]
    assert plan_digests(storage, planned(*saved), sender=SENDER, now=NOW) == 3
    return saved


def planned(*readers: Subscriber) -> list[Planned]:
    digest = Digest(edition="2026-11-23T08:00:00Z", local_date=date(2026, 11, 23))
    return [Planned(subscriber=reader, digest=digest, valid_until=TONIGHT) for reader in readers]


def render(delivery: Delivery, reader: Subscriber) -> Message:
    return Message(
        sender=SENDER, recipient=Mailbox(email=reader.email), subject="s", message_id=delivery.message_id, date=NOW,
        raw=b"hello\r\n",
    )  # fmt: skip


def send(storage: Storage, *, render: Callable[[Delivery, Subscriber], Message] = render) -> tuple[list[str], object]:
    """Whom mail was handed over for, and what the tally says."""
    provider = MemoryProvider()
    sending = Sending(owner="me", render=render, open_provider=lambda: provider, now=NOW)
    tally = send_ready(storage, sending)
    assert tally.error is None
    return [message.recipient.email for message in provider.messages], tally.states


@pytest.mark.parametrize("happens", HAPPENINGS)
def test_what_happened_before_the_lease_is_heeded(storage, elsewhere, readers, happens):
    HAPPENINGS[happens](elsewhere, readers[1])
    sent, states = send(storage)
    assert sent == ["ada@example.org", "eve@example.org"]
    # An erase takes the ledger's row with it.
    assert states == {DeliveryState.SENT: 2} | ({} if happens == "erase" else {DeliveryState.SUPPRESSED: 1})


@pytest.mark.parametrize("happens", HAPPENINGS)
def test_what_happened_between_lease_and_hand_over_is_heeded(storage, elsewhere, readers, happens):
    seen: list[object] = []

    def while_rendering(delivery: Delivery, reader: Subscriber) -> Message:
        if not seen:
            seen.append(elsewhere.deliveries.counts())
            HAPPENINGS[happens](elsewhere, readers[1])
        return render(delivery, reader)

    sent, states = send(storage, render=while_rendering)
    assert seen == [{DeliveryState.LEASED: 3}]
    assert sent == ["ada@example.org", "eve@example.org"]
    assert states == {DeliveryState.SENT: 2} | ({} if happens == "erase" else {DeliveryState.SUPPRESSED: 1})
    assert send(storage) == ([], {})


@pytest.mark.parametrize("happens", HAPPENINGS)
def test_what_happens_after_hand_over_does_not_undo_what_was_sent(storage, elsewhere, readers, happens):
    sent, _ = send(storage)
    HAPPENINGS[happens](elsewhere, readers[1])
    assert len(sent) == 3
    assert storage.deliveries.counts()[DeliveryState.SENT] == (2 if happens == "erase" else 3)
    assert send(storage) == ([], {})


def test_who_was_suppressed_before_planning_has_a_row_that_is_never_leased(storage):
    ada, ben = (storage.subscribers.save(Subscriber(id="", email=f"{name}@example.org")) for name in ("ada", "ben"))
    storage.suppressions.add(ben.email, "bounced", at=NOW)
    assert storage.suppressions.readers() == {ben.id}
    assert plan_digests(storage, planned(ada), sender=SENDER, now=NOW) == 1
    assert plan_suppressed(storage, planned(ben), sender=SENDER, now=NOW) == 1
    assert plan_suppressed(storage, planned(ben), sender=SENDER, now=NOW) == 0
    storage.suppressions.remove(ben.email)
    assert send(storage) == (["ada@example.org"], {DeliveryState.SENT: 1})
    [row] = storage.deliveries.find(states=[DeliveryState.SUPPRESSED])
    assert (row.subscriber, row.edition, row.shown) == (ben.id, None, ())


def test_suppressed_while_its_digest_waits_nothing_of_another_day_is_touched(storage, readers):
    storage.suppressions.add(readers[0].email, "bounced", at=NOW)
    tomorrow = Digest(edition="", local_date=date(2026, 11, 24))
    plan_suppressed(
        storage, [Planned(subscriber=readers[0], digest=tomorrow, valid_until=TONIGHT)], sender=SENDER, now=NOW
    )
    assert storage.deliveries.counts() == {DeliveryState.READY: 3, DeliveryState.SUPPRESSED: 1}
