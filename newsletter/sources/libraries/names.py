"""A plain list of papers: an arXiv id, a DOI or a link on each line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.sources.libraries.records import Record, find_arxiv_id, paper
from newsletter.sources.markup import web_address

_FIRST = re.compile(r"(?:arxiv|doi)\s*:\s*\S+|\S+", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?10\.\d{4,9}/\S+", re.IGNORECASE)


def read_names(text: str) -> Iterator[Record]:
    """The paper of each line, by the first word on it; empty lines and those that begin with ``#`` are none."""
    for number, line in enumerate(text.split("\n"), start=1):
        word = _FIRST.match(line.strip().strip(",;\"'<>-*• "))
        if word and not word[0].startswith("#"):
            yield _named(number, word[0].rstrip(",;\"'>"))


def _named(line: int, word: str) -> Record:
    if find_arxiv_id(word):
        return paper(line, arxiv_in=[word])
    if _DOI.fullmatch(word) or web_address(word):
        record = paper(line, doi_in=[word], links=[word])
        if record.entry is not None:
            return record
    return Record(str(line), None, "is neither an arXiv id nor a DOI")
