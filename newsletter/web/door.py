"""What every page needs: the deployment behind it, whose link was followed, and the seal of its forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from newsletter.config.settings import Settings
from newsletter.model import Subscriber, SubscriberState
from newsletter.pipeline.tuning_apart import TriesOut
from newsletter.rendering.locale import read_language
from newsletter.rendering.themes import Brand, Look
from newsletter.storage import Storage
from newsletter.subscriptions import UNCONFIRMED
from newsletter.tokens import Purpose, Signer
from newsletter.web.pages import Pages
from newsletter.web.seals import Seals
from newsletter.web.workshop import Workshop


def nobody_posts() -> None:
    """Leaves letters to the next run."""


@dataclass(frozen=True, slots=True)
class Door:
    """One deployment's settings and storage, its pages, and the keys of its links."""

    settings: Settings
    storage: Storage
    pages: Pages
    signer: Signer | None
    """``None`` where links cannot be signed: then no link is valid."""
    seals: Seals
    workshop: Workshop
    post: Callable[[], None] = nobody_posts
    """Has waiting letters sent at once."""

    @classmethod
    def to(
        cls,
        settings: Settings,
        storage: Storage,
        *,
        post: Callable[[], None] = nobody_posts,
        tuner: TriesOut | None = None,
    ) -> Door:
        """The door to a deployment; profiles are tried out in this process where there is no ``tuner``."""
        keys = [key.get_secret_value() for key in settings.secret_keys]
        address = urlsplit(settings.base_url or "")
        brand = Brand(color=settings.brand.color, logo=settings.brand.logo, logo_alt=settings.brand.logo_alt)
        look = Look(brand=brand, language=read_language(settings.language))
        pages = Pages(settings.templates, newsletter=settings.title, root=address.path.rstrip("/") + "/", look=look)
        signer = Signer(keys) if keys else None
        seals = Seals(signer, is_secure=address.scheme == "https")
        return cls(settings, storage, pages, signer, seals, Workshop(settings, storage, look, tuner=tuner), post)

    # -- whose link it is ----------------------------------------------------------------------------------------

    def read(self, request: Request, purpose: Purpose) -> list[str]:
        """What the token in the request's path says; nothing where it is not valid."""
        parts = self.signer.read(purpose, request.path_params["token"]) if self.signer else None
        return parts or []

    def reader(self, request: Request, purpose: Purpose) -> Subscriber | None:
        """Whose token it is; ``None`` where it is not valid, or nobody's who is or was a reader."""
        parts = self.read(request, purpose)
        reader = self.storage.subscribers.by_id(parts[0]) if parts else None
        return None if reader is None or reader.state in UNCONFIRMED else reader

    def came_from(self, request: Request) -> str:
        """The network address of who asks; behind a proxy, the one that it names."""
        return request.client.host if request.client else ""

    # -- answers -------------------------------------------------------------------------------------------------

    def show(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """The page of that template; its forms hold ``seal``."""
        seal = self.seals.make(request)
        return seal.set_cookie(self.pages.show(template, status=status, seal=seal.field, **values))

    def tell(self, request: Request, name: str, *, status: int = 200, **values: object) -> Response:
        """A page that says one thing by the words of that name, perhaps with a button."""
        seal = self.seals.make(request)
        return seal.set_cookie(self.pages.tell(name, status=status, seal=seal.field, **values))

    def lost(self, request: Request) -> Response:
        """The same answer for a wrong token, an unknown reader and any other path."""
        return self.pages.tell("lost", status=404, seal="")

    def go_to(self, path: str) -> Response:
        """After a button was pressed: to the page that shows what became of it."""
        return self.pages.go_to(path)


def is_reading(reader: Subscriber) -> bool:
    """Whether they get mail, or will again when their pause is over."""
    return reader.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}
