"""A language as templates need it: dates, numbers, lists and plurals by Babel, and which way its text runs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal

from newsletter.errors import TemplateError

ENGLISH = "en"
"""The language of ``words.j2``."""

Direction = Literal["ltr", "rtl"]

_INTERNATIONAL = {"en": "en_001"}
"""English without a country writes 22 November, as most of the world does; ``en-US`` says November 22."""
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


@dataclass(frozen=True, slots=True)
class Language:
    """How one language, in one country or none, writes what is not words."""

    tag: str
    """For ``lang`` attributes: ``he``, ``en-GB``."""
    locale: Locale

    @property
    def direction(self) -> Direction:
        """Which way its text runs."""
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    @property
    def start(self) -> str:
        """The side where its lines begin."""
        return "right" if self.direction == "rtl" else "left"

    @property
    def end(self) -> str:
        """The side where its lines end."""
        return "left" if self.direction == "rtl" else "right"

    @property
    def names(self) -> tuple[str, ...]:
        """Itself, most special first: what a file of its words may be called by."""
        return tuple(dict.fromkeys((self.tag, self.locale.language)))

    def number(self, number: int) -> str:
        """``1,142``."""
        return format_decimal(number, locale=self.locale)

    def day(self, day: date, form: Literal["short", "medium", "long", "full"] = "full") -> str:
        """``Sunday, 22 November 2026``; ``medium`` is ``22 Nov 2026``."""
        return format_date(day, form, locale=self.locale)

    def weekday(self, number: int) -> str:
        """The name of a day of the week; Monday is 0."""
        return str(self.locale.days["format"]["wide"][number])

    def clock(self, at: time) -> str:
        """``07:30``: never twelve hours with letters behind them, for that is how readers ask for it."""
        return format_skeleton("Hm", at, locale=self.locale)

    def plural(self, number: int, *, other: str, **forms: str) -> str:
        """The form for that number: ``one``, ``two``, ``few``, ``many``, else ``other``; the language says which."""
        return forms.get(self.locale.plural_form(number), other)

    def runs_against(self, text: str) -> Direction | None:
        """Which way a text runs, by its first letter, where that is not the way of this language."""
        own = direction_of(text)
        return own if own and own != self.direction else None


def read_language(tag: str) -> Language:
    """The language of a tag such as ``he`` or ``en-GB``; TemplateError where there is none."""
    try:
        parsed = Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise TemplateError(f"language: {tag!r} is unknown; expected one such as en, en-GB or he") from error
    locale = Locale.parse(_INTERNATIONAL.get(str(parsed), str(parsed)))
    return Language(str(parsed).replace("_", "-"), locale)


@lru_cache(maxsize=256)
def list_pattern(language: Language, length: int) -> str:
    """A format for so many things: ``{0}, {1} and {2}``."""
    return format_list([f"{{{number}}}" for number in range(length)], locale=language.locale)


def direction_of(text: str) -> Direction | None:
    """Which way a text runs by its first letter that says so; ``None`` where none does."""
    return next(_directions(text), None)


def _directions(text: str) -> Iterator[Direction]:
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            yield "ltr"
        elif kind in _RIGHT_TO_LEFT:
            yield "rtl"
