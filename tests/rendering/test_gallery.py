"""The page that lists messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.errors import TemplateError
from newsletter.model import Mailbox
from newsletter.rendering import GalleryItem, render_gallery


def item(number: int) -> GalleryItem:
    return GalleryItem(
        recipient=Mailbox(email=f"reader{number}@example.org", name="Ada <b>"),
        subject=f"Subject {number} & more",
        date=datetime(2026, 11, 22, 6, 31, tzinfo=UTC),
        html=f"a {number}#.html",
        text=f"{number}.txt",
        eml=f"{number}.eml",
    )


def test_each_message_has_its_picture_and_its_files() -> None:
    page = render_gallery([item(1)], title="Out & about")
    assert "<title>Out &amp; about</title>" in page
    assert "1&nbsp;message<" in page
    assert 'src="a%201%23.html" title="Subject 1 &amp; more" loading="lazy" sandbox' in page
    for link in ("a%201%23.html", "1.txt", "1.eml"):
        assert f'<a href="{link}">' in page
    assert "Ada &lt;b&gt; · reader1@example.org" in page
    assert "22 Nov 2026, 06:31 UTC" in page
    assert "<script" not in page
    assert "https://" not in page


def test_a_preview_leads_to_its_views_and_says_what_was_found() -> None:
    shown = replace(item(1), views="a b/views.html", light="light.html", dark="dark.html", problems=2, notes=1)
    page = render_gallery([shown] * 25, rest="More readers")
    for view in ("Light", "Dark", "Phone", "Text", "Raw"):
        assert page.count(f'<a href="a%20b/views.html#{view.lower()}">{view}</a>') == 25
    assert page.count("2&nbsp;problems, 1&nbsp;note<") == 25
    assert page.count('src="light.html"') == page.count('src="dark.html"') == 24
    assert "<caption>More readers</caption>" in page
    assert "problem" not in render_gallery([replace(shown, problems=None)])


def test_many_messages_become_lines_of_a_table() -> None:
    page = render_gallery([item(number) for number in range(100)])
    assert page.count("<iframe") == 24
    assert page.count("<tr>") == 1 + 100 - 24
    assert "100&nbsp;messages" in page


def test_little_is_known_or_nothing() -> None:
    page = render_gallery([GalleryItem(recipient=Mailbox(email="a@example.org"), subject="S")])
    assert "a@example.org" in page
    assert "<iframe" not in page
    assert "No messages yet." in render_gallery([])


def test_own_gallery_and_its_faults(tmp_path: Path) -> None:
    words = tmp_path / "words.j2"
    words.write_text("", encoding="utf-8")
    gallery = tmp_path / "gallery.html.j2"
    gallery.write_text("{{ items|length }} of them", encoding="utf-8")
    assert render_gallery([item(1)], folders=[tmp_path]) == "1 of them"
    gallery.write_text("\n{{ nothing }}", encoding="utf-8")
    with pytest.raises(TemplateError, match="'nothing' is undefined") as caught:
        render_gallery([], folders=[tmp_path])
    assert str(caught.value).startswith(f"{gallery}:2: ")
    gallery.write_text("\n\n{{ 1 / 0 }}", encoding="utf-8")
    with pytest.raises(TemplateError, match="division by zero") as caught:
        render_gallery([], folders=[tmp_path])
    assert str(caught.value).startswith(f"{gallery}:3: ")
