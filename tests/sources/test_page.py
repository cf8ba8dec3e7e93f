"""Saved Daily Papers pages: both shapes of the text, the page as HTML, and years that are left out."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime

import pytest

from newsletter.config.settings import PageSource
from newsletter.errors import SourceError
from newsletter.sources.page import Day, PageFetcher, page_year, read_page

NOW = "2026-11-22T09:00:00+00:00"

BANNER = """new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

{date}

"""

LISTING = (
    BANNER.format(date="Nov 27")
    + """Growing neurons without a plan

An abstract with $x<y$ and "quotes".

  • 7 authors
·
Dec 14, 2023

A paper of this very year

Its abstract.

  • 1 authors
·
Oct 20

Talked about

Its abstract.

  • 3 authors
·
May 24, 2024 2

Talked about this year

Its abstract.

lab-handle The Lab
·
Sep 30 25

Nothing is known of this one

But it has an abstract.

The last one

Its abstract.

  • 2 authors
·
Mar 8
"""
)

PLAIN = """Get trending papers in your email inbox once a day!
Get trending papers in your email inbox!
SubscribeNeurons that grow and neurons that do not
The first abstract.
Continual learning by pruning what is old
The second abstract.
"""


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_listing():
    entries = read_page(LISTING.encode(), now=NOW).entries
    assert [(e.title, e.author_count, e.organization, e.published, e.signals.comments) for e in entries] == [
        ("Growing neurons without a plan", 7, None, day("2023-12-14"), None),
        ("A paper of this very year", 1, None, day("2025-10-20"), None),
        ("Talked about", 3, None, day("2024-05-24"), 2),
        ("Talked about this year", None, "The Lab", day("2025-09-30"), 25),
        ("Nothing is known of this one", None, None, None, None),
        ("The last one", 2, None, day("2025-03-08"), None),
    ]
    assert entries[0].summary == 'An abstract with $x<y$ and "quotes".'
    assert {entry.link for entry in entries} == {None}


def test_titles_and_abstracts_in_turn():
    entries = read_page(PLAIN.encode(), now=NOW).entries
    assert [(entry.title, entry.summary) for entry in entries] == [
        ("Neurons that grow and neurons that do not", "The first abstract."),
        ("Continual learning by pruning what is old", "The second abstract."),
    ]


def test_a_part_of_a_listing_without_its_banner():
    part = "A title\n\nAn abstract.\n\n  • 2 authors\n·\nMar 8, 2024 1\n"
    (entry,) = read_page(part.encode(), now=NOW).entries
    assert (entry.title, entry.author_count, entry.signals.comments) == ("A title", 2, 1)


def test_an_organisation_and_authors_together_and_a_title_without_an_abstract():
    text = BANNER.format(date="Nov 4") + "A title\n\nlab\n·\n4 authors\n·\nFeb 30\n\nNext one\n\nIts abstract.\n"
    first, second = read_page(text.encode(), now=NOW).entries
    assert (first.summary, first.organization, first.author_count, first.published) == ("", "lab", 4, None)
    assert (second.title, second.summary) == ("Next one", "Its abstract.")


def test_a_subscription_in_a_title_is_left_alone():
    text = PLAIN + "Subscribe to nothing: a study\nIts abstract.\n"
    assert read_page(text.encode(), now=NOW).entries[-1].title == "Subscribe to nothing: a study"


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "cp1252"])
def test_charsets_that_pages_are_saved_in(charset):
    text = LISTING.replace("plan", "plän")
    assert read_page(text.encode(charset), now=NOW).entries[0].title == "Growing neurons without a plän"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"  ", "is empty"),
        (b"A shopping list\nmilk\n", "is no saved Daily Papers page"),
        (b"new\n\x00\x01", "is no text"),
        (b"new\n\x81\x8d", "is text in no charset known here"),
        (b"<html><body><p>hello</p></body></html>", "is a web page, but no list of daily papers"),
    ],
)
def test_what_is_no_page_is_one_clear_line(body, said):
    with pytest.raises(SourceError, match=said):
        read_page(body, now=NOW)


def test_a_banner_alone_is_an_empty_page():
    assert read_page(BANNER.format(date="Nov 4").encode(), now=NOW).entries == ()


# -- the page's year -----------------------------------------------------------------------------------------------


def dated(*years: int | None) -> list[Day]:
    return [Day(5, 1, year, None) for year in years]


@pytest.mark.parametrize(
    ("header", "years", "year"),
    [
        (Day(11, 27, None, None), [2024, None, 2019], 2025),
        (Day(12, 31, None, None), [2025], 2026),
        (Day(11, 4, None, None), [None, None], 2026),
        (Day(12, 31, None, None), [None], 2025),
        (Day(11, 23, None, None), [], 2026),
        (None, [], 2026),
        (Day(11, 4, 2024, None), [None], 2025),
        (None, [9999, 2024], 2025),
    ],
)
def test_the_year_that_is_left_out(header, years, year):
    assert page_year(header, dated(*years), now=datetime.fromisoformat(NOW)) == year


def test_the_operator_knows_better():
    assert read_page(LISTING.encode(), now=NOW, year=2019).entries[1].published == day("2019-10-20")


# -- HTML ----------------------------------------------------------------------------------------------------------


def card(name: str, title: str, more: str = "") -> str:
    return (
        f'<article><a href="/papers/{name}"><img src="https://cdn.example/{name}.png"></a><div>Submitted by ada</div>'
        f'<h3><a href="/papers/{name}" class="line-clamp-3">{title}</a></h3>{more}</article>'
    )


CARDS = (
    "<!doctype html><html><body><h3><a href='/papers/9999.99999'>Not on a card</a></h3>"
    + card(
        "2603.01234",
        "Growing &amp; pruning",
        "<p>Its abstract.</p><ul><li>· 7 authors</li></ul><time datetime='2026-03-09T00:00:00.000Z'>Mar 9</time>"
        "<a href='/papers/2603.01234#community'><svg></svg> 4</a>",
    )
    + card("2603.09999", "Bare")
    + "<article><h3>No paper</h3></article></body></html>"
)


def test_a_page_of_cards():
    first, second = read_page(CARDS.encode(), now=NOW).entries
    assert (first.title, first.link) == ("Growing & pruning", "https://huggingface.co/papers/2603.01234")
    assert (first.arxiv_id, first.author_count, first.summary) == ("2603.01234", 7, "Its abstract.")
    assert (first.published, first.signals.comments) == (day("2026-03-09"), 4)
    assert first.thumbnail == "https://cdn.example/2603.01234.png"
    assert (second.title, second.author_count, second.signals.comments) == ("Bare", None, None)


def test_the_data_that_a_page_carries_goes_first():
    papers = {"dailyPapers": [{"paper": {"id": "2603.00007", "title": "From data", "upvotes": 3}}]}
    props = html.escape(json.dumps(papers))
    body = f'<html><body><div data-target="DailyPapers" data-props="{props}"></div>{CARDS}</body></html>'
    (entry,) = read_page(body.encode(), now=NOW).entries
    assert (entry.title, entry.signals.upvotes) == ("From data", 3)


@pytest.mark.parametrize("props", ["", "{", "[]", '{"dailyPapers": 7}'])
def test_data_of_no_use_leaves_the_cards(props):
    body = f'<html><div data-target="DailyPapers" data-props="{html.escape(props)}"></div>{CARDS}</html>'
    assert len(read_page(body.encode(), now=NOW).entries) == 2


# -- fetching ------------------------------------------------------------------------------------------------------


def test_a_page_in_a_file(tmp_path, ask):
    (tmp_path / "page.txt").write_text(LISTING)
    source = PageSource(kind="page", name="saved", path=tmp_path / "page.txt")
    assert len(PageFetcher().fetch(ask(source)).entries) == 6


def test_a_page_at_an_address(site, ask):
    source = PageSource(kind="page", name="listing", url=site.say("/papers", CARDS), year=2026)
    assert len(PageFetcher().fetch(ask(source)).entries) == 2
