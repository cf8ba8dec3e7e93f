"""What LaTeX's macros stand for in Unicode: symbols, accents, raised and lowered characters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from pylatexenc.latex2text import get_default_latex_context_db

COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331", "grave": "\u0300", "acute": "\u0301", "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303",
    "widetilde": "\u0303", "bar": "\u0304", "overline": "\u0304", "breve": "\u0306", "dot": "\u0307", "ddot": "\u0308",
    "mathring": "\u030a", "check": "\u030c", "vec": "\u20d7",
}  # fmt: skip
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθφχ′∗*⊤†∘",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᵠᵡ′**ᵀ†°",
        strict=True,
    )
)
_SUBSCRIPTS = dict(zip("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
DOUBLE_STRUCK = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "nicefrac"})
WRAPPERS = frozenset({
    "text", "textbf", "textit", "textrm", "textsc", "textsf", "textsl", "texttt", "textup", "textmd", "textnormal",
    "emph", "mbox", "hbox", "ensuremath", "mathrm", "mathbf", "mathit", "mathsf", "mathtt", "mathcal", "mathfrak",
    "mathscr", "mathnormal", "mathop", "boldsymbol", "bm", "pmb", "operatorname", "underline", "underbrace",
    "overbrace", "overrightarrow",
})  # fmt: skip
"""Macros of which only the argument is read: a mail has no fonts to show the rest in."""
SILENT = frozenset({
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "limits",
    "nolimits", "displaystyle", "textstyle", "scriptstyle", "bf", "it", "rm", "sc", "em", "sf", "tt", "sl",
    "bfseries", "itshape", "rmfamily", "scshape", "protect",
})  # fmt: skip
_MORE_SYMBOLS = {
    "S": "§", "P": "¶", "ne": "≠", "degree": "°", "copyright": "©", "argmax": "arg max", "argmin": "arg min",
    "Pr": "Pr", "arg": "arg", "quad": " ", "qquad": " ", "LaTeX": "LaTeX", "TeX": "TeX", "i": "i",
    "j": "j", "prime": "′", "epsilon": "ε", "ldots": "…", "dots": "…", "cdots": "⋯", "lim": "lim", "mod": "mod",
    "textbraceleft": "{", "textbraceright": "}", "textless": "<", "textgreater": ">", "textbar": "|",
    "textasciicircum": "^",
}  # fmt: skip


def accented(accent: str, content: str) -> str:
    """A single letter with its accent; longer content as it is."""
    return unicodedata.normalize("NFC", content + COMBINING[accent]) if len(content) == 1 else content


def in_parentheses(content: str) -> str:
    """The content, in parentheses where it is more than a word."""
    return content if len(content) == 1 or content.isalnum() else f"({content})"


def script(sign: str, content: str) -> str:
    """Raised or lowered characters where Unicode has them all, else ``^`` or ``_`` and the content."""
    table = _SUPERSCRIPTS if sign == "^" else _SUBSCRIPTS
    tight = content.replace(" ", "")
    if tight and all(character in table for character in tight):
        return "".join(table[character] for character in tight)
    return sign + (content if len(content) < 2 or (content.isascii() and content.isalnum()) else f"({content})")


@lru_cache(maxsize=1)
def symbols() -> dict[str, str]:
    """Macro -> character (``alpha`` -> α) or the same word (``log`` -> log)."""
    database = get_default_latex_context_db()
    found = {
        name: spec.simplify_repl
        for category in database.category_list
        for name, spec in database.d[category]["macros"].items()
        if isinstance(spec.simplify_repl, str) and name.isalpha()
    }
    return {name: text for name, text in found.items() if len(text) == 1 or text == name} | _MORE_SYMBOLS
