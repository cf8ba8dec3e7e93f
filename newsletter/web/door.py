"""What every page behind a link of a mail needs: whose link it is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from newsletter.config.settings import Settings
from newsletter.model import Subscriber, SubscriberState
from newsletter.storage import Storage
from newsletter.tokens import Purpose, Signer
from newsletter.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Door:
    """One deployment's settings and storage, its pages, and the keys of its links."""

    settings: Settings
    storage: Storage
    pages: Pages
    signer: Signer | None
    """``None`` where links cannot be signed: then no link is valid."""

    @classmethod
    def to(cls, settings: Settings, storage: Storage) -> Door:
        """The door to a deployment."""
        keys = [key.get_secret_value() for key in settings.secret_keys]
        root = urlsplit(settings.base_url or "").path.rstrip("/") + "/"
        pages = Pages(settings.templates, newsletter=settings.title, root=root)
        return cls(settings, storage, pages, Signer(keys) if keys else None)

    def read(self, request: Request, purpose: Purpose) -> list[str]:
        """What the token in the request's path says; nothing where it is not valid."""
        parts = self.signer.read(purpose, request.path_params["token"]) if self.signer else None
        return parts or []

    def reader(self, request: Request, purpose: Purpose) -> Subscriber | None:
        """Whose token it is; ``None`` where it is not valid, or nobody's who was ever mailed."""
        parts = self.read(request, purpose)
        reader = self.storage.subscribers.by_id(parts[0]) if parts else None
        return None if reader is None or reader.state is SubscriberState.PENDING else reader


def is_reading(reader: Subscriber) -> bool:
    """Whether they get mail, or will again when their pause is over."""
    return reader.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}
