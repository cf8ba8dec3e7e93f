"""What all of arXiv's forms have in common: names joined by commas, words that take a paper back, addresses."""

from __future__ import annotations

import re

from newsletter.sources.identifiers import ArxivId
from newsletter.text import clean, readable

_WITHDRAWN = re.compile(r"\b(?:has been|was|is)\s+withdrawn\b|^\s*withdrawn\b", re.IGNORECASE)
_WITHDRAWN_IN_ABSTRACT = re.compile(r"(?:this|the) \w+ (?:has been|was|is)\s+withdrawn\b|withdrawn\b", re.IGNORECASE)
_BETWEEN = re.compile(r",|\s+(?:and|(?:for|on behalf of)\s+the)\s+|^and\s+")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv)\.?", re.IGNORECASE)
_SPEAKS_FOR = re.compile(r"^(?:for|on behalf of)\s+(?:the\s+)?(?=\S)", re.IGNORECASE)


def split_names(authors: str) -> list[str]:
    """The names in a list that is joined by commas, their TeX accents as Unicode.

    >>> split_names(r"Andr\\'e Weil, Martin Luther King, Jr., A. Gould (Ohio State, CfA)")
    ['André Weil', 'Martin Luther King Jr.', 'A. Gould']
    >>> split_names("A. Gould (1), and Ada Byron (2), for the Good Team ((1) Ohio State, (2) London)")
    ['A. Gould', 'Ada Byron', 'Good Team']
    """
    names: list[str] = []
    for part in (one.strip() for one in _BETWEEN.split(_without_places(clean(authors)))):
        if names and _SUFFIX.fullmatch(part):
            names[-1] += f" {part}"
        elif part:
            names.append(readable(_SPEAKS_FOR.sub("", part)))
    return names


def is_withdrawn(comment: str | None, abstract: str) -> bool:
    """Whether the authors' remark or the abstract takes the paper back; a paper about a withdrawal does not."""
    return bool(_WITHDRAWN.search(comment or "") or _WITHDRAWN_IN_ABSTRACT.match(abstract))


def page_of(paper: ArxivId) -> str:
    """Where a person reads about it."""
    return f"https://arxiv.org/abs/{paper.id}"


def _without_places(authors: str) -> str:
    """The names alone: affiliations stand in parentheses, which may hold others."""
    kept, depth = [], 0
    for part in re.split(r"([()])", authors):
        if part == "(":
            depth += 1
        elif part == ")":
            depth = max(depth - 1, 0)
        elif not depth:
            kept.append(part)
    return "".join(kept)
