"""The records that all stages speak: frozen, without behaviour that touches the world.

Times are timezone-aware and in UTC. Names of an entry's fields are Atom's; our own times end in ``_at``.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Literal

# -- 1. what is new ----------------------------------------------------------------------------------------------


class SourceState(StrEnum):
    """How a source was at its last fetch; decided on ids, never on dates."""

    FRESH = "fresh"  # it listed something not seen before
    WAITING = "waiting"  # nothing new, and its usual hour has not come
    QUIET = "quiet"  # nothing new, as on weekends and holidays
    STALLED = "stalled"  # it answers, but nothing is new where there always was
    FAILED = "failed"  # it could not be read


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMemory:
    """What is remembered of a source between two fetches."""

    checked_at: datetime | None = None
    succeeded_at: datetime | None = None
    """``None`` until the first success: that fetch is the backlog."""
    new_at: datetime | None = None
    """When it last listed something not seen before."""
    failures: int = 0
    """In a row."""
    state: SourceState = SourceState.WAITING
    error: str | None = None
    retry_at: datetime | None = None
    """Not to be asked before: Retry-After, or our own backing off."""
    disabled: bool = False
    """It said 410 Gone."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The kind's own notes as JSON: ETag, Last-Modified, cursors, permanent moves seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The outcome of one source's fetch: entries, or the reason why there are none."""

    source: str
    kind: str
    entries: tuple[Entry, ...] = ()
    """Rows as read, in the source's order; the same paper may stand in it twice."""
    error: str | None = None
    """One line; entries may still be there when a later page failed."""
    remark: str | None = None
    """One line on what is amiss although it could be read."""
    unchanged: bool = False
    """The source said that nothing changed since the last fetch (304)."""
    skipped: bool = False
    """It was not due to be asked."""
    is_first: bool = False
    """It was never read before: what is old in it is backlog."""
    memory: SourceMemory = SourceMemory()
    """What to remember for the next fetch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the rows of one source came to in a fetch, in papers."""

    new: int = 0
    """Not known before."""
    seen: int = 0
    """Known before, from this source or another."""
    merged: int = 0
    """Listed by another source too, now or before."""
    first: int = 0
    """Listed by this source for the first time, and no backlog: what its health is told by."""
    categories: frozenset[str] = frozenset()
    """The first ones of those; the others only say where else a paper was listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChanges:
    """What storage has to write so that every paper is one entry."""

    entries: tuple[Entry, ...] = ()
    """Complete records to insert or replace, by id."""
    keys: tuple[tuple[str, str], ...] = ()
    """(identity key, entry id) pairs, all that are known of the entries above."""
    new: frozenset[str] = frozenset()
    """Ids that were not known before."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Old id -> the id it was merged into."""
    tallies: Mapping[str, Tally] = field(default_factory=dict, compare=False)
    """By source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """One line of a run's account of its sources; also kept in the edition for the digest's footer."""

    name: str
    kind: str
    state: SourceState
    entries: int = 0
    new: int = 0
    """What was not known before; in an edition, how many of its entries it listed."""
    seen: int = 0
    """What was known before."""
    merged: int = 0
    """What another source lists too."""
    error: str | None = None
    is_partial: bool = False
    """It broke off: there may be more."""
    silent: tuple[str, ...] = ()
    """Its parts, such as categories, in which nothing is new where there always was."""


# -- 2. what a reader cares about --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interest:
    """A word or a phrase, and how much it counts."""

    text: str
    weight: float = 1.0

    @classmethod
    def of(cls, value: Interest | str) -> Interest:
        """The interest itself, or one of weight 1 made from its text."""
        return value if isinstance(value, Interest) else cls(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A reader's "more like this" (+1) or "less like this" (-1)."""

    entry: Entry
    value: Literal[1, -1]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a reader cares about, ready for ranking: liked papers are entries. Holds no address.

    >>> Profile(interests=("continual learning",)).trending_weight
    0.0
    >>> Profile().trending_weight
    1.0
    """

    interests: tuple[Interest | str, ...] = ()
    authors: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    liked: tuple[Entry, ...] = ()
    disliked: tuple[Entry, ...] = ()
    votes: tuple[Vote, ...] = ()
    muted: tuple[str, ...] = ()
    muted_authors: tuple[str, ...] = ()
    trending: float | None = None
    """0 only my interests ... 1 only what is trending; ``None`` is 0, or 1 for a profile that names nothing."""
    max_papers: int = 10
    min_score: float = 0.0
    """Compared with ``match``: a paper below it is left out."""
    explore: int = 0
    """How many of ``max_papers`` come from outside the profile."""

    @property
    def says_something(self) -> bool:
        """Whether there is anything to rank by."""
        named = self.interests or self.authors or self.organizations or self.categories or self.liked
        return bool(named) or any(vote.value > 0 for vote in self.votes)

    @property
    def trending_weight(self) -> float:
        """The weight of what is trending, with the default filled in."""
        if self.trending is None:
            return 0.0 if self.says_something else 1.0
        return self.trending


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSpec:
    """A profile as the reader wrote it: liked papers are still references. This is what files and tables hold."""

    interests: tuple[Interest, ...] = ()
    authors: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    """``arXiv:…``, ``doi:…``, ``title: …``, a link, or ``file: library.bib``."""
    disliked: tuple[str, ...] = ()
    """References as in ``liked``."""
    muted: tuple[str, ...] = ()
    muted_authors: tuple[str, ...] = ()
    trending: float | None = None
    max_papers: int = 10
    min_score: float = 0.0
    explore: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """On which days, and from what local hour on, a reader wants a digest."""

    days: frozenset[int] = frozenset(range(7))
    """Monday is 0."""
    at: time | None = None
    """``None``: any time of the day."""


class SubscriberState(StrEnum):
    """Whether a person gets mail."""

    PENDING = "pending"  # asked for it, has not confirmed the address yet
    ACTIVE = "active"
    PAUSED = "paused"  # until ``paused_until``, or until told otherwise
    LEFT = "left"  # unsubscribed; only the reader undoes it
    REMOVED = "removed"  # the line in subscribers.yaml is gone


class Owner(StrEnum):
    """Who may change a reader's profile."""

    FILE = "file"  # subscribers.yaml
    DATABASE = "database"  # sign-up, ``subscribers add`` and ``import``


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person who reads us."""

    id: str
    """Opaque: it stands in links and logs in place of the address."""
    email: str
    name: str = ""
    timezone: str = "UTC"
    schedule: Schedule = Schedule()
    profile: ProfileSpec = ProfileSpec()
    state: SubscriberState = SubscriberState.ACTIVE
    paused_until: date | None = None
    owner: Owner = Owner.DATABASE
    created_at: datetime | None = None
    when_empty: Literal["skip", "send"] = "skip"


# -- 3. what a reader gets ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One part of a score, in words."""

    kind: str
    """What speaks: interest (its words stand in the paper), theme (only near to an interest), liked, voted (a paper
    voted for), liked_author, author, organization, category, trending, recency, disliked, muted; interest_others,
    liked_others and the like (the weaker ones of a kind together); baseline (what any paper gets)."""
    label: str
    """The phrase, the liked paper's title, the author: what a person would say."""
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """An entry with its place in one reader's order."""

    entry: Entry
    score: float
    """The sum of its reasons' contributions."""
    match: float
    """``1 / (1 + exp(-score))``: how likely this one is yours."""
    rank: int
    """1 is best."""
    reasons: tuple[Reason, ...] = ()
    explore: bool = False
    """Picked from outside the profile on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An immutable snapshot of candidate entries with their signal values."""

    id: str
    """Its UTC instant, ``2026-11-22T07:30:00Z``."""
    made_at: datetime
    reach_from: datetime
    """Entries first seen at or after this instant are in it."""
    entries: tuple[Entry, ...] = ()
    sources: tuple[SourceReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One reader's dated selection from an edition."""

    edition: str
    local_date: date
    items: tuple[Ranked, ...] = ()
    """On cards, in order."""
    below: tuple[Ranked, ...] = ()
    """Titles just below the line; they may come back another day."""
    candidates: int = 0
    """How many papers this reader's selection was made from."""
    sources: tuple[SourceReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A name and an address."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a mail's own links lead; each is ``None`` where there is no web door."""

    unsubscribe: str | None = None
    """https, one-click by RFC 8058."""
    unsubscribe_mailto: str | None = None
    preferences: str | None = None
    archive: str | None = None
    vote: str | None = None
    """Where papers are voted for: an entry's id and ``more`` or ``less`` follow it, each after a slash."""


Framed = tuple[bytes, tuple[bytes, ...]]
"""A frame that messages have in common, and what stands in its gaps, which are ``%b``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail, rendered and provider-neutral."""

    sender: Mailbox
    recipient: Mailbox
    subject: str
    headers: tuple[tuple[str, str], ...] = ()
    """Beside From, To, Subject, Date, Message-ID and the MIME ones."""
    message_id: str
    """With its angle brackets."""
    date: datetime
    raw: bytes
    """RFC 5322 bytes, CRLF line ends."""
    text_at: tuple[int, int] = (0, 0)
    """Where in ``raw`` the plain text starts and ends; it is quoted-printable UTF-8."""
    html_at: tuple[int, int] = (0, 0)
    pieces: tuple[bytes | Framed, ...] = ()
    """What ``raw`` is made of, if it is: what messages have in common is the same object in all of them."""
    delivery_id: int | None = None
    """The ledger row; ``None`` for mail outside the ledger."""
    return_path: str | None = None
    """Where a mail server sends word of what becomes of it; ``None``: to the sender."""
    shown: tuple[str, ...] = ()
    """Ids of the entries on its cards, in order: fewer than the digest's where that would have been too large."""

    @property
    def text(self) -> str:
        """The plain text."""
        return decoded(self.raw[slice(*self.text_at)])

    @property
    def html(self) -> str:
        """The same as HTML."""
        return decoded(self.raw[slice(*self.html_at)])


def joined(pieces: Iterable[bytes | Framed]) -> bytes:
    """Pieces put together.

    >>> joined([b"Dear ", (b"%b, today is %b", (b"Ada", b"Sunday"))])
    b'Dear Ada, today is Sunday'
    """
    return b"".join([piece if isinstance(piece, bytes) else piece[0] % piece[1] for piece in pieces])


def decoded(encoded: bytes) -> str:
    """A part of a mail as text, its line ends as ``\\n``: no mail of ours holds another carriage return."""
    return binascii.a2b_qp(encoded).replace(b"\r", b"").decode("utf-8", "replace")


# -- 4. did it arrive --------------------------------------------------------------------------------------------


class DeliveryState(StrEnum):
    """Where a message stands; the ledger only ever moves it along these."""

    READY = "ready"  # planned, nobody works on it
    LEASED = "leased"  # a sender has taken it; nothing was said to the provider yet
    HANDED = "handed"  # recorded before the first byte of its body left us
    SENT = "sent"  # the provider said yes
    UNCERTAIN = "uncertain"  # handed over, and no clear answer came back
    RETRY = "retry"  # the provider said "later"; ``retry_at`` says when
    FAILED = "failed"  # the provider said no, or its day is over
    SUPPRESSED = "suppressed"  # the address must not be mailed
    CANCELLED = "cancelled"  # the operator stopped the edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The ledger's row of one message."""

    id: int
    kind: str
    """``digest``, or the name of a system mail."""
    subscriber: str
    """The subscriber's id."""
    local_date: date
    edition: str | None
    state: DeliveryState
    attempt: int
    owner: str | None
    lease_until: datetime | None
    retry_at: datetime | None
    valid_until: datetime
    message_id: str
    provider: str | None
    provider_id: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    shown: tuple[str, ...]
    """Ids of the entries on its cards."""
    payload: bytes
    """The frozen inputs of the message, as the outbox wrote them."""


class Verdict(StrEnum):
    """What a provider's answer means for one message."""

    SENT = "sent"  # accepted
    REFUSED = "refused"  # never will be: a bad address, a bad message
    DEFERRED = "deferred"  # not now
    NOT_HANDED = "not_handed"  # it never left us: back to ready, no attempt spent
    UNCERTAIN = "uncertain"  # the body left us and no clear answer came


class Trouble(StrEnum):
    """What an answer finds fault with beyond the one message."""

    CONTENT = "content"  # what the mail says or how large it is: the others of its edition are much the same
    DOMAIN = "domain"  # the recipient's domain wants less of us for a while
    SERVICE = "service"  # the provider itself is ill


LONGEST_TOLD_WAIT_SECONDS = 86_400.0
"""A provider that asks to wait longer is asked again after a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The provider's answer about one message of a group."""

    verdict: Verdict
    detail: str = ""
    """The provider's own words, one line."""
    provider_id: str | None = None
    retry_after_seconds: float | None = None
    address_is_bad: bool = False
    """A hard bounce: the address, not the message, is refused."""
    trouble: Trouble | None = None
    """``None``: it says nothing of other messages."""


class EventKind(StrEnum):
    """What a provider, or a mail that came back, tells later about a message; one vocabulary for all of them."""

    QUEUED = "queued"  # the provider has taken it up
    SENT = "sent"  # handed on to another server, which tells nothing more
    DEFERRED = "deferred"  # not yet; whoever has it tries again
    DELIVERED = "delivered"  # the reader's own server said yes
    BOUNCED_HARD = "bounced_hard"  # the address is no good: nobody there, no such place
    BOUNCED_SOFT = "bounced_soft"  # given up, and another mail may get through: mailbox full, server away
    BLOCKED = "blocked"  # refused for what it says or who we are; says nothing of the address
    COMPLAINED = "complained"  # the reader called it spam
    UNSUBSCRIBED = "unsubscribed"  # the reader left by the provider's or the mail program's own door
    REJECTED = "rejected"  # the provider never tried; ``reason`` says why
    OPENED = "opened"
    CLICKED = "clicked"
    UNKNOWN = "unknown"  # something else; nothing follows from it


class Rejection(StrEnum):
    """Why a provider never tried to deliver a message."""

    INVALID = "invalid"  # no address
    BOUNCED = "bounced"  # it bounced there before
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    BLOCKED = "blocked"  # for what the mail says, or who we are
    EXPIRED = "expired"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was told about one message. Which one, is said in any of four ways; the first that leads to a
    delivery or a reader counts."""

    kind: EventKind
    at: datetime
    provider: str
    """Who tells: ``sendgrid``, or ``mail`` for reports that came by mail."""
    id: str
    """The same each time the same thing is told; holds no address."""
    delivery_id: int | None = None
    """As signed by us, or as the provider was given it."""
    subscriber: str | None = None
    """The reader's id, out of a link of ours in the message."""
    message_id: str | None = None
    """With its angle brackets."""
    recipients: tuple[str, ...] = field(default=(), repr=False)
    """The address it is about; where the mail was forwarded, the last one first."""
    is_vouched_for: bool = True
    """Whether who tells is known, so that an address alone leads to its reader; anybody can write a mail."""
    reason: Rejection | None = None
    detail: str = ""
    """One line without addresses."""

    @property
    def recipient(self) -> str | None:
        """The address it is about."""
        return self.recipients[0] if self.recipients else None
