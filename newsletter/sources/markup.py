"""A feed's small HTML, reduced to the text that a person reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from urllib.parse import urlsplit

from newsletter.text import clean, one_line

_UNSEEN = {"script", "style", "template", "noscript", "iframe", "object", "svg", "head", "annotation", "annotation-xml"}
_INLINE = {
    *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark"),
    *("mi", "mn", "mo", "mrow", "msub", "msup", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "tt", "u"),
    *("var", "wbr"),
}
_SHORT_TAGS = {
    *("a", "b", "br", "dd", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "mi", "mn", "mo"),
    *("ol", "p", "q", "rp", "rt", "s", "td", "th", "tr", "tt", "u", "ul"),
}
_TAG = re.compile(r"<[a-zA-Z/!]|&[#\w]+;")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
"""One that never ends hides the rest, as in a browser; the parser takes a quadratic time over many of them."""
_NEVER_CLOSED = re.compile(r"<(?![^<>]*+>)")
MAX_NEVER_CLOSED = 100
"""Tags; with more of them nobody meant markup, and the parser takes a quadratic time here too."""
_FORMULA = re.compile(r"\b(?:la)?tex\b|\bmath|mathtex|codecogs", re.IGNORECASE)
"""In the class or the address of a picture."""
_TITLE_TAG = re.compile(r"</?(?:i|em|b|strong|sub|sup|u|tt|code|span|small|font|br)\b[^<>]*>", re.IGNORECASE)


def text_of(markup: str) -> str:
    """The text of a piece of HTML on one line, without scripts and styles.

    Formulas that are pictures are told by their words, and so is a picture where there is nothing else.

    >>> text_of("<p>One &lt; two</p><p>H<sub>2</sub>O</p><script>three()</script>")
    'One < two H2O'
    >>> text_of('<p>Of <img class="latex" alt="x^2">, <img alt="a cat"></p>'), text_of('<img alt="a cat">')
    ('Of x^2,', 'a cat')
    """
    if not _TAG.search(markup):
        return clean(markup)
    markup = _COMMENT.sub("", markup)
    if len(_NEVER_CLOSED.findall(markup)) > MAX_NEVER_CLOSED:
        markup = _NEVER_CLOSED.sub("&lt;", markup)
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return one_line("".join(reader.kept)) or one_line(" ".join(reader.pictured))


def title_of(title: str) -> str:
    """The text of a title that says it is plain, and holds a little markup all the same.

    >>> title_of("<i>In vivo</i> imaging of x<y &amp; z")
    'In vivo imaging of x<y & z'
    """
    return clean(_TITLE_TAG.sub("", title))


def web_address(url: object) -> str | None:
    """The address if a browser may safely be sent there: http or https, with a host."""
    if not isinstance(url, str):
        return None
    url = url.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    unsafe = re.search(r"[\x00-\x20\x7f\"<>\\]", url)
    return url if parts.scheme in ("http", "https") and parts.hostname and not unsafe else None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self.pictured: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len(tag) <= 2 and tag not in _SHORT_TAGS:  # "x<y", and no tag at all
            self.handle_data("<" + (self.get_starttag_text() or "<")[1:].partition("<")[0])
            return
        if tag in _UNSEEN:
            self._unseen += 1
        self._part(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._part(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and self._unseen:
            self._unseen -= 1
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.kept.append(data)

    def _part(self, tag: str, attrs: Sequence[tuple[str, str | None]] = ()) -> None:
        if tag == "img" and not self._unseen:
            said = dict(attrs)
            is_formula = _FORMULA.search(f"{said.get('class')} {said.get('src')}")
            (self.kept if is_formula else self.pictured).append(said.get("alt") or "")
        elif tag not in _INLINE:
            self.kept.append(" ")
