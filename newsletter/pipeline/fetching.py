"""Every source is asked, the same paper is merged, and what is new is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from newsletter.config.settings import AnySource, PluginSource, Settings
from newsletter.model import EntryChanges, Fetched, SourceMemory, SourceReport, SourceState, Tally
from newsletter.pipeline.likes import look_up_likes
from newsletter.pipeline.report import FetchReport
from newsletter.sources import fetch_all
from newsletter.sources.enrichers import Enricher, enrich_new, open_enrichers
from newsletter.sources.health import memory_after, silent_parts
from newsletter.sources.http import Http
from newsletter.sources.identity import keys_of, reconcile
from newsletter.storage import Storage

OnFetched = Callable[[Fetched], None]


def fetch(
    settings: Settings,
    storage: Storage,
    *,
    now: datetime,
    on_fetched: OnFetched | None = None,
    politely: bool = False,
    force: bool = False,
) -> FetchReport:
    """Asks every source and stores what it lists; one that fails is a line in the report and stops no other.

    ``politely`` passes over sources that answered less than their ``every`` ago, so that cron may call each minute.
    ``force`` asks also those that said when to come back, or that they are gone.
    """
    memories = storage.sources.memories()
    sources = [source for source in settings.sources if not source.disabled]
    asked = [one for one in sources if not (politely and _answered_lately(one, memories.get(one.name), now))]
    with _http(settings) as http:
        fetched = fetch_all(asked, memories, http=http, now=now, on_done=on_fetched, force=force)
        changes = _merge(settings, storage, fetched, now=now)
        changes = enrich_new(changes, _enrichers(settings), http=http)
    # Memories after entries: an ETag that is kept for entries that were not would lose them.
    storage.entries.save(changes, now=now)
    stored = storage.sources.memories()
    current = [_up_to_date(one, memories.get(one.source), stored.get(one.source)) for one in fetched]
    reports = {
        one.source: _remember(storage, one, changes.tallies.get(one.source, Tally()), now=now) for one in current
    }
    if any(_was_asked_over_network(source, fetched) for source in asked):
        with _http(settings) as http:
            look_up_likes(settings, storage, http=http, contact=_contact(settings), now=now)
    return FetchReport(
        sources=tuple(reports.get(source.name) or _unasked(source, memories) for source in sources),
        entries=sum(len(one.entries) for one in fetched),
        new=len(changes.new),
    )


def remembered_sources(settings: Settings, storage: Storage) -> tuple[SourceReport, ...]:
    """How the sources were when they were last asked."""
    memories = storage.sources.memories()
    return tuple(_unasked(source, memories) for source in settings.sources if not source.disabled)


def probe_sources(settings: Settings, *, now: datetime) -> list[Fetched]:
    """What every source answers now, as if for the first time; nothing is stored."""
    with _http(settings) as http:
        return fetch_all([source for source in settings.sources if not source.disabled], {}, http=http, now=now)


def _was_asked_over_network(source: AnySource, fetched: Sequence[Fetched]) -> bool:
    """Whether this very fetch went out for it; what a plugin does is not known."""
    if source.path is not None or isinstance(source, PluginSource):
        return False
    return any(one.source == source.name and not one.skipped for one in fetched)


def _http(settings: Settings) -> Http:
    return Http(contact=_contact(settings), allow=settings.network.allow)


def _enrichers(settings: Settings) -> list[Enricher]:
    keys = {service: key.get_secret_value() for service, key in settings.enrich_keys.items()}
    return open_enrichers(settings.enrich, keys=keys, contact=_contact(settings))


def _contact(settings: Settings) -> str:
    return settings.network.contact or settings.sender.email


def _answered_lately(source: AnySource, memory: SourceMemory | None, now: datetime) -> bool:
    if memory is None or memory.succeeded_at is None or memory.failures:
        return False
    return timedelta(0) <= now - memory.succeeded_at < source.every


def _merge(settings: Settings, storage: Storage, fetched: Sequence[Fetched], *, now: datetime) -> EntryChanges:
    known = storage.entries.known({key for one in fetched for entry in one.entries for key in keys_of(entry)})
    never_read = {one.source for one in fetched if one.is_first}
    backlog = {source.name: source.backlog for source in settings.sources}
    return reconcile(fetched, known, now=now, window=settings.window, first_fetch=never_read, backlog=backlog)


def _remember(storage: Storage, fetched: Fetched, tally: Tally, *, now: datetime) -> SourceReport:
    """Keeps what the next fetch needs to know of the source, with its health."""
    name = fetched.source
    if fetched.skipped:
        return _report(name, fetched.kind, fetched.memory, error=fetched.error)
    memory = memory_after(fetched, new=tally.first, now=now, categories=tally.categories)
    storage.sources.save(name, fetched.kind, memory)
    return replace(
        _report(name, fetched.kind, memory, error=memory.error),
        entries=len(fetched.entries),
        new=tally.new,
        seen=tally.seen,
        merged=tally.merged,
    )


def _up_to_date(fetched: Fetched, before: SourceMemory | None, stored: SourceMemory | None) -> Fetched:
    """The same, with the health that another fetch has written down while this one went on."""
    if stored is None or stored.checked_at == (before and before.checked_at):
        return fetched
    data = {**fetched.memory.data, "health": stored.data.get("health", {})}
    return replace(fetched, memory=replace(fetched.memory, new_at=stored.new_at, data=data))


def _report(name: str, kind: str, memory: SourceMemory, *, error: str | None) -> SourceReport:
    return SourceReport(
        name=name,
        kind=kind,
        state=memory.state,
        error=error,
        is_partial=memory.failures > 0 and memory.state is not SourceState.FAILED,
        silent=silent_parts(memory),
    )


def _unasked(source: AnySource, memories: Mapping[str, SourceMemory]) -> SourceReport:
    memory = memories.get(source.name, SourceMemory())
    return _report(source.name, source.kind, memory, error=memory.error)
