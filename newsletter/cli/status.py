"""``newsletter status``."""

from __future__ import annotations

from typing import Any

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.output import iso, out, print_json, table
from newsletter.config.settings import Settings
from newsletter.model import SourceMemory
from newsletter.storage import Storage
from newsletter.subscriptions import count_readers

EDITIONS = 10


def status(ctx: typer.Context, json: Json = False) -> None:
    """Show sources, editions, the ledger and the readers at a glance."""
    context: Context = ctx.obj
    with context.storage() as storage:
        document = status_document(context.settings, storage)
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
    editions = [(e["id"], e["entries"]) for e in document["editions"]]
    console.print(table("edition", ">entries", rows=editions))
    for name in ("ledger", "subscribers"):
        told = ", ".join(f"{count} {state}" for state, count in document[name].items()) or "none"
        console.print(f"\n[bold]{name}[/]  {told}")
    console.print(f"[bold]suppressed[/]  {document['suppressed']}")


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
            {"id": header.id, "made_at": iso(header.made_at), "entries": header.entries}
            for header in storage.editions.list(EDITIONS)
        ],
        "ledger": {state.value: count for state, count in storage.deliveries.counts().items()},
        "subscribers": {state.value: count for state, count in count_readers(settings, storage).items()},
        "suppressed": storage.suppressions.count(),
        "error": None,
        "exit_code": 0,
    }


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
