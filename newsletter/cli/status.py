"""``newsletter status``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import out, print_json, print_warning, table
from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.model import DeliveryState, SourceMemory
from newsletter.pipeline.guarding import STALE
from newsletter.pipeline.metrics import collect_metrics
from newsletter.pipeline.restraint import restraint_document, restraints
from newsletter.storage import RunRecord, Storage
from newsletter.subscriptions import count_readers
from newsletter.text.instants import iso, told_instant
from newsletter.text.numbers import counted

EDITIONS = 10


def status(
    ctx: typer.Context,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Metrics as text, for the textfile collector of the node exporter.")
    ] = False,
    json: Json = False,
) -> None:
    """Show sources, editions, the last run, the ledger and the readers at a glance."""
    context: Context = ctx.obj
    if prometheus and json:
        raise UsageError("--prometheus and --json are two ways to print the same; say one of them")
    if prometheus:
        with context.storage() as storage:
            sys.stdout.write(collect_metrics(context.settings, storage))
        return
    with context.storage() as storage:
        document = status_document(context.settings, storage)
        if storage.snapshot_is_stale():
            print_warning(f"`newsletter run` sends nothing: {STALE}")
    if json:
        print_json(document)
        return
    console = out()
    rows = [
        (s["name"], s["kind"], s["state"], to_the_minute(s["checked_at"]), to_the_minute(s["new_at"]), s["error"])
        for s in document["sources"]
    ]
    console.print(table("source", "kind", "state", "checked", "last new", "error", rows=rows))
    console.print()
    editions = [(e["id"], e["entries"], "paused" if e["paused"] else "") for e in document["editions"]]
    console.print(table("edition", ">entries", "mail", rows=editions))
    if run := document["last_run"]:
        took = "" if run["seconds"] is None else f" after {run['seconds']} s"
        console.print(f"last run: {_instant(run['finished_at'])}, exit {run['exit_code']}{took}")
    for name in ("ledger", "subscribers"):
        told = ", ".join(f"{count} {state}" for state, count in document[name].items()) or "none"
        console.print(f"\n[bold]{name}[/]  {told}")
    console.print(f"[bold]suppressed[/]  {document['suppressed']}")
    if document["events"]:
        console.print(f"[bold]heard back[/]  {', '.join(_heard(document['events'], document['events_of_nobody']))}")
    for line in (*restraints(document["sending"]), *hints(document["ledger"])):
        console.print(line, markup=False)


def _heard(events: Mapping[str, int], of_nobody: Mapping[str, int]) -> Iterator[str]:
    """How many of each kind, those that were not believed apart."""
    for kind, count in events.items():
        strange = of_nobody.get(kind, 0)
        words = f"{count} {kind.replace('_', ' ')}"
        yield (
            words if not strange else f"{words}, {'all' if strange == count else strange} of them about nobody we know"
        )


def _instant(instant: str | None) -> str:
    return told_instant(datetime.fromisoformat(instant), datetime.now(UTC)) if instant else "not finished"


def to_the_minute(instant: str | None) -> str:
    """An instant of a JSON document, for a table."""
    return instant[:16].replace("T", " ") if instant else "–"


def status_document(settings: Settings, storage: Storage) -> dict[str, Any]:
    """What ``status --json`` prints."""
    memories = storage.sources.memories()
    return {
        "sources": [
            {"name": source.name, "kind": source.kind, **_memory(memories.get(source.name, SourceMemory()))}
            for source in settings.sources
        ],
        "editions": [
            {"id": header.id, "made_at": iso(header.made_at), "entries": header.entries, "paused": header.paused}
            for header in storage.editions.list(EDITIONS)
        ],
        "last_run": _run(storage.runs.last()),
        "ledger": {state.value: count for state, count in storage.deliveries.counts().items()},
        "subscribers": {state.value: count for state, count in count_readers(settings, storage).items()},
        "suppressed": storage.suppressions.count(),
        "sending": restraint_document(settings, storage),
        "events": {kind.value: count for kind, count in storage.events.counts().items()},
        "events_of_nobody": {kind.value: count for kind, count in storage.events.counts_of_nobody().items()},
        "error": None,
        "exit_code": 0,
    }


def hints(ledger: Mapping[str, int]) -> Iterator[str]:
    """What an operator may want to do about what stands in the ledger."""
    if count := ledger.get(DeliveryState.UNCERTAIN):
        yield (
            f"{count} uncertain: handed over, and no clear answer came; "
            "`newsletter deliveries list --state uncertain` shows them, then `deliveries settle` (it arrived) "
            "or `deliveries retry` (it may arrive twice)"
        )
    if count := ledger.get(DeliveryState.RETRY):
        waits = counted(count, "waits", "wait")
        yield f"{waits} for a next try, until the reader's day is over; `newsletter deliveries list` says why"


def _run(run: RunRecord | None) -> dict[str, Any] | None:
    if run is None:
        return None
    account = {"exit_code": None, "seconds": None, **run.report}
    return {"run_id": run.id, "started_at": iso(run.started_at), "finished_at": iso(run.finished_at), **account}


def _memory(memory: SourceMemory) -> dict[str, Any]:
    return {
        "state": memory.state.value,
        "checked_at": iso(memory.checked_at),
        "succeeded_at": iso(memory.succeeded_at),
        "new_at": iso(memory.new_at),
        "failures": memory.failures,
        "retry_at": iso(memory.retry_at),
        "error": memory.error,
    }
