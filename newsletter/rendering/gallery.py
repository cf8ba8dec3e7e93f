"""A page that lists rendered messages, for whoever looks at them before, or instead of, sending them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from newsletter.model import Mailbox
from newsletter.rendering.environment import check_names, fill, html_environment, load_template
from newsletter.shipped import shipped

TEMPLATE = "gallery.html.j2"
PICTURES = 24
"""How many messages are shown as a picture; the rest are lines of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryItem:
    """One message and the files it lies in; their names are relative to the page."""

    recipient: Mailbox
    subject: str
    date: datetime | None = None
    html: str | None = None
    text: str | None = None
    eml: str | None = None
    views: str | None = None
    """The page that shows it in five ways; see ``render_views``."""
    light: str | None = None
    dark: str | None = None
    """The HTML as a light and as a dark screen show it."""
    problems: int | None = None
    """How many problems a check found; ``None`` where nobody has looked."""
    notes: int = 0


def render_gallery(
    items: Sequence[GalleryItem],
    *,
    title: str = "Outbox",
    rest: str = "Earlier",
    folders: Sequence[Path] | None = None,
) -> str:
    """The page as one self-contained HTML document without scripts; items are shown in the order given.

    ``rest`` is the heading of those that are lines of a table.
    """
    environment = html_environment([*folders] if folders else [shipped("templates")])
    environment.filters["file_link"] = quote
    template = load_template(environment, TEMPLATE)
    context = {"title": title, "items": list(items), "rest": rest, "pictures": PICTURES}
    check_names(environment, TEMPLATE, context.keys())
    return fill(template, context)
