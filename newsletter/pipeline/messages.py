"""From a digest or a letter to one reader's message, and from a ledger row back to what it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from newsletter.config.settings import Settings, SmtpProvider
from newsletter.config.signing_keys import read_signing_key
from newsletter.delivery.reports import Marks
from newsletter.errors import UsageError
from newsletter.model import DIGEST, Delivery, Digest, LetterKind, Links, Message, Subscriber
from newsletter.outbox import Thaw
from newsletter.rendering import Renderer
from newsletter.rendering.dkim import Signature, sign
from newsletter.rendering.headers import Header
from newsletter.rendering.letters import Letter, Letters
from newsletter.rendering.mime import ascii_address, with_header
from newsletter.rendering.themes import Brand
from newsletter.storage import Storage
from newsletter.subscriptions import asked_at
from newsletter.tokens import LIVES, Purpose, Signer

TO_READERS = frozenset({LetterKind.KNOWN, LetterKind.WELCOME})
"""Letters to people who get digests as well; the way out of these stands on them."""
CONFIRM_DAYS = (LIVES[Purpose.CONFIRM] or timedelta.max).days


class Letterhead:
    """Renders digests and letters under this deployment's title, sender, templates, links and signatures."""

    def __init__(self, settings: Settings) -> None:
        """Compiles the templates and reads the keys; TemplateError or UsageError where one is wrong."""
        keys = [key.get_secret_value() for key in settings.secret_keys]
        self._signer = Signer(keys) if keys else None
        self._base_url = settings.base_url
        local, _, domain = settings.sender.email.rpartition("@")
        self._mailto = f"mailto:{quote(local, safe='')}@{domain}?subject=unsubscribe%20"
        self._signatures = read_signatures(settings)
        self.marks = Marks(keys, address=settings.bounces.address)
        self.renderer = Renderer(
            folders=settings.templates,
            title=settings.title,
            postal_address=settings.postal_address,
            base_url=settings.base_url,
            sender=settings.sender,
            locale=settings.language,
            brand=Brand(color=settings.brand.color, logo=settings.brand.logo, logo_alt=settings.brand.logo_alt),
        )
        self._letters = Letters(
            folders=settings.templates,
            sender=settings.sender,
            common=self.renderer.common,
            look=self.renderer.look,
        )

    def render(
        self,
        digest: Digest,
        subscriber: Subscriber,
        *,
        message_id: str,
        date: datetime,
        headers: Sequence[Header] = (),
    ) -> Message:
        """The message of one digest, signed: the same inputs give the same bytes. ``headers`` come beside its own."""
        links = self.links(subscriber, digest.local_date)
        message = self.renderer.render(digest, subscriber=subscriber, links=links, message_id=message_id, date=date)
        for name, value in headers:
            message = with_header(message, f"{name}: {value}\r\n".encode("ascii"))
            message = replace(message, headers=(*message.headers, (name, value)))
        return self._signed(message, date)

    def render_letter(
        self, kind: LetterKind, subscriber: Subscriber, *, asked_at: datetime, message_id: str, date: datetime
    ) -> Message:
        """A letter as a message, signed: the same inputs give the same bytes."""
        letter = Letter(
            kind=kind,
            asked_at=asked_at,
            action=self._action(kind, subscriber, asked_at.astimezone(UTC).date()),
            days=CONFIRM_DAYS,
            links=self._ways_out(subscriber) if kind in TO_READERS else Links(),
        )
        message = self._letters.render(letter, subscriber=subscriber, message_id=message_id, date=date)
        return self._signed(message, date)

    def _action(self, kind: LetterKind, subscriber: Subscriber, day: date) -> str | None:
        """Where a letter's button leads."""
        if self._base_url is None or self._signer is None:
            return None
        if kind is LetterKind.CONFIRM:
            return f"{self._base_url}/c/{self._signer.sign(Purpose.CONFIRM, subscriber.id, at=day)}"
        return self.links(subscriber, day).preferences if kind in TO_READERS else None

    def _ways_out(self, subscriber: Subscriber) -> Links:
        mailto = self._mailto + quote(subscriber.id)
        if self._base_url is None or self._signer is None:
            return Links(unsubscribe_mailto=mailto)
        token = self._signer.sign(Purpose.UNSUBSCRIBE, subscriber.id)
        return Links(unsubscribe=f"{self._base_url}/u/{token}", unsubscribe_mailto=mailto)

    def _signed(self, message: Message, date: datetime) -> Message:
        return with_header(message, sign(message.raw, self._signatures, at=date)) if self._signatures else message

    def links(self, subscriber: Subscriber, day: date) -> Links:
        """Where a mail of that day leads: to pages where there is a door to them, to a mail to us always."""
        base_url, signer, reader, ways = self._base_url, self._signer, subscriber.id, self._ways_out(subscriber)
        if base_url is None or signer is None:
            return ways
        return replace(
            ways,
            preferences=f"{base_url}/p/{signer.sign(Purpose.PREFERENCES, reader, at=day)}",
            archive=f"{base_url}/a/{signer.sign(Purpose.ARCHIVE, reader, day.isoformat())}",
            vote=f"{base_url}/v/{signer.sign(Purpose.FEEDBACK, reader, at=day)}",
        )


def read_signatures(settings: Settings) -> tuple[Signature, ...]:
    """What mails are signed with; UsageError for a key that cannot be used. Of SendGrid's none: it signs by itself."""
    keys = settings.provider.dkim if isinstance(settings.provider, SmtpProvider) else ()
    own_domain = ascii_address(settings.sender.email).rpartition("@")[2]
    try:
        return tuple(Signature(one.domain or own_domain, one.selector, read_signing_key(one.key)) for one in keys)
    except ValueError as error:
        raise UsageError(f"provider.dkim: {error}") from error


class LedgerMessages:
    """Renders what the ledger has frozen; keeps the last edition at hand, for many readers share one."""

    def __init__(self, storage: Storage, letterhead: Letterhead) -> None:
        self._storage = storage
        self._letterhead = letterhead
        self._thaw: Thaw | None = None

    def render(self, delivery: Delivery, subscriber: Subscriber) -> Message:
        """The message of one delivery: its frozen inputs and date, so that a second try sends the same bytes."""
        named, date = delivery.message_id, delivery.created_at.astimezone(ZoneInfo(subscriber.timezone))
        if delivery.kind == DIGEST:
            digest = self._thaw_of(delivery).digest(delivery.payload)
            message = self._letterhead.render(digest, subscriber, message_id=named, date=date)
        else:
            kind, asked = LetterKind(delivery.kind), asked_at(delivery.payload)
            message = self._letterhead.render_letter(kind, subscriber, asked_at=asked, message_id=named, date=date)
        return replace(message, delivery_id=delivery.id, return_path=self._letterhead.marks.return_path(delivery.id))

    def _thaw_of(self, delivery: Delivery) -> Thaw:
        thaw = self._thaw
        if thaw is None or thaw.edition.id != delivery.edition:
            thaw = self._thaw = Thaw(self._storage.editions.load(delivery.edition or ""))
        return thaw
