"""A text with LaTeX in it, walked over once: its braces, and the macros that are known."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from newsletter.text.symbols import (
    COMBINING,
    DOUBLE_STRUCK,
    FRACTIONS,
    SILENT,
    WRAPPERS,
    accented,
    in_parentheses,
    script,
    symbols,
)

MAX_DEPTH = 10
"""Braces nested deeper than this are left as they stand."""

_PLAIN = re.compile(r"[^\\${^_~`'\-]+")
MACRO = re.compile(r"\\([A-Za-z]+)\*?")
ESCAPED = re.compile(r"\\([%&_#${}])")
_OPTION = re.compile(r"\s*\[([^\[\]{}]*)\]")
_TOKEN = re.compile(r"\s*(\\[A-Za-z]+|[^\s{}\\$^_])")


class Walker:
    """Walks over a text once, from its special characters to the next; ``at`` is where it stands."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.depth = depth
        self.at = 0
        self._closing = _matching_braces(text) if depth < MAX_DEPTH else {}

    def read(self) -> str:
        """All of it, with what was understood in place of what stood there."""
        pieces: list[str] = []
        while self.at < len(self.text):
            if plain := self._take(_PLAIN):
                pieces.append(plain[0])
            else:
                special = self._special()
                pieces.append(self._step() if special is None else special)
        return "".join(pieces)

    def _special(self) -> str | None:
        """The construct that starts here, or ``None`` after which nothing was taken; plain text has none."""
        return None

    def _inner(self, text: str) -> str:
        """A part of this text, read in the same way."""
        return type(self)(text, self.depth + 1).read()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _step(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def _group(self) -> str | None:
        """What is in the braces that open here, or ``None`` where none open or they never close."""
        start = self.at
        while start < len(self.text) and self.text[start].isspace():
            start += 1
        end = self._closing.get(start)
        if end is None:
            return None
        self.at = end + 1
        return self.text[start + 1 : end]

    def _argument(self) -> str | None:
        """A group, or the single token that TeX takes in place of one."""
        group = self._group()
        if group is not None:
            return group
        token = self._take(_TOKEN)
        return token[1] if token else None

    def _macro(self) -> str | None:
        """A known macro with its arguments; nothing is taken where it is not known or its arguments are missing."""
        match = self._take(MACRO)
        if match is None:
            return None
        result = self._known_macro(match[1])
        if result is not None:
            return result
        self.at = match.end()
        return match[0] + self._kept_arguments()

    def _kept_arguments(self) -> str:
        """The groups after an unknown macro belong to it and stay as they are."""
        start = self.at
        while self._group() is not None:
            pass
        return self.text[start : self.at]

    def _known_macro(self, name: str) -> str | None:
        command = self.COMMANDS.get(name)
        return command(self, name) if command else self._symbol(name)

    def _symbol(self, name: str) -> str | None:
        symbol = symbols().get(name)
        if symbol is not None and self.text.startswith("{}", self.at):
            self.at += 2
        return f" {symbol}" if symbol and len(symbol) > 1 and self._follows_a_word() else symbol

    def _follows_a_word(self) -> bool:
        """Whether the macro just taken would grow together with what stands before it."""
        before = self.text[: self.text.rindex("\\", 0, self.at)][-1:]
        return before.isalnum() or before == "}"

    def _nothing(self, _name: str) -> str:
        return ""

    def _content(self, _name: str) -> str | None:
        argument = self._argument()
        return None if argument is None else self._inner(argument)

    def _double_struck(self, name: str) -> str | None:
        content = self._content(name)
        return content and DOUBLE_STRUCK.get(content, content)

    def _accent(self, name: str) -> str | None:
        content = self._content(name)
        return content and accented(name, content)

    def _fraction(self, _name: str) -> str | None:
        above, below = self._argument(), self._argument()
        if above is None or below is None:
            return None
        return f"{in_parentheses(self._inner(above))}/{in_parentheses(self._inner(below))}"

    def _root(self, name: str) -> str | None:
        degree, content = self._take(_OPTION), self._content(name)
        return content and (script("^", degree[1]) if degree else "") + "√" + in_parentheses(content)

    def _raised(self, name: str) -> str | None:
        content = self._content(name)
        return content and script("^", content)

    def _lowered(self, name: str) -> str | None:
        content = self._content(name)
        return content and script("_", content)

    COMMANDS: ClassVar[dict[str, Callable[[Walker, str], str | None]]] = {
        **dict.fromkeys(SILENT, _nothing),
        **dict.fromkeys(WRAPPERS, _content),
        **dict.fromkeys((name for name in COMBINING if len(name) > 1), _accent),
        **dict.fromkeys(FRACTIONS, _fraction),
        "mathbb": _double_struck,
        "sqrt": _root,
        "textsuperscript": _raised,
        "textsubscript": _lowered,
    }
    """Those that take arguments or say nothing; all others stand for a symbol."""


def _matching_braces(text: str) -> dict[int, int]:
    """Where each brace that opens is closed; escaped ones do not count."""
    opened: list[int] = []
    closing: dict[int, int] = {}
    for match in re.finditer(r"\\.|[{}]", text):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            closing[opened.pop()] = match.start()
    return closing
