"""What would go wrong with a rendered message in the wild: size, links, pictures, line lengths."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from newsletter.model import Message
from newsletter.rendering.renderer import MAX_HTML_BYTES

MAX_LINE_BYTES = 998
ALLOWED_SCHEMES = ("https://", "http://", "mailto:")


def find_problems(message: Message) -> list[str]:
    """Every problem in one line with its place; empty for a message that is fit to send."""
    page = _Page()
    page.feed(message.html)
    return [*_sizes(message), *page.problems]


def _sizes(message: Message) -> Iterator[str]:
    size = len(message.html.encode("utf-8", "replace"))
    if size > MAX_HTML_BYTES:
        yield f"html: {size} bytes; Gmail hides what comes after about 102,000, and {MAX_HTML_BYTES} is our limit"
    for number, line in enumerate(message.raw.split(b"\r\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            yield f"raw line {number}: {len(line)} bytes; mail servers take {MAX_LINE_BYTES}"


class _Page(HTMLParser):
    """Reads links and pictures, and notes what is wrong with them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Looks at links and pictures."""
        line, column = self.getpos()
        attributes = dict(attrs)
        if tag == "img" and attributes.get("alt") is None:
            self.problems.append(f"html:{line}:{column + 1}: a picture without alt text")
        if tag == "a" and not (attributes.get("href") or "").startswith(ALLOWED_SCHEMES):
            self.problems.append(f"html:{line}:{column + 1}: a link to {attributes.get('href') or 'nowhere'}")
