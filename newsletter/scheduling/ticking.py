"""APScheduler in this process: no job store, no daily trigger, only a tick over the main job.

A daily cron trigger skips or doubles days around clock changes and forgets a job that is a second late. A tick that
asks "what is due?" cannot: a missed one is healed by the next, a doubled one finds everything sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from newsletter import pipeline
from newsletter.config.settings import Settings
from newsletter.errors import LockHeld, NewsletterError
from newsletter.scheduling.crew import find_crew
from newsletter.storage import Storage

TICK_MINUTES = 5

log = logging.getLogger(__name__)

OnRun = Callable[[pipeline.RunReport], None]


def start_ticking(
    settings: Settings, storage: Storage, *, stop: Event, on_run: OnRun | None = None, minutes: float = TICK_MINUTES
) -> BackgroundScheduler:
    """A running scheduler whose first tick is now; shut it down to end it."""
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(
        tick,
        IntervalTrigger(minutes=minutes, timezone=UTC),
        args=(settings, storage, stop, on_run),
        id="tick",
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return scheduler


def tick(settings: Settings, storage: Storage, stop: Event, on_run: OnRun | None = None) -> None:
    """One run of the main job; what stops it is logged, and the next tick tries again."""
    try:
        report = pipeline.run(settings, storage, now=datetime.now(UTC), stop=stop, crew=find_crew(settings))
    except LockHeld:
        log.info("another run is at work; the next tick asks again")
    except NewsletterError as error:
        log.error("%s", error)  # noqa: TRY400 the message is made for people; the trace says nothing more
    else:
        if on_run:
            on_run(report)
