"""Invented digests that reach every branch of a template: templates are tried out on them before anything is sent."""

from __future__ import annotations

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
    summary="We ask how quickly small networks forget. They forget at once. We show how to remind them.",
    authors=("Ada Beispiel", "Ben Muster", "Cleo Exempel", "Dan Voorbeeld"),
    organization="Institute of Examples",
    published=datetime(2026, 11, 21, tzinfo=UTC),
    pdf_link="https://example.org/papers/1.pdf",
    code_link="https://code.example.org/forget",
    project_link="https://forget.example.org",
    discussion_link="https://talk.example.org/1",
    withdrawn=True,
    sources=("A blog", "A listing"),
    signals=Signals(upvotes=84, upvotes_gained=12, comments=5, stars=320),
)
_BARE = Entry(title="A title and nothing else")
_ONE_AUTHOR = Entry(title="An only author", link="https://example.org/2", author_count=1, organization="An institute")
_COUNTED = Entry(title="Seven authors", author_count=7, signals=Signals(upvotes=1), sources=("A listing",))


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

SAMPLES = ((DIGEST, READER, LINKS), (DIGEST, OTHER_READER, MAIL_LINKS), (EMPTY_DIGEST, OTHER_READER, MAIL_LINKS))
"""(digest, subscriber, links)."""
