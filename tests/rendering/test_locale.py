"""Dates, numbers, lists and plurals are the language's own."""

from __future__ import annotations

from datetime import date, time

import pytest

from newsletter.errors import TemplateError
from newsletter.rendering.locale import direction_of, list_pattern, read_language

DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("tag", "lang", "full", "medium", "number"),
    [
        ("en", "en", "Sunday, 22 November 2026", "22 Nov 2026", "1,142"),
        ("en-US", "en-US", "Sunday, November 22, 2026", "Nov 22, 2026", "1,142"),
        ("en_GB", "en-GB", "Sunday, 22 November 2026", "22 Nov 2026", "1,142"),
        ("he", "he", "יום ראשון, 22 בנובמבר 2026", "22 בנוב׳ 2026", "1,142"),
        ("de", "de", "Sonntag, 22. November 2026", "22.11.2026", "1.142"),
    ],
)
def test_dates_and_numbers(tag: str, lang: str, full: str, medium: str, number: str) -> None:
    language = read_language(tag)
    assert (language.tag, language.day(DAY), language.day(DAY, "medium")) == (lang, full, medium)
    assert language.number(1142) == number


def test_days_hours_and_lists() -> None:
    english, hebrew = read_language("en"), read_language("he")
    assert [english.weekday(0), english.weekday(6), hebrew.weekday(0)] == ["Monday", "Sunday", "יום שני"]
    assert english.clock(time(19, 30)) == "19:30"
    assert [list_pattern(english, length) for length in (1, 2, 3)] == ["{0}", "{0} and {1}", "{0}, {1} and {2}"]
    assert list_pattern(hebrew, 3) == "{0}, {1} ו{2}"


@pytest.mark.parametrize(("number", "form"), [(1, "one"), (2, "two"), (3, "other"), (10, "other"), (0, "other")])
def test_plural_forms_of_hebrew(number: int, form: str) -> None:
    assert read_language("he").plural(number, one="one", two="two", other="other") == form


def test_a_form_that_is_not_given_is_the_other_one() -> None:
    assert read_language("he").plural(2, one="one", other="other") == "other"
    assert read_language("pl").plural(3, one="one", few="few", many="many", other="other") == "few"


@pytest.mark.parametrize(
    ("tag", "direction", "start", "end"),
    [("en", "ltr", "left", "right"), ("he", "rtl", "right", "left"), ("ar-EG", "rtl", "right", "left")],
)
def test_directions(tag: str, direction: str, start: str, end: str) -> None:
    language = read_language(tag)
    assert (language.direction, language.start, language.end) == (direction, start, end)


@pytest.mark.parametrize(
    ("text", "direction"), [("12 - A", "ltr"), ("(שלום) A", "rtl"), ("عربي", "rtl"), ("12.5 %", None), ("", None)]
)
def test_the_first_letter_says_which_way_a_text_runs(text: str, direction: str | None) -> None:
    assert direction_of(text) == direction


def test_what_runs_against_a_language() -> None:
    english, hebrew = read_language("en"), read_language("he")
    assert [english.runs_against(text) for text in ("A", "שלום", "1")] == [None, "rtl", None]
    assert [hebrew.runs_against(text) for text in ("A", "שלום", "1")] == ["ltr", None, None]


@pytest.mark.parametrize("tag", ["", "klingon", "xx", "e n", "../he"])
def test_no_language(tag: str) -> None:
    with pytest.raises(TemplateError, match="expected one such as en, en-GB or he"):
        read_language(tag)
