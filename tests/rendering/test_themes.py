"""Themes, brand colours that can be read whatever was chosen, logos, thumbnails."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendering.invented import (
    DIGEST,
    FULL,
    LINKS,
    MESSAGE_ID,
    READER,
    REASONS,
    SENDER,
    SENT_AT,
    Render,
    digest_of,
    ranked,
)
from rendering.looks import LANGUAGES, LOOKS, SHIPPED, THEMES, render_in, renderer_of

from newsletter.errors import TemplateError
from newsletter.model import Entry
from newsletter.rendering import Renderer
from newsletter.rendering.colours import Colour, contrast
from newsletter.rendering.contrast import find_low_contrast
from newsletter.rendering.page import read_page
from newsletter.rendering.themes import DARK_GROUNDS, LIGHT_GROUNDS, READABLE, Brand, readable

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
PICTURED = replace(
    FULL,
    thumbnail="https://thumbnails.example.org/papers/2611.00001.png",
    comment="12 pages, accepted at NeurIPS 2026.",
)


def channels(color: str) -> Colour:
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def with_brand(brand: Brand, theme: str = "classic", *folders: Path) -> str:
    renderer = Renderer(
        folders=[*folders, SHIPPED / "themes" / theme, SHIPPED], title="T & Co", sender=SENDER, brand=brand
    )
    return renderer.render(DIGEST, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT).html


@given(COLORS)
def test_any_colour_can_be_read_on_light_and_on_dark(color: str) -> None:
    brand = Brand(color=color)
    assert all(contrast(channels(brand.light), channels(ground)) >= READABLE for ground in LIGHT_GROUNDS)
    assert all(contrast(channels(brand.dark), channels(ground)) >= READABLE for ground in DARK_GROUNDS)


@given(COLORS)
def test_a_colour_that_can_be_read_stays_as_it_is(color: str) -> None:
    is_readable = all(contrast(channels(color), channels(ground)) >= READABLE for ground in LIGHT_GROUNDS)
    assert (readable(color, LIGHT_GROUNDS) == color) == is_readable


def test_a_shade_is_the_nearest_one_and_keeps_its_hue() -> None:
    brand = Brand(color="#ffd400")
    red, green, blue = channels(brand.light)
    assert red > green > blue
    assert contrast(channels(brand.light), channels(LIGHT_GROUNDS[1])) < READABLE + 0.2
    assert brand.dark == "#ffd400"


@pytest.mark.parametrize("theme", THEMES)
def test_text_stands_on_no_other_grounds_than_shades_are_made_for(theme: str) -> None:
    folder = SHIPPED if theme == "classic" else SHIPPED / "themes" / theme
    style = (folder / "partials" / "style.mjml.j2").read_text(encoding="utf-8")
    pages = set(re.findall(r"\.page \{ background-color: (#\w+)", style))
    assert pages <= {*LIGHT_GROUNDS, *DARK_GROUNDS}
    assert len(pages) == 2


@pytest.mark.parametrize("theme", THEMES)
def test_brand_is_in_every_theme(theme: str) -> None:
    html = with_brand(
        Brand(color="#ffd400", logo="https://example.org/l.png?a=1&b=2", logo_alt='A "lab" & <co>'), theme
    )
    assert "color:#836d00" in html.replace(": ", ":")
    assert "#ffd400 !important" in html
    logo = next(tag for tag in re.findall("<img[^>]*>", html) if "l.png" in tag)
    assert 'src="https://example.org/l.png?a=1&amp;b=2"' in logo
    assert "A &#34;lab&#34; &amp; &lt;co&gt;" in logo
    assert re.search(r'\bheight="\d+"', logo)
    assert not re.search(r"[\";] ?color:", logo), (
        "where pictures are blocked, alt text has the colour of what is around"
    )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("color", ["#ffd400", "#ffffff", "#000000"])
def test_no_text_is_hard_to_read_whatever_the_brand(theme: str, color: str) -> None:
    html = with_brand(Brand(color=color), theme)
    assert list(find_low_contrast(html, read_page(html))) == []


def test_a_logo_says_the_title_where_it_says_nothing_else() -> None:
    assert 'alt="T &amp; Co"' in with_brand(Brand(logo="https://example.org/l.png"))


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_is_put_together_quickly_and_stays_small(look: str) -> None:
    summary = (
        "We study how small networks forget what they have learnt when the world around them changes at once. " * 9
    )
    entries = [
        replace(PICTURED, id=f"{number:016x}", summary=summary, title=f"{FULL.title}, part {number}")
        for number in range(10)
    ]
    digest = digest_of(*(ranked(entry, reasons=REASONS) for entry in entries))
    message = render_in(look, digest, links=replace(LINKS, vote="https://papers.example.org/v/" + "x" * 60))
    assert renderer_of(look).is_spliced
    assert len(message.html.encode()) <= 50_000
    assert all(message.html.count(f"/{entry.id}/more") == 1 for entry in entries)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_says_the_title_the_reasons_and_how_to_leave(theme: str) -> None:
    message = render_in(theme, DIGEST)
    for part in (message.html, message.text):
        for words in (FULL.title, "matches", "which you liked", "Just below the line", "1 Example Street"):
            assert words in part
        assert LINKS.unsubscribe is not None
        assert LINKS.unsubscribe in part
        assert LINKS.preferences is not None
        assert LINKS.preferences in part


def test_compact_has_titles_and_reasons_alone() -> None:
    message = render_in("compact", DIGEST)
    assert "Naps help them" not in message.html + message.text
    assert "Ada Beispiel" not in message.html + message.text


def test_plain_has_no_pictures_of_papers_and_no_frames() -> None:
    html = render_in("plain", digest_of(ranked(PICTURED))).html
    assert "<img" not in html
    assert "border:" not in html.replace("border: 0", "")


@pytest.mark.parametrize("look", ["classic", *LANGUAGES])
def test_a_thumbnail_has_its_width_and_its_words(look: str) -> None:
    html = render_in(look, digest_of(ranked(PICTURED))).html
    (thumbnail,) = re.findall("<img[^>]*>", html)
    assert f'src="{PICTURED.thumbnail}"' in thumbnail
    assert 'width="112"' in thumbnail
    assert re.search(r'alt="[^"]{5,}"', thumbnail)


@pytest.mark.parametrize("address", ["http://example.org/a.png", "data:image/png,x", "", "//example.org/a.png", None])
def test_a_thumbnail_is_https_or_none(render: Render, address: str | None) -> None:
    assert "<img" not in render(digest_of(ranked(replace(FULL, thumbnail=address)))).html


@pytest.mark.parametrize(
    ("comment", "venue", "words"),
    [
        ("12 pages, 3 figures; accepted at NeurIPS 2025. Code is out", None, "20 Nov 2026 · Accepted at NeurIPS 2025 "),
        ("To appear in ICML (oral), 12 pages", "ICML", "20 Nov 2026 · To appear in ICML (oral) "),
        ("accepted by IEEE Trans. Neural Networks.", None, "· Accepted by IEEE Trans. Neural Networks "),
        ("12 pages", "Journal of Naps", "20 Nov 2026 · Journal of Naps "),
        ("12 pages", None, "20 Nov 2026 Short naps"),
        (None, None, "20 Nov 2026 Short naps"),
    ],
)
def test_where_it_appears(render: Render, comment: str | None, venue: str | None, words: str) -> None:
    entry = replace(FULL, comment=comment, venue=venue)
    html = render(digest_of(ranked(entry))).html
    assert words in " ".join(re.sub("<[^>]+>", " ", html).split())


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("theme", THEMES)
def test_a_part_of_ones_own_stands_in_every_theme(tmp_path: Path, theme: str) -> None:
    header = "<mj-section><mj-column><mj-text><h1>My own {{ brand.color }}</h1></mj-text></mj-column></mj-section>"
    write(tmp_path, "partials/header.mjml.j2", header)
    assert "My own #0b5394" in with_brand(Brand(), theme, tmp_path)


def test_a_card_of_ones_own_may_be_a_section(tmp_path: Path) -> None:
    card = "<mj-section><mj-column><mj-text><h2>{{ card.paper.title }}!</h2></mj-text></mj-column></mj-section>"
    write(tmp_path, "partials/card.mjml.j2", card)
    assert f"{FULL.title}!" in with_brand(Brand(), "classic", tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("<mj-raw>\n<p>{{ brand.colour }}</p></mj-raw>", 2, "a Brand has no 'colour'"),
        ("<mj-raw>\n\n<p>R&D</p></mj-raw>", 3, "a bare & must be written &amp;"),
        ("<mj-raw>\n<p>{{ language.tab }}</p></mj-raw>", 2, "a Language has no 'tab'"),
        ("<mj-raw>{% if card.explore %}\n</mj-raw>", 1, "needs to be closed"),
    ],
)
def test_a_fault_in_a_theme_has_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = write(tmp_path, "themes/mine/partials/card.mjml.j2", text)
    with pytest.raises(TemplateError) as caught:
        Renderer(folders=[tmp_path / "themes" / "mine", SHIPPED], title="T", sender=SENDER)
    place, message = str(caught.value).split(": ", 1)
    assert words in message
    assert place == f"{file}:{line}" or "closed" in words


def test_a_title_of_the_other_direction_keeps_to_itself(render: Render) -> None:
    hebrew = Entry(title="רשתות קטנות שוכחות")
    message = render(digest_of(ranked(FULL), ranked(hebrew)))
    assert '<h2 dir="auto"' in message.html
    assert "\u2068רשתות קטנות שוכחות\u2069" in message.text
    assert "\u2068" not in render(digest_of(ranked(FULL))).raw.decode()
