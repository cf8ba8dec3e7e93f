"""``/u/``: the way out, with one button, or one click in a mail program (RFC 8058)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from newsletter.model import SubscriberState
from newsletter.subscriptions import leave
from newsletter.tokens import Purpose
from newsletter.web.door import Door


def ask(door: Door, request: Request) -> Response:
    """A page with one button; looking at it changes nothing."""
    said = door.read(request, Purpose.UNSUBSCRIBE)
    if not said:
        return door.lost(request)
    reader = door.storage.subscribers.by_id(said[0])
    if reader is not None and reader.state is SubscriberState.LEFT:
        return door.tell(request, "left")
    return door.tell(request, "leave")


def unsubscribe(door: Door, request: Request, _body: bytes) -> Response:
    """The button of that page, and the one-click POST of mail programs: never a redirect."""
    said = door.read(request, Purpose.UNSUBSCRIBE)
    if not said:
        return door.lost(request)
    leave(door.storage, said[0])
    return door.tell(request, "left")
