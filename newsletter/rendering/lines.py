"""Paragraphs of plain text, broken into lines."""

from __future__ import annotations

COLUMNS = 72

_SPACES = str.maketrans("\t\n\x0b\x0c\r", "     ")


def wrapped(text: str, indent: int = 0, *, hanging: int = 0) -> str:
    """Lines of at most 72 characters, all but the first ``hanging`` further in; a longer word keeps its line whole.

    >>> print(wrapped("1. " + "word " * 20, hanging=3))
    1. word word word word word word word word word word word word word
       word word word word word word word
    """
    words = [word for word in str(text).translate(_SPACES).split(" ") if word]
    if not words:
        return ""
    further = " " * (indent + hanging)
    lines = []
    line = " " * indent + words[0]
    width = len(line)
    for word in words[1:]:
        width += 1 + len(word)
        if width > COLUMNS:
            lines.append(line)
            line = further + word
            width = len(line)
        else:
            line += " " + word
    return "\n".join([*lines, line])
