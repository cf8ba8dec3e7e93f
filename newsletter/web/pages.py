"""Pages out of templates, and the headers that keep them and the tokens in their addresses to the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.rendering.environment import html_environment
from newsletter.rendering.said import keep_said
from newsletter.rendering.themes import Look

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of every answer that does not have its own."""


class Pages:
    """Fills the templates of ``web/`` in the first of the folders that has them, in one language.

    ``root`` is where the pages lie, such as ``/`` or ``/newsletter/``: what they link to is below it.
    """

    def __init__(self, folders: Sequence[Path], *, newsletter: str, root: str, look: Look | None = None) -> None:
        """Reads the words; TemplateError where they have a fault."""
        self._templates = html_environment([folder / "web" for folder in folders], look)
        self._templates.globals |= {"newsletter": newsletter, "root": root}
        self._words: Any = keep_said(self._templates.globals["words"])
        self.newsletter, self.root = newsletter, root

    def show(self, template: str, *, status: int = 200, **values: object) -> Response:
        """The page of that template."""
        return HTMLResponse(self.fill(template, **values), status_code=status)

    def fill(self, template: str, **values: object) -> str:
        """The template's HTML, of a page or of a piece of one."""
        return self._templates.get_template(f"{template}.html.j2").render(values)

    def tell(self, name: str, *, status: int = 200, **values: object) -> Response:
        """A page that says one thing by the words ``<name>_title`` and ``<name>_text``; where there are words
        ``<name>_button`` it has a button that posts to its own address."""
        told = {part: self.say(f"{name}_{part}", values) for part in ("title", "text", "button")}
        return self.show("page", status=status, **values, **told)

    def say(self, name: str, values: Mapping[str, object] | None = None) -> str | None:
        """Words by their name, with those of the values that they take; ``None`` where there are none."""
        macro = getattr(self._words, name, None)
        if macro is None:
            return None
        known = {"newsletter": self.newsletter, **(values or {})}
        said: str = macro(**{parameter: known[parameter] for parameter in macro.arguments})
        return said.strip()

    def go_to(self, path: str) -> Response:
        """After a button was pressed: to the page that shows what became of it, so that reloading presses nothing."""
        return RedirectResponse(self.root + path, status_code=303)

    def style(self) -> Response:
        """The one stylesheet."""
        return self._file("style.css", "text/css")

    def script(self) -> Response:
        """The one script, which nothing needs."""
        return self._file("script.js", "text/javascript")

    def _file(self, name: str, media_type: str) -> Response:
        text = self._templates.get_template(name).render()
        return Response(text, media_type=media_type, headers={"cache-control": "max-age=3600"})


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
