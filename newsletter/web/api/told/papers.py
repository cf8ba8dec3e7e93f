"""Papers, in their places with the reasons: digests, what is trending, editions."""

from __future__ import annotations

from datetime import datetime

from newsletter import model
from newsletter.pipeline.archiving import PublicDigest
from newsletter.pipeline.tuning import TriedOut
from newsletter.rendering.weblinks import web_link
from newsletter.storage.editions import EditionHeader
from newsletter.web.api.asked import Day
from newsletter.web.api.told.parts import Told


class Signals(Told):
    """What a crowd thinks of a paper, where any source says."""

    upvotes: int | None
    comments: int | None
    stars: int | None
    citations: int | None


class Paper(Told):
    """A paper or post."""

    id: str
    title: str
    link: str | None
    summary: str
    authors: list[str]
    organization: str | None
    arxiv_id: str | None
    doi: str | None
    categories: list[str]
    published: datetime | None
    first_seen_at: datetime | None
    sources: list[str]
    signals: Signals

    @classmethod
    def of(cls, entry: model.Entry) -> Paper:
        """The paper, written down; a link only where it leads to the web."""
        return cls.model_validate(entry).model_copy(update={"link": web_link(entry.link)})


class Reason(Told):
    """One part of a score, in words."""

    kind: str
    label: str
    contribution: float


class Ranked(Told):
    """A paper with its place."""

    rank: int
    score: float
    """The sum of its reasons' contributions."""
    match: float
    """How likely it is the reader's, between 0 and 1."""
    explore: bool
    """From outside the profile, on purpose."""
    paper: Paper
    reasons: list[Reason]

    @classmethod
    def of(cls, item: model.Ranked) -> Ranked:
        """The paper in its place, written down."""
        return cls(
            rank=item.rank,
            score=item.score,
            match=item.match,
            explore=item.explore,
            paper=Paper.of(item.entry),
            reasons=[Reason.model_validate(reason) for reason in item.reasons],
        )


class Digest(Told):
    """A selection out of the papers of today, best first."""

    edition: str
    date: Day
    candidates: int
    """Out of how many."""
    items: list[Ranked]
    unknown: list[str]
    """Papers that the profile names and the store does not know."""

    @classmethod
    def of(cls, tried: TriedOut) -> Digest:
        """The digest, written down."""
        return cls(
            edition=tried.edition,
            date=tried.local_date,
            candidates=tried.candidates,
            items=[Ranked.of(card.item) for card in tried.cards],
            unknown=list(tried.unknown),
        )


class Edition(Told):
    """What is known of an edition without its papers."""

    id: str
    made_at: datetime
    reach_from: datetime
    entries: int
    paused: bool
    """Its mail is held back."""

    @classmethod
    def of(cls, header: EditionHeader) -> Edition:
        """The edition, written down."""
        return cls.model_validate(header)


class Editions(Told):
    """The latest editions, latest first."""

    editions: list[Edition]


class Trending(Told):
    """What was trending in an edition, for nobody in particular."""

    edition: str
    made_at: datetime
    candidates: int
    items: list[Ranked]

    @classmethod
    def of(cls, digest: PublicDigest) -> Trending:
        """The digest, written down."""
        return cls(
            edition=digest.edition,
            made_at=digest.made_at,
            candidates=digest.candidates,
            items=[Ranked.of(item) for item in digest.items],
        )
