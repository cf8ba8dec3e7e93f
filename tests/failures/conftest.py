"""One source that always delivers, one that a test lets go wrong, and the product over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from product import Deployment, parse
from website import Site, site

from newsletter.model import Fetched
from newsletter.sources import KINDS, Fetcher, FetchRequest
from newsletter.sources.arxiv import ArxivFetcher
from newsletter.sources.biorxiv import BiorxivFetcher
from newsletter.sources.feed import FeedFetcher
from newsletter.sources.huggingface import HuggingFaceFetcher
from newsletter.sources.limiter import Limiter

__all__ = ["site"]

RSS = '<rss version="2.0"><channel><title>News</title>{}</channel></rss>'
CULPRIT = "The culprit"
STEADY = "Steady Letters"


class Hurried:
    """A kind whose requests have less time and shorter pauses than the product's: as told for a source by its name."""

    def __init__(self, kind: Fetcher, limits: Mapping[str, Mapping[str, float]]) -> None:
        self._kind = kind
        self._limits = limits

    def fetch(self, request: FetchRequest[Any]) -> Fetched:
        limits = {"backoff_seconds": 0.01, **self._limits.get(request.source.name, {})}
        return self._kind.fetch(replace(request, http=request.http.within(**limits)))


@dataclass(frozen=True)
class Day:
    """What a run said of the culprit, to the operator and to the reader."""

    code: int
    report: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, Any]]
    """The run's line on each, by name."""
    statuses: Mapping[str, Mapping[str, Any]]
    """That of ``status --json``."""
    text: str
    """The text part of the reader's mail, on one line; empty without a mail."""

    @property
    def culprit(self) -> Mapping[str, Any]:
        return self.sources[CULPRIT]

    @property
    def status(self) -> Mapping[str, Any]:
        return self.statuses[CULPRIT]


@dataclass
class Product:
    """A deployment with a steady source beside others; it has one new paper for each run."""

    deployment: Deployment
    limits: dict[str, Mapping[str, float]] = field(default_factory=dict)
    runs: int = 0
    seen: set[str] = field(default_factory=set)

    def reads(self, *sources: Mapping[str, Any]) -> None:
        """Sources that are read beside the steady one; one without a name is the culprit."""
        steady = {"kind": "feed", "name": STEADY, "path": "steady.xml", "backlog": "include"}
        self._write_steady()
        self.deployment.write(sources=[*({"name": CULPRIT, **source} for source in sources), steady])

    def run(self, now: str, *options: str) -> Day:
        """One run of the command line at that time, with the one mail it sent."""
        self._write_steady()
        said = self.deployment("run", "--json", "--now", now, *options)
        status = self.deployment("status", "--json").json
        return Day(said.code, said.json, _by_name(said.json), _by_name(status), self._text())

    def fetch(self, now: str) -> Mapping[str, Any]:
        """A fetch alone: the culprit's line in its document."""
        return _by_name(self.deployment("fetch", "--json", "--now", now).json)[CULPRIT]

    def _write_steady(self) -> None:
        self.runs += 1
        item = f"<item><title>A letter that arrived, number {self.runs}</title><guid>{self.runs}</guid></item>"
        (self.deployment.folder / "steady.xml").write_text(RSS.format(item), encoding="utf-8")

    def _text(self) -> str:
        files = {file.name: file for file in self.deployment.outbox.glob("*.eml") if file.name not in self.seen}
        self.seen |= set(files)
        mails = [parse(file.read_bytes()) for file in files.values()]
        assert len(mails) <= 1
        return " ".join(" ".join(mail.get_body(("plain",)).get_content().split()) for mail in mails)


def _by_name(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {source["name"]: source for source in document["sources"]}


@pytest.fixture
def product(deployment, site: Site, monkeypatch) -> Product:
    """The product over the site, with every kind's services there and all waiting cut short."""
    deployment.write_plain_look()
    product = Product(deployment)
    limiter = Limiter("failures", 0.0, folder=deployment.folder)
    kinds: dict[str, Fetcher] = {
        "feed": FeedFetcher(),
        "arxiv": ArxivFetcher(limiter=limiter),
        "huggingface": HuggingFaceFetcher(),
        "biorxiv": BiorxivFetcher(api=f"{site.url}/details"),
    }
    for name, kind in kinds.items():
        monkeypatch.setitem(KINDS, name, Hurried(kind, product.limits))
    deployment.write(network={"allow": ["127.0.0.1"]}, window="20h")
    deployment.write_readers([{"email": "ada@example.org", "profile": {"interests": ["letters"], "max_papers": 50}}])
    return product
