"""A paper or post, and what a crowd thinks of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a crowd thinks of an entry, as last seen; ``None`` where no source says."""

    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    """Stars of the code repository."""
    citations: int | None = None
    upvotes_gained: int | None = None
    """Upvotes since about a day before; ``None`` until there are two readings."""
    comments_gained: int | None = None
    stars_gained: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One paper or post. Ranking needs a title; everything else has a default.

    >>> Entry(title="A study of cats", link="https://example.org/cats").id == Entry(
    ...     title="Another title", link="https://example.org/cats").id
    True
    """

    title: str
    """Plain text as the source wrote it (LaTeX included), entities decoded, no control characters, never HTML."""
    link: str | None = None
    """Where a person reads about it: http(s), or ``None`` where the source lists no address."""
    id: str = ""
    """Stable across fetches; made from the strongest identifier when left out."""
    guid: str | None = None
    """What the first of its sources calls it: Atom's ``id``, RSS's ``guid``."""
    summary: str = ""
    """Plain text, or the small HTML of a feed reduced to text."""
    authors: tuple[str, ...] = ()
    author_count: int | None = None
    """How many authors there are where a source counts them without naming them."""
    organization: str | None = None
    arxiv_id: str | None = None
    """Without version: ``2405.12345`` or ``hep-th/9901001``."""
    arxiv_version: int | None = None
    doi: str | None = None
    """Lower case, without ``https://doi.org/``."""
    journal_doi: str | None = None
    """Of the article that a preprint with a DOI of its own has become."""
    openreview_id: str | None = None
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    listed_at: datetime | None = None
    """The day a listing put it up (midnight UTC), which is not the day it was written."""
    first_seen_at: datetime | None = None
    """When it became new to us; ``None`` for backlog that was only ever seen on a source's first fetch."""
    pdf_link: str | None = None
    code_link: str | None = None
    discussion_link: str | None = None
    project_link: str | None = None
    thumbnail: str | None = None
    comment: str | None = None
    """The authors' own remark, such as "12 pages, accepted at NeurIPS"."""
    venue: str | None = None
    withdrawn: bool = False
    announce_type: str | None = None
    """arXiv's word for why it is listed: new, cross, replace, replace-cross."""
    signals: Signals = Signals()
    sources: tuple[str, ...] = ()
    """Names of all sources that listed it, first one first."""

    def __post_init__(self) -> None:
        if not self.id:
            strongest = self.arxiv_id or self.doi or self.link or self.title.casefold()
            object.__setattr__(self, "id", entry_id(strongest))

    @property
    def counted_authors(self) -> int:
        """How many authors it has, named or only counted."""
        return max(self.author_count or 0, len(self.authors))


def entry_id(key: str) -> str:
    """The id of the entry that is known by ``key``: sixteen hexadecimal digits."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
