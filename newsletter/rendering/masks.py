"""The variables of a digest with marks in place of a reader's own, and what of them tells renderings apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from newsletter.model import Links
from newsletter.rendering.marks import Listed, Marked, Unreadable, mark, number_mark
from newsletter.rendering.view import Card, Paper

RECIPIENT, PREHEADER = "recipient", "preheader"
VOTE = "vote"
LINKS = ("unsubscribe", "unsubscribe_mailto", "preferences", "archive", VOTE)
ITEMS = {"card": "cards", "paper": "below"}
"""The variable of a loop, and the list that it goes through."""


_links_of = attrgetter(*LINKS)


def _which(links: Links) -> tuple[bool, ...]:
    return tuple([link is None for link in _links_of(links)])


_ASKED: Mapping[str, Callable[[Any], Hashable]] = {
    **dict.fromkeys(ITEMS.values(), len),
    **dict.fromkeys((RECIPIENT, PREHEADER), bool),
    "links": _which,
}
"""What a template may know of the variables that are a reader's own."""


def key_of(variables: Mapping[str, Any], names: Iterable[str]) -> Hashable:
    """What of the variables of these names tells renderings apart."""
    return tuple([_ASKED[name](variables[name]) if name in _ASKED else variables[name] for name in names])


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
