"""A reader's digest: the pool in their order, less what they had, cut to their size."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from newsletter.config.settings import Settings
from newsletter.model import Digest, Edition, Profile, SourceReport
from newsletter.pipeline.due import DueReader
from newsletter.pipeline.sentences import SentenceMaker
from newsletter.ranking import Pool
from newsletter.ranking.selection import select
from newsletter.storage import Storage
from newsletter.subscriptions import resolve_profiles

log = logging.getLogger(__name__)

SHARD = 500
"""Readers whose profiles and past papers are read at once."""


def compose_digests(
    settings: Settings,
    storage: Storage,
    *,
    edition: Edition,
    pool: Pool,
    sentences: SentenceMaker,
    due: Sequence[DueReader],
) -> Iterator[tuple[DueReader, Digest]]:
    """Each reader with their digest, in order; a digest may be empty."""
    for start in range(0, len(due), SHARD):
        shard = due[start : start + SHARD]
        resolved = resolve_profiles([reader.subscriber for reader in shard], storage, settings)
        shown = storage.deliveries.shown_since([reader.subscriber.id for reader in shard], edition.reach_from)
        knowing = sentences.add_to(pool, (found.profile for found in resolved))
        for reader, found in zip(shard, resolved, strict=True):
            for words in dict.fromkeys(found.unread):
                log.warning("reader %s: %s", reader.subscriber.id, words)
            had = shown.get(reader.subscriber.id, set())
            yield reader, compose(edition, knowing, found.profile, reader=reader, had=had)


def compose(edition: Edition, pool: Pool, profile: Profile, *, reader: DueReader, had: Collection[str]) -> Digest:
    """One reader's digest of the edition, without the papers they had and those before their reach."""
    reach = reader.reach_from
    gone = {
        entry.id
        for entry in edition.entries
        if entry.id in had or (entry.first_seen_at is not None and entry.first_seen_at < reach)
    }
    selection = select(pool.rank(profile, now=edition.made_at), profile, already=gone, shown=had)
    return Digest(
        edition=edition.id,
        local_date=reader.slot.local_date,
        items=selection.items,
        below=selection.below,
        candidates=len(edition.entries) - len(gone),
        sources=_less(edition, gone),
    )


def _less(edition: Edition, gone: Collection[str]) -> tuple[SourceReport, ...]:
    """The sources with the number of papers that each has for this reader."""
    had = Counter(name for entry in edition.entries if entry.id in gone for name in entry.sources)
    return tuple(replace(source, new=source.new - had[source.name]) for source in edition.sources)
