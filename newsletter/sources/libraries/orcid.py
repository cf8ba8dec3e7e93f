"""An ORCID record or its list of works, as JSON or XML: titles and identifiers, rarely more."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

from newsletter.errors import SourceError
from newsletter.sources.enrichers.filling import items, mapping
from newsletter.sources.libraries.csl import text_in
from newsletter.sources.libraries.records import Record, paper

_IDS = frozenset({"doi", "arxiv"})


def is_orcid(document: Any) -> bool:
    """Whether the JSON is ORCID's."""
    said = mapping(document)
    return bool(
        said.keys() & {"group", "bulk", "orcid-identifier", "activities-summary", "work-summary", "put-code", "works"}
    ) or ("developer-message" in said)


def read_orcid(document: Any) -> Iterator[Record]:
    """The works of a record, of its ``/works``, or of a bulk of full works."""
    said = mapping(document)
    if "developer-message" in said:
        raise SourceError(f"says: {text_in(said.get('user-message')) or text_in(said['developer-message'])}")
    for number, work in enumerate(_works(said), start=1):
        yield _of_json(f"work {number}", work)


def read_orcid_xml(root: ET.Element) -> Iterator[Record]:
    """The same as XML, in any version's namespaces."""
    works = [group for group in root.iter() if _name(group) == "group" and _first(group, "work-summary") is not None]
    chosen = [_first(group, "work-summary") for group in works] or [
        one for one in root.iter() if _name(one) in ("work", "work-summary")
    ]
    for number, work in enumerate((one for one in chosen if one is not None), start=1):
        yield _of_xml(f"work {number}", work)


def _works(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One work of each group: people's databases each add the same one, and the person chooses the first."""
    activities = mapping(said.get("activities-summary"))
    said = mapping(activities.get("works")) or mapping(said.get("works")) or said
    if "group" in said:
        groups = [items(mapping(group).get("work-summary")) for group in items(said["group"])]
        return [mapping(group[0]) for group in groups if group]
    if "bulk" in said:
        return [mapping(mapping(one).get("work")) for one in items(said["bulk"])]
    return [mapping(one) for one in items(said.get("work-summary"))] or [said]


def _of_json(place: str, work: Mapping[str, Any]) -> Record:
    def value(*path: str) -> str:
        found: Any = work
        for key in path:
            found = mapping(found).get(key)
        return text_in(found)

    ids = [mapping(one) for one in items(mapping(work.get("external-ids")).get("external-id"))]
    named = [(text_in(one.get("external-id-type")), text_in(one.get("external-id-value"))) for one in ids]
    people = [mapping(one) for one in items(mapping(work.get("contributors")).get("contributor"))]
    date = [value("publication-date", part, "value") for part in ("year", "month", "day")]
    return paper(
        place,
        title=": ".join(
            text for text in (value("title", "title", "value"), value("title", "subtitle", "value")) if text
        ),
        authors=[text_in(mapping(one.get("credit-name")).get("value")) for one in people],
        abstract=value("short-description"),
        doi_in=[name for kind, name in named if kind == "doi"],
        arxiv_in=[name for kind, name in named if kind == "arxiv"],
        links=[value("url", "value")],
        venue=value("journal-title", "value"),
        date="-".join(part for part in date if part),
    )


def _of_xml(place: str, work: ET.Element) -> Record:
    def say(*path: str) -> str:
        found: ET.Element | None = work
        for name in path:
            found = None if found is None else _first(found, name)
        return "" if found is None else "".join(found.itertext()).strip()

    ids = [one for one in work.iter() if _name(one) == "external-id"]
    named = {
        kind: [_text(one, "external-id-value") for one in ids if _text(one, "external-id-type") == kind]
        for kind in _IDS
    }
    return paper(
        place,
        title=": ".join(text for text in (say("title", "title"), say("title", "subtitle")) if text),
        authors=[_text(one, "credit-name") for one in work.iter() if _name(one) == "contributor"],
        abstract=say("short-description"),
        doi_in=named["doi"],
        arxiv_in=named["arxiv"],
        links=[say("url")],
        venue=say("journal-title"),
        date="-".join(part for name in ("year", "month", "day") if (part := say("publication-date", name))),
    )


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _first(element: ET.Element, name: str) -> ET.Element | None:
    """The first element of that name below."""
    return next((one for one in element.iter() if one is not element and _name(one) == name), None)


def _text(element: ET.Element, name: str) -> str:
    found = _first(element, name)
    return "" if found is None or found.text is None else found.text.strip()
