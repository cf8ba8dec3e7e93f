"""arXiv's query API, by ids and by titles, at arXiv's pace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from newsletter.model import Entry
from newsletter.sources.arxiv import SECONDS_BETWEEN_REQUESTS
from newsletter.sources.isolated import CHILDREN, Children
from newsletter.sources.limiter import Limiter
from newsletter.sources.trouble import Refused
from newsletter.text import fold

if TYPE_CHECKING:
    from newsletter.sources.http import Http

_READER = "newsletter.sources.arxiv_xml:read_arxiv"
ANSWERS_A_TITLE = 5


class ArxivPapers:
    """One query at a time, all our processes together."""

    def __init__(self, url: str, *, limiter: Limiter | None = None, children: Children = CHILDREN) -> None:
        """``url``: where the query API is."""
        self._url, self._children = url, children
        self._limiter = limiter or Limiter("arxiv", SECONDS_BETWEEN_REQUESTS)

    def query(self, http: Http, **query: str | int) -> Sequence[Entry]:
        """The papers in the answer; raises SourceError."""
        with self._limiter:
            answer = http.get(f"{self._url}?{urlencode(query, safe=',/')}")
        return self._children.read(_READER, answer.body, where=self._url).entries


class ArxivIds:
    """By arXiv ids, a hundred at a time."""

    name, size, most = "arXiv", 100, 300

    def __init__(self, papers: ArxivPapers) -> None:
        self._papers = papers

    def takes(self, named: Entry, found: Entry | None) -> bool:
        """Whatever has an arXiv id."""
        return named.arxiv_id is not None and found is None

    def ask(self, named: Sequence[Entry], /, *, http: Http) -> Sequence[Entry]:
        """Full records; without those of ids that arXiv names as impossible when it refuses the whole list for one."""
        ids = [entry.arxiv_id for entry in named if entry.arxiv_id]
        while ids:
            try:
                return self._papers.query(http, id_list=",".join(ids), max_results=len(ids))
            except Refused as error:
                possible = [one for one in ids if one.encode() not in error.body]
                if error.status != 400 or len(possible) == len(ids):
                    raise
                ids = possible
        return ()


class ArxivTitles:
    """By titles, a few in one query."""

    name, size, most = "arXiv (titles)", 5, 15

    def __init__(self, papers: ArxivPapers) -> None:
        self._papers = papers

    def takes(self, named: Entry, found: Entry | None) -> bool:
        """Whatever has a title."""
        return bool(_words(named)) and found is None

    def ask(self, named: Sequence[Entry], /, *, http: Http) -> Sequence[Entry]:
        """What has the words of one of these titles in its own, in their order."""
        phrases = " OR ".join(f'ti:"{_words(entry)}"' for entry in named)
        return self._papers.query(http, search_query=phrases, max_results=ANSWERS_A_TITLE * len(named))


def _words(entry: Entry) -> str:
    return fold(entry.title)
