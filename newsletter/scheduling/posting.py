"""A thread that sends letters as soon as they are written; whatever it cannot do now, the next tick does."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import cached_property
from threading import Event, Thread
from types import TracebackType
from typing import Self

from newsletter.config.settings import Settings
from newsletter.errors import LockHeld, NewsletterError
from newsletter.pipeline.messages import Letterhead
from newsletter.pipeline.posting import post_letters
from newsletter.storage import Storage

RETRY_SECONDS = 2.0
"""How long to wait for a run that holds the lock."""

log = logging.getLogger(__name__)


class LetterBox:
    """Letters put in from any thread leave at once, one post at a time; a context manager."""

    def __init__(self, settings: Settings, storage: Storage, *, stop: Event) -> None:
        """``stop`` ends the post after the letter at hand."""
        self._settings, self._storage, self._stop = settings, storage, stop
        self._wanted = Event()
        self._is_closed = False
        self._thread = Thread(target=self._work, name="letters", daemon=True)

    def post(self) -> None:
        """Says that there is a letter in the ledger; returns at once."""
        self._wanted.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        self._stop.set()
        self._wanted.set()
        self._thread.join()

    @cached_property
    def _letterhead(self) -> Letterhead:
        """Compiled with the first letter, once a process."""
        return Letterhead(self._settings)

    def _work(self) -> None:
        while self._wanted.wait() and not self._is_closed:
            self._wanted.clear()
            try:
                post_letters(self._settings, self._storage, self._letterhead, now=datetime.now(UTC), stop=self._stop)
            except LockHeld:
                log.info("letters wait: a run is at work")
                if not self._stop.wait(RETRY_SECONDS):
                    self._wanted.set()
            except NewsletterError as error:
                log.error("letters wait for the next run: %s", error)  # noqa: TRY400 the message is made for people
            except Exception:
                log.exception("letters wait for the next run")
