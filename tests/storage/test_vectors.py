from __future__ import annotations

from datetime import datetime

import pytest

from newsletter.model import Entry, EntryChanges
from newsletter.storage import Storage

BYTES = b"\x00\x01\xff"


@pytest.fixture
def papers(storage: Storage, now: datetime) -> tuple[Entry, ...]:
    """Two stored papers: a and b."""
    found = tuple(Entry(title=f"On {name}", id=name) for name in "ab")
    storage.entries.save(EntryChanges(entries=found), now=now)
    return found


def test_vectors_come_back_by_encoder(storage: Storage, papers: tuple[Entry, ...]) -> None:
    storage.vectors.save("small", {"a": BYTES, "b": b"b"})
    storage.vectors.save("large", {"a": b"other"})
    assert storage.vectors.known(["a", "b", "z"], "small") == {"a": BYTES, "b": b"b"}
    assert storage.vectors.known(["a", "b"], "large") == {"a": b"other"}
    assert storage.vectors.known([], "small") == {}
    assert storage.vectors.known(["a"], "unheard of") == {}


def test_saving_again_replaces(storage: Storage, papers: tuple[Entry, ...]) -> None:
    storage.vectors.save("small", {"a": b"before"})
    storage.vectors.save("small", {"a": BYTES})
    assert storage.vectors.known(["a"], "small") == {"a": BYTES}


def test_what_is_no_entry_any_more_is_passed_over(storage: Storage, papers: tuple[Entry, ...]) -> None:
    storage.vectors.save("small", {"gone": BYTES, "a": BYTES})
    storage.vectors.save("small", {})
    assert storage.vectors.known(["gone", "a"], "small") == {"a": BYTES}


def test_a_vector_goes_with_its_entry(storage: Storage, papers: tuple[Entry, ...], now: datetime) -> None:
    storage.vectors.save("small", {"a": BYTES, "b": BYTES})
    storage.entries.save(EntryChanges(entries=(papers[1],), aliases={"a": "b"}), now=now)
    assert set(storage.vectors.known(["a", "b"], "small")) == {"b"}
