"""What was sent, to be read again: ``/a/`` has one digest, ``/digests/`` all that are kept of a reader.

A mail's own HTML has styles of its own, so it is shown where nothing can run: under a policy without scripts and forms,
in a sandbox that its links lead out of.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.model import Digest, Subscriber
from newsletter.pipeline.archiving import Shelf
from newsletter.tokens import Purpose
from newsletter.web.door import Door
from newsletter.web.papers import linked_data, send_references, show_papers

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


class Neighbour(NamedTuple):
    """Another digest, and where it is."""

    day: date
    href: str


class Row(NamedTuple):
    """A line of a list of digests."""

    day: date
    href: str
    titles: tuple[str, ...] = ()
    candidates: int = 0


def digests_link(door: Door, reader: Subscriber) -> str:
    """Where this reader finds all their digests: for their preferences, and for no mail that may be handed on."""
    signer = door.signer
    token = signer.sign(Purpose.DIGESTS, reader.id, at=datetime.now(UTC).date()) if signer else ""
    return f"{door.pages.root}digests/{token}"


def digest_link(door: Door, reader_id: str, day: date) -> str:
    """Where one digest is, as mails say it."""
    token = door.signer.sign(Purpose.ARCHIVE, reader_id, day.isoformat()) if door.signer else ""
    return f"{door.pages.root}a/{token}"


class Archive:
    """The pages of readers' own digests."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    # -- one, by the link of its mail ----------------------------------------------------------------------------

    def show(self, door: Door, request: Request) -> Response:
        """The papers of the digest that the token names, with their reasons."""
        said = _said(door, request)
        if said is None:
            return door.lost(request)
        reader, day = said
        digest = self._shelf.sent(reader, day)
        if digest is None:
            return door.tell(request, "mail_gone", status=404, day=day)
        return _page(door, request, digest, here=digest_link(door, reader, day))

    def mail(self, door: Door, request: Request) -> Response:
        """The very mail."""
        said = _said(door, request)
        if said is None:
            return door.lost(request)
        raw = door.storage.deliveries.message(*said)
        html = None if raw is None else _html_of(raw)
        if html is None:
            return door.tell(request, "mail_gone", status=404, day=said[1])
        return HTMLResponse(html, headers={"content-security-policy": POLICY})

    def references(self, kind: str) -> Callable[[Door, Request], Response]:
        """The page that has the digest as a file of that kind."""

        def send(door: Door, request: Request) -> Response:
            said = _said(door, request)
            digest = self._shelf.sent(*said) if said else None
            if said is None or digest is None:
                return door.lost(request)
            return send_references(digest.items, kind, name=f"{door.settings.title} {said[1]}")

        return send

    # -- all, by the link of the preferences ---------------------------------------------------------------------

    def list(self, door: Door, request: Request) -> Response:
        """The days of which the reader's mail is kept."""
        reader = door.reader(request, Purpose.DIGESTS)
        if reader is None:
            return door.lost(request)
        here = f"{door.pages.root}digests/{request.path_params['token']}"
        rows = [Row(day, f"{here}/{day}") for day in door.storage.deliveries.kept_dates(reader.id)]
        return door.show(request, "archive", rows=rows, is_public=False, before=None)

    def show_day(self, door: Door, request: Request) -> Response:
        """One of them, with the way to the one before and the one after."""
        reader, day = door.reader(request, Purpose.DIGESTS), read_day(request.path_params["day"])
        digest = self._shelf.sent(reader.id, day) if reader and day else None
        if reader is None or day is None or digest is None:
            return door.lost(request)
        every = f"{door.pages.root}digests/{request.path_params['token']}"
        dates = door.storage.deliveries.kept_dates(reader.id)
        newer = {older: Neighbour(newer, f"{every}/{newer}") for newer, older in pairwise(dates)}
        older = {newer: Neighbour(older, f"{every}/{older}") for newer, older in pairwise(dates)}
        here = digest_link(door, reader.id, day)
        return _page(door, request, digest, here=here, every=every, newer=newer.get(day), older=older.get(day))


def read_day(text: str) -> date | None:
    """The day as it stands in an address, ``2026-11-22`` and in no other form."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _said(door: Door, request: Request) -> tuple[str, date] | None:
    """Whose digest, and of which day, if the token says so."""
    said = door.read(request, Purpose.ARCHIVE)
    day = read_day(said[1]) if len(said) == 2 else None
    if day is None or door.reader(request, Purpose.ARCHIVE) is None:
        return None
    return said[0], day


def _page(
    door: Door,
    request: Request,
    digest: Digest,
    *,
    here: str,
    every: str | None = None,
    newer: Neighbour | None = None,
    older: Neighbour | None = None,
) -> Response:
    name = door.pages.say("papers_title", {"day": digest.local_date, "is_public": False}) or ""
    return door.show(
        request,
        "papers",
        day=digest.local_date,
        is_public=False,
        candidates=max(digest.candidates, len(digest.items)),
        papers=show_papers(door, digest.items),
        linked_data=linked_data(digest.items, name=name),
        here=here,
        mail=f"{here}/mail",
        every=every,
        newer=newer,
        older=older,
    )


def _html_of(raw: bytes) -> str | None:
    mail = message_from_bytes(raw, policy=policy.default)
    part = mail.get_body(("html",)) if isinstance(mail, EmailMessage) else None
    return str(part.get_content()) if isinstance(part, EmailMessage) else None
