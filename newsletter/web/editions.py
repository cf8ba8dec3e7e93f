"""``/archive``: what was trending, for everybody; there only where the operator wants it.

Nothing of any reader is at hand here: pages are made from editions alone, and set no cookie.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.pipeline.archiving import ALL_WAIT, PublicDigest, Shelf
from newsletter.pipeline.once import Once
from newsletter.rendering.view import describe_papers
from newsletter.web.archive import Row, read_day
from newsletter.web.door import Door
from newsletter.web.papers import linked_data, send_references, show_papers

TITLES = 3
"""Of a day's papers in the list of days."""
PAGES_KEPT = 60
"""Editions never change, and nor do their pages."""
_EDITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_MINUTES_KEPT = 10


class PublicArchive:
    """The pages of editions."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._pages: Once[str] = Once(PAGES_KEPT, ALL_WAIT)

    def list(self, door: Door, request: Request) -> Response:
        """Day by day, the latest first; ``?before=2026-11-22`` goes on from there."""
        asked = request.query_params.get("before")
        before = read_day(asked) if asked else None
        if not door.settings.archive.public or (asked and before is None):
            return door.lost(request)
        page = self._shelf.days(_zone(door), before=before)
        root = f"{door.pages.root}archive"
        rows = [
            Row(day, f"{root}/{header.id}", _titles(digest), digest.candidates)
            for day, header in page.editions
            if (digest := self._shelf.public(header.id))
        ]
        earlier = f"{root}?before={page.before}" if page.before else None
        return _public(door, door.pages.show("archive", rows=rows, is_public=True, before=earlier))

    def show(self, door: Door, request: Request) -> Response:
        """One edition."""
        digest = self._asked(door, request)
        if digest is None:
            return door.lost(request)
        return _public(door, HTMLResponse(self._pages.get(digest.edition, lambda: _page(door, digest))))

    def references(self, kind: str) -> Callable[[Door, Request], Response]:
        """The page that has the edition as a file of that kind."""

        def send(door: Door, request: Request) -> Response:
            digest = self._asked(door, request)
            if digest is None:
                return door.lost(request)
            name = f"{door.settings.title} {digest.made_at.astimezone(_zone(door)).date()}"
            return _public(door, send_references(digest.items, kind, name=name))

        return send

    def _asked(self, door: Door, request: Request) -> PublicDigest | None:
        name = request.path_params["edition"]
        return self._shelf.public(name) if door.settings.archive.public and _EDITION.fullmatch(name) else None


def _page(door: Door, digest: PublicDigest) -> str:
    root = f"{door.pages.root}archive"
    day = digest.made_at.astimezone(_zone(door)).date()
    name = door.pages.say("papers_title", {"day": day, "is_public": True}) or ""
    return door.pages.fill(
        "papers",
        day=day,
        is_public=True,
        candidates=digest.candidates,
        # Votes are all that speaks for them, and those are on the card.
        papers=show_papers(door, [replace(item, reasons=()) for item in digest.items]),
        linked_data=linked_data(digest.items, name=f"{door.settings.title}: {name}"),
        here=f"{root}/{digest.edition}",
        mail=None,
        every=root,
        newer=None,
        older=None,
    )


def _zone(door: Door) -> ZoneInfo:
    return door.settings.timezone


def _titles(digest: PublicDigest) -> tuple[str, ...]:
    return tuple(paper.title for paper in describe_papers([item.entry for item in digest.items[:TITLES]], summary=0))


def _public(door: Door, response: Response) -> Response:
    """Anybody may keep a copy for a while; search engines where the operator lets them."""
    response.headers["cache-control"] = f"public, max-age={60 * _MINUTES_KEPT}"
    if door.settings.archive.indexed:
        response.headers["x-robots-tag"] = "all"
    return response
