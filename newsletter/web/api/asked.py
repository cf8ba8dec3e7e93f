"""What a request may say. Unknown fields are refused; a profile is read as in ``subscribers.yaml``, without files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from newsletter.config.fields import Address, Line, Text
from newsletter.config.mistakes import mistake
from newsletter.config.named import read_reference
from newsletter.config.readers import ZoneName
from newsletter.config.values import read_days
from newsletter.errors import UsageError
from newsletter.model import DeliveryState, Interest, ProfileSpec, Schedule, SubscriberState

MOST_NAMED = 1_000
"""Items of one list of a profile."""
LONGEST_TEXT = 500
LARGEST_ID = 2**63 - 1
PAGE, LARGEST_PAGE = 100, 1_000

ReaderId = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="As `GET /v1/readers` shows it.")]
PaperId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="As a digest shows it.")]
EditionId = Annotated[str, Path(pattern=r"^[0-9TZ:.+-]{1,40}$", description="As `GET /v1/editions` shows it.")]
DeliveryId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Day = date
Email = Annotated[Address, Field(json_schema_extra={"format": "email"})]


class Asked(BaseModel):
    """A body, or the parameters of a query."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


def read_paper(text: str) -> str:
    """A paper as in ``liked:``; a file is of this machine, and nobody else names one."""
    if text.partition(":")[0].strip().casefold() == "file":
        raise mistake("`arXiv:2405.12345`, `doi:10.…`, `title: …` or a link; files are for `subscribers.yaml`")
    return read_reference(text)


class AskedInterest(Asked):
    """A word or phrase with its weight."""

    text: Annotated[Text, Field(max_length=LONGEST_TEXT)]
    """The word or phrase."""
    weight: Annotated[float, Field(ge=-1_000, le=1_000, allow_inf_nan=False)] = 1.0
    """How much it counts beside the others."""


Phrase = Annotated[Text, Field(max_length=LONGEST_TEXT)]
Phrases = Annotated[tuple[Phrase, ...], Field(max_length=MOST_NAMED)]
Papers = Annotated[
    tuple[Annotated[str, Field(max_length=2_000), AfterValidator(read_paper)], ...], Field(max_length=MOST_NAMED)
]


class AskedProfile(Asked):
    """What a reader cares about; every part may be left out."""

    interests: Annotated[tuple[Phrase | AskedInterest, ...], Field(max_length=MOST_NAMED)] = ()
    """Words and phrases, such as `spiking neural networks` or `{"text": "continual learning", "weight": 2}`."""
    authors: Phrases = ()
    """People to follow, names in any order."""
    organizations: Phrases = ()
    """Labs, universities and companies to follow."""
    categories: Phrases = ()
    """Such as `cs.NE` or `neuroscience`."""
    liked: Papers = ()
    """Papers: `arXiv:…`, `doi:…`, `title: …` or a link."""
    disliked: Papers = ()
    """Papers to see less of, named as in `liked`."""
    muted: Phrases = ()
    """Words and phrases; papers about them are left out."""
    muted_authors: Phrases = ()
    """People whose papers are left out."""

    trending: Annotated[float, Field(ge=0, le=1)] | None = None
    """0 only my interests (default) ... 1 only what is trending (default of a profile that names nothing)."""
    max_papers: Annotated[int, Field(ge=1, le=100)] = 10
    """How many papers a digest has at most."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Papers whose `match` is below it are left out."""
    explore: Annotated[int, Field(ge=0, le=100)] = 0
    """How many of `max_papers` come from outside the profile."""

    @model_validator(mode="after")
    def _explore_within(self) -> AskedProfile:
        if {"explore", "max_papers"} <= self.model_fields_set and self.explore > self.max_papers:
            raise mistake(f"`explore` of `max_papers` ({self.max_papers}) at most")
        return self

    def over(self, before: ProfileSpec) -> ProfileSpec:
        """The profile with the parts that were given in place of what they were; UsageError where they clash."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "interests" in given:
            given["interests"] = tuple(_interest(one) for one in self.interests)
        after = replace(before, **given)
        if after.explore > after.max_papers:
            raise UsageError(f"explore is {after.explore}; expected max_papers ({after.max_papers}) at most")
        return after


def _interest(given: str | AskedInterest) -> Interest:
    return Interest(given) if isinstance(given, str) else Interest(given.text, given.weight)


class AskedSchedule(Asked):
    """On which days, and from what local hour on."""

    days: Literal["daily", "weekdays", "weekly"] | Annotated[list[Weekday], Field(min_length=1)] = "daily"
    """`daily`, `weekdays`, `weekly` (Monday), or a list of days."""
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["07:30"])] | None = None
    """Not before this hour of the reader's own day; any time without it."""

    def to_schedule(self) -> Schedule:
        """The schedule as the other stages know it."""
        return Schedule(days=read_days(self.days), at=time.fromisoformat(self.at) if self.at else None)


class Changes(Asked):
    """What changes of a reader; what is left out stays as it is."""

    name: Annotated[Line, Field(max_length=LONGEST_TEXT)] | None = None
    """How the reader is called."""
    timezone: ZoneName | None = None
    """An IANA time zone."""
    schedule: AskedSchedule | None = None
    """Days and hour, as a whole."""
    when_empty: Literal["skip", "send"] | None = None
    """`send`: a mail that says so when there is nothing new."""
    profile: AskedProfile | None = None
    """Its parts; those that are left out stay as they are."""


class NewReader(Changes):
    """A reader whom the operator adds; mail starts with the next run."""

    email: Email
    """Where the digest goes."""


class Whose(Asked):
    """An address, in the body: one in a link would stand in the logs of proxies."""

    email: Email
    """In any spelling."""


class Pause(Asked):
    """How long there is to be no mail."""

    until: date | None = None
    """The first day with mail again; until it is resumed without one."""


class Wish(Asked):
    """A vote."""

    wish: Literal["more", "less"]
    """Of papers like this one."""


class Trial(Asked):
    """A profile to be tried on what is new today."""

    profile: AskedProfile = AskedProfile()
    """Without one the digest is what is trending."""


class Decision(Asked):
    """What became of an uncertain delivery."""

    state: Literal[DeliveryState.SENT, DeliveryState.FAILED]
    """`sent`: it arrived; `failed`: it did not, and is not worth sending any more."""


class PageOf(Asked):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE
    """At most so many."""


class ReadersWanted(PageOf):
    """Which readers."""

    after: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")] | None = None
    """`next` of the page before."""
    state: SubscriberState | None = None
    """Only these."""


class DeliveriesWanted(PageOf):
    """Which deliveries."""

    before: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = None
    """`next` of the page before."""
    state: DeliveryState | None = None
    """Only these."""
    reader: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")] | None = None
    """Only this reader's, by id."""
    edition: Annotated[str, Field(pattern=r"^[0-9TZ:.+-]{1,40}$")] | None = None
    """Only those of this edition."""
    date: Day | None = None
    """Only those of this local date of their readers."""


class HowMany(Asked):
    """How long a digest is to be."""

    limit: Annotated[int, Field(ge=1, le=100)] | None = None
    """At most so many papers, in place of the profile's `max_papers`."""
