"""All sources, asked at the same time; what goes wrong with one is a value that stops no other."""

from __future__ import annotations

import importlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar

from newsletter.config.settings import AnySource, PluginSource, SourceSettings
from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched, SourceMemory, SourceState
from newsletter.sources.arxiv import ArxivFetcher
from newsletter.sources.biorxiv import BiorxivFetcher
from newsletter.sources.dates import believable
from newsletter.sources.feed import FeedFetcher
from newsletter.sources.http import Http
from newsletter.sources.huggingface import HuggingFaceFetcher
from newsletter.sources.isolated import CHILDREN, Children
from newsletter.sources.page import PageFetcher
from newsletter.sources.reading import bounded
from newsletter.sources.trouble import Refused, retry_at

log = logging.getLogger(__name__)

MAX_AT_ONCE = 100
DEAD_AFTER = timedelta(days=14)
"""So long an address answers 404 before it is taken for dead."""
PAUSE_OF_THE_DEAD = timedelta(weeks=1)
_OURS = ("settings", "health", "read_in_part")
"""What is noted in a memory's data beside the notes of its kind."""

Source = TypeVar("Source", bound=SourceSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest(Generic[Source]):
    """All that a fetcher needs to know."""

    source: Source
    """Its settings."""
    memory: SourceMemory
    """What was remembered of it; ``memory.data`` is the kind's own."""
    http: Http
    now: datetime
    """The product's clock."""
    children: Children = field(default=CHILDREN)
    """Where answers are read."""


class Fetcher(Protocol):
    """A kind of source."""

    def fetch(self, request: FetchRequest[Any], /) -> Fetched:
        """Entries in the source's order, with notes for the next fetch; raises SourceError where there are none."""


KINDS: dict[str, Fetcher] = {
    "feed": FeedFetcher(),
    "huggingface": HuggingFaceFetcher(),
    "arxiv": ArxivFetcher(),
    "biorxiv": BiorxivFetcher(),
    "medrxiv": BiorxivFetcher(),
    "page": PageFetcher(),
}


def fetch_all(
    sources: Sequence[AnySource],
    memories: Mapping[str, SourceMemory],
    *,
    http: Http,
    now: datetime,
    on_done: Callable[[Fetched], None] | None = None,
    force: bool = False,
    kinds: Mapping[str, Fetcher] = KINDS,
) -> list[Fetched]:
    """What every source lists, in the order of ``sources``; never raises for what a source does.

    ``force`` asks also those that are to be left alone for a while. ``on_done`` is called in this thread, as they end.
    """
    requests = [FetchRequest(source=source, memory=_memory(source, memories), http=http, now=now) for source in sources]
    done: dict[int, Fetched] = {}
    try:
        for index, fetched in _as_they_end(requests, kinds, force=force):
            done[index] = fetched
            if on_done is not None:
                on_done(fetched)
    finally:
        CHILDREN.close()
    return [done[index] for index in range(len(requests))]


def find_kind(name: str, kinds: Mapping[str, Fetcher] = KINDS) -> Fetcher:
    """The fetcher of that short name, or the one that a dotted path leads to: an instance, or a class to make one."""
    if name in kinds:
        return kinds[name]
    module, _, attribute = name.replace(":", ".").rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise SourceError(
            f"kind {name!r} is neither one of {', '.join(kinds)} nor can it be imported: {error}"
        ) from error
    fetcher: Fetcher = found() if isinstance(found, type) else found
    return fetcher


def _as_they_end(
    requests: Sequence[FetchRequest[Any]], kinds: Mapping[str, Fetcher], *, force: bool
) -> Iterator[tuple[int, Fetched]]:
    """What came of each request, by its place.

    The threads are nobody's to wait for: a person who breaks off is not kept by the slowest of all sources.
    """
    waiting = deque(enumerate(requests))
    ended: SimpleQueue[tuple[int, Fetched]] = SimpleQueue()

    def work() -> None:
        while waiting:
            try:
                index, request = waiting.popleft()
            except IndexError:
                return  # another thread was faster
            ended.put((index, _fetch(request, kinds, force=force)))

    try:
        for _ in range(min(len(requests), MAX_AT_ONCE)):
            Thread(target=work, daemon=True).start()
        for _ in requests:
            yield ended.get()
    finally:
        waiting.clear()


def _fetch(request: FetchRequest[Any], kinds: Mapping[str, Fetcher], *, force: bool) -> Fetched:
    source, memory = request.source, request.memory
    if source.disabled or (not force and _rests(source, memory)):
        return _failed(request, _reminder(memory), skipped=True)
    memory = replace(memory, checked_at=request.now)
    try:
        fetched = find_kind(source.kind, kinds).fetch(replace(request, memory=replace(memory, retry_at=None)))
        entries = tuple(_seen_in(source, entry, now=request.now) for entry in fetched.entries)
        is_first = memory.succeeded_at is None
        return replace(fetched, entries=entries, is_first=is_first, memory=_after_answer(memory, fetched))
    except SourceError as error:
        return _failed(request, _said(error), memory=_after_failure(memory, error, now=request.now))
    except BaseException as error:  # a plugin's mistake, or ours, must not cost the reader the other sources
        log.debug("source %s failed unexpectedly", source.name, exc_info=error)
        said = f"failed unexpectedly ({type(error).__name__}: {_said(error)})"
        return _failed(request, said, memory=_after_failure(memory, error, now=request.now))


def _seen_in(source: SourceSettings, entry: Entry, *, now: datetime) -> Entry:
    """The entry with the name of its source, and without dates that no paper can have."""
    if isinstance(source, PluginSource):
        entry = bounded(entry)  # the others were, by the child that read them
    return replace(
        entry,
        sources=(source.name,),
        published=believable(entry.published, now=now),
        updated=believable(entry.updated, now=now),
        listed_at=believable(entry.listed_at, now=now),
    )


def _memory(source: SourceSettings, memories: Mapping[str, SourceMemory]) -> SourceMemory:
    """What is remembered of the source; of one that was at another address, or had other options, nothing is."""
    memory = memories.get(source.name, SourceMemory())
    asked = source.model_dump(exclude={"every", "backlog", "disabled", "hold_until"}, exclude_defaults=True)
    fingerprint = blake2b(repr(asked).encode(), digest_size=8).hexdigest()
    if memory.data.get("settings") == fingerprint:
        return memory
    return SourceMemory(data={"settings": fingerprint})


def _rests(source: SourceSettings, memory: SourceMemory) -> bool:
    """Whether it is to be left alone, for good or until an instant of the machine's clock; a file never is."""
    waits = memory.retry_at is not None and datetime.now(UTC) < memory.retry_at
    return source.path is None and (memory.disabled or waits)


def _reminder(memory: SourceMemory) -> str | None:
    """What went wrong when it was last asked, and when it will be again."""
    if memory.error is None or memory.retry_at is None or memory.disabled:
        return memory.error
    return f"{memory.error}; asked again after {memory.retry_at:%Y-%m-%d %H:%M} UTC"


def _after_answer(memory: SourceMemory, fetched: Fetched) -> SourceMemory:
    ours = {key: memory.data[key] for key in _OURS if key in memory.data}
    theirs = {key: value for key, value in fetched.memory.data.items() if key != "missing_since"}
    memory = replace(memory, data={**theirs, **ours}, error=fetched.error)
    if fetched.error is not None:
        if fetched.entries:
            memory = _after_a_part(memory)
        failures, at = memory.failures + 1, fetched.memory.retry_at
        return replace(memory, failures=failures, state=SourceState.FAILED, retry_at=at)
    return replace(memory, failures=0, retry_at=None, succeeded_at=memory.checked_at)


def _after_a_part(memory: SourceMemory) -> SourceMemory:
    """The memory of a source of which a part was read: the second time is a success as far as its backlog goes.

    What was left out the first time is backlog then; but one that never reads whole has no backlog for ever.
    """
    if memory.succeeded_at is None and memory.data.get("read_in_part"):
        return replace(memory, succeeded_at=memory.checked_at)
    return replace(memory, data={**memory.data, "read_in_part": True})


def _after_failure(memory: SourceMemory, error: BaseException, *, now: datetime) -> SourceMemory:
    failures = memory.failures + 1
    memory = replace(
        memory,
        state=SourceState.FAILED,
        error=_said(error),
        failures=failures,
        retry_at=retry_at(error, failures=failures),
        disabled=isinstance(error, Refused) and error.status == 410,
    )
    return _after_another_404(memory, now=now) if isinstance(error, Refused) and error.status == 404 else memory


def _after_another_404(memory: SourceMemory, *, now: datetime) -> SourceMemory:
    """The memory of a source that was not found, now and perhaps for long."""
    since = datetime.fromisoformat(memory.data.get("missing_since", now.isoformat()))
    memory = replace(memory, data={**memory.data, "missing_since": since.isoformat()})
    if now - since < DEAD_AFTER:
        return memory
    said = f"{memory.error}; not found since {since:%Y-%m-%d}, so it is taken for dead and asked once a week"
    return replace(memory, error=said, retry_at=datetime.now(UTC) + PAUSE_OF_THE_DEAD)


def _failed(
    request: FetchRequest[Any], error: str | None, *, memory: SourceMemory | None = None, skipped: bool = False
) -> Fetched:
    return Fetched(
        source=request.source.name,
        kind=request.source.kind,
        error=error,
        skipped=skipped,
        memory=memory or request.memory,
    )


def _said(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
