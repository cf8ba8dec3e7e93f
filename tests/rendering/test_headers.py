"""The headers of a digest, as mail systems read them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rendering.invented import DIGEST, LINKS, MESSAGE_ID, READER, SENT_AT, Render, parsed

from newsletter.model import Links, Mailbox
from newsletter.rendering import Renderer
from newsletter.shipped import shipped


def test_all_headers(render: Render) -> None:
    head = render().raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert head[:12] == [
        "From: Morning Papers <papers@example.org>",
        "To: Ada Beispiel <ada@example.org>",
        "Subject: Short naps keep small networks from forgetting + 1 more",
        "Date: Sun, 22 Nov 2026 06:31:00 +0000",
        "Message-ID: <20261122T063000Z.1@example.org>",
        "List-Unsubscribe: <https://papers.example.org/u/token>, <mailto:papers@example.org?subject=unsubscribe%20r1>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Id: Morning Papers <papers.example.org>",
        "List-Help: <https://papers.example.org/p/token>",
        "List-Archive: <https://papers.example.org/a/token>",
        "Feedback-ID: 2026-11-22t06-30-00z:digest:papers:exampleorg",
        "Precedence: bulk",
    ]
    assert "Auto-Submitted" not in parsed(render())


def test_a_long_link_stays_whole(render: Render) -> None:
    link = "https://papers.example.org/u/" + "t" * 400
    raw = render(links=replace(LINKS, unsubscribe=link)).raw
    assert f"\r\nList-Unsubscribe: <{link}>, <mailto:".encode() in raw
    assert parsed(render(links=replace(LINKS, unsubscribe=link)))["List-Unsubscribe"].startswith(f"<{link}>")


def test_one_click_is_promised_for_https_only(render: Render) -> None:
    plain = parsed(render(links=replace(LINKS, unsubscribe="http://127.0.0.1:8000/u/token")))
    assert plain["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/u/token>, <mailto:")
    assert plain["List-Unsubscribe-Post"] is None
    by_mail = parsed(render(links=Links(unsubscribe_mailto="leave@example.org")))
    assert by_mail["List-Unsubscribe"] == "<mailto:leave@example.org>"
    assert by_mail["List-Unsubscribe-Post"] is None
    assert by_mail["List-Help"] is None
    assert by_mail["List-Archive"] is None


@pytest.mark.parametrize(
    ("title", "phrase"),
    [("Morning Papers", "Morning Papers "), ('Ada\'s "Papers"', '"Ada\'s \\"Papers\\"" '), ("Früh, am Morgen", "")],
)
def test_list_id_has_no_encoded_words_whatever_the_title(title: str, phrase: str) -> None:
    renderer = Renderer(folders=[shipped("templates")], title=title, sender=Mailbox(email="papers@bücher.example"))
    message = renderer.render(DIGEST, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT)
    assert f"\r\nList-Id: {phrase}<papers.xn--bcher-kva.example>\r\n".encode() in message.raw


def test_date_keeps_its_zone(render: Render, renderer: Renderer) -> None:
    assert parsed(render())["Date"].datetime == SENT_AT
