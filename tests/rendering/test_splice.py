"""Mails put together out of pieces say what Jinja says, byte for byte; what cannot be in pieces is left to Jinja."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.invented import DIGEST, LINKS, MESSAGE_ID, READER, SENDER, SENT_AT

from newsletter.errors import TemplateError
from newsletter.model import (
    Digest,
    Entry,
    Framed,
    Links,
    Message,
    Ranked,
    Reason,
    Signals,
    SourceReport,
    SourceState,
    Subscriber,
    joined,
)
from newsletter.rendering import Renderer
from newsletter.rendering.view import describe_digest
from newsletter.rendering.weblinks import check_links
from newsletter.shipped import shipped

TEMPLATES = shipped("templates")
THEMES = ("classic", "compact", "plain")
LANGUAGES = ("en", "he")
VOTE = replace(LINKS, vote="https://papers.example.org/v/WyJyMSJd.signature")

HOSTILE = (
    "",
    "\"quoted\" & <b>bold</b> 'single'",
    r"$\alpha_{i}^{2}$ and \mathbb{R}",
    "שלום עולם: רשתות",
    "e\u0301te\u0301 Zürich \u0301\u0308",
    "🧠🔥👩🏽‍🔬 emoji",
    ".leading dot",
    "From here on",
    "100 %s of %% {{ title }} {% if %}",
    "=3D=?utf-8?q?x?=",
    "\x00\x02why\x03\x04\x05\x06\x07\x08\x7f\x85\u2028",
    "\ud800 half",
    "x" * 2_000,
    "网络会忘记" * 60,
    "tab\tand\r\nlines\n.dot",
    "word " * 40,
)
text = st.sampled_from(HOSTILE) | st.text(max_size=120) | st.text(st.sampled_from("=. \t\r\n<>&é🧠א"), max_size=200)
KINDS = (
    "interest",
    "theme",
    "liked",
    "voted",
    "liked_author",
    "author",
    "organization",
    "category",
    "trending",
    "odd",
    "recency",
)
reasons = st.lists(
    st.builds(
        Reason,
        kind=st.sampled_from(KINDS),
        label=text,
        contribution=st.floats(-2, 3),
    ),
    max_size=5,
).map(tuple)
entries = st.builds(
    Entry,
    title=text,
    link=st.none()
    | st.sampled_from(["https://example.org/a?b=c&d='e'", "javascript:alert(1)", "https://bücher.example/é"]),
    summary=text,
    authors=st.lists(text, max_size=5).map(tuple),
    organization=st.none() | text,
    published=st.none() | st.just(datetime(2026, 11, 20, tzinfo=UTC)),
    pdf_link=st.none() | st.just("https://example.org/a.pdf"),
    thumbnail=st.none() | st.just("https://example.org/a.png?x=1&y=2"),
    comment=st.none() | text,
    sources=st.lists(text, max_size=2).map(tuple),
    signals=st.builds(
        Signals, upvotes=st.none() | st.integers(0, 5_000), upvotes_gained=st.none() | st.integers(-3, 99)
    ),
)
ranked = st.builds(
    Ranked,
    entry=entries,
    score=st.just(1.0),
    match=st.just(0.7),
    rank=st.just(1),
    reasons=reasons,
    explore=st.booleans(),
)
digests = st.builds(
    Digest,
    edition=st.just("2026-11-22T06:30:00Z"),
    local_date=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    items=st.lists(ranked, max_size=12).map(tuple),
    below=st.lists(ranked, max_size=3).map(tuple),
    candidates=st.integers(0, 2_000),
    sources=st.lists(
        st.builds(
            SourceReport, name=text, kind=st.just("feed"), state=st.sampled_from(SourceState), new=st.integers(0, 9)
        ),
        max_size=3,
    ).map(tuple),
)
all_links = st.builds(
    Links,
    unsubscribe=st.none() | st.just("https://papers.example.org/u/t?a=1&b=2"),
    unsubscribe_mailto=st.just("mailto:a@example.org?subject=unsubscribe%20r1"),
    preferences=st.none() | st.just("https://papers.example.org/p/t"),
    archive=st.none() | st.just(f"https://papers.example.org/a/{'t' * 300}"),
    vote=st.none() | st.just("https://papers.example.org/v/t=.'"),
)


@cache
def renderer_of(theme: str, language: str) -> Renderer:
    folders = [TEMPLATES] if theme == "classic" else [TEMPLATES / "themes" / theme, TEMPLATES]
    return Renderer(
        folders=folders,
        title='Papers & "more"',
        sender=SENDER,
        postal_address="1 Example Street",
        base_url="https://papers.example.org",
        locale=language,
    )


def render(renderer: Renderer, digest: Digest = DIGEST, links: Links = VOTE, reader: Subscriber = READER) -> Message:
    return renderer.render(digest, subscriber=reader, links=links, message_id=MESSAGE_ID, date=SENT_AT)


def by_jinja(
    renderer: Renderer, digest: Digest = DIGEST, links: Links = VOTE, reader: Subscriber = READER
) -> tuple[str, str, str]:
    """Subject, HTML and text of a digest that fits, as Jinja alone makes them."""
    checked = check_links(links, sender=SENDER.email)
    variables = describe_digest(digest, subscriber=reader, links=checked)
    return renderer.template.render({**renderer.common, **variables}).decoded


def said(message: Message) -> tuple[str, str, str]:
    return message.subject, message.html, message.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", THEMES)
@settings(max_examples=40, deadline=None)
@given(digest=digests, links=all_links, name=text)
def test_pieces_say_what_jinja_says(theme: str, language: str, digest: Digest, links: Links, name: str) -> None:
    renderer = renderer_of(theme, language)
    reader = replace(READER, name=name.replace("\ud800", ""))
    message = render(renderer, digest, links, reader)
    assert renderer.is_spliced
    if message.shown == tuple(item.entry.id for item in digest.items) and len(message.html) < 90_000:
        assert said(message) == by_jinja(renderer, digest, links, reader)
    assert joined(message.pieces) == message.raw
    body = message.raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"(?m)^(?:\.|From )", body)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|[^\x00-\x7f]", message.raw)


def test_what_mails_have_in_common_is_the_same_object() -> None:
    renderer = renderer_of("classic", "en")
    first = render(renderer)
    second = render(
        renderer,
        reader=replace(READER, id="r2", email="ben@example.org"),
        links=replace(VOTE, vote="https://papers.example.org/v/other"),
    )
    shared = {id(text_of(piece)) for piece in first.pieces} & {id(text_of(piece)) for piece in second.pieces}
    common = sum(len(text_of(piece)) for piece in first.pieces if id(text_of(piece)) in shared)
    assert common > 0.85 * len(first.raw)


def text_of(piece: bytes | Framed) -> bytes:
    return piece if isinstance(piece, bytes) else piece[0]


def test_a_mail_does_not_change_when_others_are_made_between() -> None:
    renderer = renderer_of("classic", "en")
    before = render(renderer).raw
    render(renderer, replace(DIGEST, items=DIGEST.items[::-1], candidates=7), replace(VOTE, vote=None))
    assert render(renderer).raw == before


OWN_CARDS = {
    "its number is compared": ("{% if card.number == 1 %}First of all{% endif %}", "First of all"),
    "its number is asked for a quality": ("{% if card.number is odd %}An odd one{% endif %}", "An odd one"),
    "its reasons are counted": ("{{ card.why|length }} reasons", "3 reasons"),
    "its reasons are looked into": (
        "{% if card.why and card.why[0].kind == 'interest' %}By interest{% endif %}",
        "By interest",
    ),
    "a link is written otherwise": ("{{ card.more|upper }}", "HTTPS://PAPERS.EXAMPLE.ORG/V/"),
    "a link is measured": ("{% if card.less %}{{ card.less|length }} characters{% endif %}", " characters"),
    "a link is compared with another": ("{% if card.more != card.less %}Two ways{% endif %}", "Two ways"),
    "a joined string is compared": ("{% if ('x' ~ card.more) == 'x' %}no{% else %}Not alike{% endif %}", "Not alike"),
    "a part of a link is taken": ("{% if card.more %}{{ card.more[:5] }}…{% endif %}", "https…"),
    "a link is given to a method": (
        "{% if card.more %}{{ card.more.replace('https', 'gopher') }}{% endif %}",
        "gopher://papers",
    ),
    "a number is reckoned with": ("Number {{ card.number + 100 }}", "Number 101"),
    "the sentence is cut": ("{{ (card|why)|shorten(12) }}", "matches"),
    "the loop is read": ("{% if loop is defined %}{{ loop.index }}{% endif %} of {{ shown }}", " of 2"),
    "a link is gone through": ("{% for letter in card.more or '' %}{{ letter }}-{% endfor %}", "h-t-t-p-s-"),
}


def own_template(folder: Path, card: str) -> Renderer:
    (folder / "partials").mkdir(parents=True)
    (folder / "partials" / "card.mjml.j2").write_text(
        f"<mj-section><mj-column><mj-text><h2>{{{{ card.paper.title }}}}</h2><p>{card}</p></mj-text></mj-column></mj-section>",
        encoding="utf-8",
    )
    return Renderer(folders=[folder, TEMPLATES], title="Mine", sender=SENDER, postal_address="1 Street")


@pytest.mark.parametrize("case", OWN_CARDS)
def test_cards_that_read_more_are_left_to_jinja(tmp_path: Path, case: str) -> None:
    card, expected = OWN_CARDS[case]
    renderer = own_template(tmp_path, card)
    message = render(renderer)
    assert expected in message.html
    assert said(message) == by_jinja(renderer)
    assert not renderer.is_spliced


@pytest.mark.parametrize(
    "card",
    [
        "{{ card.number }}. {{ card.paper.title|upper }} {{ card|why }}",
        "{% if card.explore %}Something else{% elif card.why %}<b>{{ card|why }}</b>{% endif %}",
        '{% if card.more %}<a href="{{ card.more }}">+</a>{% endif %}{{ "<" ~ card.number ~ ">" }}',
        "{% set line = card.paper.title ~ ': ' ~ card|why %}{{ line }}{% if card.paper.upvotes == 1142 %}!{% endif %}",
        "{{ title }} {{ lang }} {{ words.by(card.paper) }} {{ 7 * 6 }} %",
        "For {{ recipient }}, one of {{ shown }} on {{ date }}",
    ],
)
def test_cards_of_ones_own_that_read_no_more_stay_in_pieces(tmp_path: Path, card: str) -> None:
    renderer = own_template(tmp_path, card)
    message = render(renderer)
    assert said(message) == by_jinja(renderer)
    assert renderer.is_spliced


TEXTS = {
    "a variable gets another value": "{% set minutes = [minutes, 3]|min %}{% block q %}{{ minutes }}{% endblock %}",
    "a loop gives it another value": '{% for timezone in ["UTC"] %}{% block q scoped %}{{ timezone }}{% endblock %}{% endfor %}',
    "with gives it another value": "{% with minutes = 9 %}{% block q scoped %}{{ minutes }}{% endblock %}{% endwith %}",
    "escaped where nothing is": "{% if shown > 1 %}{{ recipient|e }}{% endif %}",
    "escaping is turned on": "{% autoescape true %}{{ recipient }}{% endautoescape %}",
    "a list is printed": "{% if shown > 1 %}{{ [recipient] }}{% endif %}",
    "a joined string in a list is printed": '{% if shown > 1 %}{{ [recipient ~ "!"] }}{% endif %}',
    "a mapping is written": '{% if shown > 1 %}{{ {"to": recipient}|tojson }}{% endif %}',
    "a list is looked into": '{% if "o\'brien@example.org" in [recipient ~ ""] %}yes{% endif %}',
    "a string is padded": '{% if shown > 1 %}{{ "%-40s|" % recipient }}{% endif %}',
    "strings are padded": '{% if shown > 1 %}{{ "%.5s" % (recipient,) }}{% endif %}',
    "a block in a block of a card": "{% for card in cards %}{% block a scoped %}{% if card.paper.upvotes %}{% block hot %}HOT{% endblock %}{% endif %}{% endblock %}{% endfor %}",
    "numbers side by side": "{% for card in cards %}{% block a scoped %}{% if card.paper.upvotes %}{{ card.number }}{{ card.number }}{% endif %}{% endblock %}{% endfor %}",
    "a list is asked for what it is": "{% for card in cards %}{% block a scoped %}{% if card.why is sequence %}S{% endif %}{% endblock %}{% endfor %}",
    "blocks have the names of strings": "{% block recipient %}bye{% endblock %} {% if shown > 1 %}{{ recipient }}{% endif %}",
    "it ends in a string": "Leave: {{ links.unsubscribe or links.unsubscribe_mailto }}",
}


@pytest.mark.parametrize("case", TEXTS)
def test_whatever_a_text_does_it_says_what_jinja_says(tmp_path: Path, case: str) -> None:
    (tmp_path / "digest.txt.j2").write_text("{{ title }}: " + TEXTS[case], encoding="utf-8")
    renderer = Renderer(folders=[tmp_path, TEMPLATES], title="Mine", sender=SENDER, postal_address="1 Street")
    reader = replace(READER, email="o'brien@example.org", timezone="America/New_York")
    message = render(renderer, reader=reader)
    assert said(message) == by_jinja(renderer, reader=reader)
    assert joined(message.pieces) == message.raw
    assert not re.search(rb"=\r\n\r\n--", message.raw)


@pytest.mark.parametrize(
    "emphasised",
    ["{{ labels|list }}", "{{ labels|list|tojson }}", '{{ "%-12s|" % labels[0] }}', "{{ labels[0]|safe }}"],
)
def test_words_are_those_that_jinja_says(tmp_path: Path, emphasised: str) -> None:
    words = (TEMPLATES / "words.j2").read_text(encoding="utf-8")
    ours = words + f"\n{{% macro because(kind, labels, paper) %}}{emphasised}{{% endmacro %}}\n"
    (tmp_path / "words.j2").write_text(ours, encoding="utf-8")
    renderer = Renderer(folders=[tmp_path, TEMPLATES], title="Mine", sender=SENDER, postal_address="1 Street")
    message = render(renderer)
    told = renderer.template.html.environment.globals["words"].because("interest", ("spiking networks",), None)
    assert str(told) in message.html
    assert said(message) == by_jinja(renderer)


def test_an_empty_template_is_told(tmp_path: Path) -> None:
    (tmp_path / "digest.mjml.j2").write_text("", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"digest\.mjml\.j2:1: there is nothing in it"):
        Renderer(folders=[tmp_path, TEMPLATES], title="Mine", sender=SENDER, postal_address="1 Street")


def test_words_that_are_left_out_are_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "words.j2").write_text("{% macro explored() %}by chance{% endmacro %}", encoding="utf-8")
    renderer = Renderer(folders=[tmp_path, TEMPLATES], title="Mine", sender=SENDER, postal_address="1 Street")
    message = render(renderer)
    assert "by chance" in message.text
    assert "matches" in message.text
    assert renderer.is_spliced


@pytest.mark.parametrize("links", [LINKS, replace(LINKS, vote=f"https://papers.example.org/v/{'t' * 900}")])
def test_nothing_is_larger_than_mail_programs_show(links: Links) -> None:
    address = "https://example.org/?" + "&a" * 990
    entry = Entry(
        title="&" * 400,
        link=address,
        pdf_link=address + "1",
        code_link=address + "2",
        summary="& " * 900,
        sources=tuple("s" * 90 for _ in range(900)),
    )
    sources = (
        SourceReport(
            name="x", kind="arxiv", state=SourceState.STALLED, silent=tuple(f"part {n} " * 20 for n in range(800))
        ),
    )
    for count in (0, 1, 10, 60):
        items = tuple(Ranked(entry=replace(entry, id=f"{n:016x}"), score=1.0, match=0.5, rank=n) for n in range(count))
        message = render(
            renderer_of("classic", "en"), replace(DIGEST, items=items, below=items[:20], sources=sources), links
        )
        assert len(message.html.encode()) <= 95_000


def test_a_subject_of_ones_own_may_read_anything(tmp_path: Path) -> None:
    (tmp_path / "digest.subject.txt.j2").write_text(
        "{{ cards|length }} for {{ recipient }}{% if cards %}: {{ cards[0].paper.title }}{% endif %}"
    )
    renderer = Renderer(folders=[tmp_path, TEMPLATES], title="Mine", sender=SENDER, postal_address="1 Street")
    assert render(renderer).subject == "2 for ada@example.org: Short naps keep small networks from forgetting"
    assert renderer.is_spliced


def test_words_of_ones_own_may_read_the_labels(tmp_path: Path) -> None:
    words = (TEMPLATES / "words.j2").read_text(encoding="utf-8")
    ours = (
        words
        + '\n{% macro because(kind, labels, paper) %}{{ kind }}={{ labels|join("+")|upper }} in {{ paper.title|length }}{% endmacro %}\n'
    )
    (tmp_path / "words.j2").write_text(ours, encoding="utf-8")
    renderer = Renderer(folders=[tmp_path, TEMPLATES], title="Mine", sender=SENDER, postal_address="1 Street")
    message = render(renderer)
    assert "interest=SPIKING NETWORKS in 46" in message.html
    assert said(message) == by_jinja(renderer)
    assert renderer.is_spliced


def test_a_part_that_stays_the_same_is_rendered_once(tmp_path: Path) -> None:
    renderer = renderer_of("compact", "en")
    first, second = render(renderer), render(renderer)
    assert first.raw == second.raw
    assert first.raw is not second.raw


def in_whole(renderer: Renderer) -> Renderer:
    """The same renderer, and Jinja fills every mail."""
    other = copy(renderer)
    other._splice = None
    return other


def test_a_digest_that_is_too_large_is_cut_to_size_in_pieces_as_in_whole() -> None:
    renderer = renderer_of("classic", "en")
    items = tuple(
        Ranked(
            entry=Entry(title=f"Number {number} " + "学" * 700, summary="We say a lot. " * 60),
            score=1.0,
            match=0.5,
            rank=number,
        )
        for number in range(60)
    )
    digest = replace(DIGEST, items=items)
    spliced = render(renderer, digest)
    whole = in_whole(renderer)
    assert not whole.is_spliced
    assert said(spliced) == said(render(whole, digest))
    assert len(spliced.html.encode()) <= 95_000
