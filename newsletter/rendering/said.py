"""Words that are said again and again: most of a page is the same for every reader."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from jinja2.runtime import Macro
from markupsafe import Markup

SAID_KEPT = 256
"""Of each macro: what it said of other values."""
_PLAIN = frozenset({str, Markup, int, float, bool, type(None), date})
"""Two values of these types that are equal are said alike, if their types are the same."""


class Said:
    """A macro of ``words.j2``, which keeps what it said of plain values."""

    def __init__(self, macro: Macro) -> None:
        self.arguments: tuple[str, ...] = tuple(macro.arguments)
        """The names of its parameters."""
        self._macro = macro
        self._kept = lru_cache(SAID_KEPT, typed=True)(macro)

    def __call__(self, *values: Any, **named: Any) -> str:
        """What the macro says."""
        is_plain = _PLAIN.issuperset(map(type, values)) and _PLAIN.issuperset(map(type, named.values()))
        said: str = (self._kept if is_plain else self._macro)(*values, **named)
        return said


def keep_said(words: Any) -> Any:
    """The same module of ``words.j2``, each of whose macros keeps what it said."""
    vars(words).update({name: Said(macro) for name, macro in vars(words).items() if isinstance(macro, Macro)})
    return words
