"""What a run leaves behind of itself: a row in the database, and exactly one line in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from newsletter.errors import NewsletterError
from newsletter.model import SourceState
from newsletter.pipeline.report import RunReport
from newsletter.storage import Storage

RUNS_KEPT = timedelta(days=90)

log = logging.getLogger("newsletter.run")


def logged(work: Callable[[], RunReport]) -> RunReport:
    """The run's report; what came of it is one line in the log, also where it ends in an error."""
    begun = monotonic()
    try:
        report = work()
    except BaseException as error:
        code = error.exit_code if isinstance(error, NewsletterError) else None
        told = str(error) if isinstance(error, NewsletterError) else type(error).__name__
        _tell(f"run refused: {told}", {"exit_code": code, "error": told}, begun)
        raise
    _tell(f"run {report.run_id} finished with {report.exit_code}", account_of(report), begun)
    return report


def account_of(report: RunReport) -> dict[str, Any]:
    """The report as a flat JSON object, without any reader in it."""
    failed = sum(source.state is SourceState.FAILED for source in report.sources)
    return {
        "run_id": report.run_id,
        "date": report.date.isoformat(),
        "edition": report.edition,
        "exit_code": report.exit_code,
        "error": str(report.error) if report.error else None,
        "sources": len(report.sources),
        "sources_failed": failed,
        "candidates": report.candidates,
        **asdict(report.counts),
        "held": report.held,
        "warnings": len(report.warnings),
        "dry_run": report.dry_run,
    }


def keep_account(storage: Storage, report: RunReport, *, now: datetime, begun: float) -> None:
    """Writes the run down; ``begun`` is of the monotonic clock."""
    took = {"exit_code": report.exit_code, "seconds": round(monotonic() - begun, 3)}
    account = {**asdict(report.counts), "held": report.held, **took}
    storage.runs.save(report.run_id, started_at=now, finished_at=datetime.now(UTC), report=account)


def _tell(message: str, account: dict[str, Any], begun: float) -> None:
    fields = {"event": "run", **account, "seconds": round(monotonic() - begun, 3)}
    log.info("%s", message, extra={"fields": fields})
