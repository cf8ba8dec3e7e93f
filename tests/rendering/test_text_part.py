"""The text part says the same as the HTML part, in lines that fit."""

from __future__ import annotations

from dataclasses import replace

from rendering.invented import DIGEST, LINKS, Render, digest_of, ranked

from newsletter.model import Entry

EXPECTED = """\
Morning Papers
Sunday, 22 November 2026

2 of 412 new papers, about 1 minute; ranked for you


1. Short naps keep small networks from forgetting
   Ada Beispiel, Ben Muster, Cleo Exempel and 2 more (Institute of
   Examples)
   A listing, arXiv cs.NE · 20 Nov 2026
   1,142 upvotes (+84 since yesterday) · 7 comments · code with 320
   stars

   Small networks forget. Naps help them to remember. We say why.

   Why this one:
     matches “spiking networks”
     like “Loss of examples”, which you liked
     +84 upvotes since yesterday

   Read on arxiv.example.org: https://arxiv.example.org/abs/1
   PDF: https://arxiv.example.org/pdf/1
   Code on code.example.org: https://code.example.org/naps
   Discussion on talk.example.org: https://talk.example.org/1


2. Nothing but a title & a <sign>
   [Exploration]
   7 authors

   Why this one:
     from outside your profile, to widen the view

   Find it on Google Scholar: https://scholar.google.com/scholar?q=Nothing+but+a+title+%26+a+%3Csign%3E


Just below the line

- Almost on a card
  https://arxiv.example.org/abs/9


--\x20
New from arXiv (351). Nothing new from A blog. Could not be read this
time: bioRxiv.

You get Morning Papers at ada@example.org on weekdays from 07:30 on
(Europe/Berlin), because it was asked for with this address.

Read in the browser: https://papers.example.org/a/token
Change what you get: https://papers.example.org/p/token
Unsubscribe: https://papers.example.org/u/token

Morning Papers, 1 Example Street
"""


def test_whole_text(render: Render) -> None:
    assert render(DIGEST).text == EXPECTED


def test_lines_are_wrapped_and_links_are_not(render: Render) -> None:
    link = "https://example.org/" + "p" * 120
    entry = Entry(title="A rather long title " * 12, summary="Some words of a summary, " * 15, link=link)
    lines = render(digest_of(ranked(entry))).text.split("\n")
    assert all(len(line) <= 72 for line in lines if "://" not in line)
    assert f"   Read on example.org: {link}" in lines


def test_votes(render: Render) -> None:
    entry = Entry(title="T")
    links = replace(LINKS, vote="https://e.org/v")
    text = render(digest_of(ranked(entry)), links=links).text
    vote = f"https://e.org/v/{entry.id}"
    assert f"   More like this: {vote}/more\n   Less like this: {vote}/less\n" in text
