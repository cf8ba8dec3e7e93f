"""Invented digests that reach every branch of a template: templates are tried out on them before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

from newsletter.model import (
    Digest,
    Entry,
    Interest,
    Links,
    ProfileSpec,
    Ranked,
    Reason,
    Schedule,
    Signals,
    SourceReport,
    SourceState,
    Subscriber,
)

_DAY = date(2026, 11, 22)
_KINDS = (
    "interest",
    "theme",
    "liked",
    "voted",
    "liked_author",
    "author",
    "organization",
    "category",
    "trending",
    "something new",
)
_FULL = Entry(
    title="How quickly do small networks forget?",
    link="https://example.org/papers/1",
    summary=(
        "We ask how quickly small networks forget what they have learnt when the world around them changes. They forget"
        " at once, whatever it was and however long they had learnt it. We show how to remind them of most of it at a"
        " small part of what learning it again would cost, on nine tasks and two kinds of machines."
    ),
    authors=("Ada Beispiel", "Ben Muster", "Cleo Exempel", "Dan Voorbeeld"),
    organization="Institute of Examples",
    published=datetime(2026, 11, 21, tzinfo=UTC),
    pdf_link="https://example.org/papers/1.pdf",
    code_link="https://code.example.org/forget",
    project_link="https://forget.example.org",
    thumbnail="https://example.org/papers/1.png",
    comment="12 pages, accepted at a workshop of examples",
    discussion_link="https://talk.example.org/1",
    withdrawn=True,
    sources=("A blog", "A listing"),
    signals=Signals(upvotes=84, upvotes_gained=12, comments=5, stars=320),
)
_BARE = Entry(title="A title and nothing else")
_ONE_AUTHOR = Entry(title="An only author", link="https://example.org/2", author_count=1, organization="An institute")
_COUNTED = Entry(title="Seven authors", author_count=7, signals=Signals(upvotes=1), sources=("A listing",))
_COUNTED_TWO = Entry(
    title="רשתות קטנות שוכחות מהר",
    author_count=2,
    organization="A lab",
    signals=Signals(upvotes=2, upvotes_gained=2, comments=1, stars=1),
)
_COUNTED_FEW = Entry(
    title="Two signals",
    authors=("A", "B"),
    author_count=3,
    signals=Signals(upvotes=4, upvotes_gained=1, stars=2, comments=2),
)
_LONG = Entry(
    title="I am a " * 90, summary="a " * 400, thumbnail="https://example.org/papers/9.png"
)  # two minutes of short words
_UNRATED = Entry(title="No votes", authors=("A",), author_count=3, link="https://example.org/3")


def _ranked(entry: Entry, rank: int, *kinds: str, explore: bool = False) -> Ranked:
    reasons = tuple(Reason(kind=kind, label=f"words for {kind}", contribution=1.0) for kind in kinds)
    return Ranked(entry=entry, score=1.0, match=0.73, rank=rank, reasons=reasons, explore=explore)


READER = Subscriber(
    id="sample",
    email="reader@example.org",
    name="A Reader",
    schedule=Schedule(days=frozenset({0, 2, 4}), at=time(7, 30)),
    profile=ProfileSpec(interests=(Interest("examples"),)),
)
OTHER_READER = Subscriber(id="other", email="other@example.org")

LINKS = Links(
    unsubscribe="https://example.org/u/token",
    unsubscribe_mailto="mailto:leave@example.org?subject=unsubscribe",
    preferences="https://example.org/p/token",
    archive="https://example.org/a/1",
    vote="https://example.org/v/token",
)
MAIL_LINKS = Links(unsubscribe_mailto="mailto:leave@example.org?subject=unsubscribe")

DIGEST = Digest(
    edition="2026-11-22T06:30:00Z",
    local_date=_DAY,
    items=(
        *(_ranked(_FULL, 1, kind) for kind in _KINDS),
        _ranked(_BARE, 2, "trending"),
        _ranked(_ONE_AUTHOR, 3, explore=True),
        _ranked(_COUNTED, 4, "trending", "interest"),
        _ranked(_COUNTED_TWO, 5, "trending"),
        _ranked(_COUNTED_FEW, 6, "trending"),
        _ranked(_UNRATED, 7, "trending"),
    ),
    below=(_ranked(_BARE, 5), _ranked(_FULL, 6)),
    candidates=412,
    sources=tuple(
        SourceReport(name=f"Source {number} {state}", kind="feed", state=state, entries=9, new=number)
        for number in range(8)
        for state in SourceState
    ),
)
EMPTY_DIGEST = Digest(edition="2026-11-22T06:30:00Z", local_date=_DAY)


def _small(*entries: Entry, sources: tuple[SourceReport, ...] = ()) -> Digest:
    """No more papers than there are cards for: the counts in words that have words for them."""
    items = tuple(_ranked(entry, rank, "interest") for rank, entry in enumerate(entries, start=1))
    return Digest(
        edition=DIGEST.edition, local_date=_DAY, items=items, candidates=len(items), sources=sources, below=items[:0]
    )


def _listing(
    count: int, state: SourceState, *, silent: tuple[str, ...] = (), is_partial: bool = False
) -> tuple[SourceReport, ...]:
    return tuple(
        SourceReport(name=f"Listing {number}", kind="feed", state=state, silent=silent, is_partial=is_partial)
        for number in range(count)
    )


def _on(*days: int) -> Subscriber:
    return replace(OTHER_READER, schedule=Schedule(days=frozenset(days)))


SAMPLES = (
    (DIGEST, READER, LINKS),
    (DIGEST, OTHER_READER, MAIL_LINKS),
    (EMPTY_DIGEST, OTHER_READER, MAIL_LINKS),
    (_small(_BARE, sources=_listing(7, SourceState.WAITING)), _on(*range(5)), MAIL_LINKS),
    (_small(_LONG, _UNRATED, sources=_listing(8, SourceState.QUIET, is_partial=True)), _on(2), LINKS),
    (_small(_UNRATED, _BARE, _FULL, sources=_listing(3, SourceState.STALLED, silent=("a", "b"))), _on(), LINKS),
)
"""(digest, subscriber, links)."""
