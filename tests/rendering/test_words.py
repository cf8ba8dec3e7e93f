"""Every language says everything that English says, and no word of any waits for a reader to be tried."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from rendering.cases import LETTERS
from rendering.invented import DIGEST, FULL, LINKS, MESSAGE_ID, READER, SENDER, SENT_AT, digest_of, ranked
from rendering.looks import LANGUAGES, SHIPPED, letter_in, render_in, renderer_of

from newsletter.errors import TemplateError
from newsletter.model import LetterKind
from newsletter.rendering import Renderer
from newsletter.rendering.sample import SAMPLES

ENGLISH = "en"
NOT_IN_MAILS = {"count"}
"""Macros for pages."""


def words_file(language: str) -> Path:
    return SHIPPED / ("words.j2" if language == ENGLISH else f"words.{language}.j2")


def macros_of(language: str) -> dict[str, nodes.Macro]:
    tree = Environment().parse(words_file(language).read_text(encoding="utf-8"))
    return {macro.name: macro for macro in tree.find_all(nodes.Macro)}


def phrases_of(language: str) -> Iterator[str]:
    """What stands in the macros, and every form of plurals and of choices."""
    for name, macro in macros_of(language).items():
        if name in NOT_IN_MAILS:
            continue
        for data in macro.find_all(nodes.TemplateData):
            yield data.data
        for choice in macro.find_all(nodes.CondExpr):
            yield from (text.value for text in (choice.expr1, choice.expr2) if isinstance(text, nodes.Const))
        for filtered in macro.find_all(nodes.Filter):
            if filtered.name == "plural":
                yield from (part for form in filtered.kwargs for part in form.value.as_const().split("{}"))


def plain(text: str) -> str:
    return " ".join(html.unescape(text).replace("\u00a0", " ").split())


def seen(page: str) -> str:
    """The text of a page, and of its pictures where they are blocked."""
    return re.sub("<[^>]+>", "", re.sub(r'<img[^>]*\balt="([^"]*)"[^>]*>', r" \1 ", page))


@cache
def everything_said_in(language: str) -> str:
    messages = [render_in(language, digest, subscriber=reader, links=links) for digest, reader, links in SAMPLES]
    messages += [letter_in(language, letter) for letter in LETTERS.values()]
    messages += [letter_in(language, replace(LETTERS[LetterKind.CONFIRM], days=days)) for days in (1, 2)]
    return plain(" ".join(f"{message.subject} {seen(message.html)} {message.text}" for message in messages))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_macro_is_there_with_the_same_parameters(language: str) -> None:
    ours, english = macros_of(language), macros_of(ENGLISH)
    assert english.keys() <= ours.keys()
    for name in english.keys() - {"named", "emphasised"}:
        assert [argument.name for argument in ours[name].args] == [argument.name for argument in english[name].args], (
            name
        )


@pytest.mark.parametrize("language", [ENGLISH, *LANGUAGES])
def test_every_phrase_is_tried_before_anything_is_sent(language: str) -> None:
    phrases = {plain(phrase) for phrase in phrases_of(language)} - {""}
    said = everything_said_in("classic" if language == ENGLISH else language)
    assert len(phrases) > 60
    assert [phrase for phrase in sorted(phrases) if phrase not in said] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left_over(language: str) -> None:
    said = everything_said_in(language)
    ours = {plain(phrase) for phrase in phrases_of(language)}
    left = {plain(phrase) for phrase in phrases_of(ENGLISH)} - ours
    assert [phrase for phrase in sorted(left) if re.search(r"[a-z] [a-z]", phrase) and phrase in said] == []


def test_hebrew_as_a_whole() -> None:
    message = render_in("he", DIGEST)
    assert message.subject == f"{FULL.title} ועוד מאמר אחד"
    assert '<html lang="he" dir="rtl"' in message.html
    assert "direction:rtl" in message.html
    assert 'align="left"' not in message.html
    assert "text-align:right" in message.html
    assert "<b>2</b> מתוך 412&nbsp;מאמרים חדשים, כדקת קריאה אחת; בדירוג אישי בשבילך" in message.html
    assert 'עוסק ב־<em dir="auto">spiking networks</em>' in message.html
    assert "(<b>\u200e+84</b> מאתמול)" in message.html
    assert "2 מתוך 412 מאמרים חדשים" in message.text
    assert "ביטול ההרשמה: https://papers.example.org/u/token" in message.text


@pytest.mark.parametrize(("count", "words"), [(2, "ועוד מאמר אחד"), (3, "ועוד שני מאמרים"), (5, "ועוד 4 מאמרים")])
def test_hebrew_counts(count: int, words: str) -> None:
    assert render_in("he", digest_of(*[ranked(FULL)] * count)).subject.endswith(words)


def render_words(folder: Path, language: str) -> str:
    renderer = Renderer(folders=[folder, SHIPPED], title="T", sender=SENDER, locale=language)
    return renderer.render(DIGEST, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT).html


def test_a_language_of_ones_own_says_the_rest_in_english(tmp_path: Path) -> None:
    (tmp_path / "words.de.j2").write_text("{% macro unsubscribe() %}Abmelden{% endmacro %}", encoding="utf-8")
    page = render_words(tmp_path, "de")
    assert ">Abmelden</a>" in page
    assert ">Change what you get</a>" in page
    assert "Sonntag, 22. November 2026" in page
    assert '<html lang="de" dir="ltr"' in page


def test_a_country_goes_before_its_language(tmp_path: Path) -> None:
    (tmp_path / "words.pt.j2").write_text("{% macro more() %}Mais{% endmacro %}{% macro below() %}Ali{% endmacro %}")
    (tmp_path / "words.pt-BR.j2").write_text("{% macro below() %}Logo abaixo{% endmacro %}")
    assert ">Logo abaixo</h2>" in render_words(tmp_path, "pt-BR")
    assert ">Ali</h2>" in render_words(tmp_path, "pt")


@pytest.mark.parametrize("language", ["fr", "ar-EG"])
def test_a_language_without_words_is_refused(tmp_path: Path, language: str) -> None:
    short = language.partition("-")[0]
    with pytest.raises(TemplateError, match=rf"language {language}: words\.{short}\.j2: no such template in"):
        render_words(tmp_path, language)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\n{% macro more() %}{{ wrods }}{% endmacro %}", 2, "'wrods' is undefined"),
        ("\n\n{% macro %}", 3, "expected token"),
        ("{% macro day(date) %}\n{{ date.yaer }}{% endmacro %}", 2, "yaer"),
    ],
)
def test_a_fault_in_a_language_has_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "words.de.j2"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match=words) as caught:
        render_words(tmp_path, "de")
    assert str(caught.value).startswith(f"{file}:{line}: ")


def test_languages_are_put_together_as_quickly() -> None:
    assert all(renderer_of(language).is_spliced for language in LANGUAGES)
