"""Papers of a digest on pages, for people and for reference managers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from newsletter.model import Ranked
from newsletter.rendering.citations import context_object, write_bibtex, write_linked_data, write_ris
from newsletter.rendering.telling import CardTold
from newsletter.text import slug
from newsletter.web.door import Door

SUMMARY_CHARACTERS = 900
"""There is more room than in a mail."""
FILES = {
    "bib": (write_bibtex, "application/x-bibtex; charset=utf-8"),
    "ris": (write_ris, "application/x-research-info-systems; charset=utf-8"),
}
"""End of an address -> what writes that format, and its media type: browsers with Zotero take it by that."""


class Shown(NamedTuple):
    """A paper as a page shows it."""

    card: CardTold
    context_object: str
    """For reference managers."""


def show_papers(door: Door, items: Sequence[Ranked]) -> list[Shown]:
    """Each paper in the words of the deployment's mails."""
    told = door.workshop.cards.tell(items, summary=SUMMARY_CHARACTERS)
    return [Shown(card, context_object(item.entry)) for card, item in zip(told, items, strict=True)]


def linked_data(items: Sequence[Ranked], *, name: str) -> Markup:
    """What a page says of its papers to machines; a block of data, which no policy counts as a script."""
    return Markup(write_linked_data((item.entry for item in items), name=name))  # noqa: S704 holds no < > &


def send_references(items: Sequence[Ranked], kind: str, *, name: str) -> Response:
    """The papers as a file of that kind, a key of ``FILES``."""
    write, media_type = FILES[kind]
    disposition = f'attachment; filename="{slug(name)}.{kind}"'
    file = write([item.entry for item in items]).encode("utf-8", "replace")
    return Response(file, media_type=media_type, headers={"content-disposition": disposition})
