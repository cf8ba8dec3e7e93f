"""An invented digest of two papers, and shorthands to build others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email import message_from_bytes, policy
from email.message import EmailMessage

from newsletter.model import (
    Digest,
    Entry,
    Interest,
    Links,
    Mailbox,
    Message,
    ProfileSpec,
    Ranked,
    Reason,
    Schedule,
    Signals,
    SourceReport,
    SourceState,
    Subscriber,
)

SENDER = Mailbox(email="papers@example.org", name="Morning Papers")
READER = Subscriber(
    id="r1",
    email="ada@example.org",
    name="Ada Beispiel",
    timezone="Europe/Berlin",
    schedule=Schedule(days=frozenset(range(5)), at=time(7, 30)),
    profile=ProfileSpec(interests=(Interest("spiking networks"),)),
)
LINKS = Links(
    unsubscribe="https://papers.example.org/u/token",
    unsubscribe_mailto="mailto:papers@example.org?subject=unsubscribe%20r1",
    preferences="https://papers.example.org/p/token",
    archive="https://papers.example.org/a/token",
)
MESSAGE_ID = "<20261122T063000Z.1@example.org>"
SENT_AT = datetime(2026, 11, 22, 6, 31, tzinfo=UTC)

FULL = Entry(
    title="Short naps keep small networks from forgetting",
    link="https://arxiv.example.org/abs/1",
    summary="Small networks forget. Naps help them to remember. We say why. And this is one sentence too many.",
    authors=("Ada Beispiel", "Ben Muster", "Cleo Exempel", "Dan Voorbeeld", "Eve Ejemplo"),
    organization="Institute of Examples",
    published=datetime(2026, 11, 20, tzinfo=UTC),
    pdf_link="https://arxiv.example.org/pdf/1",
    code_link="https://code.example.org/naps",
    discussion_link="https://talk.example.org/1",
    sources=("A listing", "arXiv cs.NE"),
    signals=Signals(upvotes=1142, upvotes_gained=84, comments=7, stars=320),
)
BARE = Entry(title="Nothing but a title & a <sign>", author_count=7)
BELOW = Entry(title="Almost on a card", link="https://arxiv.example.org/abs/9")
REASONS = (
    Reason(kind="interest", label="spiking networks", contribution=2.0),
    Reason(kind="liked", label="Loss of examples", contribution=1.0),
    Reason(kind="trending", label="upvotes", contribution=0.5),
    Reason(kind="recency", label="new", contribution=9.0),
    Reason(kind="muted", label="blockchain", contribution=-3.0),
)
SOURCES = (
    SourceReport(name="arXiv", kind="arxiv", state=SourceState.FRESH, new=351),
    SourceReport(name="A blog", kind="feed", state=SourceState.QUIET),
    SourceReport(name="bioRxiv", kind="biorxiv", state=SourceState.FAILED, error="secret.example.org timed out"),
)

Render = Callable[..., Message]


def ranked(entry: Entry, rank: int = 1, *, reasons: tuple[Reason, ...] = (), explore: bool = False) -> Ranked:
    return Ranked(entry=entry, score=1.0, match=0.7, rank=rank, reasons=reasons, explore=explore)


def digest_of(*items: Ranked, below: tuple[Ranked, ...] = (), candidates: int = 412) -> Digest:
    return Digest(
        edition="2026-11-22T06:30:00Z",
        local_date=date(2026, 11, 22),
        items=items,
        below=below,
        candidates=candidates,
        sources=SOURCES,
    )


def parsed(message: Message) -> EmailMessage:
    mail = message_from_bytes(message.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


DIGEST = digest_of(ranked(FULL, reasons=REASONS), ranked(BARE, 2, explore=True), below=(ranked(BELOW, 3),))
