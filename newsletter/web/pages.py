"""Pages out of templates, and the headers that keep them and the tokens in their addresses to the reader."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import jinja2
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "cache-control": "no-store",
}
"""Of every answer that does not have its own."""


class Pages:
    """Fills the templates of ``web/`` in the first of the folders that has them.

    ``root`` is where the pages lie, such as ``/`` or ``/newsletter/``: what they link to is below it.
    """

    def __init__(self, folders: Iterable[Path], *, newsletter: str, root: str) -> None:
        loader = jinja2.FileSystemLoader([folder / "web" for folder in folders])
        self._templates = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
        self._templates.globals |= {"newsletter": newsletter, "root": root}
        self.newsletter, self.root = newsletter, root

    def show(self, template: str, *, status: int = 200, **values: object) -> Response:
        """The page of that template."""
        html = self._templates.get_template(f"{template}.html.j2").render(values)
        return HTMLResponse(html, status_code=status)

    def tell(self, title: str, text: str, *, button: str | None = None, status: int = 200) -> Response:
        """A page that says one thing, perhaps with a button that posts to its own address."""
        return self.show("page", status=status, title=title, text=text, button=button)

    def lost(self) -> Response:
        """The same answer for a wrong token, an unknown reader and any other path."""
        return self.tell("Nothing here", "This link is not valid. The newest mail has one that is.", status=404)

    def go_to(self, path: str) -> Response:
        """After a button was pressed: to the page that shows what became of it, so that reloading presses nothing."""
        return RedirectResponse(self.root + path, status_code=303)

    def style(self) -> Response:
        """The one stylesheet."""
        css = self._templates.get_template("style.css").render()
        return Response(css, media_type="text/css", headers={"cache-control": "max-age=3600"})


class SecurityHeaders:
    """Adds the headers of ``SECURITY_HEADERS`` that an answer lacks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
