"""schema.org's words for a list of papers, as JSON-LD: what search engines and assistants read of a page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from newsletter.model import Entry
from newsletter.rendering.citations.cited import Cited, Kind, cite
from newsletter.rendering.citations.people import Name

_IN_SCRIPTS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""What could end the element that it stands in, or begin another one."""


def write_linked_data(entries: Iterable[Entry], *, name: str) -> str:
    """The papers in their order as JSON that may stand in a ``script`` element as it is."""
    papers = [
        {"@type": "ListItem", "position": number, "item": _paper(cited)}
        for number, cited in enumerate(cite(entries), 1)
    ]
    document = {"@context": "https://schema.org", "@type": "ItemList", "name": name, "itemListElement": papers}
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace").decode().translate(_IN_SCRIPTS)


def _paper(cited: Cited) -> dict[str, Any]:
    said = {
        "@type": "WebPage" if cited.kind is Kind.PAGE else "ScholarlyArticle",
        "name": cited.title,
        "headline": cited.title,
        "url": cited.link,
        "identifier": f"https://doi.org/{cited.doi}" if cited.doi else "",
        "author": [_person(name) for name in cited.people],
        "datePublished": cited.day.isoformat() if cited.day else "",
        "isPartOf": {"@type": "Periodical", "name": cited.journal} if cited.journal else "",
        "abstract": cited.abstract,
        "keywords": list(cited.keywords),
    }
    return {key: value for key, value in said.items() if value}


def _person(name: Name) -> dict[str, str]:
    if not name.given:
        return {"@type": "Organization" if " " in name.family else "Person", "name": name.whole}
    return {"@type": "Person", "name": name.whole, "familyName": name.family, "givenName": name.given}
