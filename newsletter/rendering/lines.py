"""Paragraphs of plain text, broken into lines."""

from __future__ import annotations

import re

COLUMNS = 72

_SPACES = re.compile(r"[ \t\n\x0b\x0c\r]+")
_UNEVEN = re.compile(r"[\t\n\x0b\x0c\r]|  |^ | $")


def wrapped(text: str, indent: int = 0, *, hanging: int = 0) -> str:
    """Lines of at most 72 characters, all but the first ``hanging`` further in; a longer word keeps its line whole.

    >>> print(wrapped("1. " + "word " * 20, hanging=3))
    1. word word word word word word word word word word word word word word
       word word word word word word
    >>> wrapped("too far in", 99).split()
    ['too', 'far', 'in']
    """
    text = str(text)
    if _UNEVEN.search(text):
        text = _SPACES.sub(" ", text).strip(" ")
    if not text:
        return ""
    lines: list[str] = []
    margin, further = " " * indent, " " * (indent + hanging)
    at, end = 0, len(text)
    while end - at > (room := max(1, COLUMNS - len(margin))):
        space = text.rfind(" ", at, at + room + 1)
        if space < 0:
            space = text.find(" ", at + room + 1)
        if space < 0:
            break
        lines.append(margin + text[at:space])
        at, margin = space + 1, further
    lines.append(margin + text[at:])
    return "\n".join(lines)
