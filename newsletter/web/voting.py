"""``/v/``: "more like this" and "less like this". Only a button that is pressed counts; it can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsletter.model import VOTES, Entry, Subscriber
from newsletter.ranking.learning import Learnt
from newsletter.rendering.weblinks import web_link
from newsletter.text import readable
from newsletter.tokens import Purpose
from newsletter.web.door import Door, is_reading
from newsletter.web.forms import Form


def ask(door: Door, request: Request) -> Response:
    """The paper and the vote that was chosen, with one button; after it what was learnt, and the way back."""
    found = _find(door, request)
    if found is None:
        return door.lost(request)
    reader, paper = found
    if not is_reading(reader):
        return door.tell(request, "not_reading")
    wish, taught = request.path_params["wish"], _taught(door, reader, paper)
    return door.show(
        request,
        "vote",
        paper={"title": readable(paper.title), "link": web_link(paper.link)},
        wish=wish,
        voted=None if taught is None else taught.direction,
        votes=0 if taught is None else len(taught.votes),
        phrase=None if taught is None else taught.phrase,
        here=f"{door.pages.root}v/{request.path_params['token']}/{request.path_params['entry']}",
    )


def vote(door: Door, request: Request, _form: Form) -> Response:
    """The button of that page."""
    found = _find(door, request)
    if found is None:
        return door.lost(request)
    reader, paper = found
    if not is_reading(reader):
        return door.tell(request, "not_reading")
    wish = request.path_params["wish"]
    door.storage.votes.cast(reader.id, paper.id, VOTES[wish], datetime.now(UTC))
    return door.go_to(f"v/{request.path_params['token']}/{request.path_params['entry']}/{wish}")


def take_back(door: Door, request: Request, _form: Form) -> Response:
    """The button that undoes it, on the same page."""
    found = _find(door, request)
    if found is None:
        return door.lost(request)
    reader, paper = found
    door.storage.votes.take_back(reader.id, [paper.id])
    return door.go_to(f"v/{request.path_params['token']}/{request.path_params['entry']}/{request.path_params['wish']}")


def _find(door: Door, request: Request) -> tuple[Subscriber, Entry] | None:
    """Whose vote it is, and on what; ``None`` where either is not known."""
    entry_id, wish = request.path_params["entry"], request.path_params["wish"]
    reader = door.reader(request, Purpose.FEEDBACK) if wish in VOTES else None
    paper = door.storage.entries.by_ids([entry_id]).get(entry_id) if reader else None
    return (reader, paper) if reader and paper else None


def _taught(door: Door, reader: Subscriber, paper: Entry) -> Learnt | None:
    """What the reader's vote on the paper has taught, together with others; ``None`` without one."""
    lines = door.workshop.lessons.of(reader.id, now=datetime.now(UTC))
    return next((line for line in lines if any(vote.entry.id == paper.id for vote in line.votes)), None)
