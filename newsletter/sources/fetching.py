"""All sources, asked at the same time; what goes wrong with one is a value that stops no other."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Generic, Protocol, TypeVar

from newsletter.config.settings import AnySource, SourceSettings
from newsletter.errors import SourceError
from newsletter.model import Fetched, SourceMemory, SourceState
from newsletter.sources.arxiv import ArxivFetcher
from newsletter.sources.biorxiv import BiorxivFetcher
from newsletter.sources.feed import FeedFetcher
from newsletter.sources.http import Http
from newsletter.sources.huggingface import HuggingFaceFetcher
from newsletter.sources.isolated import CHILDREN, Children
from newsletter.sources.page import PageFetcher
from newsletter.sources.trouble import Refused

log = logging.getLogger(__name__)

MAX_AT_ONCE = 100
FIRST_PAUSE = timedelta(minutes=5)
"""After the second failure in a row; doubled by each further one."""
LONGEST_PAUSE = timedelta(hours=6)

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
        with ThreadPoolExecutor(max_workers=max(1, min(len(requests), MAX_AT_ONCE))) as threads:
            futures = {
                threads.submit(_fetch, request, kinds, force=force): index for index, request in enumerate(requests)
            }
            for future in as_completed(futures):
                fetched = done[futures[future]] = future.result()
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


def _fetch(request: FetchRequest[Any], kinds: Mapping[str, Fetcher], *, force: bool) -> Fetched:
    source, memory = request.source, request.memory
    if source.disabled or (not force and _rests(source, memory)):
        return _failed(request, _reminder(memory), skipped=True)
    memory = replace(memory, checked_at=request.now)
    try:
        fetched = find_kind(source.kind, kinds).fetch(request)
    except SourceError as error:
        return _failed(request, _said(error), memory=_after_failure(memory, error))
    except Exception as error:  # a plugin's mistake, or ours, must not cost the reader the other sources
        log.debug("source %s failed unexpectedly", source.name, exc_info=error)
        said = f"failed unexpectedly ({type(error).__name__}: {_said(error)})"
        return _failed(request, said, memory=_after_failure(memory, error))
    entries = tuple(replace(entry, sources=(source.name,)) for entry in fetched.entries)
    return replace(fetched, entries=entries, memory=_after_answer(memory, fetched))


def _memory(source: SourceSettings, memories: Mapping[str, SourceMemory]) -> SourceMemory:
    """What is remembered of the source; notes on another address or other options than today's are forgotten."""
    memory = memories.get(source.name, SourceMemory())
    asked = source.model_dump(exclude={"every", "backlog", "disabled"})
    fingerprint = blake2b(repr(asked).encode(), digest_size=8).hexdigest()
    if memory.data.get("settings") == fingerprint:
        return memory
    return replace(memory, failures=0, retry_at=None, disabled=False, data={"settings": fingerprint})


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
    ours = {key: memory.data[key] for key in ("settings", "health") if key in memory.data}
    memory = replace(memory, data={**fetched.memory.data, **ours}, error=fetched.error)
    if fetched.error is not None:
        return replace(memory, failures=memory.failures + 1, state=SourceState.FAILED)
    return replace(memory, failures=0, retry_at=None, succeeded_at=memory.checked_at)


def _after_failure(memory: SourceMemory, error: Exception) -> SourceMemory:
    failures = memory.failures + 1
    return replace(
        memory,
        state=SourceState.FAILED,
        error=_said(error),
        failures=failures,
        retry_at=_retry_at(failures, error),
        disabled=isinstance(error, Refused) and error.status == 410,
    )


def _retry_at(failures: int, error: Exception) -> datetime | None:
    """When to ask again: the source's own wish, or ever later; at once after a first failure."""
    wished = error.retry_after_seconds if isinstance(error, Refused) else None
    pause = timedelta(seconds=wished or 0.0)
    if failures > 1:
        pause = max(pause, min(FIRST_PAUSE * 2 ** min(failures - 2, 10), LONGEST_PAUSE))
    return datetime.now(UTC) + pause if pause else None


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


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
