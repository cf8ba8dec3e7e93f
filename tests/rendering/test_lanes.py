"""Lanes render at the same time with one renderer; each mail is what it would be alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from rendering.invented import LINKS, READER, SENDER, SENT_AT, digest_of, ranked

from newsletter.model import Digest, Entry, Reason, Subscriber
from newsletter.rendering import Renderer
from newsletter.shipped import shipped

MAILS, LANES, CARDS = 300, 2, 3

LINES = """{{ title }}
{% for card in cards %}
{% block card scoped %}
{{ card.number }}. {{ card.paper.title }} {{ card.more }}
{{ card|reasons(card.paper.title|length % 60) }}
{% endblock %}
{% endfor %}
{{ postal_address }} {{ links.unsubscribe or links.unsubscribe_mailto }}
"""
"""How far in its reasons stand depends on a paper: many bring gaps of their own while mails are made."""


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def make_renderer(folder: Path) -> Renderer:
    return Renderer(folders=[folder, shipped("templates")], title="Mine", sender=SENDER, postal_address="1 Street")


def mail_for(renderer: Renderer, number: int) -> bytes:
    """The mail of the reader of that number: papers that others get too, for reasons of this one's own."""
    reader: Subscriber = replace(READER, id=f"r{number}", email=f"r{number}@example.org", name=f"Reader {number}")
    links = replace(LINKS, vote=f"https://papers.example.org/v/{number}")
    message = renderer.render(
        digest_for(number), subscriber=reader, links=links, message_id=f"<{number}@example.org>", date=SENT_AT
    )
    return message.raw


def digest_for(number: int) -> Digest:
    """Neighbours in two lanes get the same papers, which nobody got before them."""
    reasons = (Reason(kind="interest", label=f"of reader {number}", contribution=2.0),)
    titles = ["x" * (1 + (number // LANES + place * 20) % 60) for place in range(CARDS)]
    return digest_of(*[ranked(Entry(title=title), rank, reasons=reasons) for rank, title in enumerate(titles, 1)])


@pytest.mark.usefixtures("impatient")
def test_mails_made_at_the_same_time_are_what_they_are_alone(tmp_path: Path) -> None:
    (tmp_path / "digest.txt.j2").write_text(LINES, encoding="utf-8")
    renderer = make_renderer(tmp_path)
    begin = Barrier(LANES)

    def lane(first: int) -> list[bytes]:
        begin.wait()
        return [mail_for(renderer, number) for number in range(first, MAILS, LANES)]

    with ThreadPoolExecutor(LANES) as lanes:
        made = list(lanes.map(lane, range(LANES)))
    assert renderer.is_spliced
    alone = make_renderer(tmp_path)
    for first, mails in enumerate(made):
        assert mails == [mail_for(alone, number) for number in range(first, MAILS, LANES)]
