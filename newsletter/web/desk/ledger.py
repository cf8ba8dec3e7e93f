"""The ledger: over time, by state, and what an operator decides about what is uncertain or failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from newsletter.model import DeliveryState
from newsletter.web.desk.entrance import guarded
from newsletter.web.desk.plots import plot
from newsletter.web.desk.showing import PAGE, done, note, paged, show, today
from newsletter.web.door import Door
from newsletter.web.forms import Form

SPANS = (30, 90)
LARGEST_ID = 2**63 - 1


@guarded
def show_all(door: Door, request: Request) -> Response:
    """The figures, and the deliveries of one state, a page at a time."""
    state = _state(request.query_params.get("state", ""))
    span = 90 if request.query_params.get("days") == "90" else SPANS[0]
    day = today(door).date()
    since = day - timedelta(days=span - 1)
    found = door.storage.deliveries.find(
        states=[state] if state else None, before=_number(request.query_params.get("before", "")), limit=PAGE + 1
    )
    rows, has_more = paged(found)
    return show(
        door,
        request,
        "ledger",
        span=span,
        spans=SPANS,
        plot=plot(door.storage.tallies.by_day(since), since=since, until=day),
        counts=door.storage.deliveries.counts(),
        states=list(DeliveryState),
        state=state,
        rows=rows,
        addresses=door.storage.subscribers.emails(one.subscriber for one in rows),
        before=rows[-1].id if has_more else None,
        at=datetime.now(UTC),
    )


@guarded
def decide(door: Door, request: Request, _form: Form) -> Response:
    """``sent``, ``failed`` or ``retry``; what is no longer open to a decision stays as it is, and that is told."""
    delivery_id, decision = _number(request.path_params["delivery"]), request.path_params["decision"]
    if delivery_id is None or decision not in {"sent", "failed", "retry"}:
        return door.lost(request)
    was = door.storage.deliveries.by_id(delivery_id)
    if was is None:
        return door.lost(request)
    if decision == "retry":
        is_done, said = door.storage.deliveries.retry(delivery_id), "retried"
    else:
        is_done, said = door.storage.deliveries.settle(delivery_id, DeliveryState(decision)), "settled"
    if not is_done:
        return done(door, f"ledger?state={was.state}", "not_any_more")
    note("delivery %d, which was %s: %s", delivery_id, was.state, decision)
    return done(door, f"ledger?state={was.state}", said)


def _state(name: str) -> DeliveryState | None:
    return DeliveryState(name) if name in set(DeliveryState) else None


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_number and int(text) <= LARGEST_ID else None
