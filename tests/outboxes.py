"""A ledger with planned digests, and a sender over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from newsletter.config.settings import Rate
from newsletter.delivery import Provider, open_provider
from newsletter.model import Delivery, DeliveryState, Digest, Edition, Mailbox, Message, Subscriber
from newsletter.outbox import Planned, Sending, Tally, plan_digests, send_ready
from newsletter.outbox.job import OnState
from newsletter.storage import Storage
from newsletter.storage.subscribers import new_id
from newsletter.testing import MemoryProvider, SendgridStub, SmtpSink

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TODAY = NOW.date()
TONIGHT = NOW + timedelta(hours=16)
SENDER = Mailbox(email="papers@example.org", name="Papers")
EDITION = "2026-11-23T08:00:00Z"
PLACE = "test provider"


@dataclass
class Outbox:
    """What the tests of sending are about."""

    storage: Storage

    def plan(
        self, *emails: str, edition: str = EDITION, day: date = TODAY, until: datetime = TONIGHT
    ) -> list[Subscriber]:
        """A digest for a reader of each address, and the edition that it is of."""
        made = Edition(id=edition, made_at=NOW, reach_from=NOW, entries=())
        self.storage.editions.save(made, fingerprint=edition)
        readers = [Subscriber(id=new_id(), email=email) for email in emails]
        self.storage.subscribers.save_all(readers)
        digest = Digest(edition=edition, local_date=day)
        planned = [Planned(subscriber=reader, digest=digest, valid_until=until) for reader in readers]
        assert plan_digests(self.storage, planned, sender=SENDER, now=NOW) == len(emails)
        return readers

    def send(
        self,
        provider: Provider | None = None,
        *,
        rate: Rate | None = None,
        on_state: OnState | None = None,
        **changes: Any,
    ) -> Tally:
        """Sends what is ready, by a provider that takes everything unless another is given."""
        provider = provider or MemoryProvider()
        given = {"owner": "me", "render": render, "open_provider": lambda: provider, "now": NOW} | changes
        return send_ready(self.storage, Sending(**{"provider": PLACE, "rate": rate} | given), on_state)

    def send_over(self, server: SmtpSink | SendgridStub, **changes: Any) -> Tally:
        """Sends what is ready to a server, over a new connection each time."""
        return self.send(open_provider=lambda: open_provider(server.settings), **changes)

    @property
    def states(self) -> dict[DeliveryState, int]:
        """How many deliveries are in each state."""
        return self.storage.deliveries.counts()

    @property
    def rows(self) -> Sequence[Delivery]:
        """All deliveries, in the order in which they were planned."""
        return self.storage.deliveries.find(limit=10_000)[::-1]


def addresses(count: int, domain: str = "example.org") -> list[str]:
    """As many readers' addresses."""
    return [f"r{number}@{domain}" for number in range(count)]


def render(delivery: Delivery, reader: Subscriber) -> Message:
    """A small message."""
    head = f"From: {SENDER.email}\r\nTo: {reader.email}\r\nSubject: s\r\nMessage-ID: {delivery.message_id}\r\n\r\n".encode()
    text = f"hello {reader.id}\r\n".encode()
    return Message(
        sender=SENDER,
        recipient=Mailbox(email=reader.email),
        subject="s",
        message_id=delivery.message_id,
        date=NOW,
        raw=head + text,
        text_at=(len(head), len(head) + len(text)),
        delivery_id=delivery.id,
    )
