"""The variables of a digest with marks in place of a reader's own, and what of them tells renderings apart."""

from __future__ import annotations

from typing import Any

from newsletter.model import Links
from newsletter.rendering.marks import Listed, Marked, Unreadable, mark, number_mark
from newsletter.rendering.view import Card, Paper

RECIPIENT, PREHEADER = "recipient", "preheader"
VOTE = "vote"
LINKS = ("unsubscribe", "unsubscribe_mailto", "preferences", "archive", VOTE)
ITEMS = {"card": "cards", "paper": "below"}
"""The variable of a loop, and the list that it goes through."""


def key_of(name: str, value: Any) -> object:
    """What of a variable tells renderings apart."""
    if name in ITEMS.values():
        return len(value)
    if name == "links":
        return tuple([getattr(value, link) is None for link in LINKS])
    return bool(value) if name in (RECIPIENT, PREHEADER) else value


def marked_value(name: str, value: Any) -> object:
    """The variable with marks in the place of the reader's strings."""
    if name in ITEMS.values():
        return Listed(len(value))
    if name == "links":
        return Links(**{link: mark(link) for link in LINKS if getattr(value, link) is not None})
    return mark(name) if name in (RECIPIENT, PREHEADER) and value else value


def marked_item(item: Card | Paper) -> object:
    """The card with marks in the place of what is the reader's own; a paper is the same for all."""
    if not isinstance(item, Card):
        return item
    marks: dict[str, Any] = {"number": number_mark(item.number), "why": Unreadable(is_there=bool(item.why))}
    return item._replace(**marks, vote=Marked(mark(VOTE)) if item.vote else None)
