"""Readers as rows: of a CSV file, of a JSON document, and as the options of a command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from newsletter.config import read_reader
from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.model import Interest, Schedule, Subscriber

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIST_FIELDS = ("interests", "authors", "organizations", "categories", "liked", "disliked", "muted", "muted_authors")
COLUMNS = ("email", "name", "timezone", "days", "at", *LIST_FIELDS, "state", "owner")
LIST_SEPARATOR = ";"
PROFILE_FIELDS = ("trending", "max_papers", "min_score", "explore")
"""Of a profile, what only JSON carries."""


def reader_document(reader: Subscriber, suppressed: str | None = None) -> dict[str, Any]:
    """One reader as JSON; ``suppressed`` is why the address is not mailed any more."""
    days, at = schedule_words(reader.schedule)
    profile = reader.profile
    return {
        "email": reader.email,
        "name": reader.name,
        "timezone": reader.timezone,
        "days": days,
        "at": at,
        "interests": [_interest(interest) for interest in profile.interests],
        **{field: list(getattr(profile, field)) for field in LIST_FIELDS[1:]},
        "trending": profile.trending,
        "max_papers": profile.max_papers,
        "min_score": profile.min_score,
        "explore": profile.explore,
        "state": reader.state.value,
        "paused_until": reader.paused_until.isoformat() if reader.paused_until else None,
        "suppressed": suppressed,
        "owner": reader.owner.value,
    }


def read_row(row: Mapping[str, Any], settings: Settings) -> Subscriber:
    """The subscriber that a row of a CSV file, or the options of ``add``, describe."""
    given = {key: value for key, value in row.items() if value not in (None, "", [])}
    schedule = {key: given.pop(key) for key in ("days", "at") if key in given}
    if isinstance(schedule.get("days"), str) and "," in schedule["days"]:
        schedule["days"] = [day.strip() for day in schedule["days"].split(",")]
    profile = {key: _listed(given.pop(key)) for key in LIST_FIELDS if key in given}
    profile |= {key: given[key] for key in PROFILE_FIELDS if key in given}
    reader: dict[str, Any] = {key: given[key] for key in ("email", "name", "timezone") if key in given}
    if schedule:
        reader["schedule"] = schedule
    return read_reader({**reader, "profile": profile}, settings)


def _listed(value: str | list[str]) -> list[Any]:
    items = value if isinstance(value, list) else [item.strip() for item in value.split(LIST_SEPARATOR) if item.strip()]
    return [_with_weight(item) for item in items]


def rows_of(file: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """The readers of a file as mappings, each with its line, or its place in a JSON list."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        if file.suffix.casefold() == ".json":
            yield from enumerate(json.loads(text)["subscribers"], start=1)
            return
        reader = csv.DictReader(io.StringIO(text, newline=""))
        if "email" not in (reader.fieldnames or ()):
            raise UsageError(f"{file}:1: no column `email`; expected a header line such as email,name,interests")
        for row in reader:
            yield reader.line_num, row
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UsageError(f"{file}: is neither CSV nor JSON in UTF-8: {error}") from error


def csv_row(reader: Subscriber) -> dict[str, Any]:
    """One reader as a row of ``COLUMNS``."""
    document = reader_document(reader)
    interests = [_interest_text(interest) for interest in reader.profile.interests]
    return {
        column: LIST_SEPARATOR.join(interests if column == "interests" else value) if isinstance(value, list) else value
        for column in COLUMNS
        for value in [document[column]]
    }


def schedule_words(schedule: Schedule) -> tuple[str, str | None]:
    """Days and hour as they are written in the YAML."""
    names = {frozenset(range(7)): "daily", frozenset(range(5)): "weekdays", frozenset({0}): "weekly"}
    days = names.get(schedule.days) or ",".join(DAYS[day] for day in sorted(schedule.days))
    return days, schedule.at.isoformat("minutes") if schedule.at else None


def _interest(interest: Interest | str) -> str | dict[str, Any]:
    interest = Interest.of(interest)
    return interest.text if interest.weight == 1 else {"text": interest.text, "weight": interest.weight}


def _interest_text(interest: Interest | str) -> str:
    interest = Interest.of(interest)
    return interest.text if interest.weight == 1 else f"{interest.text}^{interest.weight:g}"


def _with_weight(text: Any) -> Any:
    """``continual learning^2``: an interest of weight 2, as CSV files and options write it."""
    if not isinstance(text, str):
        return text
    phrase, caret, weight = text.rpartition("^")
    return {"text": phrase, "weight": weight} if caret and weight.replace(".", "", 1).isdigit() else text
