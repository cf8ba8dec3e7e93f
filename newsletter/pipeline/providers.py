"""The configured provider, with what it needs of the other stages."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence

from newsletter.config.settings import AnyProvider, FilesProvider, SendgridProvider, Settings, SmtpProvider
from newsletter.delivery import Provider, Surroundings, open_provider
from newsletter.delivery.files import SentFile
from newsletter.rendering.gallery import GalleryItem, render_gallery


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


def _item(file: SentFile) -> GalleryItem:
    return GalleryItem(recipient=file.recipient, subject=file.subject, date=file.date, eml=file.eml, html=file.html)
