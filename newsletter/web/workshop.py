"""What the pages of one process share to try profiles out: pools that were made ready, and who asks how often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock

from newsletter.config.settings import Settings
from newsletter.errors import NotReady
from newsletter.model import Subscriber
from newsletter.pipeline.backtesting import Backtest
from newsletter.pipeline.backtesting import backtest as play_back
from newsletter.pipeline.learning import Lessons
from newsletter.pipeline.tuning import TriedOut, Tuner
from newsletter.pipeline.tuning_apart import TriesOut
from newsletter.rendering.telling import CardTeller
from newsletter.rendering.themes import Look
from newsletter.storage import Storage
from newsletter.web.throttle import Throttle

PREVIEWS, PREVIEW_SECONDS = 20, 10.0
"""Of one reader who types without a pause."""
BACKTESTS, BACKTEST_SECONDS = 4, 60.0
LIBRARIES, LIBRARY_SECONDS = 10, 600.0
"""Files of papers that one reader has read."""
BACKTEST_DAYS = 7
BACKTEST_HISTORY = 500
BACKTEST_LASTS_SECONDS = 4.0
"""After which no further day is begun."""


class Workshop:
    """Tries out and plays back. NotReady where it is asked too often, or busy with others."""

    def __init__(
        self, settings: Settings, storage: Storage, look: Look | None = None, *, tuner: TriesOut | None = None
    ) -> None:
        folders: Sequence[Path] = settings.templates
        self._settings, self._storage = settings, storage
        self.cards = CardTeller(folders, look)
        self.lessons = Lessons(storage)
        self.tuner: TriesOut = tuner or Tuner(settings, storage)
        self._previews = Throttle(PREVIEWS, PREVIEW_SECONDS)
        self._backtests = Throttle(BACKTESTS, BACKTEST_SECONDS)
        self._libraries = Throttle(LIBRARIES, LIBRARY_SECONDS)
        self._playing = Lock()

    def reads_library(self, reader: Subscriber) -> bool:
        """Whether one more file of this reader's may be read now."""
        return self._libraries.allows(reader.id)

    def try_out(self, reader: Subscriber, changed: Subscriber, *, now: datetime) -> TriedOut:
        """Today's digest for the changed reader."""
        if not self._previews.allows(reader.id):
            raise NotReady("this reader asks for too many previews")
        return self.tuner.try_out(reader, changed, now=now)

    def play_back(self, reader: Subscriber, changed: Subscriber, *, now: datetime) -> Backtest:
        """The last days by the changed profile; one reader's at a time."""
        if not self._backtests.allows(reader.id) or not self._playing.acquire(blocking=False):
            raise NotReady("this reader asks for too many backtests, or somebody else does")
        try:
            return play_back(
                self._settings,
                self._storage,
                reader,
                changed.profile,
                days=BACKTEST_DAYS,
                now=now,
                history=BACKTEST_HISTORY,
                seconds=BACKTEST_LASTS_SECONDS,
            )
        finally:
            self._playing.release()
