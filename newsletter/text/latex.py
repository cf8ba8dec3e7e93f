"""LaTeX as people read it: Unicode where Unicode has it, and otherwise what the author typed.

Titles are half LaTeX and half prose: "Cost of $5 and $6 items" has dollars, ``C:\\new`` has backslashes. So nothing is
taken for LaTeX that does not look like it, an unknown macro stays as it stands, and no letter or digit is ever lost.
The symbols come from pylatexenc's tables; its own reader drops unknown macros and the spaces after known ones.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from newsletter.text.formulas import Formula
from newsletter.text.macros import ESCAPED, MACRO, Walker
from newsletter.text.symbols import accented, script, symbols

MAX_CHARACTERS = 20_000
"""Longer text is left as it is: no title or abstract is that long."""

_HINT = re.compile(r"[\\$^_{~`]|--")
_SPACE = re.compile(r"\s+")
_DRIVE = re.compile(r"(?<![A-Za-z\\])[A-Za-z]:\\[^\s$]*")
DOLLARS = re.compile(r"\$\$([^$]+)\$\$|\$((?=\S)(?:\\.|[^$\\])+(?<=[^\s]))\$(?!\d)")
_MATH_SIGN = re.compile(r"[\\^_{}=<>+*/|]")
_ENGLISH = re.compile(r"\s[A-Za-z]{3,}(?=[\s,.]|$)|^[A-Za-z]{3,}\s")
_ACCENT = re.compile(
    r"\\([`'^\"~=.]|[uvHcdbkr](?=[\s{\\]))\s*(?:\{\s*(\\?[A-Za-z])\s*\}|(\\[ij](?![A-Za-z])|[A-Za-z]))"
)
_PROTECTED = re.compile(r"[A-Z][\w +-]*|[A-Z0-9][\w.+-]*")
_BREAK = re.compile(r"\\[ ,;:]|(?<=\s)\\\\(?=\s)")
_SCRIPT = re.compile(r"([\^_])([+\-−]?\d+|[A-Za-z](?![A-Za-z]))")
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


class _Prose(Walker):
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
        match = DOLLARS.match(self.text, self.at)
        content = match and (match[1] or match[2])
        if match is None or content is None or not looks_like_math(content):
            return None
        self.at = match.end()
        return Formula(content, self.depth + 1).read()

    def _backslash(self) -> str | None:
        if self.at >= 2 and (path := _DRIVE.match(self.text, self.at - 2)):
            self.at, start = path.end(), self.at
            return self.text[start : self.at]
        for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
            end = self.text.find(closing, self.at + 2) if self.text.startswith(opening, self.at) else -1
            if end > 0:
                content, self.at = self.text[self.at + 2 : end], end + 2
                return Formula(content, self.depth + 1).read()
        if accent := _ACCENT.match(self.text, self.at):
            letter = accented(accent[1], (accent[2] or accent[3]).removeprefix("\\"))
            if len(letter) == 1:
                self.at = accent.end()
                return letter
        if escaped := self._take(ESCAPED):
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
            return script(sign, Formula(group, self.depth + 1).read())
        self.at = start
        return self._bare_script(word)

    def _raised_macro(self, sign: str) -> str | None:
        macro = MACRO.match(self.text, self.at) if sign == "^" else None
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


def looks_like_math(content: str) -> bool:
    """Whether what stands between two dollar signs is a formula, and no prose about money."""
    return bool(_MATH_SIGN.search(content)) or not _ENGLISH.search(content)


def _word_before(text: str, at: int) -> str:
    """The letters and digits that end there; a closing parenthesis counts as one."""
    start = at
    while start > 0 and at - start < 3 and text[start - 1].isalnum():
        start -= 1
    if start > 0 and text[start - 1] in "_^\\":
        return ""
    return text[start:at] or (")" if text[at - 1 : at] == ")" else "")
