"""EndNote's XML, which Mendeley and Zotero write as well."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from newsletter.sources.libraries.records import Record, day_of, paper


def read_endnote_xml(root: ET.Element) -> Iterator[Record]:
    """Each record; styled pieces of a text are joined."""
    for number, record in enumerate(root.iter("record"), start=1):
        yield _record(f"record {number}", record)


def _record(place: str, record: ET.Element) -> Record:
    def every(path: str) -> list[str]:
        return [text for one in record.findall(path) if (text := "".join(one.itertext()).strip())]

    def first(*paths: str) -> str:
        return next((text for path in paths for text in every(path)), "")

    day = first("dates/pub-dates/date")
    links = every("urls/web-urls/url") + every("urls/related-urls/url")
    return paper(
        place,
        title=first("titles/title"),
        authors=every("contributors/authors/author"),
        abstract=first("abstract"),
        doi_in=[*every("electronic-resource-num"), *links],
        arxiv_in=[
            text for text in every("titles/secondary-title") + every("accession-num") if "arxiv" in text.casefold()
        ],
        links=links,
        venue=first("periodical/full-title", "titles/secondary-title"),
        date=day if day_of(day) else f"{first('dates/year')} {day}",
    )
