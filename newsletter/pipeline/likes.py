"""Papers that readers name and no source listed are looked up in the world, once each, and kept."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from newsletter.config.settings import ArxivSource, Settings
from newsletter.model import Entry, EntryChanges, Fetched, SourceMemory, SubscriberState
from newsletter.sources.http import Http
from newsletter.sources.identity import keys_of, reconcile
from newsletter.sources.lookup.arxiv import ArxivIds, ArxivPapers, ArxivTitles
from newsletter.sources.lookup.asking import Findings, Lookup, look_up
from newsletter.sources.lookup.crossref import CrossrefDois, CrossrefPapers, CrossrefTitles
from newsletter.sources.lookup.openalex import OpenAlexDois
from newsletter.sources.references import Reference, read_references
from newsletter.storage import Storage
from newsletter.subscriptions import readers

MOST_SECONDS = 20.0
"""A run is held up by no more; what is not answered by then is asked in the next one."""
MOST_PAPERS = 500
"""In one run."""
MOST_REMEMBERED = 20_000
"""Papers that nobody knew."""
PAUSES = tuple(timedelta(days=days) for days in (1, 3, 7, 14, 30))
"""Before a paper that nobody knew is asked about again."""
PAUSE_OF_A_SERVICE = timedelta(hours=1)
"""After it did not answer."""
NAME = "liked papers\n"
"""What is remembered lies beside the memories of sources, of which none can have a line's end in its name."""
NO_MAIL = frozenset({SubscriberState.LEFT, SubscriberState.REMOVED})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Memory:
    """Who was asked about what, in vain."""

    unknown: Mapping[str, tuple[int, datetime]]
    """Strongest key -> how often, and when to ask again."""
    away: Mapping[str, datetime]
    """Service -> when to ask it again."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> _Memory:
        return cls(
            {key: (count, datetime.fromisoformat(at)) for key, (count, at) in data.get("unknown", {}).items()},
            {name: datetime.fromisoformat(at) for name, at in data.get("away", {}).items()},
        )

    def to_data(self) -> Mapping[str, Any]:
        latest = sorted(self.unknown.items(), key=lambda item: item[1][1])[-MOST_REMEMBERED:]
        return {
            "unknown": {key: [count, at.isoformat()] for key, (count, at) in latest},
            "away": {name: at.isoformat() for name, at in self.away.items()},
        }

    def rests(self, key: str, now: datetime) -> bool:
        return key in self.unknown and now < self.unknown[key][1]


def look_up_likes(settings: Settings, storage: Storage, *, http: Http, contact: str, now: datetime) -> None:
    """Stores what the world knows of the papers that profiles name; they are not news by that.

    Never raises for what services do: what could not be asked is asked in a later run.
    """
    services = open_lookups(settings, contact=contact)
    if not services:
        return
    memory = _Memory.of(storage.sources.memories().get(NAME, SourceMemory()).data)
    awake = [one for one in services if one.name not in memory.away or memory.away[one.name] <= now]
    wanted = _wanted(settings, storage, awake, memory, now=now)
    if not wanted:
        return
    named = [reference.named for reference in wanted]
    findings = look_up(named, awake, http=http, seconds=MOST_SECONDS)
    _store(storage, {wanted[place]: entry for place, entry in findings.found.items()}, now=now)
    _tell(wanted, findings, findings.unknown(named, services), memory)
    _remember(storage, wanted, findings, findings.unknown(named, services), memory, now=now)


def open_lookups(settings: Settings, *, contact: str) -> list[Lookup]:
    """Who is asked, in this order: by ids, where that is enough, and then by titles."""
    named = settings.lookup.services
    mirrors = [source.api_url for source in settings.sources if isinstance(source, ArxivSource) and not source.path]
    arxiv = ArxivPapers(next(iter(mirrors), str(ArxivSource.model_fields["api_url"].default)))
    crossref = CrossrefPapers(settings.lookup.crossref_url, contact=contact)
    key = settings.enrich_keys.get("openalex")
    by_service: list[tuple[bool, Lookup]] = [
        ("arxiv" in named, ArxivIds(arxiv)),
        ("crossref" in named, CrossrefDois(crossref)),
        ("openalex" in settings.enrich and bool(named), OpenAlexDois(key=key.get_secret_value() if key else None)),
        ("arxiv" in named, ArxivTitles(arxiv)),
        ("crossref" in named, CrossrefTitles(crossref)),
    ]
    return [service for is_asked, service in by_service if is_asked]


def _wanted(
    settings: Settings, storage: Storage, services: Sequence[Lookup], memory: _Memory, *, now: datetime
) -> list[Reference]:
    """What anybody can be asked about and the store does not know; first what nothing else is known of."""
    people = [reader.profile for reader in readers(settings, storage) if reader.state not in NO_MAIL]
    texts = dict.fromkeys(text for profile in people for text in (*profile.liked, *profile.disliked))
    references = {
        reference.keys[0]: reference
        for text in texts
        for reference in read_references(text, settings.folder)
        if reference.keys and not (reference.entry and reference.entry.summary)
    }
    known = storage.entries.known({key for one in references.values() for key in one.keys})
    unknown = (
        one
        for key, one in references.items()
        if known.keys().isdisjoint(one.keys)
        and not memory.rests(key, now)
        and any(service.takes(one.named, None) for service in services)
    )
    return list(islice(sorted(unknown, key=lambda one: one.entry is not None), MOST_PAPERS))


def _store(storage: Storage, found: Mapping[Reference, Entry], *, now: datetime) -> None:
    """Writes the papers into the store as ones that were never new; a source that lists one later makes it so."""
    known = storage.entries.known({key for entry in found.values() for key in keys_of(entry)})
    before = {entry.id: entry for carriers in known.values() for entry in carriers}
    fetched = Fetched(source=NAME, kind="lookup", entries=tuple(found.values()))
    changes = reconcile([fetched], known, now=now, window=timedelta(0))
    entries = tuple(
        replace(
            entry,
            sources=tuple(name for name in entry.sources if name != NAME),
            first_seen_at=before[entry.id].first_seen_at if entry.id in before else None,
        )
        for entry in changes.entries
    )
    ids = {key: entry.id for key, carriers in known.items() for entry in carriers} | dict(changes.keys)
    also = ((key, ids[own]) for reference, entry in found.items() for key, own in _other_names(reference, entry, ids))
    storage.entries.save(_with(changes, entries, also), now=now)


def _with(changes: EntryChanges, entries: tuple[Entry, ...], keys: Iterable[tuple[str, str]]) -> EntryChanges:
    return replace(changes, entries=entries, keys=tuple(dict.fromkeys((*changes.keys, *keys))))


def _other_names(reference: Reference, entry: Entry, ids: Collection[str]) -> list[tuple[str, str]]:
    """What the reader calls the paper, beside a key that it is stored by; of titles only its own."""
    own = next((key for key in keys_of(entry) if key in ids), None)
    return [(key, own) for key in reference.keys if own and not key.startswith("title:")]


def _tell(wanted: Sequence[Reference], findings: Findings, unknown: Sequence[int], memory: _Memory) -> None:
    """Says what is unknown when that is found out first, and who did not answer."""
    for service, trouble in findings.trouble.items():
        log.warning("%s: liked papers could not be looked up: %s", service, trouble)
    for place in unknown:
        if wanted[place].keys[0] not in memory.unknown:
            log.warning("liked paper that nobody knows: %s; it is looked up again in some days", wanted[place].text)


def _remember(
    storage: Storage,
    wanted: Sequence[Reference],
    findings: Findings,
    unknown: Sequence[int],
    memory: _Memory,
    *,
    now: datetime,
) -> None:
    lost = dict(memory.unknown)
    for place in findings.found:
        lost.pop(wanted[place].keys[0], None)
    for place in unknown:
        key = wanted[place].keys[0]
        count = lost[key][0] if key in lost else 0
        lost[key] = (count + 1, now + PAUSES[min(count, len(PAUSES) - 1)])
    away = {name: at for name, at in memory.away.items() if at > now}
    away |= dict.fromkeys(findings.trouble, now + PAUSE_OF_A_SERVICE)
    data = _Memory(lost, away).to_data()
    storage.sources.save(NAME, "lookup", SourceMemory(checked_at=now, data=data))
