"""Digest to message bytes, against the naive way with the same template: Jinja, MJML and EmailMessage per reader."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from mjml import mjml2html

from newsletter.model import Digest, Entry, Links, Mailbox, Ranked, Reason, Signals, Subscriber
from newsletter.rendering import Renderer, message_id
from newsletter.rendering.environment import html_environment, text_environment
from newsletter.rendering.skeleton import read_skeleton
from newsletter.rendering.view import SUMMARY_CHARACTERS, describe_digest
from newsletter.shipped import shipped

READERS = 40
ROUNDS = 5
PAPERS = 10
NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
SENDER = Mailbox(email="papers@example.org", name="Morning Papers")
ABSTRACT = "We measure how long it takes to say the same thing twice & find that p < 0.05. " * 8


def measure() -> list[dict[str, Any]]:
    """Messages a second of both ways, medians of five rounds taken in turn, and their ratio."""
    ours, naive = make_ours(), make_naive()
    readers = [(reader(number), digest(number), links(number)) for number in range(READERS)]
    times: dict[str, list[float]] = {"ours": [], "naive": []}
    for _ in range(ROUNDS):
        for name, render in (("ours", ours), ("naive", naive)):
            start = time.perf_counter()
            for given in readers:
                render(*given)
            times[name].append(READERS / (time.perf_counter() - start))
    rates = {name: statistics.median(rounds) for name, rounds in times.items()}
    return [
        {"way": name, "messages a second": rate, "against the naive way": rate / rates["naive"]}
        for name, rate in rates.items()
    ]


def make_ours() -> Callable[[Subscriber, Digest, Links], bytes]:
    """The product's renderer, its templates compiled once."""
    renderer = Renderer(
        folders=[shipped("templates")], title="Morning Papers", sender=SENDER, postal_address="1 Street"
    )

    def render(subscriber: Subscriber, drawn: Digest, to: Links) -> bytes:
        named = message_id(SENDER, drawn.edition, subscriber.id)
        return renderer.render(drawn, subscriber=subscriber, links=to, message_id=named, date=NOW).raw

    return render


def make_naive() -> Callable[[Subscriber, Digest, Links], bytes]:
    """Fills the MJML for each reader, compiles it, and lets the standard library write the message."""
    environment = html_environment([shipped("templates")])
    mjml = environment.from_string(read_skeleton(environment, "digest.mjml.j2").text.strip())
    text = text_environment([shipped("templates")]).get_template("digest.txt.j2")
    common = {
        "title": "Morning Papers",
        "postal_address": "1 Street",
        "base_url": None,
        "lang": "en",
        "dir": "ltr",
        "preheader": "",
    }

    def render(subscriber: Subscriber, drawn: Digest, to: Links) -> bytes:
        described = describe_digest(drawn, subscriber=subscriber, links=to, summary=SUMMARY_CHARACTERS)
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = SENDER.email, subscriber.email, drawn.items[0].entry.title
        message.set_content(text.render({**common, **described}))
        message.add_alternative(mjml2html(mjml.render({**common, **described}).strip()), subtype="html")
        return message.as_bytes()

    return render


def reader(number: int) -> Subscriber:
    """Somebody."""
    return Subscriber(id=f"{number:016x}", email=f"reader{number}@example.org", name=f"Reader {number}")


def links(number: int) -> Links:
    """Their own links."""
    return Links(unsubscribe=f"https://papers.example.org/u/{number:040x}", unsubscribe_mailto="mailto:a@example.org")


def digest(number: int) -> Digest:
    """Ten papers that no other reader has in that order."""
    items = tuple(ranked(number * 3 + place, place) for place in range(1, PAPERS + 1))
    return Digest(edition="2026-11-22T07:30:00Z", local_date=date(2026, 11, 22), items=items, candidates=412)


def ranked(number: int, rank: int) -> Ranked:
    """One of three hundred papers."""
    entry = Entry(
        title=f"On paper {number % 300} & its naïve readers",
        link=f"https://example.org/{number % 300}",
        summary=ABSTRACT,
        authors=("Ada Beispiel", "Ben Müller", "Cleo Exempel", "Dan Voorbeeld"),
        published=NOW,
        pdf_link="https://example.org/p.pdf",
        signals=Signals(upvotes=number % 97, comments=3),
        sources=("A listing",),
    )
    reason = Reason(kind="interest", label="spiking neural networks", contribution=1.0)
    return Ranked(entry=entry, score=1.0, match=0.73, rank=rank, reasons=(reason,))
