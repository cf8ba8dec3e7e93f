"""How a source is, decided on what was new and never on the dates it prints: quiet is not broken, silence may be.

What is remembered for that, under ``health`` in the memory's data: on which days it was looked at, when something new
was first seen on each of the last days, and when it was last seen that there was nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Self

from newsletter.model import Fetched, SourceMemory, SourceState
from newsletter.sources.calendars import ANY_DAY, CALENDARS, Calendar

DAYS_REMEMBERED = 40
WEEKS_COMPARED = 4
DAYS_OF_A_HABIT = 5
"""So many days in a row make one where it is known which days are off."""
SILENCES_OF_A_HABIT = 4
GRACE = timedelta(hours=1)
"""A list may come that much later than it was ever missing before."""
EARLY = timedelta(minutes=15)
"""And is not expected that long before it was ever there."""

_WHOLE = ""
"""The name under which the source as a whole is remembered, beside those of its parts."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The first thing new on a day was there at one look, and at an earlier one it was not."""

    there: datetime
    missing: datetime | None
    """``None`` where the first look of the day found it."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What a source, or a part of it, used to do."""

    calendar: Calendar
    looked_on: frozenset[date]
    arrivals: Sequence[Arrival]
    """Oldest first, one a day."""

    @classmethod
    def of(cls, kind: str, memory: SourceMemory, part: str = _WHOLE) -> Self:
        """What is remembered of the source, or of a part of it."""
        notes = memory.data.get("health", {})
        return cls(
            calendar=CALENDARS.get(kind, ANY_DAY),
            looked_on=frozenset(date.fromisoformat(day) for day in notes.get("looked_on", ())),
            arrivals=[
                Arrival(datetime.fromisoformat(there), datetime.fromisoformat(missing) if missing else None)
                for there, missing in notes.get("arrivals", {}).get(part, ())
            ],
        )

    @property
    def days(self) -> frozenset[date]:
        """On which something new came."""
        return frozenset(self.calendar.day_of(one.there) for one in self.arrivals)

    def silence(self, now: datetime) -> SourceState:
        """Whether nothing new means that it is too early, a day off, or not as it always was."""
        today = self.calendar.day_of(now)
        if not self.arrivals or today in self.days or self.calendar.is_off(today):
            return SourceState.QUIET
        if self._has_missed_a_day(today) or self._is_long(now):
            return SourceState.STALLED
        if not self.expects(today):
            return SourceState.QUIET
        return SourceState.WAITING if self.calendar.hour_of(now) <= self._hour() else SourceState.STALLED

    def expects(self, day: date) -> bool:
        """Whether there always was something new on such a day: by its weekday, or on all days that were not off."""
        looked = sorted(one for one in self.looked_on if one <= max(self.days) and not self.calendar.is_off(one))
        weeks = {day - timedelta(weeks=back) for back in range(1, WEEKS_COMPARED + 1)}
        last = looked[-DAYS_OF_A_HABIT:] if self.calendar.weekdays_off else []
        enough = [days for days, least in ((weeks & {*looked}, 2), (last, DAYS_OF_A_HABIT)) if len(days) >= least]
        return not self.calendar.is_off(day) and any(self.days.issuperset(days) for days in enough)

    def rests_on(self, day: date) -> bool:
        """Whether it was looked at on that weekday before, more than once, and nothing new ever came on it."""
        looked = {one for one in self.looked_on if one < day and one.weekday() == day.weekday()}
        return len(looked) >= 2 and self.days.isdisjoint(looked)

    def _has_missed_a_day(self, today: date) -> bool:
        """Whether a day on which something was to be expected has gone by without."""
        since = max(self.days)
        return any(self.expects(since + timedelta(days=days)) for days in range(1, min((today - since).days, 8)))

    def _hour(self) -> timedelta:
        """Until when a day may go without it being late; one day in ten may be an exception."""
        hour_of = self.calendar.hour_of
        there = min(hour_of(one.there) for one in self.arrivals) - EARLY
        missing = sorted(hour_of(one.missing) for one in self.arrivals if one.missing)
        return max(there, missing[-1 - len(missing) // 10] + GRACE) if missing else there

    def _is_long(self, now: datetime) -> bool:
        """Whether the silence is more than twice as long as the longest before it, in two weeks or more."""
        silences = [later.there - earlier.there for earlier, later in pairwise(self.arrivals)]
        known = len(silences) >= SILENCES_OF_A_HABIT and sum(silences, timedelta(0)) >= timedelta(weeks=2)
        return known and now - self.arrivals[-1].there > 2 * max(silences)


def state_after(fetched: Fetched, *, new: int, now: datetime) -> SourceState:
    """How the source is after this fetch, in which it listed ``new`` papers for the first time."""
    if fetched.skipped:
        return fetched.memory.state
    if new:
        return SourceState.FRESH
    if fetched.error is not None:
        return SourceState.FAILED
    return Habit.of(fetched.kind, fetched.memory).silence(now)


def memory_after(fetched: Fetched, *, new: int, now: datetime, categories: Collection[str] = ()) -> SourceMemory:
    """What to remember of the source after this fetch: its state, what is amiss in words, and when something came.

    ``categories`` are the first ones of what was new: a source that names its parts is stalled where one of them is,
    however much the others bring.
    """
    state = state_after(fetched, new=new, now=now)
    if state is SourceState.FAILED:
        return replace(fetched.memory, state=state, error=fetched.error)
    health = _noted(fetched, _came(fetched, categories, is_new=new > 0), now)
    new_at = now if new else fetched.memory.new_at
    memory = replace(fetched.memory, new_at=new_at, data={**fetched.memory.data, "health": health})
    silent = [_WHOLE] if state is SourceState.STALLED else _silent_parts(fetched.kind, memory, now)
    amiss = [fetched.error, _in_words(fetched.kind, memory, silent), fetched.remark]
    return replace(
        memory,
        state=SourceState.STALLED if silent else state,
        error="; ".join(filter(None, amiss)) or None,
        data={**memory.data, "health": {**health, "silent": [*filter(None, silent)]}},
    )


def silent_parts(memory: SourceMemory) -> tuple[str, ...]:
    """Names of the parts, such as arXiv's categories, that were silent at the last look where they never were."""
    return tuple(memory.data.get("health", {}).get("silent", ()))


def is_awaited(kind: str, memory: SourceMemory, now: datetime, *, zone: tzinfo) -> bool:
    """Whether something new may still come today: none came yet, and it is no day on which none ever did.

    Today is the source's own day where it keeps a calendar, and the day in ``zone`` where it does not.
    """
    habit = Habit.of(kind, memory)
    calendar = CALENDARS.get(kind, Calendar(zone=zone))
    came_today = memory.new_at is not None and calendar.day_of(memory.new_at) == calendar.day_of(now)
    today = habit.calendar.day_of(now)
    return not (came_today or habit.calendar.is_off(today) or habit.rests_on(today))


def _came(fetched: Fetched, categories: Collection[str], *, is_new: bool) -> set[str]:
    """Of what there was something new: the whole, and parts of it."""
    names = {*categories, *(category.partition(".")[0] for category in categories)}
    return names.intersection(fetched.memory.data.get("parts", ())) | ({_WHOLE} if is_new else set())


def _noted(fetched: Fetched, came: Collection[str], now: datetime) -> Mapping[str, Any]:
    """The notes with this fetch in them."""
    notes, calendar = fetched.memory.data.get("health", {}), CALENDARS.get(fetched.kind, ANY_DAY)
    arrivals, missing, today = dict(notes.get("arrivals", {})), dict(notes.get("missing", {})), calendar.day_of(now)

    def is_today(at: str | None) -> bool:
        return at is not None and calendar.day_of(datetime.fromisoformat(at)) == today

    for name in (_WHOLE, *fetched.memory.data.get("parts", ())):
        if name not in came:
            missing[name] = now.isoformat()
        elif not (before := arrivals.get(name)) or not is_today(before[-1][0]):
            at = missing.get(name)
            arrivals[name] = [*(before or ()), [now.isoformat(), at if is_today(at) else None]][-DAYS_REMEMBERED:]
    looked_on = sorted({*notes.get("looked_on", ()), today.isoformat()})[-DAYS_REMEMBERED:]
    return {"looked_on": looked_on, "arrivals": arrivals, "missing": missing}


def _silent_parts(kind: str, memory: SourceMemory, now: datetime) -> list[str]:
    parts = memory.data.get("parts", ())
    return [part for part in parts if Habit.of(kind, memory, part).silence(now) is SourceState.STALLED]


def _in_words(kind: str, memory: SourceMemory, silent: Sequence[str]) -> str | None:
    """What is silent, and since when."""
    if not silent:
        return None
    since = (max(Habit.of(kind, memory, part).days, default=None) for part in silent)
    said = (f"nothing new{f' in {part}' if part else ''} since {day}" for part, day in zip(silent, since, strict=True))
    return f"{', '.join(said)}, where there always was"
