"""arXiv: the day's announcements by category, completed by the query API, and made good by the nightly list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched, SourceMemory
from newsletter.sources.arxiv_nightly import NightlyList
from newsletter.sources.asking import ask, outcome, read_local, without_validators
from newsletter.sources.limiter import Limiter
from newsletter.sources.trouble import Refused, is_away

if TYPE_CHECKING:
    from newsletter.config.settings import ArxivSource
    from newsletter.sources import FetchRequest

SECONDS_BETWEEN_REQUESTS = 3.0
"""And one connection at a time, over all of our processes: arXiv's terms of use."""
IDS_A_REQUEST = 100
ATTEMPTS_AT_AN_EMPTY_PAGE = 3

_READER = "newsletter.sources.arxiv_xml:read_arxiv"


class ArxivFetcher:
    """Asks for the announcements of some categories, for the full records of what is in them, and for what is not."""

    def __init__(self, *, limiter: Limiter | None = None, nightly: NightlyList | None = None) -> None:
        """``limiter`` is shared by all requests of all sources; the default one by all processes of this user."""
        self._limiter = limiter or Limiter("arxiv", SECONDS_BETWEEN_REQUESTS)
        self._nightly = nightly or NightlyList(self._limiter)

    def fetch(self, request: FetchRequest[ArxivSource]) -> Fetched:
        """What was announced since the feed was last read, and once a night what else has changed."""
        if request.source.path is not None:
            return read_local(request, request.source.path, _READER)
        request = replace(request, memory=_with_parts(request))
        # A second attempt keeps the pause as well: the limiter sees one request where there are several attempts.
        request = replace(request, http=request.http.within(backoff_seconds=2 * self._limiter.seconds))
        try:
            fetched, trouble = self._announced(request)
        except SourceError as error:
            if is_away(error) or not request.source.reconcile:
                raise
            fetched = self._caught_up(request, outcome(request, error=error))
            if fetched.memory.data["nightly"] == request.memory.data.get("nightly"):
                raise
            return fetched
        if not request.source.reconcile or (trouble is not None and is_away(trouble)):
            return fetched
        return self._caught_up(request, fetched)

    def _announced(self, request: FetchRequest[ArxivSource]) -> tuple[Fetched, SourceError | None]:
        """The announcements, with full records where they are wished for, and why some of these are missing."""
        source = request.source
        url = f"{source.url}/{'+'.join(source.categories)}"
        with self._limiter:
            answer, notes = ask(request, url)
        if answer.unchanged:
            return outcome(request, unchanged=True, data={**request.memory.data, "http": notes}), None
        announced = request.children.read(_READER, answer.body, where=url).entries
        if not source.full_records:
            return outcome(request, announced, data={**request.memory.data, "http": notes}), None
        return self._completed(request, announced, notes)

    def _caught_up(self, request: FetchRequest[ArxivSource], fetched: Fetched) -> Fetched:
        """The announcements and what the nightly list adds to them."""
        caught_up = self._nightly.catch_up(request, fetched.entries)
        announced = {_versioned(entry) for entry in fetched.entries}
        late = [entry for entry in caught_up.entries if _versioned(entry) not in announced]
        return replace(
            fetched,
            entries=(*fetched.entries, *late),
            unchanged=fetched.unchanged and not late,
            remark=caught_up.remark,
            memory=replace(fetched.memory, data={**fetched.memory.data, "nightly": caught_up.notes}),
        )

    def _completed(
        self, request: FetchRequest[ArxivSource], announced: Sequence[Entry], notes: Mapping[str, Any]
    ) -> tuple[Fetched, SourceError | None]:
        """The announced papers with what only the query API knows; those completed before are not asked for again."""
        before = frozenset(request.memory.data.get("completed", ()))
        wanted = [entry for entry in announced if _versioned(entry) not in before]
        records, error = self._records(request, [entry.arxiv_id for entry in wanted if entry.arxiv_id])
        entries = [_merged(entry, records.get(entry.arxiv_id or "")) for entry in announced]
        known = [_versioned(entry) for entry in announced if entry.arxiv_id in records or _versioned(entry) in before]
        data = {**request.memory.data, "http": notes, "completed": known}
        kept = data if error is None else without_validators(data)
        return outcome(request, entries, error=error, data=kept), error

    def _records(
        self, request: FetchRequest[ArxivSource], ids: Sequence[str]
    ) -> tuple[dict[str, Entry], SourceError | None]:
        """Full records by id, and why some are missing."""
        found: dict[str, Entry] = {}
        unique = list(dict.fromkeys(ids))
        for start in range(0, len(unique), IDS_A_REQUEST):
            try:
                page = self._page(request, unique[start : start + IDS_A_REQUEST])
            except SourceError as error:
                return found, error
            found |= {entry.arxiv_id: entry for entry in page if entry.arxiv_id}
        return found, None

    def _page(self, request: FetchRequest[ArxivSource], ids: Sequence[str]) -> Sequence[Entry]:
        url = f"{request.source.api_url}?{urlencode({'id_list': ','.join(ids), 'max_results': len(ids)}, safe=',/')}"
        for _ in range(ATTEMPTS_AT_AN_EMPTY_PAGE):
            with self._limiter:
                answer = self._get(request, url)
            reading = request.children.read(_READER, answer, where=request.source.api_url)
            if reading.entries or not reading.facts.get("total"):
                return reading.entries
        raise SourceError(
            f"{request.source.api_url}: answered {ATTEMPTS_AT_AN_EMPTY_PAGE} times with an empty page, "
            "against its own total"
        )

    def _get(self, request: FetchRequest[ArxivSource], url: str) -> bytes:
        try:
            return request.http.get(url).body
        except Refused as error:
            if not error.body:
                raise
            # Raises what the error says of itself.
            request.children.read(_READER, error.body, where=request.source.api_url)
            raise


def _with_parts(request: FetchRequest[ArxivSource]) -> SourceMemory:
    """The memory with the names of what may fall silent alone."""
    categories = request.source.categories
    parts = list(categories) if len(categories) > 1 else []
    return replace(request.memory, data={**request.memory.data, "parts": parts})


def _merged(announced: Entry, record: Entry | None) -> Entry:
    if record is None:
        return announced
    return replace(record, listed_at=announced.listed_at, announce_type=announced.announce_type)


def _versioned(entry: Entry) -> str:
    return f"{entry.arxiv_id}v{entry.arxiv_version}"
