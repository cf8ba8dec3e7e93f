from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import StorageError
from newsletter.model import Edition, Entry, Interest, ProfileSpec, Signals, SourceReport, SourceState
from newsletter.storage.codec import EDITION, ENTRY, PROFILE, decompress

INSTANTS = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis adds the zone
ENTRIES = st.builds(
    Entry,
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    link=st.none() | st.just("https://example.org/paper"),
    authors=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), max_size=3).map(tuple),
    published=st.none() | INSTANTS,
    arxiv_version=st.none() | st.integers(1, 30),
    signals=st.builds(Signals, upvotes=st.none() | st.integers(0, 10**6)),
    sources=st.just(("a feed", "another")),
)


@given(ENTRIES)
@settings(max_examples=50)
def test_an_entry_comes_back_whole(entry: Entry) -> None:
    assert ENTRY.decode(ENTRY.encode(entry)) == entry


def test_what_is_at_its_default_takes_no_room() -> None:
    assert ENTRY.encode(Entry(title="T", id="1")) == '{"title":"T","id":"1"}'


def test_an_edition_comes_back_whole() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    report = SourceReport(name="a feed", kind="feed", state=SourceState.QUIET, entries=3)
    edition = Edition(id="x", made_at=noon, reach_from=noon, entries=(Entry(title="T"),), sources=(report,))
    assert EDITION.unpack(EDITION.pack(edition)) == edition


def test_a_profile_comes_back_whole() -> None:
    profile = ProfileSpec(interests=(Interest("spikes", 2.0),), trending=0.5, liked=("doi:10.1/x",))
    assert PROFILE.decode(PROFILE.encode(profile)) == profile


def test_fields_of_a_newer_version_are_passed_over() -> None:
    assert ENTRY.decode('{"title":"T","id":"1","colour":"red"}') == Entry(title="T", id="1")


def test_half_a_surrogate_pair_is_replaced_and_stops_nothing() -> None:
    assert ENTRY.decode(ENTRY.encode(Entry(title="a \ud83d b", id="1"))).title == "a ? b"


@pytest.mark.parametrize("damaged", ['{"title":', '{"id":"1"}', "[]"])
def test_a_damaged_record_is_a_storage_error(damaged: str) -> None:
    with pytest.raises(StorageError, match="a stored Entry cannot be read"):
        ENTRY.decode(damaged)


def test_damaged_bytes_are_a_storage_error() -> None:
    with pytest.raises(StorageError, match="damaged"):
        decompress(b"no zlib")
