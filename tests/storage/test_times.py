from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from newsletter.model import SourceMemory
from newsletter.storage import Storage
from newsletter.storage.times import as_text, from_text

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))])
LAST = datetime(9998, 1, 1)  # noqa: DTZ001 hypothesis adds the zone
INSTANTS = st.datetimes(max_value=LAST, timezones=ZONES).filter(lambda instant: instant.year > 1)


@given(INSTANTS)
@settings(max_examples=50)
def test_an_instant_comes_back_in_utc(instant: datetime) -> None:
    restored = from_text(as_text(instant))
    assert restored == instant
    assert restored.utcoffset() == timedelta(0)


@given(INSTANTS, INSTANTS)
@settings(max_examples=50)
def test_text_sorts_as_instants_do(one: datetime, other: datetime) -> None:
    assert (as_text(one) < as_text(other)) == (one < other)


def test_databases_give_instants_back_in_utc(storage: Storage) -> None:
    in_tokyo = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    storage.runs.save("r", started_at=in_tokyo, finished_at=None, report={})
    started_at = storage.runs.last().started_at
    assert started_at == in_tokyo
    assert started_at.tzinfo is UTC


def test_a_naive_instant_is_refused(storage: Storage) -> None:
    naive = datetime(2026, 11, 22)  # noqa: DTZ001
    with pytest.raises(StatementError, match="has no time zone"):
        storage.runs.save("r", started_at=naive, finished_at=None, report={})
    assert storage.sources.memories() == {}


def test_json_keeps_instants_too(storage: Storage, now: datetime) -> None:
    storage.sources.save("s", "feed", SourceMemory(checked_at=now))
    assert storage.sources.memories()["s"].checked_at == now
