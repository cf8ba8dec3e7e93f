"""A reader's wishes as the fields of a form, and back: whatever is wrong is told at its field, and nothing is lost."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any

from newsletter.config.named import read_reference
from newsletter.config.values import read_clock, read_zone_name
from newsletter.errors import LibraryTooLarge, UsageError
from newsletter.model import Interest, ProfileSpec, Schedule, Subscriber
from newsletter.sources.references import UPLOADED_PAPERS, read_upload, reference_of
from newsletter.text import one_line, shorten
from newsletter.web.forms import Form, Upload

MOST = {"interests": 100, "liked": 1_000, "disliked": 1_000}
MOST_NAMES = 200
"""Of anything else that there is a line for each."""
MAX_CHARACTERS = 300
MOST_PAPERS = 100
TITLE_WORDS = 3
"""A line of so many words that is no other reference is a paper's title."""
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
"""How much of a digest may be what is trending."""

_WEIGHT = re.compile(r"(.*\S)\s*[*×]\s*(-?\d{1,6}(?:[.,]\d{1,6})?)", re.DOTALL)
_LISTS = ("interests", "authors", "organizations", "categories", "liked", "disliked", "muted", "muted_authors")
_ONE_LINE = ("trending", "max_papers", "min_score", "explore", "name", "at", "timezone", "when_empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with a field, by the name of its words."""

    name: str
    value: str = ""
    low: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What stands in the form."""

    reader: Subscriber
    """As wished; a field with a mistake is as it was before."""
    typed: Mapping[str, Any]
    """What the fields hold, mistakes and all."""
    mistakes: Mapping[str, Mistake] = field(default_factory=dict)
    added: int = 0
    """Papers that came out of a file."""


def tell_wishes(reader: Subscriber) -> Wishes:
    """The form as it opens."""
    profile = reader.profile
    lists = {name: "\n".join(getattr(profile, name)) for name in _LISTS if name != "interests"}
    typed = {
        **lists,
        "interests": "\n".join(_tell_interest(Interest.of(one)) for one in profile.interests),
        "trending": "" if profile.trending is None else f"{profile.trending:g}",
        "max_papers": str(profile.max_papers),
        "min_score": f"{profile.min_score * 100:.10g}",
        "explore": str(profile.explore),
        "name": reader.name,
        "days": sorted(reader.schedule.days),
        "at": reader.schedule.at.isoformat("minutes") if reader.schedule.at else "",
        "timezone": reader.timezone,
        "when_empty": reader.when_empty,
    }
    return Wishes(reader=reader, typed=typed)


def read_wishes(form: Form, saved: Subscriber) -> Wishes:
    """The wishes in a form that was sent; papers of a file that was sent with it are added to those liked."""
    reading = _Reading(form, saved)
    return reading.read()


def with_wishes(reader: Subscriber, wished: Subscriber) -> Subscriber:
    """The reader with all that a form says; whether they get mail is none of it."""
    return replace(
        reader,
        name=wished.name,
        timezone=wished.timezone,
        schedule=wished.schedule,
        profile=wished.profile,
        when_empty=wished.when_empty,
    )


class _Reading:
    """One form, field by field."""

    def __init__(self, form: Form, saved: Subscriber) -> None:
        self._form, self._saved, self._old = form, saved, saved.profile
        self._told = tell_wishes(saved).typed
        self._typed: dict[str, Any] = {name: form.text(name) for name in (*_LISTS, *_ONE_LINE)}
        self._typed["days"] = sorted({int(day) for day in form.texts("days") if day in set("0123456")})
        self._mistakes: dict[str, Mistake] = {}
        self._added = 0

    def read(self) -> Wishes:
        self._take_file(self._form.file("library"))
        wished = replace(
            self._saved,
            name=shorten(one_line(self._typed["name"]), MAX_CHARACTERS),
            timezone=self._field("timezone", read_zone_name, self._saved.timezone, mistake="zone"),
            schedule=Schedule(days=self._days(), at=self._field("at", _read_at, self._saved.schedule.at, mistake="at")),
            when_empty="send" if self._typed["when_empty"] == "send" else "skip",
            profile=self._profile(),
        )
        return Wishes(reader=wished, typed=self._typed, mistakes=self._mistakes, added=self._added)

    def _profile(self) -> ProfileSpec:
        old = self._old
        most = self._number("max_papers", old.max_papers, low=1, high=MOST_PAPERS)
        explore = self._number("explore", old.explore, low=0, high=most)
        least = self._field("min_score", _read_percent, old.min_score, mistake="percent", low=0, high=100)
        return ProfileSpec(
            interests=self._lines("interests", old.interests, _read_interest),
            authors=self._lines("authors", old.authors, str),
            organizations=self._lines("organizations", old.organizations, str),
            categories=self._lines("categories", old.categories, str),
            liked=self._lines("liked", old.liked, self._reference),
            disliked=self._lines("disliked", old.disliked, self._reference),
            muted=self._lines("muted", old.muted, str),
            muted_authors=self._lines("muted_authors", old.muted_authors, str),
            trending=self._field("trending", _read_share, old.trending, mistake="share", low=0, high=1),
            max_papers=most,
            min_score=least,
            explore=min(explore, most),
        )

    def _take_file(self, upload: Upload | None) -> None:
        """Writes the papers of a library as lines below those that are liked."""
        if upload is None:
            return
        try:
            named = [reference_of(paper) for paper in read_upload(upload.raw, "library")]
        except UsageError as error:
            name = "library_large" if isinstance(error, LibraryTooLarge) else "library"
            said = shorten(one_line(upload.name), 80)
            self._mistakes["library"] = Mistake(name=name, value=said, high=UPLOADED_PAPERS)
            return
        before = self._typed["liked"].splitlines()
        new = list(dict.fromkeys(shorten(one_line(name), MAX_CHARACTERS) for name in named if name not in before))
        self._added = len(new)
        self._typed["liked"] = "\n".join([*before, *new])

    def _lines(self, name: str, saved: Sequence[Any], read: Callable[[str], Any]) -> tuple[Any, ...]:
        """Each line of the field once; what was saved where one of them is wrong."""
        lines, kept = _lines_of(self._typed[name]), _lines_of(self._told[name])
        most = MOST.get(name, MOST_NAMES)
        if len(lines) > most:
            self._mistakes[name] = Mistake(name="many", value=str(len(lines)), high=most)
            return tuple(saved)
        if long := next((line for line in lines if len(line) > MAX_CHARACTERS and line not in kept), None):
            self._mistakes[name] = Mistake(name="long", value=shorten(long, 60), high=MAX_CHARACTERS)
            return tuple(saved)
        found: dict[Any, None] = {}
        for line in lines:
            try:
                found[read(line)] = None
            except ValueError as error:
                self._mistakes[name] = Mistake(name=str(error), value=shorten(line, 60))
                return tuple(saved)
        return tuple(found)

    def _reference(self, line: str) -> str:
        """A paper as ``liked:`` names it; nobody on the web names a file of the operator's machine."""
        if line in self._old.liked or line in self._old.disliked:
            return line
        return read_paper(line)

    def _days(self) -> frozenset[int]:
        if not self._typed["days"]:
            self._mistakes["days"] = Mistake(name="days")
            return self._saved.schedule.days
        return frozenset(self._typed["days"])

    def _number(self, name: str, saved: int, *, low: int, high: int) -> int:
        def read(text: str) -> int:
            number = int(text) if text.isdecimal() and len(text) < 5 else -1
            if not low <= number <= high:
                raise ValueError
            return number

        return int(self._field(name, read, saved, mistake="number", low=low, high=high))

    def _field(
        self, name: str, read: Callable[[str], Any], saved: Any, *, mistake: str, low: int = 0, high: int = 0
    ) -> Any:
        """What the field says; as it was saved where that cannot be read."""
        try:
            return read(self._typed[name])
        except ValueError:
            said = shorten(one_line(self._typed[name]), 60)
            self._mistakes[name] = Mistake(name=mistake, value=said, low=low, high=high)
            return saved


def read_paper(line: str) -> str:
    """A paper as somebody types it: a bare arXiv id or DOI, a link, a title. ValueError("paper") for anything else.

    >>> read_paper("2405.12345"), read_paper("Loss of plasticity in deep learning")
    ('arXiv:2405.12345', 'title: Loss of plasticity in deep learning')
    """
    if line.partition(":")[0].strip().casefold() == "file":
        raise ValueError("paper")
    for text in (line, f"arXiv:{line}", f"doi:{line}"):
        try:
            return read_reference(text)
        except ValueError:
            continue
    if line.startswith(("http:", "https:", "arXiv:", "arxiv:", "doi:")) or len(line.split()) < TITLE_WORDS:
        raise ValueError("paper")
    return f"title: {line}"


def shares(trending: str) -> Iterable[str]:
    """What the field for trending offers, and what stands there now."""
    offered = [f"{share:g}" for share in SHARES]
    return offered if trending in {"", *offered} else sorted([*offered, trending], key=_as_number)


def _lines_of(typed: str) -> list[str]:
    return [line for text in typed.split("\n") if (line := one_line(text))]


def _tell_interest(interest: Interest) -> str:
    """The interest as a line; its weight where it has one, or where the text would be read as if it had."""
    if interest.weight == 1 and not _WEIGHT.fullmatch(interest.text):
        return interest.text
    return f"{interest.text} × {interest.weight:g}"


def _read_interest(line: str) -> Interest:
    found = _WEIGHT.fullmatch(line)
    if found is None:
        return Interest(line)
    return Interest(found[1].rstrip(), float(found[2].replace(",", ".")))


def _read_at(text: str) -> time | None:
    return read_clock(text[:5] if re.fullmatch(r"\d\d:\d\d:\d\d(\.\d+)?", text) else text) if text else None


def _read_percent(text: str) -> float:
    number = float(text.replace(",", "."))
    if not 0 <= number <= 100:
        raise ValueError
    return round(number / 100, 12)


def _read_share(text: str) -> float | None:
    if not text:
        return None
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError
    return number


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf
