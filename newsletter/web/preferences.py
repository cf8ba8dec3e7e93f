"""``/p/``: all that a reader may wish for, with today's digest as it would be; what was learnt; a pause; leaving."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from newsletter.config.patching import patch_for
from newsletter.errors import UsageError
from newsletter.model import Owner, Subscriber, SubscriberState
from newsletter.ranking.learning import Learnt
from newsletter.subscriptions import change_reader, gets_mail, pause_reader, resume_reader
from newsletter.text import readable
from newsletter.tokens import Purpose
from newsletter.web.archive import digests_link
from newsletter.web.door import Door, is_reading
from newsletter.web.feeds import feed_link
from newsletter.web.forms import Form
from newsletter.web.wishes import Wishes, read_wishes, shares, tell_wishes, with_wishes

PAUSE = timedelta(days=14)


def show(door: Door, request: Request) -> Response:
    """The reader's page."""
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None:
        return door.lost(request)
    return show_form(door, request, tell_wishes(reader), done=request.query_params.get("done", ""))


def save(door: Door, request: Request, form: Form) -> Response:
    """Keeps the wishes of a reader of the database; whoever stands in subscribers.yaml gets lines to hand on."""
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None:
        return door.lost(request)
    if reads_too_much(door, form, reader):
        return door.tell(request, "many_files", status=429)
    wishes = read_wishes(form, reader)
    reader = door.reader(request, Purpose.PREFERENCES)  # a library takes a while to read, and they may have left
    if reader is None:
        return door.lost(request)
    if wishes.mistakes or not is_reading(reader):
        return show_form(door, request, wishes, status=422 if wishes.mistakes else 200)
    if reader.owner is Owner.FILE:
        return show_form(door, request, wishes, patch=patch_for(door.settings, reader, wishes.reader))
    change_reader(door.settings, door.storage, with_wishes(reader, wishes.reader))
    return door.go_to(f"p/{request.path_params['token']}?done=saved")


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


def reset(door: Door, request: Request, _form: Form) -> Response:
    """All votes taken back."""
    return _act(door, request, lambda reader, _now: door.storage.votes.reset(reader.id))


def reads_too_much(door: Door, form: Form, reader: Subscriber) -> bool:
    """Whether a library came with the form, and this reader had too many read lately: that takes seconds each."""
    return form.file("library") is not None and not door.workshop.reads_library(reader)


def show_form(door: Door, request: Request, wishes: Wishes, *, status: int = 200, **found: object) -> Response:
    """The page with the form as it is filled in, and what was ``found`` for it: a preview, a backtest, a patch."""
    reader, now = wishes.reader, datetime.now(UTC)
    today = now.astimezone(ZoneInfo(reader.timezone)).date()
    assert door.signer is not None  # noqa: S101 nobody comes here without a signed link
    given: dict[str, object] = {"tried": None, "played": None, "patch": None, "busy": False, "done": "", **found}
    return door.show(
        request,
        "preferences",
        status=status,
        email=reader.email,
        is_reading=is_reading(reader),
        is_paused=reader.state is SubscriberState.PAUSED and not gets_mail(reader, today),
        paused_until=reader.paused_until,
        typed=wishes.typed,
        mistakes=wishes.mistakes,
        added=wishes.added,
        shares=list(shares(str(wishes.typed["trending"]))),
        zones=_zones(),
        belongs_to_file=reader.owner is Owner.FILE,
        lines=[_described(line) for line in door.workshop.lessons.of(reader.id, now=now)],
        here=f"{door.pages.root}p/{request.path_params['token']}",
        digests=digests_link(door, reader),
        feed=feed_link(door, reader),
        leave=f"{door.pages.root}u/{door.signer.sign(Purpose.UNSUBSCRIBE, reader.id)}",
        **given,
    )


def _act(door: Door, request: Request, act: Callable[[Subscriber, datetime], object]) -> Response:
    reader = door.reader(request, Purpose.PREFERENCES)
    if reader is None:
        return door.lost(request)
    with suppress(UsageError):  # the reader left in the meantime: the page says so
        act(reader, datetime.now(UTC))
    return door.go_to(f"p/{request.path_params['token']}")


def _described(line: Learnt) -> dict[str, object]:
    shared = line.phrase if len(line.votes) > 1 else None
    votes = [{"entry": vote.entry.id, "title": readable(vote.entry.title)} for vote in line.votes]
    return {"direction": line.direction, "shared": shared, "votes": votes}


@lru_cache(maxsize=1)
def _zones() -> Markup:
    """The time zones that a browser offers for what is typed."""
    named = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/")))
    return Markup("").join(Markup('<option value="{}">').format(zone) for zone in ("UTC", *named))
