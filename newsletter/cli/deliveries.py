"""``newsletter deliveries``: the ledger, what is uncertain or failed, and the operator's decision."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import iso, out, print_json, print_warning, short_time, table
from newsletter.errors import UsageError
from newsletter.model import Delivery, DeliveryState
from newsletter.storage import Storage

app = typer.Typer(help="The ledger: what is uncertain or failed, and your decision.", no_args_is_help=True)


TROUBLED = [DeliveryState.UNCERTAIN, DeliveryState.RETRY, DeliveryState.FAILED]


class Decision(StrEnum):
    """What an operator says of an uncertain delivery."""

    SENT = "sent"  # it arrived
    FAILED = "failed"  # it did not, and is not worth sending any more


@app.command("list")
def show(
    ctx: typer.Context,
    state: Annotated[
        list[DeliveryState] | None, typer.Option(help="Only these; default uncertain, retry and failed.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Deliveries in every state.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0: no limit.")] = 100,
    json: Json = False,
) -> None:
    """List deliveries, newest first."""
    context: Context = ctx.obj
    states = list(DeliveryState) if everything else state or TROUBLED
    with context.storage() as storage:
        counts = storage.deliveries.counts()
        total = sum(counts.get(one, 0) for one in set(states))
        found = storage.deliveries.find(states=None if everything else states, limit=limit or total or 1)
        addresses = storage.subscribers.emails(one.subscriber for one in found)
    if total > len(found):
        print_warning(f"the latest {len(found)} of {total} deliveries; `--limit 0` lists all")
    if json:
        listed = [_document(one, addresses.get(one.subscriber)) for one in found]
        print_json({"deliveries": listed, "total": total, "error": None, "exit_code": 0})
        return
    if not found:
        out().print(f"no delivery is {' or '.join(states)}" if not everything else "nothing was planned yet")
        return
    rows = [
        (
            one.id,
            one.local_date,
            addresses.get(one.subscriber, one.subscriber),
            one.state,
            one.attempt,
            short_time(one.updated_at),
            one.error,
        )
        for one in found
    ]
    out().print(table(">id", "date", "reader", "state", ">attempts", "changed", "error", rows=rows))


@app.command()
def retry(
    ctx: typer.Context, ids: Annotated[list[int], typer.Argument(help="Failed or uncertain deliveries.")]
) -> None:
    """Send these again with the next run; for uncertain ones a reader may get the mail twice."""
    context: Context = ctx.obj
    with context.storage() as storage:
        for delivery_id in ids:
            _require(
                storage.deliveries.retry(delivery_id), delivery_id, "only failed or uncertain ones can be sent again"
            )
    out().print(f"{len(ids)} ready again; the next run sends them")


@app.command()
def settle(
    ctx: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(help="Uncertain deliveries.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are uncertain.")] = False,
    decision: Annotated[Decision, typer.Option("--as", help="What became of them.")] = Decision.SENT,
) -> None:
    """Say what became of uncertain deliveries; nothing is sent."""
    context: Context = ctx.obj
    if bool(ids) == everything:
        raise UsageError("name the deliveries to settle, or say --all for every uncertain one")
    done = 0
    with context.storage() as storage:
        for delivery_id in ids or _uncertain(storage):
            settled = storage.deliveries.settle(delivery_id, DeliveryState(decision.value))
            _require(settled, delivery_id, "only uncertain ones can be settled")
            done += 1
    out().print(f"{done} settled as {decision}")


def _uncertain(storage: Storage) -> list[int]:
    count = storage.deliveries.counts().get(DeliveryState.UNCERTAIN, 0)
    return [one.id for one in storage.deliveries.find(states=[DeliveryState.UNCERTAIN], limit=count or 1)]


def _require(done: bool, delivery_id: int, why: str) -> None:
    if not done:
        raise UsageError(f"delivery {delivery_id}: {why}; `newsletter deliveries list --all` shows their states")


def _document(one: Delivery, address: str | None) -> dict[str, object]:
    return {
        "id": one.id,
        "kind": one.kind,
        "date": one.local_date.isoformat(),
        "subscriber": address,
        "edition": one.edition,
        "state": one.state.value,
        "attempt": one.attempt,
        "message_id": one.message_id,
        "provider": one.provider,
        "provider_id": one.provider_id,
        "updated_at": iso(one.updated_at),
        "error": one.error,
    }
