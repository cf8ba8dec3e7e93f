"""LaTeX as people read it: Unicode where Unicode has it, and otherwise what the author typed.

Titles are half LaTeX and half prose: "Cost of $5 and $6 items" has dollars, ``C:\\new`` has backslashes. So nothing is
taken for LaTeX that does not look like it, an unknown macro stays as it stands, and no letter or digit is ever lost.
The symbols come from pylatexenc's tables; its own reader drops unknown macros and the spaces after known ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
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

MAX_CHARACTERS = 20_000
"""Longer text is left as it is: no title or abstract is that long."""
MAX_DEPTH = 10
"""Braces nested deeper than this are left as they stand."""

_HINT = re.compile(r"[\\$^_{~`]|--")
_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(r"[^\\${^_~`'\-]+")
_MACRO = re.compile(r"\\([A-Za-z]+)\*?")
_DRIVE = re.compile(r"(?<![A-Za-z\\])[A-Za-z]:\\[^\s$]*")
_DOLLARS = re.compile(r"\$\$([^$]+)\$\$|\$((?=\S)(?:\\.|[^$\\])+(?<=[^\s]))\$(?!\d)")
_MATH_SIGN = re.compile(r"[\\^_{}=<>+*/|]")
_ENGLISH = re.compile(r"\s[A-Za-z]{3,}(?=[\s,.]|$)|^[A-Za-z]{3,}\s")
_ACCENT = re.compile(
    r"\\([`'^\"~=.]|[uvHcdbkr](?=[\s{\\]))\s*(?:\{\s*(\\?[A-Za-z])\s*\}|(\\[ij](?![A-Za-z])|[A-Za-z]))"
)
_PROTECTED = re.compile(r"[A-Z][\w +-]*|[A-Z0-9][\w.+-]*")
_ESCAPED = re.compile(r"\\([%&_#${}])")
_BREAK = re.compile(r"\\[ ,;:]|(?<=\s)\\\\(?=\s)")
_SCRIPT = re.compile(r"([\^_])([+\-−]?\d+|[A-Za-z](?![A-Za-z]))")
_OPTION = re.compile(r"\s*\[([^\[\]{}]*)\]")
_TOKEN = re.compile(r"\s*(\\[A-Za-z]+|[^\s{}\\$^_])")
_DASHES = re.compile(r"(?<=\w)-{2,3}(?=\w)|(?<=\s)-{2,3}(?=\s)")
_TIE = re.compile(r"(?<=[\w.,)}])~(?=[\w\\$({])")


@lru_cache(maxsize=4096)
def readable(text: str) -> str:
    """The text with its LaTeX as Unicode; what cannot be read is left as it stands.

    >>> readable(r"Learning $\\ell_2$ norms in $10^{-3}$ s with Andr\\'e")
    'Learning ℓ₂ norms in 10⁻³ s with André'
    >>> readable(r"Cost of $5 and $6 items in C:\\new")
    'Cost of $5 and $6 items in C:\\\\new'
    """
    if len(text) > MAX_CHARACTERS or not _HINT.search(text):
        return text
    return _SPACE.sub(" ", _Prose(text).read()).strip() or text


class _Reader:
    """Walks over a text once, from its special characters to the next; ``at`` is where it stands."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.depth = depth
        self.at = 0
        self._closing = _matching_braces(text) if depth < MAX_DEPTH else {}

    def read(self) -> str:
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
        match = self._take(_MACRO)
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
        command = self._COMMANDS.get(name)
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

    _COMMANDS: ClassVar[dict[str, Callable[[_Reader, str], str | None]]] = {
        **dict.fromkeys(SILENT, _nothing),
        **dict.fromkeys(WRAPPERS, _content),
        **dict.fromkeys((name for name in COMBINING if len(name) > 1), _accent),
        **dict.fromkeys(FRACTIONS, _fraction),
        "mathbb": _double_struck,
        "sqrt": _root,
        "textsuperscript": _raised,
        "textsubscript": _lowered,
    }


class _Prose(_Reader):
    """Running text with some LaTeX in it: a construct must look like one before it is taken for one."""

    def _special(self) -> str | None:
        sign = self.text[self.at]
        if sign == "$":
            return self._formula()
        if sign == "\\":
            return self._backslash()
        if sign == "{":
            return self._braces()
        if sign in "^_":
            return self._raised_or_lowered()
        return self._typography()

    def _formula(self) -> str | None:
        match = _DOLLARS.match(self.text, self.at)
        content = match and (match[1] or match[2])
        if match is None or content is None or not _looks_like_math(content):
            return None
        self.at = match.end()
        return _Formula(content, self.depth + 1).read()

    def _backslash(self) -> str | None:
        if self.at >= 2 and (path := _DRIVE.match(self.text, self.at - 2)):
            self.at, start = path.end(), self.at
            return self.text[start : self.at]
        for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
            end = self.text.find(closing, self.at + 2) if self.text.startswith(opening, self.at) else -1
            if end > 0:
                content, self.at = self.text[self.at + 2 : end], end + 2
                return _Formula(content, self.depth + 1).read()
        if accent := _ACCENT.match(self.text, self.at):
            letter = accented(accent[1], (accent[2] or accent[3]).removeprefix("\\"))
            if len(letter) == 1:
                self.at = accent.end()
                return letter
        if escaped := self._take(_ESCAPED):
            return escaped[1]
        return " " if self._take(_BREAK) else self._macro()

    def _symbol(self, name: str) -> str | None:
        symbol = super()._symbol(name)
        if symbol and symbol.isalpha() and symbol != name and unicodedata.name(symbol).startswith("LATIN"):
            while self.at < len(self.text) and self.text[self.at] == " ":
                self.at += 1  # \ss is a letter within a word: TeX swallows the blank after it
        return symbol

    def _argument(self) -> str | None:
        return self._group()

    def _braces(self) -> str | None:
        """``{BERT}`` and ``{\\"u}`` are BibTeX's, ``{beta}`` is bioRxiv's; other braces belong to the text."""
        content = self._group()
        if content is None:
            return None
        greek = symbols().get(content, "")
        if "Α" <= greek <= "ω":
            return greek
        inner = self._inner(content)
        if _PROTECTED.fullmatch(content) or (content.startswith("\\") and not inner.startswith("\\")):
            return inner.strip()
        return "{" + inner + "}"

    def _raised_or_lowered(self) -> str | None:
        sign, word = self.text[self.at], _word_before(self.text, self.at)
        start, self.at = self.at, self.at + 1
        if not word or (sign == "_" and len(word) > 2):
            group = None
        else:
            group = self._group() if self.text.startswith("{", self.at) else self._raised_macro(sign)
        if group is not None:
            return script(sign, _Formula(group, self.depth + 1).read())
        self.at = start
        return self._bare_script(word)

    def _raised_macro(self, sign: str) -> str | None:
        macro = _MACRO.match(self.text, self.at) if sign == "^" else None
        if macro is None or macro[1] not in symbols():
            return None
        self.at = macro.end()
        return macro[0]

    def _bare_script(self, word: str) -> str | None:
        match = _SCRIPT.match(self.text, self.at)
        if match is None or not word:
            return None
        sign, content = match.groups()
        after = self.text[match.end() : match.end() + 1]
        if sign == "_" and (not content.isdigit() or len(word) > 2 or after.islower() or after in {"_", "."}):
            return None
        if sign == "^" and (after.isalpha() or after == "^"):
            return None
        self.at = match.end()
        return script(sign, content)

    def _typography(self) -> str | None:
        if dashes := self._take(_DASHES):
            return "–" if len(dashes[0]) == 2 else "—"
        if self._take(_TIE):
            return " "
        for typed, meant in (("``", "“"), ("''", "”")):
            if self.text.startswith(typed, self.at) and "``" in self.text:
                self.at += 2
                return meant
        return None


class _Formula(_Reader):
    """The inside of a formula, where TeX's own rules hold."""

    def _special(self) -> str | None:
        sign = self.text[self.at]
        if sign == "\\":
            return self._backslash()
        if sign == "{":
            group = self._group()
            return None if group is None else self._inner(group)
        if sign in "^_":
            return self._scripted(sign)
        if sign in "~'":
            self.at += 1
            return " " if sign == "~" else "′"
        return None

    def _backslash(self) -> str | None:
        if escaped := self._take(_ESCAPED):
            return escaped[1]
        following = self.text[self.at + 1 : self.at + 2]
        if following and following in " ,;:!|\\":
            self.at += 2
            return {"!": "", "|": "‖"}.get(following, " ")
        return self._macro()

    def _symbol(self, name: str) -> str | None:
        start = self.at - len(name) - 1
        symbol = super()._symbol(name)
        if symbol is None or len(symbol) < 2:
            return symbol
        before = self.text[start - 1 : start]
        after = self.text[self.at : self.at + 1]
        return (" " if before.isalnum() else "") + symbol + (" " if after.isalnum() or after == "\\" else "")

    def _scripted(self, sign: str) -> str | None:
        start = self.at
        self.at += 1
        argument = self._script_argument()
        if argument is None:
            self.at = start
            return None
        return script(sign, self._inner(argument))

    def _script_argument(self) -> str | None:
        """``^\\mathbb{R}`` takes the macro together with its argument, as authors mean it."""
        start = self.at
        token = self._argument()
        if token and token.startswith("\\") and token[1:] in WRAPPERS | {"mathbb"}:
            self._group()
            return self.text[start : self.at]
        return token


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


def _looks_like_math(content: str) -> bool:
    return bool(_MATH_SIGN.search(content)) or not _ENGLISH.search(content)


def _word_before(text: str, at: int) -> str:
    """The letters and digits that end there; a closing parenthesis counts as one."""
    start = at
    while start > 0 and at - start < 3 and text[start - 1].isalnum():
        start -= 1
    if start > 0 and text[start - 1] in "_^\\":
        return ""
    return text[start:at] or (")" if text[at - 1 : at] == ")" else "")
