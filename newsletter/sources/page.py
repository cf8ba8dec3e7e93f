"""A Daily Papers page, saved as text in either of its shapes, or as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched, Signals
from newsletter.sources import pagehtml
from newsletter.sources.asking import read_answer, read_local
from newsletter.sources.reading import Fact, Reading
from newsletter.text import one_line

if TYPE_CHECKING:
    from newsletter.config.settings import PageSource
    from newsletter.sources import FetchRequest

_DOT = "·"
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}  # noqa: SIM905
_DATE = re.compile(r"(?P<month>[A-Z][a-z]{2})[a-z]* (?P<day>\d{1,2})(?:, (?P<year>\d{4}))?(?: (?P<comments>\d{1,6}))?")
_COUNT = re.compile(r"(?P<count>\d+) authors?")
_BANNER = re.compile(
    r"new|get trending papers in your email inbox(?: once a day)?!|subscribe|daily papers|by\s*ak and the research"
    r" community|trending papers|search|submit",
    re.IGNORECASE,
)
_GLUED = re.compile(r"^Subscribe(?=[^\sa-z])", re.MULTILINE)
"""The button's word, where saving has glued the first title to it."""
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html|head|body|main|div)\b",
    re.I | re.S,
)


class PageFetcher:
    """Reads a saved page, or one at an address."""

    def fetch(self, request: FetchRequest[PageSource]) -> Fetched:
        """The page's entries."""
        source, reader = request.source, "newsletter.sources.page:read_page"
        if source.path is not None:
            return read_local(request, source.path, reader, now=request.now.isoformat(), year=source.year)
        return read_answer(request, source.url or "", reader, now=request.now.isoformat(), year=source.year)


class Day(NamedTuple):
    """A date as a page writes it."""

    month: int
    day: int
    year: int | None
    comments: int | None


class _Row(NamedTuple):
    """An entry as it stands on the page."""

    title: str
    abstract: str
    meta: Sequence[str]


def read_page(body: bytes, *, now: str, year: int | None = None, **_origin: Fact) -> Reading:
    """The entries of a page; ``year`` is the page's own, and told by its content when left out."""
    if not body.strip():
        raise SourceError("is empty")
    if _HTML.match(body[:4096]):
        return pagehtml.read(body)
    lines = [line for line in map(one_line, _GLUED.sub("Subscribe\n", _decoded(body), count=1).splitlines()) if line]
    banner, header = _banner(lines)
    if not banner and _DOT not in lines:
        raise SourceError("is no saved Daily Papers page: it does not begin as one does")
    rows = list(_rows(lines[banner:]))
    own_year = year or page_year(header, [day for row in rows for day in _days(row)], now=datetime.fromisoformat(now))
    return Reading(entries=tuple(_entry(row, own_year) for row in rows))


def page_year(header: Day | None, days: Sequence[Day], *, now: datetime) -> int:
    """The year of the dates that leave it out.

    A page leaves out its own year and writes every other one, so the page's is the year after the newest one written.
    Where none is written, it is the latest in which the page's own date has come.
    """
    today = (now + timedelta(days=1)).date()
    written = [day.year for day in (*days, header) if day is not None and day.year is not None]
    believable = [year for year in written if year <= today.year]
    if believable:
        return max(believable) + 1
    has_come = header is None or (header.month, header.day) <= (today.month, today.day)
    return today.year if has_come else today.year - 1


def read_day(text: str) -> Day | None:
    """A date as a page writes it, with the number of comments behind it.

    >>> read_day("Sep 30 25"), read_day("Dec 14, 2023"), read_day("3 days ago")
    (Day(month=9, day=30, year=None, comments=25), Day(month=12, day=14, year=2023, comments=None), None)
    """
    match = _DATE.fullmatch(text)
    month = _MONTHS.get(match["month"].casefold()) if match else None
    if match is None or month is None:
        return None
    year, comments = match["year"], match["comments"]
    return Day(month, int(match["day"]), int(year) if year else None, int(comments) if comments else None)


def _banner(lines: Sequence[str]) -> tuple[int, Day | None]:
    """How many lines come before the first title, and the page's own date among them."""
    header: Day | None = None
    for index, line in enumerate(lines):
        day = read_day(line) if index else None
        if day is None and not _BANNER.fullmatch(line):
            return index, header
        header = header or day
    return len(lines), header


def _rows(lines: Sequence[str]) -> Iterator[_Row]:
    """Title, abstract and what is known of it: parts of a line that the page sets apart by dots."""
    at = 0
    while at < len(lines):
        title, at = lines[at], at + 1
        abstract, meta = "", []
        if at < len(lines) and not _is_meta(lines, at):
            abstract, at = lines[at], at + 1
        if at < len(lines) and _is_meta(lines, at):
            meta, at = [lines[at].lstrip("• ")], at + 1
            while lines[at : at + 1] == [_DOT]:
                meta += lines[at + 1 : at + 2]
                at += 2
        yield _Row(title, abstract, meta)


def _is_meta(lines: Sequence[str], at: int) -> bool:
    return lines[at].startswith("•") or lines[at + 1 : at + 2] == [_DOT]


def _entry(row: _Row, own_year: int) -> Entry:
    day = next(iter(_days(row)), None)
    count = next((int(match["count"]) for part in row.meta if (match := _COUNT.fullmatch(part))), None)
    names = [part for part in row.meta if not _COUNT.fullmatch(part) and read_day(part) is None]
    return Entry(
        title=row.title,
        summary=row.abstract,
        author_count=count,
        organization=_organization(names[0]) if names else None,
        published=_date_in(day, own_year) if day else None,
        signals=Signals(comments=day.comments if day else None),
    )


def _days(row: _Row) -> Iterator[Day]:
    return (day for part in row.meta if (day := read_day(part)) is not None)


def _organization(line: str) -> str:
    """The name in "handle Name"; a page puts the handle first."""
    handle, _, name = line.partition(" ")
    return name.strip() or handle


def _date_in(day: Day, own_year: int) -> datetime | None:
    try:
        return datetime(day.year or own_year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        return None


def _decoded(body: bytes) -> str:
    if b"\0" in body and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError("is no text")
    for charset in ("utf-16",) if b"\0" in body else ("utf-8-sig", "cp1252"):
        try:
            return body.decode(charset)
        except UnicodeError:
            continue
    raise SourceError("is text in no charset known here; save it as UTF-8")
