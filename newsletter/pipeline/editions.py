"""The edition: a snapshot of the candidate entries, out of which digests are drawn."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

from newsletter.model import Edition, Entry, SourceReport
from newsletter.pipeline.sentences import SentenceMaker
from newsletter.ranking import Pool
from newsletter.storage import Storage

HISTORY_ENTRIES = 5_000
"""Older entries that ranking takes its statistics from."""


def snapshot(storage: Storage, *, now: datetime, reach_from: datetime, sources: tuple[SourceReport, ...]) -> Edition:
    """An edition of everything first seen since ``reach_from``, not stored."""
    entries = storage.entries.first_seen_since(reach_from)
    candidates = tuple(sorted((e for e in entries if not e.withdrawn and _seen_by(e, now)), key=lambda e: e.id))
    listed = Counter(name for entry in candidates for name in entry.sources)
    made_at = now.astimezone(UTC).replace(microsecond=0)
    return Edition(
        id=edition_id(made_at),
        made_at=made_at,
        reach_from=reach_from,
        entries=candidates,
        sources=tuple(replace(source, new=listed[source.name]) for source in sources),
    )


def keep_edition(storage: Storage, edition: Edition) -> Edition:
    """Stores the edition, or gives back the last one where nothing changed since."""
    mark = fingerprint(edition)
    last = storage.editions.last_with(mark)
    if last:
        return last
    while storage.editions.has(edition.id):  # two runs within a second, or under the same --now
        made_at = edition.made_at + timedelta(seconds=1)
        edition = replace(edition, id=edition_id(made_at), made_at=made_at)
    storage.editions.save(edition, fingerprint=mark)
    return edition


def edition_id(made_at: datetime) -> str:
    """An edition's name: its UTC instant, ``2026-11-22T07:30:00Z``."""
    return made_at.isoformat().replace("+00:00", "Z")


def fingerprint(edition: Edition) -> str:
    """The same for two editions out of which the same digests would be drawn."""
    said = json.dumps([asdict(entry) for entry in edition.entries], default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def pool_of(storage: Storage, edition: Edition, sentences: SentenceMaker, *, history: int = HISTORY_ENTRIES) -> Pool:
    """The edition's entries with their features, older entries as background."""
    older = storage.entries.history(edition.reach_from, limit=history)
    return Pool.build(edition.entries, history=older, sentences=sentences.make(edition.entries))


def _seen_by(entry: Entry, now: datetime) -> bool:
    """A clock that is set back must not show papers of the future."""
    return entry.first_seen_at is None or entry.first_seen_at <= now
