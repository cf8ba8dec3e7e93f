"""What a JSON file beside a feed expects of it, as the tests of gofeed write it, and whether ours says the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.model import Entry
from newsletter.sources.dates import believable, instant
from newsletter.sources.markup import text_of, web_address
from newsletter.text import clean

_TEXTS = ("description", "summary", "content", "content_text", "content_html")


def expected_of(feed: Path) -> list[dict[str, Any]] | None:
    """The entries that the file beside the feed expects; ``None`` where there is none, or it expects no feed."""
    beside = [feed.with_suffix(".json"), feed.with_name(f"{feed.stem}_expected.json")]
    file = next((one for one in beside if one != feed and one.exists()), None)
    if file is None:
        return None
    try:
        document = json.loads(file.read_bytes())
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    listed = document.get("items") or document.get("entries") or []
    return [one for one in listed if _titles(one) or _texts(one) or _links(one)]


def compare(entries: Sequence[Entry], expected: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bool, str]]:
    """For each thing that is expected: its name, whether ours says it, and what is wanted and what is told."""
    yield "entries", len(entries) == len(expected), f"{len(expected)} wanted, {len(entries)} told"
    for entry, one in zip(entries, expected, strict=False):
        for field, (wanted_of, told_of) in FIELDS.items():
            wanted, told = wanted_of(one), told_of(entry)
            if wanted:
                yield field, all(any(choice in told for choice in choices) for choices in wanted), f"{wanted} | {told}"


Wanted = list[set[str]]
"""All of these, each in any of its forms."""


def _titles(one: Mapping[str, Any]) -> Wanted:
    return [_forms(one["title"])] if isinstance(one.get("title"), str) and one["title"].strip() else []


def _links(one: Mapping[str, Any]) -> Wanted:
    """An id that is an address will do where there is no link."""
    listed = [one.get("link"), one.get("url"), one.get("external_url"), *(one.get("links") or [])]
    hrefs = {
        link.get("href") if isinstance(link, dict) else link
        for link in listed
        if not isinstance(link, dict) or link.get("rel", "alternate") == "alternate"
    }
    web = {href.strip() for href in hrefs if isinstance(href, str) and web_address(href)}
    guid = one.get("guid") or one.get("id")
    named = guid.get("value") if isinstance(guid, dict) else guid
    return [web] if web else [{address}] if (address := web_address(named)) else []


def _names(one: Mapping[str, Any]) -> Wanted:
    people = one.get("authors") or [one.get("author")]
    names = [person.get("name") if isinstance(person, dict) else person for person in people]
    return [_forms(name) for name in names if isinstance(name, str) and _bare(name)]


def _texts(one: Mapping[str, Any]) -> Wanted:
    said = [text.get("value") if isinstance(text, dict) else text for text in map(one.get, _TEXTS)]
    forms = {_bare(text_of(text)) for text in said if isinstance(text, str)} - {""}
    return [forms] if forms else []


def _tags(one: Mapping[str, Any]) -> Wanted:
    tags = [
        tag.get("term") or tag.get("value") if isinstance(tag, dict) else tag
        for tag in one.get("categories") or one.get("tags") or []
    ]
    return [_forms(tag) for tag in tags if isinstance(tag, str) and _bare(tag)]


def _times(*keys: str) -> Callable[[Mapping[str, Any]], Wanted]:
    def wanted(one: Mapping[str, Any]) -> Wanted:
        found = (believable(instant(one.get(key)), now=datetime.now(UTC)) for key in keys)
        return next(([{at.isoformat()}] for at in found if at is not None), [])

    return wanted


def _forms(text: str) -> set[str]:
    """What is markup and what is text is another question."""
    return {_bare(text_of(text)), _bare(clean(text)), _bare(text_of(text_of(text)))}


def _bare(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _said(at: datetime | None) -> set[str]:
    return {at.replace(microsecond=0).isoformat(), at.isoformat()} if at else set()


FIELDS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Wanted], Callable[[Entry], set[str]]]] = {
    "title": (_titles, lambda entry: _forms(entry.title)),
    "link": (_links, lambda entry: {entry.link or ""}),
    "authors": (_names, lambda entry: {form for name in entry.authors for form in _forms(name)}),
    "summary": (_texts, lambda entry: _forms(entry.summary)),
    "categories": (_tags, lambda entry: {form for tag in entry.categories for form in _forms(tag)}),
    "published": (_times("publishedParsed", "pubDateParsed", "date_published"), lambda entry: _said(entry.published)),
    "updated": (_times("updatedParsed", "date_modified"), lambda entry: _said(entry.updated)),
}
