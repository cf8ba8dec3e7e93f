"""The pages, as a Starlette application. GET and HEAD change nothing, for link scanners press everything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.config.settings import Settings
from newsletter.storage import Storage
from newsletter.web import archive, leaving, preferences, voting
from newsletter.web.door import Door
from newsletter.web.pages import SecurityHeaders

Page = Callable[[Door, Request], Response]


def make_app(settings: Settings, storage: Storage) -> Starlette:
    """The application over one deployment's settings and storage."""
    door = Door.to(settings, storage)

    def looked_at(path: str, page: Page) -> Route:
        return Route(path, partial(page, door), methods=["GET"])

    def pressed(path: str, page: Page) -> Route:
        return Route(path, partial(page, door), methods=["POST"])

    return Starlette(
        routes=[
            looked_at("/", _welcome),
            looked_at("/healthz", lambda _door, _request: PlainTextResponse("ok\n")),
            looked_at("/style.css", lambda door, _request: door.pages.style()),
            looked_at("/u/{token}", leaving.ask),
            pressed("/u/{token}", leaving.unsubscribe),
            looked_at("/v/{token}/{entry}/{wish}", voting.ask),
            pressed("/v/{token}/{entry}/{wish}", voting.vote),
            pressed("/v/{token}/{entry}/{wish}/back", voting.take_back),
            looked_at("/p/{token}", preferences.show),
            pressed("/p/{token}/pause", preferences.pause),
            pressed("/p/{token}/resume", preferences.resume),
            pressed("/p/{token}/{entry}/back", preferences.take_back),
            looked_at("/a/{token}", archive.show),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={404: lambda _request, _error: door.pages.lost()},
    )


def _welcome(door: Door, _request: Request) -> Response:
    """What this is, for whoever comes without a link."""
    text = "New papers, ranked for each reader, once a day. Links in the mails lead here."
    return door.pages.tell(door.settings.title, text)
