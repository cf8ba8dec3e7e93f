"""Papers on pages and in feeds, told as the mails tell them: in the mails' own words, and with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Template
from markupsafe import Markup
from starlette.responses import Response

from newsletter.config.settings import Settings
from newsletter.model import Entry, Links, Ranked
from newsletter.rendering.citations import context_object, write_bibtex, write_linked_data, write_ris
from newsletter.rendering.environment import fill, html_environment, load_template
from newsletter.rendering.locale import read_language
from newsletter.rendering.reasons import Reasons
from newsletter.rendering.themes import Brand, Look
from newsletter.rendering.view import Card, describe_cards
from newsletter.text import slug

TEMPLATE = "web/paper.html.j2"
NO_LINKS = Links()
"""Pages and feeds hold none that do anything."""
SUMMARY_CHARACTERS = 900
"""There is more room than in a mail."""
FILES = {
    "bib": (write_bibtex, "application/x-bibtex; charset=utf-8"),
    "ris": (write_ris, "application/x-research-info-systems; charset=utf-8"),
}
"""End of an address -> what writes that format, and its media type: browsers with Zotero take it by that."""


class Shown(NamedTuple):
    """A paper as a page shows it."""

    card: Card
    told: Markup
    """All but its title."""
    context_object: str
    """For reference managers."""


def show_papers(settings: Settings, items: Sequence[Ranked]) -> list[Shown]:
    """Each paper in the words of the deployment's mails."""
    template = _template(tuple(settings.templates), _look(settings))
    cards = describe_cards(items, links=NO_LINKS, summary=SUMMARY_CHARACTERS)
    return [
        Shown(card, Markup(fill(template, {"card": card})), context_object(item.entry))  # noqa: S704 escaped there
        for card, item in zip(cards, items, strict=True)
    ]


def linked_data(items: Sequence[Ranked], *, name: str) -> Markup:
    """What a page says of its papers to machines; a block of data, which no policy counts as a script."""
    return Markup(write_linked_data((item.entry for item in items), name=name))  # noqa: S704 holds no < > &


def send_references(items: Sequence[Ranked], kind: str, *, name: str) -> Response:
    """The papers as a file of that kind, a key of ``FILES``."""
    write, media_type = FILES[kind]
    entries: list[Entry] = [item.entry for item in items]
    disposition = f'attachment; filename="{slug(name)}.{kind}"'
    return Response(write(entries).encode(), media_type=media_type, headers={"content-disposition": disposition})


def _look(settings: Settings) -> Look:
    brand = Brand(color=settings.brand.color, logo=settings.brand.logo, logo_alt=settings.brand.logo_alt)
    return Look(brand=brand, language=read_language(settings.language))


@lru_cache(maxsize=8)
def _template(folders: tuple[Path, ...], look: Look) -> Template:
    environment = html_environment(folders, look)
    Reasons(environment)
    return load_template(environment, TEMPLATE)
