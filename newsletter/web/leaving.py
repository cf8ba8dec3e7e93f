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
        return door.pages.lost()
    reader = door.storage.subscribers.by_id(said[0])
    if reader is not None and reader.state is SubscriberState.LEFT:
        return _gone(door)
    text = f"Shall {door.pages.newsletter} stop writing to you? Nothing changes before you press the button."
    return door.pages.tell("Unsubscribe?", text, button="Yes, unsubscribe me")


def unsubscribe(door: Door, request: Request) -> Response:
    """The button of that page, and the one-click POST of mail programs: never a redirect."""
    said = door.read(request, Purpose.UNSUBSCRIBE)
    if not said:
        return door.pages.lost()
    leave(door.storage, said[0])
    return _gone(door)


def _gone(door: Door) -> Response:
    return door.pages.tell("You are unsubscribed", f"{door.pages.newsletter} will not write to you again.")
