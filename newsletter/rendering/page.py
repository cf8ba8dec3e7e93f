"""An HTML page as a small tree, which knows the lines of its elements and the headings they stand under."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from newsletter.rendering.tags import HTML_VOID
from newsletter.text import one_line, shorten

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
PLACE_CHARACTERS = 50

_ENDS_ITSELF = frozenset({"li", "p", "td", "tr"})
"""One of these ends the one before it, where nobody has closed that."""
_NOT_SEEN = frozenset({"head", "script", "style", "template", "title"})


@dataclass(slots=True, eq=False)
class Element:
    """A tag and what is in it."""

    tag: str
    attributes: dict[str, str]
    line: int
    parent: Element | None = None
    heading: Element | None = None
    """The last heading before it, itself if it is one."""
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """Itself and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    @property
    def text(self) -> str:
        """What is read out in its place: text, and the descriptions of pictures."""
        if self.tag in _NOT_SEEN:
            return ""
        said = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join((self.attributes.get("alt", "") + "".join(said)).split())

    @property
    def place(self) -> str:
        """``html:12, under “A title”``."""
        return f"html:{self.line}{self.under}"

    @property
    def under(self) -> str:
        """The heading as the end of a place; empty before the first one."""
        if self.heading is None:
            return ""
        return f", under “{shorten(one_line(self.heading.text), PLACE_CHARACTERS)}”"


def read_page(html: str) -> Element:
    """The root of the page, a nameless element; comments, those for Outlook too, are left out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self._open = Element("", {}, 1)
        self._heading: Element | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ENDS_ITSELF and self._open.tag == tag and self._open.parent is not None:
            self._open = self._open.parent
        attributes = {name: value or "" for name, value in reversed(attrs)}
        element = Element(tag, attributes, self.getpos()[0], self._open)
        if tag in HEADINGS:
            self._heading = element
        element.heading = self._heading
        self._open.children.append(element)
        if tag not in HTML_VOID:
            self._open = element

    def handle_endtag(self, tag: str) -> None:
        closed: Element | None = self._open
        while closed is not None and closed.tag != tag:
            closed = closed.parent
        if closed is not None and closed.parent is not None:
            self._open = closed.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)
