"""What the API answers with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from newsletter import model
from newsletter.pipeline.archiving import PublicDigest
from newsletter.pipeline.tuning import TriedOut
from newsletter.ranking import learning
from newsletter.rendering.weblinks import web_link
from newsletter.storage.editions import EditionHeader
from newsletter.web.api.asked import Day, Weekday

_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Told(BaseModel):
    """A part of an answer; all of its fields are always there."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


class Interest(Told):
    """A word or phrase."""

    text: str
    weight: float


class Profile(Told):
    """What a reader cares about."""

    interests: list[Interest]
    authors: list[str]
    organizations: list[str]
    categories: list[str]
    liked: list[str]
    disliked: list[str]
    muted: list[str]
    muted_authors: list[str]
    trending: float | None
    max_papers: int
    min_score: float
    explore: int


class Schedule(Told):
    """On which days, and from what local hour on."""

    days: list[Weekday]
    at: str | None

    @classmethod
    def of(cls, schedule: model.Schedule) -> Schedule:
        """The schedule, written down."""
        at = schedule.at.isoformat("minutes") if schedule.at else None
        return cls(days=[_WEEKDAYS[day] for day in sorted(schedule.days)], at=at)


class Suppression(Told):
    """Why an address is not mailed any more."""

    reason: str
    """`bounced`, `complained`, `unsubscribed`, `erased` or the operator's own word."""
    since: datetime


class Reader(Told):
    """A person who reads us."""

    id: str
    email: str
    name: str
    timezone: str
    schedule: Schedule
    when_empty: Literal["skip", "send"]
    profile: Profile
    state: model.SubscriberState
    paused_until: date | None
    owner: model.Owner
    """`file`: in subscribers.yaml; only there the profile changes."""
    created_at: datetime | None
    suppressed: Suppression | None

    @classmethod
    def of(cls, reader: model.Subscriber, barred: tuple[str, datetime] | None) -> Reader:
        """The reader, and why the address is suppressed if it is."""
        return cls(
            id=reader.id,
            email=reader.email,
            name=reader.name,
            timezone=reader.timezone,
            schedule=Schedule.of(reader.schedule),
            when_empty=reader.when_empty,
            profile=profile_of(reader.profile),
            state=reader.state,
            paused_until=reader.paused_until,
            owner=reader.owner,
            created_at=reader.created_at,
            suppressed=Suppression(reason=barred[0], since=barred[1]) if barred else None,
        )


def profile_of(spec: model.ProfileSpec) -> Profile:
    """The profile, written down."""
    interests = [model.Interest.of(one) for one in spec.interests]
    said = {name: getattr(spec, name) for name in Profile.model_fields if name != "interests"}
    return Profile(interests=[Interest(text=one.text, weight=one.weight) for one in interests], **said)


class Check(Told):
    """Whether an address may be mailed."""

    suppressed: Suppression | None
    """None where it is not suppressed."""


class Readers(Told):
    """A page of readers, by id."""

    readers: list[Reader]
    next: str | None
    """What `after` has to be for the next page; none where this is the last."""


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


class Vote(Told):
    """More, or less, like a paper."""

    paper: str
    """Its id."""
    title: str
    wish: Literal["more", "less"]
    at: datetime

    @classmethod
    def of(cls, vote: model.Vote) -> Vote:
        """The vote, written down."""
        wish: Literal["more", "less"] = "more" if vote.value > 0 else "less"
        return cls(paper=vote.entry.id, title=vote.entry.title, wish=wish, at=vote.at)


class Learnt(Told):
    """What votes that have something in common taught."""

    wish: Literal["more", "less"]
    phrase: str
    weight: float
    papers: list[str]

    @classmethod
    def of(cls, line: learning.Learnt) -> Learnt:
        """The line, written down."""
        papers = [vote.entry.id for vote in line.votes]
        return cls(wish=line.direction, phrase=line.phrase, weight=round(line.weight, 6), papers=papers)


class Votes(Told):
    """A reader's votes, oldest first, and what was learnt from them."""

    votes: list[Vote]
    learnt: list[Learnt]


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


class Editions(Told):
    """The latest editions, latest first."""

    editions: list[Edition]


class Delivery(Told):
    """The ledger's row of one message."""

    id: int
    kind: str
    reader: str
    """Their id."""
    date: Day
    """Of the reader's own calendar."""
    edition: str | None
    state: model.DeliveryState
    attempt: int
    retry_at: datetime | None
    valid_until: datetime
    message_id: str
    provider: str | None
    provider_id: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    shown: list[str]
    """Ids of the papers on its cards."""

    @classmethod
    def of(cls, row: model.Delivery) -> Delivery:
        """The delivery, written down."""
        same = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        return cls(**{**same, "reader": row.subscriber, "date": row.local_date, "shown": list(row.shown)})


class Deliveries(Told):
    """A page of the ledger, newest first."""

    deliveries: list[Delivery]
    next: int | None
    """What `before` has to be for the next page; none where this is the last."""


class Consent(Told):
    """What a reader agreed to, or took back."""

    at: datetime
    act: model.ConsentAct
    method: str
    words: str


class Export(Told):
    """All that is held of one reader."""

    reader: Reader
    consents: list[Consent]
    votes: list[Vote]
    deliveries: list[Delivery]


class Source(Told):
    """How a source is."""

    name: str
    kind: str
    state: model.SourceState
    checked_at: datetime | None
    succeeded_at: datetime | None
    new_at: datetime | None
    failures: int
    """In a row."""
    retry_at: datetime | None
    error: str | None

    @classmethod
    def of(cls, name: str, kind: str, memory: model.SourceMemory) -> Source:
        """The source, written down."""
        known = {field: getattr(memory, field) for field in cls.model_fields if hasattr(memory, field)}
        return cls(name=name, kind=kind, **known)


class Run(Told):
    """The last run."""

    id: str
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    seconds: float | None


class Status(Told):
    """How the newsletter is, at a glance."""

    version: str
    sources: list[Source]
    last_run: Run | None
    last_edition: Edition | None
    ledger: dict[model.DeliveryState, int]
    readers: dict[model.SubscriberState, int]
    suppressed: int
    """How many addresses are not mailed any more."""


class Sample(Told):
    """One value of a metric."""

    labels: dict[str, str]
    value: float


class Metric(Told):
    """One metric, as Prometheus knows it."""

    name: str
    help: str
    samples: list[Sample]


class Metrics(Told):
    """All of them."""

    metrics: list[Metric]
