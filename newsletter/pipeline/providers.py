"""The configured provider, with what it needs of the other stages."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from threading import Event

from newsletter.config.settings import AnyProvider, FilesProvider, SendgridProvider, Settings, SmtpProvider
from newsletter.delivery import Provider, Surroundings, open_provider
from newsletter.delivery.files import SentFile
from newsletter.model import Delivery, Message, Subscriber
from newsletter.outbox import Sending
from newsletter.rendering.gallery import GalleryItem, render_gallery
from newsletter.storage import RunLock


def make_provider(settings: Settings) -> Provider:
    """A connection of the provider that the settings name, not yet opened."""

    def gallery(files: Sequence[SentFile]) -> str:
        return render_gallery([_item(file) for file in files], title=settings.title)

    return open_provider(settings.provider, surroundings=Surroundings(gallery=gallery, stream=sys.stderr))


def name_of(provider: AnyProvider) -> str:
    """What people, rates and circuits know a provider by from run to run, such as ``smtp smtp.example.org:587``."""
    if isinstance(provider, SmtpProvider):
        return f"{provider.kind} {provider.host}:{provider.port}"
    return f"{provider.kind} {provider.host}" if isinstance(provider, SendgridProvider) else provider.kind


def place_of(provider: AnyProvider) -> str:
    """Where messages are known again: its name, and the folder where that is what knows them."""
    name = name_of(provider)
    return f"{name} {provider.path.resolve()}" if isinstance(provider, FilesProvider) else name


def fingerprint_of(settings: Settings) -> str:
    """Tells a changed sender, name or password from the one before; too short, and too slow to make, to guess by it."""
    provider = settings.provider
    said = [settings.sender.email, *(str(getattr(provider, name)) for name in type(provider).model_fields)]
    secrets = (getattr(provider, name, None) for name in ("password", "api_key"))
    said += [secret.get_secret_value() for secret in secrets if secret]
    salt = name_of(provider).encode()
    return hashlib.scrypt("\0".join(said).encode("utf-8", "replace"), salt=salt, n=2**13, r=8, p=1, dklen=2).hex()


def make_sending(
    settings: Settings,
    owner: str,
    *,
    render: Callable[[Delivery, Subscriber], Message],
    now: datetime,
    stop: Event,
    lock: RunLock,
    only: frozenset[str] | None = None,
    letters_only: bool = False,
) -> Sending:
    """How whoever holds the lock hands over: at the provider's rate, over as many connections as are wanted."""
    provider = settings.provider
    return Sending(
        owner=owner,
        render=render,
        open_provider=lambda: make_provider(settings),
        now=now,
        provider=name_of(provider),
        credentials=partial(fingerprint_of, settings),
        rate=provider.rate,
        zone=settings.timezone,
        lanes=provider.connections if isinstance(provider, SmtpProvider) else 1,
        only=only,
        letters_only=letters_only,
        keep_bodies=bool(settings.retention.messages),
        stop=stop,
        may_send=lock.is_held,
    )


def _item(file: SentFile) -> GalleryItem:
    return GalleryItem(recipient=file.recipient, subject=file.subject, date=file.date, eml=file.eml, html=file.html)
