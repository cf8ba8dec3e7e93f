"""What the services say at each instant of a few weeks: what is listed where and when, and when they are away."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from weeks import shapes
from weeks.shapes import Listing, Paper

EASTERN = ZoneInfo("America/New_York")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEEDS = {"blog": shapes.rss, "journal": shapes.atom, "lab": shapes.json_feed}
ITEMS_A_PAGE = 2

_ADJECTIVES, _THINGS, _DOINGS, _FAMILIES = (
    words.split()
    for words in (
        "amber brisk calm dusky early faint gentle hollow icy jolly keen lucid mellow narrow olive pale quiet rough",
        "anchors bridges candles deserts engines forests gardens harbours islands jackets kettles lanterns meadows moths",
        "learning pruning mapping decoding folding sorting tracing weighing timing hearing bending cooling drawing",
        "Abel Brandt Castro Dunn Egede Fabre Grieg Haas Ibsen Jonker Kovac Lund Moreau Novak Okafor Petrov Quist Rossi",
    )
)


@dataclass(frozen=True)
class Trouble:
    """A service answers so for a while."""

    path: str
    since: datetime
    until: datetime
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class World:
    """All services at once; ``now`` is their clock."""

    now: datetime
    arxiv: list[Listing] = field(default_factory=list)
    """Announcements, in the feed of their categories while they are out."""
    changed: list[Listing] = field(default_factory=list)
    """Of arXiv's nightly list."""
    daily: list[Listing] = field(default_factory=list)
    biorxiv: list[Listing] = field(default_factory=list)
    posts: dict[str, list[Listing]] = field(default_factory=lambda: defaultdict(list))
    troubles: list[Trouble] = field(default_factory=list)
    served: set[str] = field(default_factory=set)
    """Titles of what was in any answer."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    # -- what happens in it ---------------------------------------------------------------------------------------

    def write(self, **said: object) -> Paper:
        """A paper of which nobody knows yet."""
        number = next(self._numbers)
        words = (_ADJECTIVES[number % 18], _THINGS[number % 14], _DOINGS[number % 13], _ADJECTIVES[number // 18 % 18])
        title = f"{words[0].title()} {words[1]} for {words[2]} {words[3]} worlds"
        return Paper(**{"title": title, "author": f"Ada {_FAMILIES[number % 18]}{number:03}", **said})

    def preprint(self, day: date, *categories: str) -> Paper:
        """A paper with an arXiv id of that month."""
        paper = self.write(categories=categories)
        return Paper(**{**vars(paper), "arxiv_id": f"{day:%y%m}.{100 * day.day + next(self._numbers):05}"})

    def announce(
        self,
        paper: Paper,
        day: date,
        *,
        late: timedelta = timedelta(0),
        out_for: timedelta = DAY,
        **said: object,
    ) -> None:
        """In the feed of that Eastern day, and in the nightly list of the evening before it."""
        out_at = built_on(day) + late
        until = built_on(day) + max(out_for, late + HOUR)
        self.arxiv.append(Listing(paper=paper, day=day, out_at=out_at, until=until, **said))
        self.change(paper, day, **said)

    def change(self, paper: Paper, day: date, **said: object) -> None:
        """In the nightly list of the evening before that day."""
        self.changed.append(Listing(paper=paper, day=day, out_at=built_on(day) - 1.5 * HOUR, **said))

    def list_daily(self, paper: Paper, at: datetime, **said: object) -> None:
        self.daily.append(Listing(paper=paper, day=at.date(), out_at=at, **said))

    def post_biorxiv(self, paper: Paper, at: datetime, **said: object) -> None:
        self.biorxiv.append(Listing(paper=paper, **{"day": at.date(), "out_at": at, **said}))

    def post(self, where: str, paper: Paper, at: datetime, **said: object) -> None:
        self.posts[where].append(Listing(paper=paper, **{"day": at.date(), "out_at": at, **said}))

    # -- what its services answer ---------------------------------------------------------------------------------

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body, by the clock of the world."""
        parts = urlsplit(target)
        for trouble in self.troubles:
            if parts.path.startswith(trouble.path) and trouble.since <= self.now < trouble.until:
                return trouble.status, trouble.headers, b""
        status, body = self._body(parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()})
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if status == 200 and headers.get("If-None-Match") == etag:
            return 304, {"ETag": etag}, b""
        return status, {"ETag": etag}, body

    def _body(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        service, *rest = path.strip("/").split("/")
        if service == "rss":
            return 200, self._announcements(rest[0])
        if service == "query":
            ids = query["id_list"].split(",")
            latest = {one.paper.arxiv_id: one for one in self.changed if one.is_out(self.now)}
            return 200, shapes.full_records([latest[name] for name in ids if name in latest])
        if service == "oai":
            return 200, self._changed(query)
        if service == "api":
            return self._daily(date.fromisoformat(query["date"]), int(query["p"]))
        if service == "details":
            return 200, self._details(rest)
        return 200, FEEDS[service](self._serve([one for one in self.posts[service] if one.is_out(self.now)][-12:]))

    def _serve(self, listed: Sequence[Listing]) -> Sequence[Listing]:
        self.served.update(one.paper.title for one in listed)
        return listed

    def _announcements(self, categories: str) -> bytes:
        wanted = set(categories.split("+"))
        listed = [one for one in self.arxiv if one.is_out(self.now) and wanted.intersection(one.paper.categories)]
        today = built_on(self.now.astimezone(EASTERN).date())
        return shapes.announcements(categories, self._serve(listed), built_at=min(today, self.now))

    def _changed(self, query: Mapping[str, str]) -> bytes:
        spec, since, start = (query.get("resumptionToken") or f"{query['set']}|{query['from']}|0").split("|")
        group, _, category = spec.partition(":")
        name = category.replace(":", ".") or group
        out = [one for one in self.changed if one.is_out(self.now) and str(one.day) >= since]
        listed = list({one.paper.arxiv_id: one for one in out if name in one.paper.categories}.values())
        end = int(start) + ITEMS_A_PAGE
        token = f"{spec}|{since}|{end}" if end < len(listed) else ""
        return shapes.changed_records(self._serve(listed[int(start) : end]), now=self.now, token=token)

    def _daily(self, day: date, page: int) -> tuple[int, bytes]:
        if day > self.now.date():
            return 400, b'{"error": "date is in the future"}'
        listed = [one for one in self.daily if one.is_out(self.now) and one.day == day]
        some = listed[page * ITEMS_A_PAGE : (page + 1) * ITEMS_A_PAGE]
        return 200, shapes.daily_papers(self._serve(some), upvotes=int(self.now.timestamp()) // 7200 % 90)

    def _details(self, rest: Sequence[str]) -> bytes:
        _, since, until, cursor, *_ = rest
        days = (date.fromisoformat(since), date.fromisoformat(until))
        listed = [one for one in self.biorxiv if one.is_out(self.now) and days[0] <= one.day <= days[1]]
        some = listed[int(cursor) : int(cursor) + ITEMS_A_PAGE]
        return shapes.details(self._serve(some), cursor=int(cursor), total=len(listed))


def built_on(day: date) -> datetime:
    """When that day's announcements are in the feed: just after midnight, Eastern time."""
    return datetime(day.year, day.month, day.day, 0, 2, tzinfo=EASTERN).astimezone(UTC)
