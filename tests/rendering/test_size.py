"""A digest fits: first its summaries get shorter, then papers move below the line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rendering.invented import FULL, LINKS, REASONS, Render, digest_of, ranked

from newsletter.model import Entry
from newsletter.rendering.renderer import MAX_HTML_BYTES

ABSTRACT = (
    "We study how small networks forget what they have learnt when the world around them changes. "
    "A short nap between two tasks keeps most of what was there, at a fraction of what replay costs on the same machine. "
    "We measure this on nine tasks, three kinds of networks and two kinds of hardware, with the same outcome. "
    "Everything that is needed to repeat the measurements comes with the paper, down to the last trace. " * 5
)
TOKEN = "WyJyMSIsIjIwMjYtMTEtMjIiXQ.c2lnbmF0dXJlLW9mLXRoZS1saW5rLXRoYXQ"


def papers(count: int, *, summary: str = ABSTRACT) -> tuple[Entry, ...]:
    return tuple(
        replace(FULL, id=f"{number:016x}", title=f"{FULL.title}, part {number} of a long series", summary=summary)
        for number in range(count)
    )


WITH_VOTES = replace(LINKS, vote=f"https://papers.example.org/v/{TOKEN}")


def size(html: str) -> int:
    return len(html.encode("utf-8"))


def test_ten_typical_papers_take_fifty_kilobytes_at_most(render: Render) -> None:
    entries = papers(10)
    message = render(digest_of(*(ranked(entry, reasons=REASONS) for entry in entries)), links=WITH_VOTES)
    assert size(message.html) <= 50_000
    assert message.shown == tuple(entry.id for entry in entries)


def test_summaries_get_shorter_before_papers_go(render: Render) -> None:
    entries = papers(32)
    digest = digest_of(*(ranked(entry, reasons=REASONS) for entry in entries))
    message = render(digest, links=WITH_VOTES)
    assert size(message.html) <= MAX_HTML_BYTES
    assert len(message.shown) == 32
    assert "three kinds of networks" not in message.html
    assert "three kinds of networks" in render(digest_of(ranked(entries[0]))).html


@pytest.mark.parametrize("summary", [ABSTRACT, "网络会忘记它们学过的东西。" * 100, ""])
def test_papers_that_do_not_fit_move_below_the_line(render: Render, summary: str) -> None:
    entries = papers(60, summary=summary)
    message = render(digest_of(*(ranked(entry, reasons=REASONS) for entry in entries)), links=WITH_VOTES)
    assert size(message.html) <= MAX_HTML_BYTES
    assert 10 <= len(message.shown) < 60
    assert message.shown == tuple(entry.id for entry in entries[: len(message.shown)])
    first_below = entries[len(message.shown)]
    assert "<li" in message.html
    assert message.html.index("Just below the line") < message.html.index(first_below.title)
    assert f"{len(message.shown)}</b> of 412&nbsp;new papers" in message.html


def test_one_enormous_card_is_still_sent(render: Render) -> None:
    long = Entry(title="x" * 90_000, link="https://example.org/1", authors=("y" * 90_000,))
    below = tuple(ranked(replace(long, id=str(number))) for number in range(40))
    message = render(digest_of(ranked(long), below=below))
    assert message.shown == (long.id,)
    assert size(message.html) <= MAX_HTML_BYTES


def test_lines_below_go_where_they_do_not_fit(render: Render) -> None:
    link = "https://example.org/?" + "&" * 950
    below = tuple(ranked(Entry(title=f"{number}" + "学" * 1_900, link=link)) for number in range(20))
    message = render(digest_of(ranked(FULL), below=below))
    assert size(message.html) <= MAX_HTML_BYTES
    assert "Just below the line" not in message.html
    assert message.shown == (FULL.id,)


def test_long_tail_below_the_line_is_cut(render: Render) -> None:
    below = tuple(ranked(Entry(title=f"Below number {number}")) for number in range(50))
    html = render(digest_of(ranked(FULL), below=below)).html
    assert "Below number 19" in html
    assert "Below number 20" not in html
