"""What readers would get now, without sending or writing anything but fetched entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.model import Digest, Message, Subscriber
from newsletter.pipeline.digests import compose
from newsletter.pipeline.due import as_if_due
from newsletter.pipeline.editions import pool_of, snapshot
from newsletter.pipeline.fetching import fetch, remembered_sources
from newsletter.pipeline.messages import Letterhead
from newsletter.pipeline.report import nothing_to_read
from newsletter.pipeline.sentences import SentenceMaker
from newsletter.rendering import message_id
from newsletter.storage import Storage
from newsletter.subscriptions import NO_READERS, ResolvedProfile, only_reader, reader_named, readers, resolve_profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One reader's digest as it would be now."""

    reader: Subscriber
    digest: Digest
    lost: tuple[str, ...] = ()
    """In words: liked and disliked papers that the store does not know, libraries that cannot be read."""
    left_out: int = 0
    """Papers of the edition that this reader had already."""


def look(settings: Settings, storage: Storage, address: str | None, *, now: datetime, limit: int | None = None) -> Look:
    """What the reader with that address would get, or the only one; ``limit`` in place of their ``max_papers``."""
    reader = reader_named(address, settings, storage) if address else only_reader(settings, storage)
    return next(look_at(settings, storage, [reader], now=now, limit=limit))


def look_at(
    settings: Settings, storage: Storage, wanted: Sequence[Subscriber], *, now: datetime, limit: int | None = None
) -> Iterator[Look]:
    """What each of these readers would get; sources are fetched first only where the store is empty."""
    sentences = SentenceMaker(settings, storage, now=now)
    _fill_empty_store(settings, storage, now=now)
    due = [as_if_due(reader, now=now, window=settings.window) for reader in wanted]
    reach_from = min((reader.reach_from for reader in due), default=now - settings.window)
    sources = remembered_sources(settings, storage)
    edition = snapshot(storage, now=now, reach_from=reach_from, sources=sources)
    pool = pool_of(storage, edition, sentences)
    shown = storage.deliveries.shown_since([reader.subscriber.id for reader in due], reach_from)
    resolved = resolve_profiles(wanted, storage, settings)
    pool = sentences.add_to(pool, (found.profile for found in resolved))
    for one, found in zip(due, resolved, strict=True):
        profile = found.profile if limit is None else replace(found.profile, max_papers=limit, explore=0)
        had = shown.get(one.subscriber.id, set())
        digest = compose(edition, pool, profile, reader=one, had=had)
        left_out = sum(entry.id in had for entry in edition.entries)
        yield Look(reader=one.subscriber, digest=digest, lost=lost(found), left_out=left_out)


def lost(found: ResolvedProfile) -> tuple[str, ...]:
    """What a profile names and could not be had, each once, in words."""
    papers = (f"liked paper not found in the store: {reference}" for reference in found.missing)
    return tuple(dict.fromkeys((*papers, *found.unread)))


def look_at_all(settings: Settings, storage: Storage, *, address: str | None, now: datetime) -> Iterator[Look]:
    """What everyone, or one reader, would get."""
    wanted = readers(settings, storage) if address is None else [reader_named(address, settings, storage)]
    if not wanted:
        raise UsageError(NO_READERS)
    return look_at(settings, storage, wanted, now=now)


def render_look(letterhead: Letterhead, settings: Settings, one: Look, *, now: datetime) -> Message:
    """The message that the reader would get."""
    named = message_id(settings.sender, one.digest.edition, one.reader.id, "preview")
    return letterhead.render(one.digest, one.reader, message_id=named, date=now)


def _fill_empty_store(settings: Settings, storage: Storage, *, now: datetime) -> None:
    if storage.entries.count() == 0:
        fetched = fetch(settings, storage, now=now)
        if fetched.all_failed:
            raise nothing_to_read(fetched)
