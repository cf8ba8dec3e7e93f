"""What a reader makes of an answer, and the form in which it travels between two processes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from newsletter.model import Entry, Signals
from newsletter.sources.counts import read_count
from newsletter.text import shorten

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The entries of one answer."""

    entries: tuple[Entry, ...] = ()
    problem: str | None = None
    """Why there may be fewer entries than there should be: one line."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """What else the fetcher of that kind needs to know: a total, a cursor."""


MAX_TITLE_CHARACTERS = 1_000
MAX_SUMMARY_CHARACTERS = 20_000
MAX_CHARACTERS = 2_000
"""Of any other text: a name, a remark, an address."""
MAX_NAMES = 5_000
"""Authors, categories, keywords; the longest lists of authors have some 3,000."""

_TIMES = frozenset({"published", "updated", "listed_at", "first_seen_at"})
_TUPLES = frozenset({"authors", "categories", "keywords", "sources"})
_NAMES = frozenset(one.name for one in fields(Entry))
_IDENTIFIERS = frozenset({"arxiv_id", "doi", "journal_doi", "openreview_id"})
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def bounded(entry: Entry) -> Entry:
    """The entry with nothing in it that is longer than such a thing ever is, or that nobody can write down.

    An address or an id of that sort is dropped, for a part of it is another one.
    """
    short: dict[str, Any] = {
        "title": _text(entry.title, MAX_TITLE_CHARACTERS),
        "summary": _text(entry.summary, MAX_SUMMARY_CHARACTERS),
        "signals": Signals(**{name: read_count(value) for name, value in asdict(entry.signals).items()}),
    }
    for name in _TUPLES:
        short[name] = tuple(_text(text, MAX_CHARACTERS) for text in getattr(entry, name)[:MAX_NAMES])
    for name in _NAMES - short.keys():
        value = getattr(entry, name)
        if isinstance(value, str) and (len(value) > MAX_CHARACTERS or _LONE_SURROGATE.search(value)):
            short[name] = None if name in _IDENTIFIERS or value.startswith("http") else _text(value, MAX_CHARACTERS)
    return replace(entry, **short)


def _text(text: str, limit: int) -> str:
    return shorten(_LONE_SURROGATE.sub("", text), limit)


def pack(reading: Reading) -> bytes:
    """The reading as JSON, bounded; what an entry does not say is left out."""
    return json.dumps(
        {
            "entries": [_entry_document(bounded(entry)) for entry in reading.entries],
            "problem": reading.problem,
            "facts": dict(reading.facts),
        },
        default=datetime.isoformat,
    ).encode("ascii")


def unpack(packed: bytes) -> Reading:
    """The reading that was packed."""
    document = json.loads(packed)
    return Reading(
        entries=tuple(_entry(fields) for fields in document["entries"]),
        problem=document["problem"],
        facts=document["facts"],
    )


def _entry_document(entry: Entry) -> dict[str, Any]:
    said = {name: getattr(entry, name) for name in _NAMES}
    said["signals"] = {name: value for name, value in asdict(entry.signals).items() if value is not None}
    return {name: value for name, value in said.items() if value}


def _entry(document: Mapping[str, Any]) -> Entry:
    said = dict(document)
    for name in _TIMES & said.keys():
        said[name] = datetime.fromisoformat(said[name])
    for name in _TUPLES & said.keys():
        said[name] = tuple(said[name])
    said["signals"] = Signals(**said.get("signals", {}))
    return Entry(**{"title": "", **said})
