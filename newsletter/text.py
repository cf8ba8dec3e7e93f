"""Text as people read it: entities, control characters, LaTeX, whitespace, and where to cut."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from pylatexenc.latex2text import LatexNodes2Text

MAX_LATEX_CHARACTERS = 20_000
"""Longer text is left as it is: the LaTeX reader is slow, and no title or abstract is that long."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_LATEX = re.compile(r"[\\${}]|\^|_\{|``|''")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"'”’)\]]*(?=\s|$)|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|Fig|Eq|Sec|No|Dr|Prof|resp|approx|a\.k\.a|w\.r\.t)\.|\b[A-Z]\.)$"
)


def clean(text: str) -> str:
    """One line of plain text: entities decoded once, control characters out, white space folded.

    >>> clean("p &lt; 0.05 &amp;\\n x<y\\x08")
    'p < 0.05 & x<y'
    """
    return _SPACE.sub(" ", _CONTROL.sub("", html.unescape(text))).strip()


@lru_cache(maxsize=4096)
def readable(text: str) -> str:
    """The text with its LaTeX as Unicode; what cannot be read is left as it stands.

    >>> readable(r"Learning $\\ell_2$ norms with Andr\\'e")
    'Learning ℓ_2 norms with André'
    """
    if len(text) > MAX_LATEX_CHARACTERS or not _LATEX.search(text):
        return text
    try:
        converted = _latex_reader().latex_to_text(_protect_percent(text))
    except Exception:  # noqa: BLE001 the reader raises whatever it meets; the source's own text is still readable
        return text
    return _SPACE.sub(" ", _CONTROL.sub("", converted)).strip() or text


def fold(text: str) -> str:
    """A form for comparing: NFKC, readable LaTeX, case folded, accents and punctuation gone.

    >>> fold("  The {BERT}-like \\n Model: É? ")
    'the bert like model e'
    """
    plain = unicodedata.normalize("NFKD", readable(text)).casefold()
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", kept)).strip()


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut at the end of a sentence, else of a word with an ellipsis.

    >>> shorten("One sentence. Another one that is long.", 20)
    'One sentence.'
    >>> shorten("no sentence ends in here", 12)
    'no sentence…'
    """
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1)]
    whole = [end for end in ends if end <= limit and not _ABBREVIATION.search(text[:end])]
    if whole and whole[-1] >= limit // 3:
        return text[: whole[-1]]
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:–-") + "…"


def one_line(text: str) -> str:
    """The text without anything that could end a header line."""
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


@lru_cache(maxsize=1)
def _latex_reader() -> LatexNodes2Text:
    return LatexNodes2Text(math_mode="text", keep_comments=True, strict_latex_spaces=False)


def _protect_percent(text: str) -> str:
    """In a title a percent sign is a percent sign, not a comment to the end of the line."""
    return re.sub(r"(?<!\\)%", r"\\%", text)
