"""What a check of a rendered message finds, with its place and its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from rendering.invented import Render

from newsletter.rendering.findings import Level
from newsletter.rendering.inspection import Inspection, inspect_message


@dataclass
class Written:
    """A message written by hand."""

    html: str
    raw: bytes = b"Subject: a\r\n\r\nb\r\n"


def inspect(body: str, *, head: str = "", lang: str = 'lang="en"') -> Inspection:
    return inspect_message(Written(f"<html {lang}>\n<head>{head}</head>\n<body>{body}</body></html>"))  # type: ignore[arg-type]


def said(body: str, *, head: str = "", lang: str = 'lang="en"') -> list[str]:
    """The findings but for what clients lack, each as ``level place: what``."""
    findings = inspect(body, head=head, lang=lang).findings
    return [f"{f.level} {f.place}: {f.what}" for f in findings if f.topic != "clients"]


def lacking(body: str, *, head: str = "") -> dict[str, tuple[str, str]]:
    """Feature -> (level, clients that lack it) of a message with that body."""
    found = inspect(body, head=head).findings
    parts = [
        (f.level, *re.sub(r" \(\d+ times\)", "", f.what).split(" is not known to "))
        for f in found
        if f.topic == "clients"
    ]
    return {what: (str(level), who) for level, what, who in parts}


def test_a_digest_has_no_problems(render: Render) -> None:
    inspection = inspect_message(render())
    assert inspection.problems == ()
    assert all(note.why for note in inspection.notes)
    assert inspection.hosts["arxiv.example.org"] == 4
    assert inspection.html_bytes == len(render().html.encode())


def test_large_messages_are_advised_against_and_too_large_ones_are_a_problem() -> None:
    assert said("x" * 49_000) == []
    assert said("x" * 50_000)[0].startswith("note html: 50,0")
    assert said("x" * 95_001)[0].startswith("problem html: 95,0")


def test_lines_that_servers_would_break() -> None:
    raw = b"Long: " + b"x" * 80 + b"\r\n\r\n" + b"y" * 77 + b"\r\n" + b"z" * 999
    findings = inspect_message(Written("<html lang=en></html>", raw)).findings  # type: ignore[arg-type]
    assert [(f.level, f.place, f.what) for f in findings] == [
        (Level.PROBLEM, "raw:4", "a line of 999 bytes"),
        (Level.NOTE, "raw:3", "a line of 77 bytes"),
    ]


def test_links_say_and_know_where_they_go() -> None:
    body = """<h1>One</h1><a href="https://a.example.org/x">Paper</a>
    <a href="http://a.example.org">Plain</a> <a href="javascript:x()">Run</a> <a href="#top">Up</a> <a>Nothing</a>
    <a href="https://a.example.org/y"><img src="x" alt=""></a> <a href="mailto:a@example.org">Click here!</a>
    <a href="https://a.example.org/z">paper</a>
    <h2>Two</h2><a href="https://b.example.org">Paper</a>"""
    assert said(body) == [
        "problem html:4, under “One”: the link “Run” leads to javascript:x()",
        "problem html:4, under “One”: the link “Up” leads nowhere",
        "problem html:4, under “One”: the link “Nothing” leads nowhere",
        "problem html:5, under “One”: a link to https://a.example.org/y without text",
        "note html:4, under “One”: the link “Plain” leads to http://a.example.org",
        "note html:5, under “One”: the link “Click here!”",
        "note html:6, under “One”: “paper” leads to https://a.example.org/z, and to https://a.example.org/x above",
    ]
    hosts = inspect(body).hosts
    assert hosts == {"a.example.org": 4, "b.example.org": 1, "javascript:": 1, "nowhere": 2, "mailto:": 1}


def test_a_picture_that_is_described_names_its_link() -> None:
    assert said('<a href="https://example.org"><img src="x" alt="Our logo"></a>') == []
    assert said('<img src="x">') == ["problem html:3: a picture without alt text"]


def test_headings_leave_out_no_level() -> None:
    assert said("<h1>a</h1><h2>b</h2><h3>c</h3><h2>d</h2>") == []
    assert said("<h2>b</h2><h4>c</h4>") == [
        "note html:3, under “b”: <h2> first of all",
        "note html:3, under “c”: <h4> after <h2>",
    ]


@pytest.mark.parametrize("lang", ["", 'lang=""'])
def test_without_a_language_it_is_read_out_wrongly(lang: str) -> None:
    assert said("text", lang=lang) == ["problem html:1: no lang"]


DARK = "<style>p { color: #333 } @media (prefers-color-scheme: dark) { body { background: #111 } p { color: #eee !important } }</style>"


def test_contrast_is_looked_at_in_light_and_in_dark() -> None:
    assert said("<p>Fine in both</p>", head=DARK) == []
    assert said('<div bgcolor="#111111"><h1>A</h1>Black on black</div>') == [
        "problem html, light, under “A”: “A” is #000000 on #111111, and 1 more like it"
    ]
    assert said('<p style="color: #999">Pale</p><p style="color: #999">Pale too</p>') == [
        "problem html, light: “Pale” is #999999 on #ffffff, and 1 more like it"
    ]
    assert said('<span style="color: #333">Not made for dark</span>', head=DARK) == [
        "problem html, dark: “Not made for dark” is #333333 on #111111"
    ]


@pytest.mark.parametrize(
    "unseen",
    [
        '<div style="display: none; color: #fff">Preheader</div>',
        '<div style="font-size: 0; color: #fff">Nothing</div>',
        '<p style="color: #fff">&#8203;&nbsp;</p>',
        '<p style="color: #fff; background: url(x.png)">On a picture</p>',
        "<!--[if mso]><p style='color: #fff'>Outlook</p><![endif]-->",
    ],
)
def test_what_is_not_seen_or_cannot_be_told_is_not_judged(unseen: str) -> None:
    assert said(unseen) == []


def test_large_text_may_be_paler() -> None:
    assert said('<h1 style="font: 700 24px/28px serif; color: #888">Large</h1>') == []
    assert said('<p style="font-size: 20px; color: #888">Not so large</p>') != []


def test_colours_in_any_spelling_are_understood() -> None:
    for colour in ("#fff", "#FFFFFF", "white", "rgb(255, 255, 255)", "rgba(255,255,255,1)", "rgb(100%, 100%, 100%)"):
        assert said(f'<p style="color: {colour}">Unseen</p>')[0].endswith("is #ffffff on #ffffff")
    assert said('<p style="color: rgba(0, 0, 0, .2)">Pale</p>')[0].endswith("is #cccccc on #ffffff")
    assert said('<p style="color: rebeccablue">A name that nobody knows</p>') == []


def test_important_declarations_win_whatever_their_order() -> None:
    assert said('<p style="color: #000 !important; color: #fff">Seen</p>') == []


def test_what_clients_lack_is_a_note_where_something_takes_its_place() -> None:
    found = lacking(
        '<p style="border-radius: 3px; color: var(--ink)">x</p><svg></svg><img alt="" src="https://example.org/a.webp">',
        head="<style>a:hover { color: red } @media (max-width: 9px) { p { gap: 1px } } @font-face { src: url(x) }</style>",
    )
    assert found["border-radius"] == ("note", "Outlook on Windows")
    assert found["var()"] == ("problem", "Gmail, Outlook, Yahoo")
    assert found["<svg>"][0] == "problem"
    assert found["img .webp"] == ("problem", "Outlook on Windows")
    assert {":hover", "@media", "@font-face", "gap", "<style>", "selector tag"} <= found.keys()
    assert "color" not in found


def test_times_a_feature_is_used_and_where_first() -> None:
    found = inspect('<h1>T</h1>\n<p style="opacity: 1">x</p><p style="opacity: .5">y</p>').findings
    assert [(f.place, f.what) for f in found if f.what.startswith("opacity")] == [
        ("html:4, under “T”", "opacity (2 times) is not known to Gmail in a phone's browser, Outlook on Windows")
    ]


def test_broken_pages_are_inspected_all_the_same() -> None:
    for broken in (
        "<p><div></p></span>",
        "<a href='x",
        "</html></body>",
        "<style>@media { p {",
        "<style>} a { b",
        "<",
        "<p>" * 5_000,
    ):
        assert inspect(broken).html_bytes > 0
