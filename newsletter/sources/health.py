"""How a source is, decided on what was new and never on the dates it prints: quiet is not broken, silence may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from newsletter.model import Fetched, SourceMemory, SourceState

DAYS_REMEMBERED = 40
WEEKS_COMPARED = 4
GRACE = timedelta(hours=1)
"""A list may come that much later than it ever did."""

_FRESH = "fresh_at"
_WEEKEND = frozenset({5, 6})
_REST_DAYS: dict[str, tuple[ZoneInfo, frozenset[int]]] = {
    "arxiv": (ZoneInfo("America/New_York"), _WEEKEND),
    "huggingface": (ZoneInfo("UTC"), _WEEKEND),
}
"""Days of the week on which a kind lists nothing, in its own zone."""


def state_after(fetched: Fetched, *, new: int, now: datetime) -> SourceState:
    """How the source is after this fetch, in which ``new`` entries were not known before."""
    if fetched.skipped:
        return fetched.memory.state
    if new:
        return SourceState.FRESH
    if fetched.error is not None:
        return SourceState.FAILED
    return _of_silence(fetched.kind, fresh_instants(fetched.memory), now)


def memory_after(fetched: Fetched, *, new: int, now: datetime) -> SourceMemory:
    """What to remember of the source after this fetch: its state, and when it was fresh."""
    memory = replace(fetched.memory, state=state_after(fetched, new=new, now=now))
    if not new:
        return memory
    fresh = fresh_instants(memory)
    if not fresh or fresh[-1].date() < now.date():
        fresh = [*fresh, now][-DAYS_REMEMBERED:]
    return replace(memory, new_at=now, data={**memory.data, _FRESH: [at.isoformat() for at in fresh]})


def fresh_instants(memory: SourceMemory) -> list[datetime]:
    """When the source listed something new, the first time of each day, oldest first."""
    return [datetime.fromisoformat(at).astimezone(UTC) for at in memory.data.get(_FRESH, ())]


def _of_silence(kind: str, fresh: Sequence[datetime], now: datetime) -> SourceState:
    """Whether it is too early, a day of rest, or not as it always was."""
    days = {at.date() for at in fresh}
    if _rests(kind, now) or now.date() in days:
        return SourceState.QUIET
    if _always_was_fresh(days, now.date()):
        return SourceState.WAITING if now <= _latest_hour(fresh, now) else SourceState.STALLED
    return SourceState.STALLED if _too_long(fresh, now) else SourceState.QUIET


def _rests(kind: str, now: datetime) -> bool:
    zone, rest_days = _REST_DAYS.get(kind, (UTC, frozenset()))
    return now.astimezone(zone).weekday() in rest_days


def _always_was_fresh(days: set[date], today: date) -> bool:
    """Whether something was new on this day of the week in all of the last weeks that are remembered, two at least."""
    weeks = [today - timedelta(weeks=back) for back in range(1, WEEKS_COMPARED + 1)]
    remembered = [day for day in weeks if days and day >= min(days)]
    return len(remembered) >= 2 and days.issuperset(remembered)


def _latest_hour(fresh: Sequence[datetime], now: datetime) -> datetime:
    """Until when today's list may be expected by what its latest hour has been."""
    latest = max(at - at.replace(hour=0, minute=0, second=0, microsecond=0) for at in fresh)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + latest + GRACE


def _too_long(fresh: Sequence[datetime], now: datetime) -> bool:
    """Whether the silence is more than twice as long as the longest before it; four silences make a habit."""
    silences = [later - earlier for earlier, later in pairwise(fresh)]
    return len(silences) >= 4 and now - fresh[-1] > 2 * max(silences)
