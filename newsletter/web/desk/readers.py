"""Readers: found by how their address begins, a page at a time; one of them; and who is not mailed, and why.

What is typed is posted, not asked for by an address: addresses of readers stand in no URL, history or proxy's log.
"""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsletter.addresses import normal_form
from newsletter.errors import UsageError
from newsletter.model import Owner, SubscriberState
from newsletter.subscriptions import (
    approve_reader,
    decline_reader,
    find_suppression,
    lift_suppression,
    pause_reader,
    resume_reader,
)
from newsletter.web.desk.entrance import guarded
from newsletter.web.desk.showing import PAGE, done, note, paged, show
from newsletter.web.door import Door
from newsletter.web.forms import Form

DELIVERIES = 30


@guarded
def show_all(door: Door, request: Request) -> Response:
    """The first page of everybody, or of those in one state."""
    return _list(door, request, Form({"state": [request.query_params.get("state", "")]}))


@guarded
def find(door: Door, request: Request, form: Form) -> Response:
    """Those who fit what was typed and chosen."""
    return _list(door, request, form)


@guarded
def show_one(door: Door, request: Request) -> Response:
    """One reader, and what they were sent."""
    reader = door.storage.subscribers.by_id(request.path_params["reader"])
    if reader is None:
        return door.lost(request)
    barred = door.storage.suppressions.reasons([reader.email]).get(reader.email)
    sent = door.storage.deliveries.find(subscriber=reader.id, limit=DELIVERIES)
    return show(door, request, "reader", reader=reader, barred=barred, rows=sent, days=sorted(reader.schedule.days))


@guarded
def pause(door: Door, request: Request, _form: Form) -> Response:
    """Stops a reader's mail until it is resumed."""
    return _change(door, request, "paused")


@guarded
def resume(door: Door, request: Request, _form: Form) -> Response:
    """Starts a paused reader's mail again."""
    return _change(door, request, "resumed")


@guarded
def approve(door: Door, request: Request, _form: Form) -> Response:
    """Says yes to somebody who waits for it; a letter tells them."""
    answer = _change(door, request, "approved")
    door.post()
    return answer


@guarded
def decline(door: Door, request: Request, _form: Form) -> Response:
    """Says no to somebody who waits for a yes: all that is held of them goes, and no letter tells them."""
    reader = door.storage.subscribers.by_id(request.path_params["reader"])
    if reader is None:
        return door.lost(request)
    try:
        decline_reader(door.settings, door.storage, reader.email)
    except UsageError:
        return done(door, f"readers/{reader.id}", "not_any_more")
    note("reader %s declined", reader.id)
    return done(door, "readers", "declined")


@guarded
def suppressions(door: Door, request: Request) -> Response:
    """Who is not mailed because of the address, and a field to look one up."""
    return _suppressions(door, request, email="", trouble=None)


@guarded
def look_up(door: Door, request: Request, form: Form) -> Response:
    """Why an address is not mailed, and what lifting that would mean."""
    email = form.text("email")
    barred = find_suppression(door.storage, email) if email else None
    if barred is None:
        return _suppressions(door, request, email=email, trouble="not_suppressed", status=404)
    return show(door, request, "suppression", email=email, barred=barred)


@guarded
def lift(door: Door, request: Request, form: Form) -> Response:
    """Lets an address be mailed again."""
    try:
        barred = lift_suppression(door.storage, form.text("email"))
    except UsageError:
        return _suppressions(door, request, email=form.text("email"), trouble="not_suppressed", status=404)
    note("suppression lifted (%s) of reader %s", barred.reason, barred.reader.id if barred.reader else "nobody")
    return done(door, "suppressions", "lifted")


def _list(door: Door, request: Request, form: Form) -> Response:
    typed, state, owner = form.text("beginning"), form.text("state"), form.text("owner")
    found = door.storage.subscribers.search(
        typed,
        states=[SubscriberState(state)] if state in set(SubscriberState) else None,
        owner=Owner(owner) if owner in set(Owner) else None,
        after=form.text("after"),
        limit=PAGE + 1,
    )
    rows, has_more = paged(found)
    return show(
        door,
        request,
        "readers",
        beginning=typed,
        state=state,
        owner=owner,
        states=list(SubscriberState),
        owners=list(Owner),
        counts=door.storage.subscribers.counts(),
        rows=rows,
        barred=door.storage.suppressions.reasons(one.email for one in rows),
        after=normal_form(rows[-1].email) if has_more else None,
    )


def _suppressions(door: Door, request: Request, *, email: str, trouble: str | None, status: int = 200) -> Response:
    return show(
        door,
        request,
        "suppressions",
        status=status,
        email=email,
        trouble=trouble,
        counts=door.storage.suppressions.counts(),
        rows=door.storage.suppressions.latest(PAGE),
    )


def _change(door: Door, request: Request, said: str) -> Response:
    """Approves, pauses or resumes; what cannot be is told."""
    reader = door.storage.subscribers.by_id(request.path_params["reader"])
    if reader is None:
        return door.lost(request)
    now = datetime.now(UTC)
    try:
        if said == "approved":
            approve_reader(door.settings, door.storage, reader.email, now=now)
        elif said == "paused":
            pause_reader(door.settings, door.storage, reader.email, until=None, now=now)
        else:
            resume_reader(door.settings, door.storage, reader.email, now=now)
    except UsageError:
        return done(door, f"readers/{reader.id}", "not_any_more")
    note("reader %s %s", reader.id, said)
    return done(door, f"readers/{reader.id}", said)
