from __future__ import annotations

from datetime import datetime

from newsletter.model import SourceMemory, SourceState
from newsletter.storage import Storage


def test_a_memory_comes_back_whole(storage: Storage, now: datetime) -> None:
    memory = SourceMemory(
        checked_at=now,
        failures=2,
        state=SourceState.FAILED,
        error="503",
        retry_at=now,
        data={"etag": '"x"', "cursor": {"page": [1, 2]}},
    )
    storage.sources.save("A blog", "feed", memory)
    assert storage.sources.memories() == {"A blog": memory}


def test_the_latest_memory_stands(storage: Storage) -> None:
    storage.sources.save("b", "feed", SourceMemory(failures=1))
    storage.sources.save("a", "arxiv", SourceMemory())
    storage.sources.save("b", "page", SourceMemory(failures=2))
    assert storage.sources.memories() == {"a": SourceMemory(), "b": SourceMemory(failures=2)}
