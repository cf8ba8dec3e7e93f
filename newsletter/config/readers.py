"""What ``subscribers.yaml`` may say, and the subscribers it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, model_validator

from newsletter.config import named, values
from newsletter.config.fields import Address, Finite, Line, Section, Text
from newsletter.config.mistakes import clash
from newsletter.config.settings import ScheduleSetting
from newsletter.model import Interest, Owner, ProfileSpec, Schedule, Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderDefaults:
    """What ``newsletter.yaml`` says for readers who do not say it themselves."""

    schedule: Schedule = field(default_factory=Schedule)
    timezone: str = "UTC"
    when_empty: Literal["skip", "send"] = "skip"


class InterestSection(Section):
    """A word or phrase with its weight."""

    text: Text
    """The word or phrase."""
    weight: Finite = 1.0
    """How much it counts beside the others."""


def read_interest(value: object, info: ValidationInfo) -> Interest:
    """A word or phrase, alone or as ``{text: …, weight: …}``."""
    if isinstance(value, Interest):
        return value
    section = InterestSection.model_validate({"text": value} if isinstance(value, str) else value, context=info.context)
    return Interest(section.text, section.weight)


InterestSetting = Annotated[Interest, PlainValidator(read_interest, json_schema_input_type=str | InterestSection)]
Reference = Annotated[str, PlainValidator(named.read_reference, json_schema_input_type=str)]
ZoneName = Annotated[str, PlainValidator(values.read_zone_name, json_schema_input_type=str)]


class ProfileSection(Section):
    """What a reader cares about; every part may be left out."""

    interests: tuple[InterestSetting, ...] = ()
    """Words and phrases, such as ``spiking neural networks`` or ``{text: continual learning, weight: 2}``."""
    authors: tuple[Text, ...] = ()
    """People to follow, names in any order."""
    organizations: tuple[Text, ...] = ()
    """Labs, universities and companies to follow."""
    categories: tuple[Text, ...] = ()
    """Such as ``cs.NE`` or ``neuroscience``."""
    liked: tuple[Reference, ...] = ()
    """Papers: ``arXiv:…``, ``doi:…``, ``title: …``, a link, or a whole library by ``file: library.bib``."""
    disliked: tuple[Reference, ...] = ()
    """Papers to see less of, named as in ``liked``."""
    muted: tuple[Text, ...] = ()
    """Words and phrases; papers about them are left out."""
    muted_authors: tuple[Text, ...] = ()
    """People whose papers are left out."""
    trending: Annotated[float, Field(ge=0, le=1)] | None = None
    """0 only my interests (default) ... 1 only what is trending (default of a profile that names nothing)."""
    max_papers: Annotated[int, Field(ge=1, le=100)] = 10
    """How many papers a digest has at most."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Papers whose ``match`` is below it are left out."""
    explore: Annotated[int, Field(ge=0, le=100)] = 0
    """How many of ``max_papers`` come from outside the profile."""

    @model_validator(mode="after")
    def _explore_within(self) -> ProfileSection:
        if self.explore > self.max_papers:
            raise clash(f"`explore` is {self.explore}; expected `max_papers` ({self.max_papers}) at most", at="explore")
        return self

    def to_spec(self) -> ProfileSpec:
        """The profile as the other stages know it."""
        return ProfileSpec(**{name: getattr(self, name) for name in type(self).model_fields})


class ReaderSection(Section):
    """One reader."""

    email: Address
    """Where the digest goes; each address once."""
    name: Line = ""
    """How the reader is called."""
    timezone: ZoneName | None = None
    """An IANA time zone; that of ``newsletter.yaml`` when left out."""
    schedule: ScheduleSetting | None = None
    """Days and hour; those of ``newsletter.yaml`` when left out."""
    when_empty: Literal["skip", "send"] | None = None
    """``send``: a mail that says so when there is nothing new."""
    profile: ProfileSection = ProfileSection()
    """What this reader cares about; without one the digest is what is trending."""

    def to_subscriber(self, defaults: ReaderDefaults) -> Subscriber:
        """The subscriber, without an id: storage knows those."""
        return Subscriber(
            id="",
            email=self.email,
            name=self.name,
            timezone=self.timezone or defaults.timezone,
            schedule=self.schedule or defaults.schedule,
            when_empty=self.when_empty or defaults.when_empty,
            profile=self.profile.to_spec(),
            owner=Owner.FILE,
        )


def _nobody(value: Any) -> Any:
    return [] if value is None else value


class SubscribersFile(Section):
    """All of ``subscribers.yaml``."""

    subscribers: Annotated[tuple[ReaderSection, ...], BeforeValidator(_nobody)]
    """The readers; those who sign up by themselves are kept in the database instead."""
