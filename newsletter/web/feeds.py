"""``/f/``: a reader's digests as an Atom feed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from newsletter import __version__
from newsletter.model import Delivery, Subscriber
from newsletter.pipeline.archiving import Shelf
from newsletter.rendering.atom import CONTENT_TYPE, Feed, FeedEntry, arrange, tag_address, write_atom
from newsletter.rendering.locale import read_language
from newsletter.tokens import Purpose
from newsletter.web.door import Door
from newsletter.web.papers import SUMMARY_CHARACTERS

DIGESTS = 10
"""In a feed, the latest ones: feed readers keep what they have seen."""
NEVER = datetime(2026, 1, 1, tzinfo=UTC)
"""When the feed of somebody who was sent nothing yet was last changed."""
HEADERS = {"cache-control": "private, max-age=900"}


def feed_link(door: Door, reader: Subscriber) -> str:
    """The address of this reader's feed, for feed readers; relative where we do not know what ours is."""
    token = door.signer.sign(Purpose.FEED, reader.id) if door.signer else ""
    return f"{door.settings.base_url or ''}/f/{token}"


class Feeds:
    """The readers' feeds."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def show(self, door: Door, request: Request) -> Response:
        """The feed, or 304 where the feed reader has it."""
        reader = door.reader(request, Purpose.FEED)
        if reader is None:
            return door.lost(request)
        sent = door.storage.deliveries.digests(reader.id, limit=DIGESTS)
        updated = max((one.updated_at for one in sent), default=reader.created_at or NEVER).replace(microsecond=0)
        headers = {**HEADERS, "etag": _mark(door, sent), "last-modified": format_datetime(updated, usegmt=True)}
        if _is_known(request, headers["etag"], updated):
            return Response(status_code=304, headers=headers)
        feed = _feed(door, request.path_params["token"], reader, updated=updated)
        entries = [entry for one in sent for entry in self._entries(door, one)]
        return Response(write_atom(feed, entries, authority=_authority(door)), media_type=CONTENT_TYPE, headers=headers)

    def _entries(self, door: Door, delivery: Delivery) -> list[FeedEntry]:
        digest = self._shelf.thaw(delivery)
        if digest is None:
            return []
        moments = arrange([item.entry for item in digest.items], at=delivery.created_at)
        told = door.workshop.cards.tell(digest.items, summary=SUMMARY_CHARACTERS)
        return [
            FeedEntry(entry, door.pages.fill("paper", card=card), card.link, at)
            for (entry, at), card in zip(moments, told, strict=True)
        ]


def _feed(door: Door, token: str, reader: Subscriber, *, updated: datetime) -> Feed:
    site = door.settings.base_url or ""
    return Feed(
        title=door.settings.title,
        subtitle=door.pages.say("feed_subtitle") or "",
        language=read_language(door.settings.language).tag,
        name=tag_address(_authority(door), "reader", reader.id),
        address=f"{site}/f/{token}",
        home=f"{site}/",
        updated=updated,
    )


def _authority(door: Door) -> str:
    return urlsplit(door.settings.base_url or "").hostname or door.settings.sender.email.rpartition("@")[2]


def _mark(door: Door, sent: Sequence[Delivery]) -> str:
    """The same as long as the feed would be: by what was sent, and by what we say of it."""
    said = [__version__, door.settings.title, door.settings.base_url, door.settings.language]
    said += [f"{one.id} {one.edition} {','.join(one.shown)}" for one in sent]
    return f'"{hashlib.blake2b(repr(said).encode("utf-8", "replace"), digest_size=12).hexdigest()}"'


def _is_known(request: Request, etag: str, updated: datetime) -> bool:
    """Whether the feed reader's copy is good; its mark goes before its date (RFC 9110)."""
    if marks := request.headers.get("if-none-match"):
        return any(mark.strip().removeprefix("W/") in {etag, "*"} for mark in marks.split(","))
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and updated <= since
