"""What ``newsletter init`` asks, and how the answers are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from newsletter.config import addresses, named, values
from newsletter.config.mistakes import mistake
from newsletter.errors import UsageError

ProviderChoice = Literal["files", "gmail", "smtp", "sendgrid"]
PROVIDERS: tuple[ProviderChoice, ...] = ("files", "gmail", "smtp", "sendgrid")
LOCALTIME = Path("/etc/localtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a new reader says of themselves; the defaults make a configuration that works."""

    email: str = "you@example.org"
    interests: tuple[str, ...] = ()
    categories: tuple[str, ...] = ("cs.LG",)
    """Of arXiv; Hugging Face Daily Papers are read in any case."""
    provider: ProviderChoice = "files"
    hour: str = "07:30 UTC"
    """The hour and the time zone."""

    @property
    def at(self) -> str:
        """The hour, as ``07:30``."""
        return self.hour.split()[0]

    @property
    def timezone(self) -> str:
        """The zone's name."""
        return self.hour.split()[1]


@dataclass(frozen=True, slots=True)
class Question:
    """One of the questions that ``newsletter init`` asks."""

    field: str
    """The field of ``Answers`` that it fills."""
    prompt: str
    default: str
    hint: str
    read: Callable[[str], Any]
    """The answer as a value; ValueError says what was expected."""


def read_interests(text: str) -> tuple[str, ...]:
    """Words and phrases with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def read_categories(text: str) -> tuple[str, ...]:
    """arXiv categories with commas or spaces between them."""
    return tuple(named.read_arxiv_category(part) for part in text.replace(",", " ").split())


def read_provider(text: str) -> str:
    """The name of one of ``PROVIDERS``."""
    if (choice := text.strip().casefold()) in PROVIDERS:
        return choice
    raise mistake("one of " + ", ".join(PROVIDERS))


def read_hour(text: str) -> str:
    """An hour and a zone, such as ``07:30 Europe/Berlin``."""
    at, _, zone = text.strip().partition(" ")
    return f"{values.read_clock(at):%H:%M} {values.read_zone_name(zone)}"


def local_zone(environ: Mapping[str, str] = os.environ, localtime: Path = LOCALTIME) -> str:
    """The machine's time zone by its IANA name; UTC where it does not say."""
    for name in (environ.get("TZ", "").removeprefix(":"), str(localtime.resolve()).rpartition("zoneinfo/")[2]):
        if values.is_zone(name):
            return "UTC" if name == "Etc/UTC" else name
    return "UTC"


QUESTIONS = (
    Question("email", "Your mail address", Answers().email, "the digest goes there", addresses.read_address),
    Question("interests", "What do you work on?", "", "words and phrases, with commas between", read_interests),
    Question(
        "categories", "arXiv categories", ", ".join(Answers().categories), "such as cs.LG, q-bio.NC", read_categories
    ),
    Question("provider", "Who carries the mails?", Answers().provider, ", ".join(PROVIDERS), read_provider),
    Question("hour", "At what hour?", f"07:30 {local_zone()}", "with the time zone", read_hour),
)
"""In the order to ask them in; the machine's own zone is the default one."""


def read_answers(given: Mapping[str, str]) -> Answers:
    """The answers out of what was typed, by field; UsageError names the one that cannot be."""
    found: dict[str, Any] = {}
    for question in QUESTIONS:
        try:
            found[question.field] = question.read(given.get(question.field, question.default))
        except ValueError as error:
            raise UsageError(f"{question.field}: {error}") from None
    return Answers(**found)
