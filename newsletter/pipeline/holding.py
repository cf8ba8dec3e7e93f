"""Mails that wait for a source: its list has not come yet, and the operator said until when that may hold them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.cadence import instant
from newsletter.config.settings import AnySource, Settings
from newsletter.model import SourceMemory
from newsletter.pipeline.due import DueReader
from newsletter.sources.health import is_awaited
from newsletter.text.numbers import counted

LEFT_TO_SEND = timedelta(hours=1)
"""A slot that does not stay open for so long after the hold is not held: a late mail is better than none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why mails wait, and until when."""

    sources: tuple[str, ...]
    """Names of those that are waited for, in the order of the configuration."""
    until: datetime

    def keeps(self, reader: DueReader) -> bool:
        """Whether that reader's mail can wait."""
        return reader.slot.closes_at - self.until >= LEFT_TO_SEND


def find_hold(settings: Settings, memories: Mapping[str, SourceMemory], *, now: datetime) -> Hold | None:
    """The hold at this instant, from what is remembered of the sources after this run's fetch."""
    awaited = [
        (source, until)
        for source in settings.sources
        if (until := _held_until(settings, source, now)) and now < until
        if is_awaited(source.kind, memories.get(source.name, SourceMemory()), now, zone=settings.timezone)
    ]
    if not awaited:
        return None
    return Hold(sources=tuple(source.name for source, _ in awaited), until=max(until for _, until in awaited))


def part(readers: Iterable[DueReader], hold: Hold | None) -> tuple[list[DueReader], list[DueReader]]:
    """Those who get their mail now, and those whose mail waits."""
    now: list[DueReader] = []
    later: list[DueReader] = []
    for reader in readers:
        (later if hold and hold.keeps(reader) else now).append(reader)
    return now, later


def tell(hold: Hold, held: Sequence[DueReader], settings: Settings) -> str:
    """One line for the operator."""
    until = hold.until.astimezone(settings.timezone)
    waits = counted(len(held), "mail waits", "mails wait")
    return f"{waits} until {until:%H:%M} at most for {', '.join(hold.sources)}"


def _held_until(settings: Settings, source: AnySource, now: datetime) -> datetime | None:
    if source.hold_until is None or source.disabled:
        return None
    return instant(now.astimezone(settings.timezone).date(), source.hold_until, settings.timezone)
