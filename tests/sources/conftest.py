"""A client that may read from a web server on loopback, and requests as ``fetch_all`` makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from website import site

from newsletter.config.settings import SourceSettings
from newsletter.model import SourceMemory
from newsletter.sources import FetchRequest
from newsletter.sources.http import Http, Limits
from newsletter.sources.isolated import Children

__all__ = ["site"]


@dataclass
class Pauses:
    """A sleep that only remembers."""

    taken: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def http(pauses: Pauses) -> Iterator[Http]:
    with Http(contact="ada@example.org", allow=["127.0.0.1"], limits=Limits(attempts=2), sleep=pauses) as client:
        yield client


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 11, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def children() -> Iterator[Children]:
    pool = Children(1)
    yield pool
    pool.close()


@pytest.fixture
def ask(http: Http, now: datetime, children: Children) -> Callable[..., FetchRequest]:
    """A request for a source, with whatever is remembered of it."""

    def make(source: SourceSettings, memory: SourceMemory | None = None, **more: object) -> FetchRequest:
        return FetchRequest(
            source=source, memory=memory or SourceMemory(), **{"http": http, "now": now, "children": children, **more}
        )

    return make
