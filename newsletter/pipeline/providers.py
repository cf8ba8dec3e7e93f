"""The configured provider, with what it needs of the other stages."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from newsletter.config.settings import Settings
from newsletter.delivery import Provider, Surroundings, open_provider
from newsletter.delivery.files import SentFile
from newsletter.rendering.gallery import GalleryItem, render_gallery


def make_provider(settings: Settings) -> Provider:
    """A connection of the provider that the settings name, not yet opened."""

    def gallery(files: Sequence[SentFile]) -> str:
        return render_gallery([_item(file) for file in files], title=settings.title)

    return open_provider(settings.provider, surroundings=Surroundings(gallery=gallery, stream=sys.stderr))


def _item(file: SentFile) -> GalleryItem:
    return GalleryItem(recipient=file.recipient, subject=file.subject, date=file.date, eml=file.eml, html=file.html)
