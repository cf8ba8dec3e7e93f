"""Progress bars: one a source, one for the deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.markup import escape
from rich.progress import Progress, TaskID

from newsletter.config.settings import AnySource
from newsletter.model import DeliveryState, Fetched
from newsletter.pipeline import Watch


class SourceBars:
    """One bar a source, done when the source has answered."""

    def __init__(self, bars: Progress, sources: Sequence[AnySource]) -> None:
        self._bars = bars
        self._tasks = {s.name: bars.add_task(escape(s.name), total=1, note="…") for s in sources if not s.disabled}

    def fetched(self, fetched: Fetched) -> None:
        """A source has answered, or failed to."""
        note = "[red]failed" if fetched.error else "unchanged" if fetched.unchanged else f"{len(fetched.entries)} rows"
        self._bars.update(self._tasks[fetched.source], completed=1, note=note)


class DeliveryBar:
    """One bar for all deliveries of a run."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._states: Counter[DeliveryState] = Counter()

    def planned(self, total: int) -> None:
        """So many messages are to be handed over."""
        if total:
            self._task = self._bars.add_task("deliveries", total=total, note="")

    def delivered(self, state: DeliveryState) -> None:
        """One message has come to an end."""
        self._states[state] += 1
        if self._task is not None:
            note = ", ".join(f"{count} {name}" for name, count in self._states.items())
            self._bars.update(self._task, advance=1, note=note)


def watch_run(bars: Progress, sources: Sequence[AnySource]) -> Watch:
    """The bars of a whole run."""
    of_sources, of_deliveries = SourceBars(bars, sources), DeliveryBar(bars)
    return Watch(fetched=of_sources.fetched, planned=of_deliveries.planned, delivered=of_deliveries.delivered)
