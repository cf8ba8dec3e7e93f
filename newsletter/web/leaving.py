"""``/u/``: the way out, with one button, or one click in a mail program (RFC 8058)."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsletter.model import SubscriberState
from newsletter.subscriptions import come_back, leave
from newsletter.tokens import Purpose
from newsletter.web.door import Door
from newsletter.web.forms import Form


def ask(door: Door, request: Request) -> Response:
    """A page with one button; looking at it changes nothing."""
    said = door.read(request, Purpose.UNSUBSCRIBE)
    if not said:
        return door.lost(request)
    reader = door.storage.subscribers.by_id(said[0])
    if reader is not None and reader.state is SubscriberState.LEFT:
        return _gone(door, request)
    return door.tell(request, "leave")


def unsubscribe(door: Door, request: Request, body: bytes) -> Response:
    """The button of that page, and the one-click POST of mail programs: never a redirect."""
    said = door.read(request, Purpose.UNSUBSCRIBE)
    if not said:
        return door.lost(request)
    method = "one-click" if b"One-Click" in body else "page"
    leave(door.storage, said[0], method=method, now=datetime.now(UTC), came_from=door.came_from(request))
    return _gone(door, request)


def undo(door: Door, request: Request, _form: Form) -> Response:
    """The button on the page that says so."""
    said = door.read(request, Purpose.UNSUBSCRIBE)
    reader = door.storage.subscribers.by_id(said[0]) if said else None
    if reader is None:
        return door.lost(request)
    if come_back(door.storage, reader, came_from=door.came_from(request), now=datetime.now(UTC)):
        return door.tell(request, "returned")
    return door.tell(request, "not_returned")


def _gone(door: Door, request: Request) -> Response:
    here = f"{door.pages.root}u/{request.path_params['token']}"
    return door.show(request, "left", here=here)
