"""A message's HTML as it looks on a light or on a dark screen, whatever the screen it is shown on is like."""

from __future__ import annotations

import re
from typing import Literal

Scheme = Literal["light", "dark"]

_CONDITION = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_META = re.compile(r"(<meta\s[^>]*?name=\"(?:supported-)?color-schemes?\"[^>]*?content=\")[^\"]*", re.IGNORECASE)
_PROPERTY = re.compile(r"(?<![\w-])((?:supported-)?color-schemes?\s*:\s*)[a-z ]+", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_TRUE, _FALSE = "(min-width: 0)", "(min-width: 99999px)"
"""Media conditions may stand in the middle of a query, where ``all`` and ``not all`` may not."""


def force_scheme(html: str, scheme: Scheme) -> str:
    """The page with that colour scheme: rules for it always count, those for the other one never do."""
    html = _CONDITION.sub(lambda condition: _TRUE if condition[1].lower() == scheme else _FALSE, html)
    html = _META.sub(rf"\g<1>{scheme}", html)
    return _PROPERTY.sub(rf"\g<1>{scheme}", html)


def for_frame(html: str) -> str:
    """The page for a frame: its links open outside of it."""
    return _HEAD.sub(r'\g<0><base target="_blank">', html, count=1)
