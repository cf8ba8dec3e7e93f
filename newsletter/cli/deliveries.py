"""``newsletter deliveries``: the ledger, what is uncertain or failed, and the operator's decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import out, print_json, print_warning, short_time, table
from newsletter.errors import UsageError
from newsletter.model import Delivery, DeliveryState
from newsletter.storage import Storage
from newsletter.text.instants import iso

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
        out().print(_nothing(states))
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
            retried = storage.deliveries.retry(delivery_id)
            _require(storage, delivery_id, retried, "only failed or uncertain ones can be sent again")
        barred = _suppressed(storage, ids)
    for delivery_id, reason in barred.items():
        print_warning(
            f"delivery {delivery_id}: the address is suppressed ({reason}), so that the next run sends nothing"
        )
    if sendable := len(set(ids) - barred.keys()):
        out().print(f"{sendable} ready again; the next run sends what is still of its reader's day")


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
            _require(storage, delivery_id, settled, "only uncertain ones can be settled")
            done += 1
    out().print(f"{done} settled as {decision}")


def _uncertain(storage: Storage) -> list[int]:
    count = storage.deliveries.counts().get(DeliveryState.UNCERTAIN, 0)
    return [one.id for one in storage.deliveries.find(states=[DeliveryState.UNCERTAIN], limit=count or 1)]


def _suppressed(storage: Storage, ids: Iterable[int]) -> dict[int, str]:
    """Id -> why its reader's address is suppressed."""
    found = [one for delivery_id in ids if (one := storage.deliveries.by_id(delivery_id))]
    addresses = storage.subscribers.emails(one.subscriber for one in found)
    reasons = storage.suppressions.reasons(addresses.values())
    theirs = {one.id: addresses.get(one.subscriber, "") for one in found}
    return {delivery_id: reasons[email][0] for delivery_id, email in theirs.items() if email in reasons}


def _nothing(states: Sequence[DeliveryState]) -> str:
    """What is said where no delivery is in any of these states."""
    if states == TROUBLED:
        return "nothing is uncertain, has failed or waits for a next try"
    return "nothing was planned yet" if len(states) == len(DeliveryState) else f"no delivery is {' or '.join(states)}"


def _require(storage: Storage, delivery_id: int, done: object, why: str) -> None:
    if done:
        return
    if storage.deliveries.by_id(delivery_id) is None:
        raise UsageError(
            f"there is no delivery {delivery_id}; `newsletter deliveries list --all` shows those there are"
        )
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
