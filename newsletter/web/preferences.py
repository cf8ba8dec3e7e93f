"""``/p/``: what a reader gets and when, what was learnt from them, a pause and the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from newsletter.errors import UsageError
from newsletter.model import Interest, Owner, ProfileSpec, Subscriber, SubscriberState
from newsletter.pipeline.learning import what_was_learnt
from newsletter.ranking.learning import Learnt
from newsletter.subscriptions import gets_mail, pause_reader, resume_reader
from newsletter.text import readable
from newsletter.tokens import Purpose
from newsletter.web.door import Door, is_reading
from newsletter.web.forms import Form

PAUSE = timedelta(days=14)


def show(door: Door, request: Request) -> Response:
    """The reader's page."""
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None or door.signer is None:
        return door.lost(request)
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(reader.timezone)).date()
    return door.show(
        request,
        "preferences",
        email=reader.email,
        is_reading=is_reading(reader),
        is_paused=reader.state is SubscriberState.PAUSED and not gets_mail(reader, today),
        paused_until=reader.paused_until,
        days=sorted(reader.schedule.days),
        at=reader.schedule.at,
        timezone=reader.timezone,
        at_most=reader.profile.max_papers,
        wishes=list(_wishes(reader.profile)),
        belongs_to_file=reader.owner is Owner.FILE,
        lines=[_described(line) for line in what_was_learnt(door.storage, reader.id, now=now)],
        here=f"{door.pages.root}p/{request.path_params['token']}",
        leave=f"{door.pages.root}u/{door.signer.sign(Purpose.UNSUBSCRIBE, reader.id)}",
    )


def pause(door: Door, request: Request, _form: Form) -> Response:
    """No mail for two weeks of the reader's own days."""

    def act(reader: Subscriber, now: datetime) -> None:
        if not is_reading(reader):
            return
        until = now.astimezone(ZoneInfo(reader.timezone)).date() + PAUSE
        pause_reader(door.settings, door.storage, reader.email, until=until, now=now)

    return _act(door, request, act)


def resume(door: Door, request: Request, _form: Form) -> Response:
    """The end of a pause."""

    def act(reader: Subscriber, now: datetime) -> None:
        if reader.state is SubscriberState.PAUSED:
            resume_reader(door.settings, door.storage, reader.email, now=now)

    return _act(door, request, act)


def take_back(door: Door, request: Request, _form: Form) -> Response:
    """One vote less."""
    return _act(
        door, request, lambda reader, _now: door.storage.votes.take_back(reader.id, [request.path_params["entry"]])
    )


def _act(door: Door, request: Request, act: Callable[[Subscriber, datetime], object]) -> Response:
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None:
        return door.lost(request)
    with suppress(UsageError):  # the reader left in the meantime: the page says so
        act(reader, datetime.now(UTC))
    return door.go_to(f"p/{request.path_params['token']}")


def _wishes(profile: ProfileSpec) -> Iterator[tuple[str, list[str]]]:
    """What the profile names, by the name of a heading each."""
    interests = [Interest.of(interest).text for interest in profile.interests]
    for heading, named in (
        ("interests", interests),
        ("authors", profile.authors),
        ("organizations", profile.organizations),
        ("categories", profile.categories),
        ("liked", profile.liked),
        ("not_about", (*profile.disliked, *profile.muted, *profile.muted_authors)),
    ):
        if named:
            yield heading, list(named)


def _described(line: Learnt) -> dict[str, object]:
    shared = line.phrase if len(line.votes) > 1 else None
    votes = [{"entry": vote.entry.id, "title": readable(vote.entry.title)} for vote in line.votes]
    return {"direction": line.direction, "shared": shared, "votes": votes}
