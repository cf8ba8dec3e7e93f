"""What somebody who signs up asks for, as it was typed, made into a subscriber; or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from newsletter.config import read_reader
from newsletter.config.addresses import read_address
from newsletter.config.settings import Settings
from newsletter.config.values import WEEKDAYS, is_zone, read_clock
from newsletter.errors import LibraryTooLarge, UsageError
from newsletter.model import Entry, Subscriber
from newsletter.sources.libraries.names import read_names
from newsletter.sources.references import read_upload, reference_of
from newsletter.text import one_line, shorten

MOST_INTERESTS = 50
MOST_LIKED = 200
PHRASE_CHARACTERS, REFERENCE_CHARACTERS = 120, 300
CADENCES = ("daily", "weekdays", "weekly", "chosen")
_PHRASES = re.compile(r"[\n,;]")
_NAMES = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A sign-up as it was typed."""

    email: str = ""
    interests: str = ""
    """One a line, or with commas between."""
    papers: str = ""
    """An arXiv id, a DOI, a link or a title on each line."""
    library: bytes = b""
    """A file of papers, in any format that libraries are read in."""
    cadence: str = "daily"
    days: Sequence[str] = ()
    """Where the cadence is ``chosen``: ``mon``, ``wed`` ..."""
    at: str = ""
    """``07:30``; empty: any time."""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class SignUp:
    """What came of it."""

    subscriber: Subscriber | None = None
    mistakes: frozenset[str] = field(default_factory=frozenset)
    """``email``, ``domain``, ``library``, ``library_large``, ``days``, ``at`` or ``zone``: what is wrong, where there
    is no subscriber."""


def read_sign_up(asked: Asked, settings: Settings) -> SignUp:
    """The subscriber that was asked for, without an id, or every mistake at once."""
    mistakes = set(_mistakes(asked, settings))
    uploaded: Sequence[Entry] = ()
    if asked.library:
        try:
            uploaded = read_upload(asked.library, "the file")
        except LibraryTooLarge:
            mistakes.add("library_large")
        except UsageError:
            mistakes.add("library")
    if mistakes:
        return SignUp(mistakes=frozenset(mistakes))
    schedule: dict[str, Any] = {"days": list(asked.days) if asked.cadence == "chosen" else asked.cadence}
    if asked.at:
        schedule["at"] = asked.at
    liked = [*_named(asked.papers), *map(reference_of, uploaded)]
    given = {
        "email": asked.email,
        "timezone": asked.zone or settings.timezone.key,
        "schedule": schedule,
        "profile": {
            "interests": _once(_phrases(asked.interests), MOST_INTERESTS),
            "liked": _once((shorten(said, REFERENCE_CHARACTERS) for said in liked), MOST_LIKED),
        },
    }
    return SignUp(read_reader(given, settings))


def is_welcome(email: str, settings: Settings) -> bool:
    """Whether addresses of that domain may sign up."""
    domains = settings.signup.domains
    return not domains or email.rpartition("@")[2].casefold() in domains


def _mistakes(asked: Asked, settings: Settings) -> Iterator[str]:
    try:
        if not is_welcome(read_address(asked.email), settings):
            yield "domain"
    except ValueError:
        yield "email"
    if asked.cadence not in CADENCES or (
        asked.cadence == "chosen" and not (asked.days and set(asked.days) <= set(WEEKDAYS))
    ):
        yield "days"
    if asked.zone and not is_zone(asked.zone):
        yield "zone"
    try:
        if asked.at:
            read_clock(asked.at)
    except ValueError:
        yield "at"


def _phrases(text: str) -> Iterator[str]:
    for phrase in _PHRASES.split(text):
        if said := one_line(phrase):
            yield shorten(said, PHRASE_CHARACTERS)


def _named(text: str) -> Iterator[str]:
    """A line is one title, or nothing but ids, DOIs and links."""
    for line in text.splitlines():
        named = [record.entry for word in _NAMES.split(line) if word for record in read_names(word)]
        if named and all(named):
            yield from (reference_of(entry) for entry in named if entry)
        elif title := one_line(line):
            yield f"title: {title}"


def _once(things: Iterable[str], most: int) -> list[str]:
    return list({thing.casefold(): thing for thing in reversed(list(things))}.values())[::-1][:most]
