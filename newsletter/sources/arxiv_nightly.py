"""Once a night arXiv's own list is compared with what was announced: late papers, new versions, withdrawals.

The list (OAI-PMH) names everything that changed since a day, so it also makes up for the days on which nobody asked for
the announcements. It is slow and sometimes away; then the announcements stand alone, and it is asked again later.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from newsletter.errors import SourceError
from newsletter.model import Entry
from newsletter.sources.arxiv_oai import set_of
from newsletter.sources.limiter import Limiter
from newsletter.sources.reading import Reading
from newsletter.sources.trouble import Refused, show

if TYPE_CHECKING:
    from newsletter.config.settings import ArxivSource
    from newsletter.sources import FetchRequest

log = logging.getLogger(__name__)

EASTERN = ZoneInfo("America/New_York")
OUT_BY = timedelta(hours=23, minutes=30)
"""The list is brought up to date at about 22:30 Eastern time, on the evenings from Sunday to Thursday."""
MAX_DAYS = 30
"""How far back it is asked for after a longer pause."""
MAX_PAGES = 50
DAYS_OF_PATIENCE = 3
"""So long it may be away before a person hears of it."""
SECONDS_A_PAGE = 120.0
"""A page of two thousand records was seen to take a minute and a half."""
FIRST_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=6)

_READER = "newsletter.sources.arxiv_xml:read_arxiv"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """What the list had to say."""

    entries: tuple[Entry, ...] = ()
    notes: Mapping[str, Any]
    """To be remembered as they are."""
    remark: str | None = None
    """What a person should hear when it has been away for long."""


class _Away(SourceError):
    """It is the service that does not answer, and not one list that it does not have."""


class NightlyList:
    """Asks for what changed, by category, once after each of arXiv's evenings."""

    def __init__(self, limiter: Limiter, *, seconds: float = SECONDS_A_PAGE) -> None:
        self._limiter = limiter
        self._seconds = seconds

    def catch_up(self, request: FetchRequest[ArxivSource], announced: Sequence[Entry]) -> CaughtUp:
        """What changed since the last night; nothing on a first fetch, which only notes where to begin.

        Never raises: trouble goes into the notes, with the time before which nothing is asked again.
        """
        notes, night = request.memory.data.get("nightly"), last_night(request.now).isoformat()
        if notes is None:
            today = request.now.astimezone(UTC).date().isoformat()
            begun = {category: {"since": today, "night": night} for category in request.source.categories}
            return CaughtUp(notes={"newest": newest(announced), "lists": begun})
        lists = {category: notes["lists"].get(category, {}) for category in request.source.categories}
        behind = [category for category, one in lists.items() if one.get("night", "") < night]
        found: list[Entry] = []
        trouble: dict[str, Any] = {key: notes[key] for key in ("failures", "retry_at", "problem") if key in notes}
        if behind and not _rests(notes):
            found, trouble = self._ask_for(request, behind, lists, night=night, notes=notes)
        return CaughtUp(
            entries=tuple(found),
            notes={"newest": newest([*announced, *found], notes["newest"]), "lists": lists, **trouble},
            remark=_remark(trouble, lists, request.now),
        )

    def _ask_for(
        self,
        request: FetchRequest[ArxivSource],
        behind: Sequence[str],
        lists: dict[str, dict[str, str]],
        *,
        night: str,
        notes: Mapping[str, Any],
    ) -> tuple[list[Entry], dict[str, Any]]:
        """The entries of all lists, as far as they could be read; ``lists`` is moved on for those that were whole."""
        found: list[Entry] = []
        problems: list[SourceError] = []
        for category in behind:
            since = _since(lists[category], request.now)
            try:
                day = since
                for page in self._pages(request, category, since):
                    found += (
                        listed_as(entry, request.source.categories, since=since, newest_before=notes["newest"])
                        for entry in page.entries
                    )
                    day = min(str(page.facts["day"] or since), request.now.date().isoformat())
                lists[category] = {"since": max(since, _day_before(day)), "night": night}
            except SourceError as error:
                problems.append(error)
                if isinstance(error, _Away):
                    break
        return found, _trouble(request.source.name, problems, failures=notes.get("failures", 0))

    def _pages(self, request: FetchRequest[ArxivSource], category: str, since: str) -> Iterator[Reading]:
        """The pages of one list; raises SourceError where it does not come to an end."""
        asked: dict[str, str] = {"metadataPrefix": "arXivRaw", "set": set_of(category), "from": since}
        http, where = request.http.within(seconds=self._seconds, read_seconds=self._seconds), request.source.oai_url
        tokens = set[str]()
        for _ in range(MAX_PAGES):
            try:
                with self._limiter:
                    answer = http.get(f"{where}?{urlencode({'verb': 'ListRecords', **asked})}")
            except SourceError as error:
                raise _Away(str(error)) from error
            page = request.children.read(_READER, answer.body, where=f"{show(where)} ({category})")
            yield page
            token = str(page.facts.get("token") or "")
            if not token:
                return
            if token in tokens:
                break
            tokens.add(token)
            asked = {"resumptionToken": token}
        raise SourceError(f"{show(where)} ({category}): its list does not come to an end")


def last_night(now: datetime) -> date:
    """The evening, by its Eastern date, whose papers are the latest that the list should have.

    >>> last_night(datetime(2026, 3, 11, 9, tzinfo=UTC)), last_night(datetime(2026, 3, 15, 9, tzinfo=UTC))
    (datetime.date(2026, 3, 10), datetime.date(2026, 3, 12))
    """
    evening = (now.astimezone(EASTERN) - OUT_BY).date()
    while evening.weekday() in (4, 5):  # nothing on Fridays and Saturdays
        evening -= timedelta(days=1)
    return evening


def listed_as(entry: Entry, categories: Sequence[str], *, since: str, newest_before: str) -> Entry:
    """The entry with arXiv's word for why it would have been announced.

    Ids tell, dates do not: arXiv gives an id in the month and in the order of announcing, and a record changes its date
    for many small reasons. A paper is new where its id is beyond all that we had seen, or where it is of the months
    asked for and has no second version.
    """
    key = order_of(entry)
    first = entry.arxiv_version == 1 or (entry.arxiv_version is None and entry.updated in (None, entry.published))
    is_new = (newest_before and key > newest_before) or (first and key >= since[2:4] + since[5:7])
    ours = any(entry.categories[:1] == (one,) or _archive(entry) == one for one in categories)
    kind = ("new" if ours else "cross") if is_new else ("replace" if ours else "replace-cross")
    return replace(entry, announce_type=kind, listed_at=entry.listed_at if is_new else None)


def newest(entries: Sequence[Entry], before: str = "") -> str:
    """The latest id of all, in the form that ``order_of`` gives."""
    return max(chain([before], map(order_of, entries)))


def order_of(entry: Entry) -> str:
    """The id in a form that sorts as ids were given; ids of before 2007 come first.

    >>> order_of(Entry(title="A", arxiv_id="2603.01234")) < order_of(Entry(title="B", arxiv_id="2603.12345"))
    True
    """
    month, dot, number = (entry.arxiv_id or "").partition(".")
    return f"{month}.{number:0>5}" if dot and month.isdecimal() else ""


def _archive(entry: Entry) -> str:
    """The archive of its first category."""
    return entry.categories[0].partition(".")[0] if entry.categories else ""


def _since(known: Mapping[str, str], now: datetime) -> str:
    """The day from which on to ask; what changed on that day itself may be listed again."""
    earliest = (now.astimezone(UTC).date() - timedelta(days=MAX_DAYS)).isoformat()
    return max(known.get("since", earliest), earliest)


def _day_before(day: str) -> str:
    """A record that was changed before midnight may be listed after it."""
    try:
        return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    except ValueError:
        return ""


def _rests(notes: Mapping[str, Any]) -> bool:
    """Whether it is to be left alone for a while, by the clock of the machine."""
    return "retry_at" in notes and datetime.now(UTC) < datetime.fromisoformat(notes["retry_at"])


def _trouble(source: str, problems: Sequence[SourceError], *, failures: int) -> dict[str, Any]:
    """What to remember of what went wrong; nothing where all went well."""
    if not problems:
        return {}
    said = "; ".join(str(problem) for problem in problems)
    causes = (problem.__cause__ for problem in problems)
    wished = max((one.retry_after_seconds or 0.0 for one in causes if isinstance(one, Refused)), default=0.0)
    pause = max(timedelta(seconds=wished), min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE))
    log.info("%s: the nightly list could not be read whole; the announcements stand: %s", source, said)
    return {"failures": failures + 1, "retry_at": (datetime.now(UTC) + pause).isoformat(), "problem": said}


def _remark(trouble: Mapping[str, Any], lists: Mapping[str, Mapping[str, str]], now: datetime) -> str | None:
    longest = min((one.get("night", "") for one in lists.values()), default="")
    if not trouble or longest >= (last_night(now) - timedelta(days=DAYS_OF_PATIENCE)).isoformat():
        return None
    return f"late papers may be missing; the nightly list was last read on {longest or 'no day'}: {trouble['problem']}"
