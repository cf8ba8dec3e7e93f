"""Readers: who they are, what they voted for and agreed to, what was sent to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from newsletter import model
from newsletter.ranking import learning
from newsletter.subscriptions import tell_delivery, tell_reader, tell_vote
from newsletter.web.api.asked import Day, Weekday
from newsletter.web.api.told.parts import Told


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
        return cls.model_validate(tell_reader(reader, barred))


class Readers(Told):
    """A page of readers, by id."""

    readers: list[Reader]
    next: str | None
    """What `after` has to be for the next page; none where this is the last."""


class Check(Told):
    """Whether an address may be mailed."""

    suppressed: Suppression | None
    """None where it is not suppressed."""


class Vote(Told):
    """More, or less, like a paper."""

    paper: str
    """Its id."""
    reference: str
    """As a profile names it."""
    title: str
    wish: model.Direction
    at: datetime

    @classmethod
    def of(cls, vote: model.Vote) -> Vote:
        """The vote, written down."""
        return cls.model_validate(tell_vote(vote))


class Learnt(Told):
    """What votes that have something in common taught."""

    wish: model.Direction
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


class Consent(Told):
    """What a reader agreed to, or took back."""

    at: datetime
    act: model.ConsentAct
    method: str
    words: str
    source: str | None
    """Salted hash of the network address it came from."""


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
        return cls.model_validate(tell_delivery(row))


class Deliveries(Told):
    """A page of the ledger, newest first."""

    deliveries: list[Delivery]
    next: int | None
    """What `before` has to be for the next page; none where this is the last."""


class Event(Told):
    """What was told about a delivery, or about the reader's address."""

    provider: str
    """Who told: `sendgrid`, or `mail` for reports that came by mail."""
    kind: model.EventKind
    reason: model.Rejection | None
    """Of what the provider never tried to deliver."""
    at: datetime
    received_at: datetime
    detail: str


class Export(Told):
    """All that is held of one reader."""

    reader: Reader
    consents: list[Consent]
    votes: list[Vote]
    deliveries: list[Delivery]
    events: list[Event]
