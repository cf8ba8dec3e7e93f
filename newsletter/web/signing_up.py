"""``/``, ``/start`` and ``/c/``: the way in. Whatever address is typed, the answer is the same."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from urllib.parse import parse_qs
from zoneinfo import available_timezones

from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from newsletter.config.values import WEEKDAYS
from newsletter.model import Subscriber, SubscriberState
from newsletter.subscriptions import (
    Asked,
    Joined,
    confirm,
    is_confirmed,
    read_sign_up,
    sign_up,
    takes_sign_ups,
)
from newsletter.subscriptions.asking import CADENCES
from newsletter.tokens import Purpose
from newsletter.web.door import Door
from newsletter.web.forms import Form, clean
from newsletter.web.throttle import Throttle

FIRST_HOUR = "07:00"
MOST_FIELDS = 20
MOST_TYPED = 2_000
"""Characters of a field that came from somewhere else."""
TRAP = "website"
"""A field that no person sees; what fills it in is a machine."""
REGIONS = tuple(
    f"{name}/"
    for name in ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]
)


def show(door: Door, request: Request) -> Response:
    """The form, or that there is none."""
    if not takes_sign_ups(door.settings):
        return door.tell(request, "closed")
    return _form(door, request, Asked(at=FIRST_HOUR))


def start(door: Door, request: Request, body: bytes) -> Response:
    """A form on somebody else's site was sent: ours is shown with what it said, and nothing has happened yet."""
    if not takes_sign_ups(door.settings):
        return door.tell(request, "closed")
    try:
        said = parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    email, interests = (clean(said.get(name, [""])[0])[:MOST_TYPED] for name in ("email", "interests"))
    return _form(door, request, Asked(email=email, interests=interests, at=FIRST_HOUR))


def asking() -> Callable[[Door, Request, Form], Response]:
    """The page that the form is sent to; it remembers who has had libraries read."""
    return partial(_ask, Throttle(10, 600.0))


def _ask(libraries: Throttle, door: Door, request: Request, form: Form) -> Response:
    """The same screen for every address; only what is wrong with the form itself is told."""
    if not takes_sign_ups(door.settings):
        return door.tell(request, "closed", status=403)
    if form.flag(TRAP):
        return door.tell(request, "asked")
    asked, came_from = _read(form), door.came_from(request)
    if asked.library and not libraries.allows(came_from):
        return door.tell(request, "too_often", status=429)
    read = read_sign_up(asked, door.settings)
    if read.subscriber is None:
        return _form(door, request, asked, mistakes=read.mistakes, status=422)
    now = datetime.now(UTC)
    if not sign_up(door.settings, door.storage, read.subscriber, came_from=came_from, now=now):
        return door.tell(request, "too_often", status=429)
    door.post()
    return door.tell(request, "asked")


def ask_to_confirm(door: Door, request: Request) -> Response:
    """What the link of our letter leads to: one button."""
    reader = _who(door, request)
    if reader is None:
        return door.lost(request)
    if is_confirmed(door.storage, reader):
        return _told(door, request, reader, Joined.ALREADY)
    return door.tell(request, "confirm")


def confirmed(door: Door, request: Request, _form: Form) -> Response:
    """The button was pressed."""
    reader = _who(door, request)
    if reader is None:
        return door.lost(request)
    came_from = door.came_from(request)
    joined = confirm(door.settings, door.storage, reader, came_from=came_from, now=datetime.now(UTC))
    door.post()
    return _told(door, request, reader, joined)


def _told(door: Door, request: Request, reader: Subscriber, joined: Joined) -> Response:
    """That it is done; who has just pressed the button is shown the way to their own page, and no later visitor."""
    if joined is Joined.WAITING or reader.state is SubscriberState.WAITING:
        return door.tell(request, "waiting")
    if joined is Joined.ALREADY or door.signer is None:
        return door.tell(request, "confirmed_before")
    token = door.signer.sign(Purpose.PREFERENCES, reader.id, at=datetime.now(UTC).date())
    return door.show(request, "confirmed", page=f"{door.pages.root}p/{token}")


def _who(door: Door, request: Request) -> Subscriber | None:
    said = door.read(request, Purpose.CONFIRM)
    return door.storage.subscribers.by_id(said[0]) if said else None


def _read(form: Form) -> Asked:
    upload = form.file("library")
    return Asked(
        email=form.text("email"),
        interests=form.text("interests"),
        papers=form.text("papers"),
        library=upload.raw if upload else b"",
        cadence=form.text("cadence") or "daily",
        days=[day for day in WEEKDAYS if day in form.texts("days")],
        at=form.text("at"),
        zone=form.text("zone"),
    )


def _form(door: Door, request: Request, asked: Asked, *, mistakes: Collection[str] = (), status: int = 200) -> Response:
    own = door.settings.timezone.key
    return door.show(
        request,
        "signup",
        status=status,
        asked=replace(asked, zone=asked.zone or own),
        is_guessed=not asked.zone,
        mistakes=sorted(mistakes),
        domains=door.settings.signup.domains,
        approve=door.settings.signup.approve,
        cadences=CADENCES,
        weekdays=list(enumerate(WEEKDAYS)),
        hours=[f"{hour:02}:00" for hour in range(24)],
        zones=_zone_options(own, asked.zone or own),
        trap=TRAP,
    )


def _zone_options(own: str, chosen: str) -> Markup:
    """What a select lists, one of them chosen; made once, for it is most of the page."""
    said = escape(chosen)
    return Markup(_options(own).replace(f"<option>{said}</option>", f"<option selected>{said}</option>"))  # noqa: S704


@cache
def _options(own: str) -> str:
    return "".join(Markup("<option>{}</option>").format(zone) for zone in _zones(own))


def _zones(own: str) -> tuple[str, ...]:
    """The zones that people live in, by name."""
    return tuple(sorted({zone for zone in available_timezones() if zone.startswith(REGIONS)} | {"UTC", own}))
