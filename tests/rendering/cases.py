"""The digests of the golden mails, all invented: a name, the look, what is in it, and whom it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from rendering.invented import DIGEST, LINKS, READER, SENT_AT

from newsletter.model import (
    Digest,
    Entry,
    LetterKind,
    Links,
    ProfileSpec,
    Ranked,
    Reason,
    Signals,
    SourceReport,
    SourceState,
    Subscriber,
)
from newsletter.rendering.letters import Letter

DAY = date(2026, 11, 22)
WITH_VOTES = replace(LINKS, vote="https://papers.example.org/v/token")
NEWCOMER = replace(READER, id="r2", email="new@example.org", name="", profile=ProfileSpec())

_SUBJECTS = (
    "Sleeping networks", "Spiking cameras", "Tidy optimisers", "Cortical maps", "Patient agents", "Sparse transformers",
    "Honest benchmarks", "Slow gradients", "Folded proteins", "Quiet sensors",
)  # fmt: skip
_CLAIMS = (
    "forget less than we thought", "need a tenth of the energy", "learn from a single example",
    "agree with recordings from mice", "can be audited by hand",
)  # fmt: skip
_SENTENCES = (
    "We ask what is left when half of the data are taken away.",
    "Across nine tasks the answer is the same: more than half.",
    "The effect holds for small and for large models, and it is gone when the labels are shuffled.",
    "A short proof explains the largest case, and three experiments the others.",
    "We release the recordings and forty lines of code.",
)
_AUTHORS = ("Ada Beispiel", "Ben Muster", "Cleo Exempel", "Dan Voorbeeld", "Eve Ejemplo")
_LABELS = ("spiking networks", "continual learning", "neuromorphic hardware", "benchmarks")
_SOURCES = ("arXiv cs.NE", "A listing", "bioRxiv neuroscience")


@dataclass(frozen=True)
class Case:
    """One golden mail."""

    name: str
    digest: Digest
    look: str = "classic"
    subscriber: Subscriber = READER
    links: Links = WITH_VOTES


def paper(number: int) -> Entry:
    """The invented paper of that number, from 0; fifty of them have titles of their own."""
    subject, claim = _SUBJECTS[number % len(_SUBJECTS)], _CLAIMS[number // len(_SUBJECTS) % len(_CLAIMS)]
    first = number % len(_SENTENCES)
    return Entry(
        title=f"{subject} {claim}",
        link=f"https://papers.example.net/abs/{1000 + number}",
        summary=" ".join((*_SENTENCES[first:], *_SENTENCES[:first])),
        authors=_AUTHORS[: 1 + number % len(_AUTHORS)],
        organization="Institute of Examples" if number % 3 == 0 else "",
        published=datetime(2026, 11, 21, tzinfo=UTC) - timedelta(days=number % 4),
        pdf_link=f"https://papers.example.net/pdf/{1000 + number}",
        code_link="https://code.example.org/half" if number % 4 == 0 else None,
        discussion_link=f"https://talk.example.org/{number}" if number % 5 == 0 else None,
        thumbnail=f"https://papers.example.net/pictures/{number}.png" if number % 6 == 1 else None,
        sources=_SOURCES[number % 3 :][:2],
        signals=Signals(upvotes=180 - 3 * number, upvotes_gained=21, comments=number, stars=12)
        if number % 2 == 0
        else Signals(),
    )


def cards(entries: Sequence[Entry], *, explored: bool = False, trending: bool = False) -> tuple[Ranked, ...]:
    """Them on cards, each with reasons; the last one from outside the profile, or all for what is trending alone."""
    return tuple(
        Ranked(
            entry=entry,
            score=3.0,
            match=0.95,
            rank=rank,
            reasons=_TRENDING if trending else _reasons(rank),
            explore=explored and rank == len(entries),
        )
        for rank, entry in enumerate(entries, 1)
    )


_TRENDING = (Reason(kind="trending", label="upvotes", contribution=0.5),)


def digest(entries: Sequence[Entry], **changes: object) -> Digest:
    """A digest of them out of 412 papers."""
    explored = len(entries) == 10
    return replace(DIGEST, **{"items": cards(entries, explored=explored), "below": (), **changes})  # type: ignore[arg-type]


def _reasons(rank: int) -> tuple[Reason, ...]:
    label = _LABELS[rank % len(_LABELS)]
    return (
        Reason(kind="interest", label=label, contribution=2.0),
        Reason(kind="liked", label="Loss of examples in deep learning", contribution=1.0),
        Reason(kind="trending", label="upvotes", contribution=0.5),
    )[: 1 + rank % 3]


def letter_of(kind: LetterKind) -> Letter:
    """A letter as it is sent."""
    action = {
        LetterKind.CONFIRM: "https://papers.example.org/c/token",
        LetterKind.KNOWN: LINKS.preferences,
        LetterKind.WELCOME: LINKS.preferences,
    }.get(kind)
    ways = Links(unsubscribe=LINKS.unsubscribe, unsubscribe_mailto=LINKS.unsubscribe_mailto)
    is_to_reader = kind in {LetterKind.KNOWN, LetterKind.WELCOME}
    links = ways if is_to_reader else Links()
    return Letter(kind=kind, asked_at=SENT_AT, action=action, days=7, links=links)


def _one(**changes: object) -> Digest:
    return digest([replace(paper(0), id="", **changes)])  # type: ignore[arg-type]


FAILED = tuple(SourceReport(name=name, kind="feed", state=SourceState.FAILED, error="timed out") for name in _SOURCES)

CASES = (
    Case("no_papers", Digest(edition=DIGEST.edition, local_date=DAY, sources=DIGEST.sources)),
    Case("one", _one()),
    Case("ten", digest([paper(number) for number in range(10)], below=cards([paper(number) for number in range(10, 15)]))),
    Case("fifty", digest([paper(number) for number in range(50)])),
    Case("no_abstract", _one(summary="")),
    Case("right_to_left_title", _one(
        title="שינה קצרה (CoNap 2.0) עוזרת לרשתות קטנות לזכור",
        authors=("נועה לדוגמה", "Ada Beispiel"),
        summary="רשתות קטנות שוכחות. שינה קצרה עוזרת להן לזכור. אנחנו מסבירים למה, ב־40 שורות קוד.",
    )),
    Case("right_to_left_language", digest([paper(0), paper(1)], below=cards([paper(2)])), look="he"),
    Case("latex", _one(
        title=r"$O(\sqrt{n}\log n)$ bounds for $\alpha$-stable \emph{sleep} in $\mathbb{R}^d$ & beyond <d>",
        summary=r"We show $\|x_t - x^*\|_2 \le C\,e^{-\lambda t}$ for all $t \ge 0$. If $p_{ij} \neq 0$, then $\sum_i p_{ij} = 1$, at 95\% of K\"ahler points.",
    )),
    Case("emoji", _one(
        title="🧠💤 Naps for networks 👩🏽‍🔬 — a 🇪🇺 replication",
        authors=("Ada 🦋 Beispiel",),
        summary="We replicate 🧪 and extend 🚀. Families 👨‍👩‍👧‍👦 took part.",
    )),
    Case("very_long_title", _one(title="Donau" * 30 + " " + " ".join(f"{_SUBJECTS[n % 10]} {_CLAIMS[n % 5]}," for n in range(50))[:2000])),
    Case("all_sources_failed", digest([paper(3), paper(4)], sources=FAILED)),
    Case("first_mail", digest([], items=cards([paper(0), paper(1), paper(2)], trending=True)), subscriber=NEWCOMER),
    Case("compact_theme", digest([paper(number) for number in range(5)]), look="compact"),
    Case("plain_theme", digest([paper(0), paper(1)]), look="plain"),
)  # fmt: skip
"""All but the mail of a reader who came back, which needs a whole deployment."""

LETTERS = {kind: letter_of(kind) for kind in LetterKind}
"""The letters of every kind; their golden mails are called by it."""
