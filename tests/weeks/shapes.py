"""Answers as the services give them, around invented papers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from html import escape


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What the world has written."""

    title: str
    author: str
    arxiv_id: str | None = None
    categories: tuple[str, ...] = ()
    doi: str | None = None
    link: str | None = None
    """Of a post, which has no other name."""

    @property
    def abstract(self) -> str:
        return f"{self.author} says what is to be said of {self.title.lower()}."

    @property
    def family(self) -> str:
        return self.author.split()[-1]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A paper as a service lists it: from an instant on, under a day, for a reason."""

    paper: Paper
    day: date
    out_at: datetime
    version: int = 1
    reason: str = "new"
    until: datetime | None = None
    written: datetime | None = None
    """When its first version was sent in, where that is not the day."""
    title: str | None = None
    """Where this service names it in its own way."""
    link: str | None = None

    def is_out(self, now: datetime) -> bool:
        return self.out_at <= now and (self.until is None or now < self.until)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def announcements(category: str, listed: Iterable[Listing], *, built_at: datetime) -> bytes:
    """arXiv's RSS of one day."""
    items = "".join(
        f"<item><title>{escape(one.paper.title)}</title><link>https://arxiv.org/abs/{one.paper.arxiv_id}</link>"
        f"<description>arXiv:{one.paper.arxiv_id}v{one.version} Announce Type: {one.reason} \n"
        f"Abstract: {escape(one.paper.abstract)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{one.paper.arxiv_id}v{one.version}</guid>'
        f"{''.join(f'<category>{name}</category>' for name in one.paper.categories)}"
        f"<pubDate>{format_datetime(midnight(one.day)).replace('+0000', '-0500')}</pubDate>"
        f"<arxiv:announce_type>{one.reason}</arxiv:announce_type><dc:creator>{one.paper.author}</dc:creator></item>"
        for one in listed
    )
    return (
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">'
        f"<channel><title>{category} updates on arXiv.org</title><link>http://rss.arxiv.org/rss/{category}</link>"
        f"<lastBuildDate>{format_datetime(built_at)}</lastBuildDate>"
        f"<skipDays><day>Sunday</day><day>Saturday</day></skipDays>{items}</channel></rss>"
    ).encode()


def full_records(listed: Sequence[Listing]) -> bytes:
    """The query API's answer."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{one.paper.arxiv_id}v{one.version}</id><title>{escape(one.paper.title)}</title>"
        f"<published>{_written(one):%Y-%m-%dT%H:%M:%SZ}</published><updated>{midnight(one.day):%Y-%m-%dT%H:%M:%SZ}</updated>"
        f"<summary>{escape(one.paper.abstract)}</summary><author><name>{one.paper.author}</name></author>"
        f'<arxiv:primary_category term="{one.paper.categories[0]}"/><arxiv:comment>12 pages</arxiv:comment></entry>'
        for one in listed
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><title>ArXiv Query</title>'
        f"<opensearch:totalResults>{len(listed)}</opensearch:totalResults>{entries}</feed>"
    ).encode()


def changed_records(listed: Iterable[Listing], *, now: datetime, token: str = "") -> bytes:
    """One page of arXiv's list by OAI-PMH."""
    records = "".join(
        f"<record><header><identifier>oai:arXiv.org:{one.paper.arxiv_id}</identifier>"
        f"<datestamp>{one.day}</datestamp></header><metadata><arXivRaw xmlns='http://arxiv.org/OAI/arXivRaw/'>"
        f"<id>{one.paper.arxiv_id}</id>{_versions(one)}<title>{escape(one.paper.title)}</title>"
        f"<authors>{one.paper.author}</authors><categories>{' '.join(one.paper.categories)}</categories>"
        f"{f'<doi>{one.paper.doi}</doi>' if one.paper.doi else ''}"
        f"<abstract>{escape(one.paper.abstract)}</abstract></arXivRaw></metadata></record>"
        for one in listed
    )
    inside = f"<ListRecords>{records}<resumptionToken>{token}</resumptionToken></ListRecords>"
    nothing = '<error code="noRecordsMatch">no records match</error>'
    return (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>{now:%Y-%m-%dT%H:%M:%SZ}</responseDate>{inside if records else nothing}</OAI-PMH>"
    ).encode()


def _written(one: Listing) -> datetime:
    return one.written or midnight(one.day)


def _versions(one: Listing) -> str:
    dates = [_written(one), *[midnight(one.day)] * (one.version - 1)]
    return "".join(
        f"<version version='v{number}'><date>{format_datetime(at, usegmt=True)}</date></version>"
        for number, at in enumerate(dates, 1)
    )


def daily_papers(listed: Iterable[Listing], *, upvotes: int) -> bytes:
    """One page of Hugging Face's list of a day."""
    return json.dumps(
        [
            {
                "paper": {
                    "id": one.paper.arxiv_id,
                    "authors": [{"_id": "5f", "name": one.paper.author, "hidden": False}],
                    "publishedAt": f"{_written(one):%Y-%m-%dT%H:%M:%S}.000Z",
                    "submittedOnDailyAt": f"{one.day}T00:00:00.000Z",
                    "title": one.paper.title,
                    "summary": one.paper.abstract,
                    "upvotes": upvotes,
                    "discussionId": "6a",
                    "ai_keywords": None,
                },
                "publishedAt": f"{_written(one):%Y-%m-%dT%H:%M:%S}.000Z",
                "title": one.paper.title,
                "numComments": 2,
                "submittedBy": {"_id": "62", "fullname": "A Reader", "name": "reader"},
            }
            for one in listed
        ]
    ).encode()


def details(listed: Sequence[Listing], *, cursor: int, total: int) -> bytes:
    """One page of bioRxiv's details, which writes some numbers as text."""
    message = {
        "status": "ok",
        "interval": "some days",
        "cursor": str(cursor),
        "count": len(listed),
        "total": str(total),
    }
    return json.dumps(
        {
            "messages": [message if listed else {"status": "no posts found"}],
            "collection": [
                {
                    "doi": one.paper.doi,
                    "title": one.paper.title,
                    "authors": f"{one.paper.family}, {one.paper.author[0]}.",
                    "author_corresponding_institution": "A University",
                    "date": f"{one.day.year}-{one.day.month}-{one.day.day}",  # as seen: without the zeros
                    "version": str(one.version),
                    "type": "new results",
                    "category": "neuroscience",
                    "abstract": one.paper.abstract,
                    "published": "NA",
                    "server": "bioRxiv",
                }
                for one in listed
            ],
        }
    ).encode()


def rss(listed: Iterable[Listing]) -> bytes:
    """A blog."""
    items = "".join(
        f"<item><title>{escape(one.title or one.paper.title)}</title><link>{_link(one)}</link><guid>{_link(one)}</guid>"
        f"<pubDate>{format_datetime(midnight(one.day))}</pubDate><author>{one.paper.author}</author>"
        f"<description>{escape(one.paper.abstract)}</description></item>"
        for one in listed
    )
    return f'<rss version="2.0"><channel><title>A blog</title>{items}</channel></rss>'.encode()


def atom(listed: Iterable[Listing]) -> bytes:
    """A journal's feed."""
    entries = "".join(
        f"<entry><id>{_link(one)}</id><title>{escape(one.title or one.paper.title)}</title><link href='{_link(one)}'/>"
        f"<updated>{midnight(one.day):%Y-%m-%dT%H:%M:%SZ}</updated><author><name>{one.paper.author}</name></author>"
        f"<summary>{escape(one.paper.abstract)}</summary></entry>"
        for one in listed
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>A journal</title>{entries}</feed>'.encode()


def json_feed(listed: Iterable[Listing]) -> bytes:
    """A lab's feed."""
    items = [
        {
            "id": _link(one),
            "url": _link(one),
            "title": one.title or one.paper.title,
            "content_text": one.paper.abstract,
            "date_published": f"{midnight(one.day):%Y-%m-%dT%H:%M:%SZ}",
            "authors": [{"name": one.paper.author}],
        }
        for one in listed
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "A lab", "items": items}).encode()


def _link(one: Listing) -> str:
    return one.link or one.paper.link or f"https://doi.org/{one.paper.doi}"
