"""What a reader cares about, and the person who reads us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Literal

from newsletter.model.entries import Entry


@dataclass(frozen=True, slots=True)
class Interest:
    """A word or a phrase, and how much it counts."""

    text: str
    weight: float = 1.0

    @classmethod
    def of(cls, value: Interest | str) -> Interest:
        """The interest itself, or one of weight 1 made from its text."""
        return value if isinstance(value, Interest) else cls(value)


Direction = Literal["more", "less"]
"""Of papers like this one."""
VOTES: Mapping[str, Literal[1, -1]] = {"more": 1, "less": -1}
"""Direction -> the value of a vote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A reader's "more like this" (+1) or "less like this" (-1)."""

    entry: Entry
    value: Literal[1, -1]
    at: datetime

    @property
    def direction(self) -> Direction:
        """The same as a word."""
        return "more" if self.value > 0 else "less"


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
    WAITING = "waiting"  # confirmed it, and the operator has to say yes
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


class ConsentAct(StrEnum):
    """What a reader said about being mailed."""

    ASKED = "asked"  # on the sign-up page
    CONFIRMED = "confirmed"  # by the link of our mail
    APPROVED = "approved"  # the operator's yes
    LEFT = "left"
    RETURNED = "returned"  # took leaving back


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One word of a reader about being mailed."""

    subscriber: str
    """The subscriber's id."""
    at: datetime
    act: ConsentAct
    method: str
    """``page``, ``one-click``, ``mail``, ``api`` or ``operator``."""
    words: str = ""
    """The version of the text that was agreed to."""
    source: str | None = None
    """Salted hash of the network address it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """Who may call the API, and what for; its secret is nowhere."""

    id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    used_on: date | None = None
