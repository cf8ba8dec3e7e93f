"""Text as people read it: entities, control characters, LaTeX, whitespace, and where to cut."""

from __future__ import annotations

import html
import re
import unicodedata

from newsletter.text.latex import readable

__all__ = ["clean", "fold", "lead", "one_line", "readable", "shorten", "slug", "thin"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
"""Nothing to see: control characters, marks that turn the direction of what follows, halves of characters."""
_SPACE = re.compile(r"\s+")
MOST_MARKS = 30
"""On one letter, as Unicode's stream-safe text has it: to put a pile of them in order takes its length squared."""
_MAY_BE_PILE = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS + 1},}}")
"""No mark that combines is a letter, a digit or a space."""
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
SLUG_CHARACTERS = 60
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"'”’)\]]*(?=\s|$)|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|Fig|Eq|Sec|No|Dr|Prof|resp|approx|a\.k\.a|w\.r\.t)\.|\b[A-Z]\.)$"
)


def thin(text: str) -> str:
    """The text with at most so many marks on a letter as any writing has, which is what may be normalised.

    >>> len(thin("a" + 1000 * "\u0301")), thin("e\u0301 ☀" + 40 * "☂") == "e\u0301 ☀" + 40 * "☂"
    (31, True)
    """
    return text if text.isascii() else _MAY_BE_PILE.sub(_thin_pile, text)


def _thin_pile(found: re.Match[str]) -> str:
    kept, height = [], 0
    for character in found[0]:
        height = height + 1 if unicodedata.combining(character) else 0
        if height <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def clean(text: str) -> str:
    """One line of plain text: entities decoded once, control characters out, white space folded.

    >>> clean("p &lt; 0.05 &amp;\\n x<y\\x08")
    'p < 0.05 & x<y'
    """
    return _SPACE.sub(" ", thin(_CONTROL.sub("", html.unescape(text)))).strip()


def fold(text: str) -> str:
    """A form for comparing: NFKC, readable LaTeX, case folded, accents and punctuation gone.

    >>> fold("  The {BERT}-like \\n Model: É? ")
    'the bert like model e'
    """
    plain = unicodedata.normalize("NFKD", thin(readable(text))).casefold()
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
    ends = _sentence_ends(text, limit)
    if ends and ends[-1] >= limit // 3:
        return text[: ends[-1]]
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:–-") + "…"


def lead(text: str, limit: int, *, sentences: int = 3) -> str:
    """The first sentences of a text, in at most ``limit`` characters.

    >>> lead("One. Two, e.g. a cat. Three.", 80, sentences=2)
    'One. Two, e.g. a cat.'
    """
    ends = _sentence_ends(text, limit)
    return text[: ends[sentences - 1]] if len(ends) >= sentences else shorten(text, limit)


def one_line(text: str) -> str:
    """The text without anything that could end a header line."""
    if text.isprintable() and "  " not in text:  # most are
        return text.strip(" ")
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


def slug(text: str) -> str:
    """A name for a file: small letters, digits and hyphens; never empty.

    >>> slug("Ada.Łukasz@Example.org"), slug("../..")
    ('ada-ukasz-example-org', 'unnamed')
    """
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return _NOT_IN_SLUG.sub("-", ascii_only).strip("-")[:SLUG_CHARACTERS].strip("-") or "unnamed"


def _sentence_ends(text: str, limit: int) -> list[int]:
    """Where sentences end within the first ``limit`` characters; "e.g." and initials end none."""
    ends = (match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1))
    return [end for end in ends if end <= limit and not _ABBREVIATION.search(text, max(0, end - 12), end)]
