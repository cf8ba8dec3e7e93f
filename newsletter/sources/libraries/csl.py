"""CSL-JSON as Zotero, Mendeley, Pandoc and Crossref write it, and Zotero's own JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from newsletter.sources.enrichers.filling import first_text, items, mapping
from newsletter.sources.libraries.records import Record, paper

_AUTHORS = frozenset({"author", "presenter", "inventor", "programmer", "artist", "podcaster"})
_NOTES = frozenset({"note", "attachment", "annotation"})
"""Items of Zotero's that are no papers."""


def read_items(document: Any) -> Iterator[Record]:
    """Each item of a list, or of what wraps one: ``items``, ``references``, Crossref's ``message``; or a single one."""
    for number, item in enumerate(_items(document), start=1):
        said = mapping(item)
        said = mapping(said.get("data")) or said  # Zotero's API
        if said.get("itemType") not in _NOTES:
            yield _record(f"item {number}", said)


def _items(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    document = mapping(document)
    for key in ("items", "references", "message"):
        if isinstance(document.get(key), list | dict):
            return _items(document[key])
    return [document]


def _record(place: str, item: Mapping[str, Any]) -> Record:
    def say(*names: str) -> str:
        return next((text for name in names if (text := text_in(item.get(name)))), "")

    note = say("note", "extra")
    return paper(
        place,
        title=_title(say("title", "title-short", "shortTitle"), say("subtitle")),
        authors=_people(item),
        abstract=say("abstract", "abstractNote"),
        doi_in=[say("DOI", "doi"), say("URL", "url"), note],
        arxiv_in=[say(name) for name in ("archiveID", "archiveLocation", "archive_location", "number")]
        + [note, say("container-title")],
        links=[say("URL", "url")],
        venue=say("container-title", "publicationTitle", "proceedingsTitle", "conferenceName", "event-title"),
        date=next((date for name in ("issued", "published", "date", "created") if (date := _date(item.get(name)))), ""),
    )


def _title(title: str, subtitle: str) -> str:
    return title if not subtitle or subtitle.casefold() in title.casefold() else f"{title}: {subtitle}"


def text_in(value: object) -> str:
    """The text, or the first text of a list; a number as it is written."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return first_text(value)


def _people(item: Mapping[str, Any]) -> list[str]:
    """Names, family first where both parts are known."""
    creators = [one for one in items(item.get("creators")) if mapping(one).get("creatorType", "author") in _AUTHORS]
    return [name for one in items(item.get("author")) or creators if (name := _person(one))]


def _person(value: object) -> str:
    if isinstance(value, str):
        return value
    said = mapping(value)
    family = text_in(said.get("family")) or text_in(said.get("lastName"))
    particle = text_in(said.get("non-dropping-particle")) or text_in(said.get("dropping-particle"))
    given = text_in(said.get("given")) or text_in(said.get("firstName"))
    whole = f"{particle} {family}".strip()
    return (
        f"{whole}, {given}" if whole and given else whole or given or text_in(said.get("literal") or said.get("name"))
    )


def _date(value: object) -> str:
    """A date of CSL (parts, raw or literal), or the text that it is."""
    said = mapping(value)
    parts = items(next(iter(items(said.get("date-parts"))), None))
    if parts:
        return "-".join(text_in(part) for part in parts[:3] if text_in(part))
    return next((text for key in ("raw", "literal") if (text := text_in(said.get(key)))), "") or text_in(value)
