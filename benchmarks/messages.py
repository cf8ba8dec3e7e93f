"""Ranked list to MIME bytes, against the naive way with the same template: Jinja, MJML and EmailMessage per reader.

Every reader is somebody else: ten of three hundred papers in an order of their own, reasons of their own, their own
signed links. Both ways start from the ranked list, and sign the links.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from mjml import mjml2html
from pydantic import SecretStr

from newsletter.config.settings import PageSource, Settings
from newsletter.model import Digest, Entry, Interest, Mailbox, ProfileSpec, Ranked, Reason, Signals, Subscriber
from newsletter.pipeline.messages import Letterhead
from newsletter.rendering import message_id
from newsletter.rendering.templates import MailTemplate, say
from newsletter.rendering.view import SUMMARY_CHARACTERS, describe_digest
from newsletter.shipped import shipped

READERS = 2_000
NAIVE_READERS = 40
ROUNDS = 5
ENTRIES = 300
PAPERS = 10
NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
DAY = date(2026, 11, 22)
EDITION = "2026-11-22T07:30:00Z"
SENDER = Mailbox(email="papers@example.org", name="Morning Papers")
SETTINGS = Settings(
    title="Morning Papers",
    sender=SENDER,
    base_url="https://papers.example.org",
    postal_address="1 Example Street, 12345 Example",
    sources=(PageSource(kind="page", name="A page", path=Path("page.txt")),),
    secret_keys=(SecretStr("a secret of thirty-two characters"),),
    folder=Path(),
    templates=(shipped("templates"),),
)
WORDS = """
    spiking sparse neural causal graph continual cortical diffusion protein visual tactile language retrieval planning
    pruning robust private federated symbolic bayesian quantum climate genomic molecular acoustic
""".strip()
THINGS = "networks models learning memory decoding alignment inference search coding perception control folding"


def measure() -> list[dict[str, Any]]:
    """Messages a second of each way, medians of five rounds taken in turn, and the ratios.

    Each round has readers who were not there before, as each edition has: what was said to one of them is seldom said
    to another. The round before the first is not counted: it renders what all of them have in common.
    """
    naive, ours = make_naive(), make_ours()
    rounds: dict[str, list[float]] = {"naive": [], "ours": [], "ours, two processes": []}
    with ProcessPoolExecutor(1) as one_half, ProcessPoolExecutor(1) as other_half:
        halves = (one_half, other_half)  # a process of its own for each: what it has in common with others, it has made
        for number in range(ROUNDS + 1):
            people = crowd(number)
            _at_once(halves, _gather, number)
            rounds["naive"].append(_rate(lambda: _render_all(naive, people[:NAIVE_READERS]), NAIVE_READERS))  # noqa: B023
            rounds["ours"].append(_rate(lambda: _render_all(ours, people), READERS))  # noqa: B023
            rounds["ours, two processes"].append(_rate(lambda: _at_once(halves, _render_gathered), 2 * READERS))
    rounds = {name: measured[1:] for name, measured in rounds.items()}
    rates = {name: statistics.median(measured) for name, measured in rounds.items()}
    return [
        {
            "way": name,
            "messages a second": rate,
            "us a message": 1e6 / rate,
            "against naive": rate / rates["naive"],
            "against one process": rate / rates["ours"],
        }
        for name, rate in rates.items()
    ]


def crowd(number: int) -> list[tuple[Subscriber, Digest]]:
    """As many readers as a round has, and no other round."""
    numbers = range(number * READERS, (number + 1) * READERS)
    return [(reader(one), digest(one)) for one in numbers]


def make_ours() -> Callable[[Subscriber, Digest], bytes]:
    """The product's own way, its templates compiled once."""
    letterhead = Letterhead(SETTINGS)

    def render(subscriber: Subscriber, drawn: Digest) -> bytes:
        named = message_id(SENDER, drawn.edition, subscriber.id)
        return letterhead.render(drawn, subscriber, message_id=named, date=NOW).raw

    return render


def make_naive() -> Callable[[Subscriber, Digest], bytes]:
    """Fills the MJML for each reader, compiles it, and lets the standard library write the message."""
    letterhead = Letterhead(SETTINGS)
    template: MailTemplate = letterhead.renderer.template
    mjml = template.html.environment.from_string(template.mjml.strip())
    common = letterhead.renderer.common

    def render(subscriber: Subscriber, drawn: Digest) -> bytes:
        links = letterhead.links(subscriber, drawn.local_date)
        described = {
            **common,
            **describe_digest(drawn, subscriber=subscriber, links=links, summary=SUMMARY_CHARACTERS),
        }
        html = mjml.render({**described, "preheader": say(template.preheader, described)})
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = SENDER.email, subscriber.email
        message["Subject"] = say(template.subject, described)
        message["Message-ID"] = message_id(SENDER, drawn.edition, subscriber.id)
        message["List-Unsubscribe"] = f"<{links.unsubscribe}>"
        message.set_content(template.text.template.render(described))
        message.add_alternative(mjml2html(html.strip()), subtype="html")
        return message.as_bytes()

    return render


def reader(number: int) -> Subscriber:
    """Somebody, with interests of their own."""
    chance = random.Random(number)
    return Subscriber(
        id=f"{number:016x}",
        email=f"reader{number}@example.org",
        name=f"Reader {number}",
        profile=ProfileSpec(interests=tuple(Interest(_phrase(chance)) for _ in range(5))),
    )


def digest(number: int) -> Digest:
    """Ten papers, and ten below, that no other reader has in that order, each with the reasons of this reader."""
    chance = random.Random(number)
    interests = [_phrase(chance) for _ in range(5)]
    liked = [f"{_phrase(chance)} for {_phrase(chance)}".capitalize() for _ in range(3)]
    drawn = chance.sample(range(ENTRIES), 2 * PAPERS)
    ranked = [
        Ranked(entry=_entry(paper), score=1.0, match=0.73, rank=rank, reasons=tuple(_reasons(interests, liked, chance)))
        for rank, paper in enumerate(drawn, start=1)
    ]
    return Digest(
        edition=EDITION,
        local_date=DAY,
        items=tuple(ranked[:PAPERS]),
        below=tuple(ranked[PAPERS:]),
        candidates=ENTRIES - number % 23,
    )


def _reasons(interests: Sequence[str], liked: Sequence[str], chance: random.Random) -> Iterator[Reason]:
    for phrase in chance.sample(interests, chance.choice([1, 1, 2, 3])):
        yield Reason(kind="interest", label=phrase, contribution=1.0 + chance.random())
    if chance.random() < 0.5:
        yield Reason(kind="liked", label=chance.choice(liked), contribution=chance.random())
    if chance.random() < 0.2:
        yield Reason(kind="trending", label="trending", contribution=chance.random())
    for kind in ("interest_others", "liked_others", "recency"):
        yield Reason(kind=kind, label=kind, contribution=0.05)
    yield Reason(kind="baseline", label="what any paper gets", contribution=-3.0)


def all_entries() -> tuple[Entry, ...]:
    """The edition's papers."""
    return tuple(_entry(number) for number in range(ENTRIES))


_ENTRIES: dict[int, Entry] = {}


def _entry(number: int) -> Entry:
    """One of the edition's papers: the same object for all readers, as it is in an edition."""
    if number not in _ENTRIES:
        chance = random.Random(number)
        said = " ".join(f"We measure {_phrase(chance)} against {_phrase(chance)} & find p < 0.05." for _ in range(12))
        _ENTRIES[number] = Entry(
            title=f"On {_phrase(chance)} and naïve {_phrase(chance)}: part {number}",
            link=f"https://example.org/{number}",
            summary=said,
            authors=("Ada Beispiel", "Ben Müller", "Cleo Exempel", "Dan Voorbeeld"),
            published=NOW,
            pdf_link=f"https://example.org/{number}.pdf",
            code_link=f"https://code.example.org/{number}",
            signals=Signals(upvotes=number % 97, upvotes_gained=number % 7, comments=3),
            sources=("A listing",),
        )
    return _ENTRIES[number]


def _phrase(chance: random.Random) -> str:
    return f"{chance.choice(WORDS.split())} {chance.choice(THINGS.split())}"


_HALF: dict[str, Any] = {}
"""Of a process that renders beside another one: the product's way, and the readers of its round."""


def _gather(number: int, share: int) -> None:
    _HALF.setdefault("render", make_ours())
    _HALF["people"] = crowd((ROUNDS + 1) * (share + 1) + number)


def _render_gathered(_share: int) -> int:
    return _render_all(_HALF["render"], _HALF["people"])


def _render_all(render: Callable[[Subscriber, Digest], bytes], people: Sequence[tuple[Subscriber, Digest]]) -> int:
    return sum(len(render(*one)) for one in people)


def _at_once(halves: Sequence[ProcessPoolExecutor], work: Callable[..., object], *given: int) -> None:
    for done in [half.submit(work, *given, share) for share, half in enumerate(halves)]:
        done.result()


def _rate(work: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)
