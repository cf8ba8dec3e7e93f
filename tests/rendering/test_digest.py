"""What a reader sees in the HTML part."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from rendering.invented import (
    BARE,
    DIGEST,
    FULL,
    LINKS,
    MESSAGE_ID,
    READER,
    SENDER,
    SENT_AT,
    Render,
    digest_of,
    parsed,
    ranked,
)

from newsletter.model import Entry, Links, Mailbox, ProfileSpec, Reason, Schedule, Signals, SourceReport, SourceState
from newsletter.rendering import Renderer
from newsletter.shipped import shipped

BLOCKS = {"p", "h1", "h2", "li", "div", "br"}
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Page(HTMLParser):
    """Text, links, headings and unbalanced tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.headings: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.unbalanced: list[str] = []
        self.pieces: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.pieces.append(" ")
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("href")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop()[0] != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        around = [tag for tag, _ in self._open]
        if "style" in around or "title" in around:
            return
        self.pieces.append(data)
        if self.headings and around and any(tag == self.headings[-1][0] for tag in around):
            self.headings[-1] = (self.headings[-1][0], self.headings[-1][1] + data)
        href = next((href for tag, href in reversed(self._open) if tag == "a"), None)
        if href:
            self.links[href] = self.links.get(href, "") + data

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())


def test_header_says_title_local_date_and_what_this_is(render: Render) -> None:
    page = Page(render().html)
    assert page.headings[0] == ("h1", "Morning Papers")
    assert "Sunday, 22 November 2026" in page.text
    assert "2 of 412 new papers, about 1 minute; ranked for you" in page.text


def test_card_says_all_that_is_known(render: Render) -> None:
    page = Page(render().html)
    for words in (
        "A listing, arXiv cs.NE · 20 Nov 2026",
        "Ada Beispiel, Ben Muster, Cleo Exempel and 2 more (Institute of Examples)",
        "1,142 upvotes (+84 since yesterday) · 7 comments · code with 320 stars",
        "Small networks forget. Naps help them to remember. We say why.",
    ):
        assert words in page.text
    assert "one sentence too many" not in page.text


def test_links_say_where_they_go(render: Render) -> None:
    links = Page(render().html).links
    assert links[FULL.link or ""] == FULL.title + "Read on arxiv.example.org"
    assert links["https://arxiv.example.org/pdf/1"] == "PDF"
    assert links["https://code.example.org/naps"] == "Code on code.example.org"
    assert links["https://talk.example.org/1"] == "Discussion on talk.example.org"


def test_reasons_are_in_words_strongest_first(render: Render) -> None:
    page = Page(render().html)
    why = "Why this one: matches spiking networks; like Loss of examples, which you liked; +84 upvotes since yesterday"
    assert why in page.text
    assert "blockchain" not in page.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason(kind="author", label="A. Beispiel", contribution=1), "by A. Beispiel, whom you follow"),
        (Reason(kind="organization", label="Some Lab", contribution=1), "from Some Lab, which you follow"),
        (Reason(kind="category", label="cs.NE", contribution=1), "in cs.NE, which you follow"),
        (Reason(kind="plugin", label="short papers", contribution=1), "Why this one: short papers"),
    ],
)
def test_each_kind_of_reason_has_its_words(render: Render, reason: Reason, words: str) -> None:
    assert words in Page(render(digest_of(ranked(FULL, reasons=(reason,)))).html).text


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        (Signals(upvotes=5, upvotes_gained=0), "Why this one: 5 upvotes"),
        (Signals(upvotes=1, upvotes_gained=1), "Why this one: +1 upvote since yesterday"),
        (Signals(comments=3), "Why this one: trending"),
    ],
)
def test_trending_says_what_is_known(render: Render, signals: Signals, words: str) -> None:
    trending = (Reason(kind="trending", label="?", contribution=1),)
    assert words in Page(render(digest_of(ranked(replace(FULL, signals=signals), reasons=trending))).html).text


def test_reasons_of_a_kind_stand_together_and_weak_ones_are_left_out(render: Render) -> None:
    reasons = (
        Reason(kind="interest", label="one", contribution=1.0),
        Reason(kind="author", label="nobody", contribution=0.05),
        Reason(kind="interest", label="two", contribution=0.9),
        Reason(kind="interest", label="two", contribution=0.9),
        Reason(kind="interest", label="three", contribution=0.8),
    )
    text = Page(render(digest_of(ranked(FULL, reasons=reasons))).html).text
    assert "matches one and two Read on" in text
    assert "three" not in text
    assert "nobody" not in text


def test_exploration_is_marked_and_explained(render: Render) -> None:
    text = Page(render(digest_of(ranked(FULL, explore=True))).html).text
    assert "Exploration A listing" in text
    assert "Why this one: from outside your profile, to widen the view" in text


def test_a_paper_without_address_links_to_a_search_for_its_title(render: Render) -> None:
    page = Page(render().html)
    search = "https://scholar.google.com/scholar?q=Nothing+but+a+title+%26+a+%3Csign%3E"
    assert page.links[search] == BARE.title + "Find it on Google Scholar"
    assert "7 authors" in page.text


def test_titles_are_text(render: Render) -> None:
    hostile = "<script>x</script> {{ 7*7 }} {% if %} \"q\" 'a' & p < 0.05 <![endif]-->"
    message = render(digest_of(ranked(Entry(title=hostile, summary=hostile, authors=(hostile,)))))
    page = Page(message.html)
    assert page.headings[1] == ("h2", hostile)
    assert "<script" not in message.html
    assert page.unbalanced == []


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//example.org", "https://", "http://[", " "],
)
def test_links_are_http_only(render: Render, address: str) -> None:
    entry = Entry(title="A title", link=address, pdf_link=address, code_link=address, discussion_link=address)
    links = Links(unsubscribe=address, preferences=address, archive=address, vote=address)
    message = render(digest_of(ranked(entry)), links=links)
    assert set(Page(message.html).links) == {
        "https://scholar.google.com/scholar?q=A+title",
        "mailto:papers@example.org?subject=unsubscribe",
    }


def test_addresses_are_made_safe_not_lost(render: Render) -> None:
    entry = Entry(title="A title", link=' https://bücher.example/ä "x"<y>\n', pdf_link="HTTPS://Example.org/a?b=1&c=2")
    links = Page(render(digest_of(ranked(entry))).html).links
    assert "https://xn--bcher-kva.example/%C3%A4%20%22x%22%3Cy%3E" in links
    assert "https://Example.org/a?b=1&c=2" in links


def test_the_same_address_is_offered_once(render: Render) -> None:
    entry = Entry(title="T", link="https://example.org/1", discussion_link="https://example.org/1")
    assert "Discussion" not in Page(render(digest_of(ranked(entry))).html).text


def test_votes_stand_only_where_there_is_a_link(render: Render) -> None:
    assert "like this" not in Page(render().html).text
    vote = "https://papers.example.org/v/token"
    with_votes = Page(render(links=replace(LINKS, vote=vote)).html)
    assert with_votes.links[f"{vote}/{FULL.id}/more"] == "More like this"
    assert with_votes.links[f"{vote}/{FULL.id}/less"] == "Less like this"


def test_below_the_line(render: Render) -> None:
    page = Page(render().html)
    assert ("h2", "Just below the line") in page.headings
    assert page.links["https://arxiv.example.org/abs/9"] == "Almost on a card"
    assert "Just below" not in Page(render(replace(DIGEST, below=())).html).text


def test_sources_health_names_what_failed_and_keeps_its_error_to_itself(render: Render) -> None:
    text = Page(render().html).text
    assert "New from arXiv (351). Nothing new from A blog. Could not be read this time: bioRxiv." in text
    assert "secret.example.org" not in render().html


def test_sources_health_tells_what_is_late_and_what_of_it(render: Render) -> None:
    def source(name: str, state: SourceState, *, new: int = 0, silent: tuple[str, ...] = ()) -> SourceReport:
        return SourceReport(name=name, kind="feed", state=state, new=new, silent=silent)

    sources = (
        source("arXiv", SourceState.STALLED, new=40, silent=("cs.AI", "cs.LG")),
        source("Lab", SourceState.QUIET, new=2),
        source("Blog", SourceState.WAITING),
        source("Notes", SourceState.FRESH),
    )
    said = "New from arXiv (40), Lab (2). Still to come today: Blog. Nothing new from Notes. Silent for longer than usual: arXiv (cs.AI, cs.LG)."
    assert said in Page(render(replace(DIGEST, sources=sources)).html).text


def test_many_sources_are_counted(render: Render) -> None:
    sources = tuple(SourceReport(name=f"S{i}", kind="feed", state=SourceState.STALLED) for i in range(29))
    text = Page(render(replace(DIGEST, sources=sources)).html).text
    assert (
        "Silent for longer than usual: S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12, S13, S14, S15, S16, S17, S18, S19 and 9 others."
        in text
    )


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(), "at ada@example.org every day, because"),
        (READER.schedule, "on weekdays from 07:30 on (Europe/Berlin), because"),
        (Schedule(days=frozenset({0})), "on Mondays, because"),
        (Schedule(days=frozenset()), "now and then, because"),
        (Schedule(days=frozenset({4, 0, 2})), "on Mondays, Wednesdays and Fridays, because"),
    ],
)
def test_footer_says_why_this_came(render: Render, schedule: Schedule, words: str) -> None:
    assert words in Page(render(subscriber=replace(READER, schedule=schedule)).html).text


def test_footer_has_the_ways_out_and_the_postal_address(render: Render) -> None:
    page = Page(render().html)
    assert page.links["https://papers.example.org/u/token"] == "Unsubscribe"
    assert page.links["https://papers.example.org/p/token"] == "Change what you get"
    assert page.links["https://papers.example.org/a/token"] == "Read in the browser"
    assert "Morning Papers, 1 Example Street" in page.text


def test_there_is_always_a_way_out(render: Render) -> None:
    message = render(links=Links())
    assert Page(message.html).links["mailto:papers@example.org?subject=unsubscribe"] == "Unsubscribe"
    assert parsed(message)["List-Unsubscribe"] == "<mailto:papers@example.org?subject=unsubscribe>"


def test_no_papers(render: Render) -> None:
    message = render(digest_of(candidates=0))
    assert "No new papers for you today." in Page(message.html).text
    assert message.subject == "Morning Papers: No new papers for you today."


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (ProfileSpec(), "ranked by what is trending"),
        (replace(READER.profile, trending=1.0), "ranked by what is trending"),
        (ProfileSpec(authors=("A",)), "ranked for you"),
    ],
)
def test_says_by_what_it_is_ranked(render: Render, profile: ProfileSpec, words: str) -> None:
    assert words in Page(render(subscriber=replace(READER, profile=profile)).html).text


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry(title="T", organization="A Lab", author_count=3), "A Lab, 3 authors"),
        (Entry(title="T", organization="A Lab"), "A Lab Find it"),
        (Entry(title="T", author_count=1), "1 author Find it"),
        (Entry(title="T", authors=("A", "B")), "A, B Find it"),
        (Entry(title="T", withdrawn=True, sources=("S",)), "Withdrawn · S T"),
        (Entry(title="T", withdrawn=True), "Withdrawn T"),
        (Entry(title="T", listed_at=datetime(2026, 3, 1, tzinfo=UTC)), "1 Mar 2026 T"),
        (Entry(title="T", signals=Signals(upvotes=0, stars=1)), "code with 1 star"),
        (Entry(title="T", signals=Signals(comments=1)), "1 comment Find it"),
        (Entry(title="T", project_link="https://p.example.org"), "Project page"),
        (Entry(title=" ", link="https://p.example.org/1"), "https://p.example.org/1 Read on p.example.org"),
    ],
)
def test_cards_of_little_known_papers(render: Render, entry: Entry, words: str) -> None:
    assert words in Page(render(digest_of(ranked(entry))).html).text


def test_structure_is_that_of_a_careful_mail(render: Render) -> None:
    html = render().html
    page = Page(html)
    tags = dict(reversed(page.tags))
    assert tags["html"]["lang"] == "en"
    assert tags["html"]["dir"] == "ltr"
    assert [level for level, _ in page.headings] == ["h1", "h2", "h2", "h2"]
    assert page.unbalanced == []
    assert all("alt" in attributes for tag, attributes in page.tags if tag == "img")
    assert all(attributes.get("role") == "presentation" for tag, attributes in page.tags if tag == "table")
    assert html.count("<!--[if") == html.count("<![endif]-->") > 10
    assert "prefers-color-scheme: dark" in html
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    assert "qj0" not in html


def test_styles_are_inline_for_clients_that_drop_the_head(render: Render) -> None:
    title = next(attributes for tag, attributes in Page(render().html).tags if tag == "h1")
    assert "Georgia" in (title["style"] or "")


def test_preheader_tells_what_the_subject_does_not(render: Render) -> None:
    message = render()
    assert message.subject == f"{FULL.title} + 1 more"
    hidden = re.search(r'<div style="display:none[^"]*">([^<]*)</div>', message.html)
    assert hidden is not None
    assert hidden[1] == "Nothing but a title &amp; a &lt;sign&gt;"


def test_latex_becomes_readable(render: Render) -> None:
    entry = Entry(title=r"An $O(n^2)$ proof", authors=(r"Erd\H{o}s P\'al",), summary=r"We need $\ell_2$.")
    message = render(digest_of(ranked(entry)))
    for words in ("An O(n²) proof", "Erdős Pál", "We need ℓ₂."):
        assert words in message.html
        assert words in message.text


def test_same_digest_same_bytes(render: Render, renderer: Renderer) -> None:
    again = Renderer(
        folders=[shipped("templates")],
        title="Morning Papers",
        postal_address="1 Example Street",
        base_url="https://papers.example.org",
        sender=SENDER,
    ).render(DIGEST, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT)
    assert render() == again


def test_right_to_left_locale(render: Render) -> None:
    renderer = Renderer(folders=[shipped("templates")], title="T", sender=Mailbox(email="a@example.org"), locale="he")
    message = renderer.render(DIGEST, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT)
    assert '<html lang="he" dir="rtl"' in message.html


def test_message_names_the_papers_on_its_cards(render: Render) -> None:
    assert render().shown == (FULL.id, BARE.id)
