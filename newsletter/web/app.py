"""The pages, as a Starlette application. GET and HEAD change nothing, for link scanners press everything."""

from __future__ import annotations

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.config.settings import Settings
from newsletter.storage import Storage
from newsletter.subscriptions import leave
from newsletter.tokens import Purpose, Signer

SECURITY_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex"),
    (b"cache-control", b"no-store"),
)


def make_app(settings: Settings, storage: Storage) -> Starlette:
    """The application over one deployment's settings and storage."""
    door = _Door(settings, storage)
    return Starlette(
        routes=[
            Route("/", door.welcome),
            Route("/healthz", door.health),
            Route("/style.css", door.style),
            Route("/u/{token}", door.show_unsubscribe, methods=["GET"]),
            Route("/u/{token}", door.unsubscribe, methods=["POST"]),
        ],
        middleware=[Middleware(_SecurityHeaders)],
        exception_handlers={404: door.not_found},
    )


class _Door:
    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings, self._storage = settings, storage
        self._signer = (
            Signer([key.get_secret_value() for key in settings.secret_keys]) if settings.secret_keys else None
        )
        loader = jinja2.FileSystemLoader([folder / "web" for folder in settings.templates])
        self._templates = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)

    async def welcome(self, request: Request) -> Response:
        """What this is, for whoever comes without a link."""
        return self._page(
            self._settings.title, "New papers, ranked for each reader, once a day. Links in the mails lead here."
        )

    async def health(self, request: Request) -> Response:
        """Answers while the process lives."""
        return PlainTextResponse("ok\n")

    async def style(self, request: Request) -> Response:
        """The one stylesheet."""
        return Response(self._templates.get_template("style.css").render(), media_type="text/css")

    async def show_unsubscribe(self, request: Request) -> Response:
        """A page with one button; looking at it changes nothing."""
        if self._reader(request) is None:
            return await self.not_found(request)
        text = f"Shall {self._settings.title} stop writing to you? Nothing changes before you press the button."
        return self._page("Unsubscribe?", text, button="Yes, unsubscribe me")

    async def unsubscribe(self, request: Request) -> Response:
        """The button of that page, and the one-click POST of mail clients (RFC 8058): never a redirect."""
        reader = self._reader(request)
        if reader is None:
            return await self.not_found(request)
        await run_in_threadpool(leave, self._storage, reader)
        return self._page("You are unsubscribed", f"{self._settings.title} will not write to you again.")

    async def not_found(self, request: Request, error: Exception | None = None) -> Response:
        """The same answer for a wrong token, an unknown reader and any other path."""
        return self._page("Nothing here", "This link is not valid. The newest mail has one that is.", status=404)

    def _reader(self, request: Request) -> str | None:
        parts = self._signer.read(Purpose.UNSUBSCRIBE, request.path_params["token"]) if self._signer else None
        return parts[0] if parts else None

    def _page(self, title: str, text: str, *, button: str | None = None, status: int = 200) -> HTMLResponse:
        page = self._templates.get_template("page.html.j2")
        return HTMLResponse(
            page.render(newsletter=self._settings.title, title=title, text=text, button=button), status_code=status
        )


class _SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)
