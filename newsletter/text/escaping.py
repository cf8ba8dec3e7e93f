"""Text as LaTeX source: what ``readable`` undoes."""

from __future__ import annotations

import re

from newsletter.text.latex import DOLLARS, looks_like_math, readable
from newsletter.text.macros import Walker
from newsletter.text.symbols import symbols

_ESCAPES = {
    **{character: f"\\{character}" for character in "&%#_${}"},
    "\\": r"{\textbackslash}",
    "@": "{@}",  # at the beginning of an entry alone, to readers of files that look no closer
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_LONE_BRACES = {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
"""BibTeX counts braces, escaped ones too: one without its other would swallow the rest of a file."""
_LIGATURE = re.compile(r"(?<=-)(?=-)|(?<=')(?=')")
"""Where TeX would make a dash or a quotation mark of two characters."""
_SAFE_FORMULA = re.compile(r"(?:\\[A-Za-z]+|\\[{}_,;:! ]|[^\\%#&@~\"])*")
_MACRO = re.compile(r"\\([A-Za-z]+)")


def as_latex(text: str) -> str:
    """The text as LaTeX sets it: formulas as their authors wrote them, all else as people read it, and escaped.

    No macro but those that only set type is let through, so that a title can do nothing in the papers that cite it.

    >>> print(as_latex(r"Learning $\\ell_2$ norms at 5% cost in C#, with Andr\\'e"))
    Learning $\\ell_2$ norms at 5\\% cost in C\\#, with André
    """
    pieces, end = [], 0
    for found in DOLLARS.finditer(text):
        if _may_stay(found[1] or found[2]):
            pieces += [_prose(text[end : found.start()]), found[0]]
            end = found.end()
    return "".join([*pieces, _prose(text[end:])])


def escaped(text: str) -> str:
    """Plain text with all that means something to LaTeX or to BibTeX escaped.

    >>> print(escaped("a_b & {c} costs }"))
    a\\_b \\& \\textbraceleft{}c\\textbraceright{} costs \\textbraceright{}
    """
    table = _ESCAPES if _is_balanced(text) else _ESCAPES | _LONE_BRACES
    return "".join(table.get(character, character) for character in _LIGATURE.sub("\0", text)).replace("\0", "{}")


def _prose(text: str) -> str:
    """What stands between formulas, with the blanks around it."""
    core = text.strip()
    if not core:
        return text
    before, _, after = text.partition(core)
    return before + escaped(readable(core)) + after


def _may_stay(formula: str) -> bool:
    return (
        looks_like_math(formula)
        and _is_balanced(formula)
        and _SAFE_FORMULA.fullmatch(formula) is not None
        and all(name in Walker.COMMANDS or name in symbols() for name in _MACRO.findall(formula))
    )


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0
