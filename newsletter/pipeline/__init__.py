"""The product on one page: fetch, make the edition, rank, freeze, hand over.

``run`` is the main job; cron calls it at any rate, for what it does follows from what is due and what the ledger says;
``Steps.go`` has its steps in their order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from time import monotonic

from newsletter.config.settings import Settings
from newsletter.errors import NewsletterError, StorageError
from newsletter.pipeline.fetching import fetch
from newsletter.pipeline.guarding import guard
from newsletter.pipeline.helping import ALONE, Crew
from newsletter.pipeline.journal import RUNS_KEPT, keep_account, logged
from newsletter.pipeline.looking import Look, look, look_at_all
from newsletter.pipeline.messages import Letterhead
from newsletter.pipeline.report import FetchReport, RunReport
from newsletter.pipeline.sentences import SentenceMaker, forget_unused
from newsletter.pipeline.steps import NOBODY_WATCHES, Steps, Watch
from newsletter.pipeline.trial import send_test
from newsletter.storage import Storage
from newsletter.subscriptions import forget_unconfirmed, reader_named, require_lawful

__all__ = ["FetchReport", "Look", "RunReport", "Watch", "fetch", "look", "look_at_all", "run", "send_test"]

LEDGER_KEPT = timedelta(days=365)


def run(
    settings: Settings,
    storage: Storage,
    *,
    now: datetime,
    everyone: bool = False,
    only: str | None = None,
    dry_run: bool = False,
    confirm_resume: bool = False,
    watch: Watch = NOBODY_WATCHES,
    stop: Event | None = None,
    crew: Crew = ALONE,
) -> RunReport:
    """Fetches, makes the edition, and mails every reader who is due and has not had today's digest.

    An error that stops the run is in the report, beside what was done before it. Raised are only errors from before
    anything was touched: a template or a reader's address that is wrong, packages that the encoder needs and lacks,
    LockHeld where another run works. Whatever comes of it, the log has one line of it.
    """
    job = partial(
        _run,
        settings,
        storage,
        now=now,
        everyone=everyone,
        only=only,
        dry_run=dry_run,
        confirm_resume=confirm_resume,
        watch=watch,
        stop=stop or Event(),
        crew=crew,
    )
    return logged(job)


def _run(
    settings: Settings,
    storage: Storage,
    *,
    now: datetime,
    everyone: bool,
    only: str | None,
    dry_run: bool,
    confirm_resume: bool,
    watch: Watch,
    stop: Event,
    crew: Crew,
) -> RunReport:
    begun = monotonic()
    letterhead = Letterhead(settings)
    sentences = SentenceMaker(settings, storage, now=now)
    require_lawful(settings, storage)
    if only is not None:
        reader_named(only, settings, storage)
    with storage.lock() as lock:
        warnings = guard(storage, confirmed=confirm_resume, dry_run=dry_run)
        steps = Steps(
            settings,
            storage,
            letterhead,
            sentences,
            lock,
            crew=crew,
            now=now,
            watch=watch,
            stop=stop,
            dry_run=dry_run,
        )
        steps.warn(*warnings)
        try:
            steps.go(everyone=everyone, only=only)
        except NewsletterError as error:
            steps.report = replace(steps.report, error=error)
        if not dry_run and not isinstance(steps.report.error, StorageError):
            _keep_house(settings, storage, steps.report, now=now, begun=begun)
        return steps.report


def _keep_house(settings: Settings, storage: Storage, report: RunReport, *, now: datetime, begun: float) -> None:
    """Writes the run down, and deletes what is kept no longer by a clock that can be believed."""
    keep_account(storage, report, now=now, begun=begun)
    forget_unused(storage, now=now)
    at = storage.clock.believed()
    storage.deliveries.prune(at, messages_older_than=settings.retention.messages, rows_older_than=LEDGER_KEPT)
    storage.events.prune(at, older_than=LEDGER_KEPT)
    storage.runs.prune(at - RUNS_KEPT)
    storage.limits.prune(at)
    storage.subscribers.finish_erasing()
    forget_unconfirmed(storage, now=at)
