"""Values by themselves: text, numbers, durations, hours, days, time zones.

Here as in ``addresses`` and ``named``: every ``read_…`` takes what the YAML says, or the finished value, and raises a
``ValueError`` whose text says what was expected. Whoever takes the same values from elsewhere, as a form or a CSV
file, reads them with the same functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError

from newsletter.config.mistakes import mistake, nearest
from newsletter.text import one_line

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_SETS = {"daily": frozenset(range(7)), "weekdays": frozenset(range(5)), "weekly": frozenset({0})}
_UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
_LONGEST = timedelta(days=3660)

_DURATION = re.compile(r"(\d{1,6})\s*([wdhm])")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_COLOR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_DOTTED_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def read_text(value: str) -> str:
    """Text of one line that says something."""
    if line := one_line(value):
        return line
    raise mistake("some text")


def read_duration(value: object) -> timedelta:
    """``3d``, ``12h``, ``90m``, ``2w`` or ``0``; ten years at most."""
    return _duration(value, at_least=timedelta(0), expected="a duration such as `3d`, `12h`, `90m` or `0`")


def read_some_time(value: object) -> timedelta:
    """A duration that is not nothing."""
    return _duration(value, at_least=timedelta(minutes=1), expected="a duration such as `3d`, `12h` or `90m`")


def _duration(value: object, *, at_least: timedelta, expected: str) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else ""
    found = _DURATION.fullmatch("0m" if text == "0" else text)
    duration = int(found[1]) * _UNITS[found[2]] if found else None
    if duration is None or not at_least <= duration <= _LONGEST:
        raise mistake(expected)
    return duration


def read_clock(value: object) -> time:
    """``07:30``: an hour and minute of the day."""
    if isinstance(value, time):
        return value
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise mistake("a time of day from `00:00` to `23:59`")
    return time(int(found[1]), int(found[2]))


def read_days(value: object) -> frozenset[int]:
    """``daily``, ``weekdays``, ``weekly`` (Monday), or names of days; Monday is 0."""
    if isinstance(value, frozenset):
        return value
    if isinstance(value, str) and value.casefold() in _DAY_SETS:
        return _DAY_SETS[value.casefold()]
    if isinstance(value, list | tuple):
        days = frozenset(_day(name, WEEKDAYS, at=index) for index, name in enumerate(value))
    else:
        days = frozenset({_day(value, (*_DAY_SETS, *WEEKDAYS))})
    if not days:
        raise mistake("at least one day")
    return days


def _day(name: object, words: Sequence[str], *, at: int | None = None) -> int:
    word = name.strip().casefold() if isinstance(name, str) else ""
    if word in WEEKDAYS or word in _DAY_NAMES:
        return WEEKDAYS.index(word[:3])
    expected = "daily, weekdays, weekly, or days such as [mon, wed, fri]"
    raise mistake(expected, suggestion=nearest(word, words), at=at)


def read_zone(value: object) -> ZoneInfo:
    """An IANA time zone by its name."""
    return value if isinstance(value, ZoneInfo) else ZoneInfo(read_zone_name(value))


def read_zone_name(value: object) -> str:
    """The name of an IANA time zone that exists."""
    name = value.strip() if isinstance(value, str) else ""
    if is_zone(name):
        return name
    words = available_timezones() if name else ()
    raise mistake("an IANA time zone such as `Europe/Berlin` or `UTC`", suggestion=nearest(name, words))


_OF_THIS_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Files beside the zones that stand for no place."""


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether there is an IANA time zone of that name."""
    try:
        return bool(name) and name not in _OF_THIS_MACHINE and bool(ZoneInfo(name).key)
    except (ValueError, OSError, LookupError):
        return False


def read_color(value: object) -> str:
    """A colour in six hexadecimal digits behind a ``#``, in lower case; three digits and none before are read too."""
    found = _COLOR.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise mistake('a colour such as `"#0b5394"`, in quotes')
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def read_language_tag(value: object) -> str:
    """The tag of a language that dates can be written in, such as ``he`` or ``en-GB``."""
    tag = value.strip().replace("_", "-") if isinstance(value, str) else ""
    try:
        return str(Locale.parse(tag, sep="-")).replace("_", "-")
    except (UnknownLocaleError, ValueError):
        raise mistake("a language such as `en`, `en-GB` or `he`") from None


def read_some(value: object) -> object:
    """A list with something in it."""
    if isinstance(value, list | tuple) and not value:
        raise mistake("at least one")
    return value


def read_finite(value: float) -> float:
    """A number that is one."""
    if math.isfinite(value):
        return value
    raise mistake("a finite number")


def read_dotted_path(value: object) -> str:
    """A class or function of an installed module: ``package.module.Name``."""
    if isinstance(value, str) and is_dotted_path(value):
        return str(value)
    raise mistake("a dotted path such as `package.module.Name`")


def is_dotted_path(value: str) -> bool:
    """Whether it could name something in a module."""
    return bool(_DOTTED_PATH.fullmatch(value))
