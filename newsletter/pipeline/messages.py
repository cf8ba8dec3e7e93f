"""From a digest to one reader's message, and from a ledger row back to its digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from newsletter.config.settings import Settings
from newsletter.model import Delivery, Digest, Edition, Links, Message, Subscriber
from newsletter.outbox import thaw
from newsletter.rendering import Renderer
from newsletter.storage import Storage
from newsletter.tokens import Purpose, Signer


class Letterhead:
    """Renders digests under this deployment's title, sender, templates and links."""

    def __init__(self, settings: Settings) -> None:
        """Compiles the templates; TemplateError where one is wrong."""
        self._settings = settings
        keys = [key.get_secret_value() for key in settings.secret_keys]
        self._signer = Signer(keys) if keys else None
        self.renderer = Renderer(
            folders=settings.templates,
            title=settings.title,
            postal_address=settings.postal_address,
            base_url=settings.base_url,
            sender=settings.sender,
        )

    def render(self, digest: Digest, subscriber: Subscriber, *, message_id: str, date: datetime) -> Message:
        """The message of one digest: the same inputs give the same bytes."""
        return self.renderer.render(
            digest, subscriber=subscriber, links=self.links(subscriber), message_id=message_id, date=date
        )

    def links(self, subscriber: Subscriber) -> Links:
        """Where a reader's mail leads: web pages where there is a door to them, a mail to the sender always."""
        local, _, domain = self._settings.sender.email.rpartition("@")
        mailto = f"mailto:{quote(local, safe='')}@{domain}?subject={quote('unsubscribe ' + subscriber.id)}"
        if self._settings.base_url is None or self._signer is None:
            return Links(unsubscribe_mailto=mailto)
        token = self._signer.sign(Purpose.UNSUBSCRIBE, subscriber.id)
        return Links(unsubscribe=f"{self._settings.base_url}/u/{token}", unsubscribe_mailto=mailto)


class LedgerMessages:
    """Renders what the ledger has frozen; keeps the last edition at hand, for many readers share one."""

    def __init__(self, storage: Storage, letterhead: Letterhead) -> None:
        self._storage = storage
        self._letterhead = letterhead
        self._edition: Edition | None = None

    def render(self, delivery: Delivery, subscriber: Subscriber) -> Message:
        """The message of one delivery: its frozen digest and date, so that a second try sends the same bytes."""
        digest = thaw(delivery.payload, self._edition_of(delivery))
        message = self._letterhead.render(
            digest,
            subscriber,
            message_id=delivery.message_id,
            date=delivery.created_at.astimezone(ZoneInfo(subscriber.timezone)),
        )
        return replace(message, delivery_id=delivery.id)

    def _edition_of(self, delivery: Delivery) -> Edition:
        edition = self._edition
        if edition is None or edition.id != delivery.edition:
            edition = self._edition = self._storage.editions.load(delivery.edition or "")
        return edition
