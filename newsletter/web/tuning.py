"""``/p/…/preview`` and the like: what wishes would bring, before anything is saved."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import NotReady
from newsletter.model import Subscriber
from newsletter.pipeline.backtesting import Backtest
from newsletter.pipeline.tuning import TriedOut
from newsletter.rendering.telling import CardTeller
from newsletter.tokens import Purpose
from newsletter.web.door import Door, is_reading
from newsletter.web.forms import Form
from newsletter.web.preferences import reads_too_much, show_form
from newsletter.web.wishes import read_wishes

AGAIN_SECONDS = 1
PART = "part"
"""The field by which the script asks for the preview without the page around it."""
SHOWN_DAYS_PAPERS = 30


def preview(door: Door, request: Request, form: Form) -> Response:
    """Today's digest by the form: on the page with the form as it is filled in, or alone for the script."""
    reader = _reader(door, request)
    if reader is None:
        return door.lost(request)
    if reads_too_much(door, form, reader):
        return door.tell(request, "many_files", status=429)
    wishes = read_wishes(form, reader)
    try:
        found = door.workshop.try_out(reader, wishes.reader, now=datetime.now(UTC))
    except NotReady:
        if form.flag(PART):
            return _come_again()
        return show_form(door, request, wishes, busy=True, status=429)
    tried = describe_tried(found, door.workshop.cards)
    if form.flag(PART):
        return door.pages.show("tried", tried=tried, mistakes=wishes.mistakes)
    return show_form(door, request, wishes, tried=tried)


def play_back(door: Door, request: Request, form: Form) -> Response:
    """What the form would have gained and lost over the last days."""
    reader = _reader(door, request)
    if reader is None:
        return door.lost(request)
    if reads_too_much(door, form, reader):
        return door.tell(request, "many_files", status=429)
    wishes = read_wishes(form, reader)
    try:
        found = door.workshop.play_back(reader, wishes.reader, now=datetime.now(UTC))
    except NotReady:
        return show_form(door, request, wishes, busy=True, status=429)
    return show_form(door, request, wishes, played=describe_played(found, door.workshop.cards))


def describe_tried(found: TriedOut, cards: CardTeller) -> dict[str, object]:
    """The preview for its template."""
    told = cards.tell([card.item for card in found.cards])
    changes = ["new" if card.is_new else "up" if card.has_risen else "" for card in found.cards]
    return {
        "day": found.local_date,
        "cards": list(zip(told, changes, strict=True)),
        "new": changes.count("new"),
        "gone": cards.tell(found.gone),
        "candidates": found.candidates,
        "unknown": found.unknown,
    }


def describe_played(found: Backtest, cards: CardTeller) -> dict[str, object]:
    """The backtest for its template."""
    return {
        "days": len(found.days),
        "left_out": found.left_out,
        "kept": found.kept,
        "gained": len(found.gained),
        "lost": len(found.lost),
        "came": cards.tell(found.gained[:SHOWN_DAYS_PAPERS]),
        "went": cards.tell(found.lost[:SHOWN_DAYS_PAPERS]),
    }


def _reader(door: Door, request: Request) -> Subscriber | None:
    """Whose wishes these are; ``None`` for nobody's, and for who gets no mails."""
    reader = door.reader(request, Purpose.PREFERENCES)
    return reader if reader is not None and is_reading(reader) else None


def _come_again() -> Response:
    return Response(status_code=429, headers={"retry-after": str(AGAIN_SECONDS)})
