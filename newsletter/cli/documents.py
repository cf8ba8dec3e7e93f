"""The JSON documents of ``--json``: the same keys at every exit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from newsletter.errors import NewsletterError
from newsletter.model import Digest, Ranked, SourceReport, Subscriber
from newsletter.pipeline.report import FetchReport, RunReport
from newsletter.text.instants import iso

EMPTY: dict[str, dict[str, Any]] = {
    "fetch": {"sources": [], "entries": 0, "new": 0},
    "rank": {"edition": None, "date": None, "subscriber": None, "candidates": 0, "items": []},
    "run": {
        "run_id": None, "edition": None, "date": None, "sources": [], "candidates": 0, "due": 0, "sent": 0,
        "uncertain": 0, "retrying": 0, "failed": 0, "suppressed": 0, "already_sent": 0,
        "warnings": [], "dry_run": False,
    },
    "status": {
        "sources": [], "editions": [], "last_run": None, "ledger": {}, "subscribers": {}, "suppressed": 0,
        "sending": {}, "events": {}, "events_of_nobody": {},
    },
    "doctor": {"checks": []},
    "subscribers": {"subscribers": []},
    "feeds": {"added": [], "already": [], "skipped": [], "dry_run": False},
    "deliveries": {"deliveries": [], "total": 0},
    "editions": {"editions": []},
    "tokens": {"tokens": []},
    "evaluate": {
        "papers": 0, "named": 0, "hidden": 0, "candidates": 0, "history": 0, "trials": 0, "has_summaries": False,
        "is_dated": False, "scores": [], "missing": [], "conclusion": None,
    },
    "backtest": {
        "subscriber": None, "against": None, "days": [], "gained": 0, "lost": 0, "kept": 0, "conclusion": None,
    },
}  # fmt: skip


def failed_document(arguments: Sequence[str], message: str, code: int) -> dict[str, Any]:
    """The document of a command that ended early: its keys with nothing in them, and why."""
    return {**EMPTY.get(_command_of(arguments), {}), "error": message, "exit_code": code}


def _command_of(arguments: Sequence[str]) -> str:
    """The first argument that is neither an option nor the value of one."""
    for before, argument in zip(("", *arguments), arguments, strict=False):
        if not argument.startswith("-") and before not in {"--config", "--log-format"}:
            return argument
    return ""


def fetch_document(report: FetchReport, error: NewsletterError | None = None) -> dict[str, Any]:
    """What ``fetch --json`` prints."""
    return {
        "sources": [source_document(source) for source in report.sources],
        "entries": report.entries,
        "new": report.new,
        "error": str(error) if error else None,
        "exit_code": error.exit_code if error else 0,
    }


def run_document(report: RunReport) -> dict[str, Any]:
    """What ``run --json`` prints."""
    return {
        "run_id": report.run_id,
        "edition": report.edition,
        "date": report.date.isoformat(),
        "sources": [source_document(source) for source in report.sources],
        "candidates": report.candidates,
        **asdict(report.counts),
        "held": report.held,
        "warnings": list(report.warnings),
        "dry_run": report.dry_run,
        "error": str(report.error) if report.error else None,
        "exit_code": report.exit_code,
    }


def rank_document(digest: Digest, items: Sequence[Ranked], subscriber: Subscriber) -> dict[str, Any]:
    """What ``rank --json`` prints."""
    return {
        "edition": digest.edition,
        "date": digest.local_date.isoformat(),
        "subscriber": subscriber.email,
        "candidates": digest.candidates,
        "items": [ranked_document(item) for item in items],
        "error": None,
        "exit_code": 0,
    }


def ranked_document(item: Ranked) -> dict[str, Any]:
    """One paper in a reader's order, with its reasons."""
    entry = item.entry
    return {
        "rank": item.rank,
        "score": item.score,
        "match": item.match,
        "entry": {
            "id": entry.id,
            "title": entry.title,
            "link": entry.link,
            "authors": list(entry.authors),
            "published": iso(entry.published),
            "sources": list(entry.sources),
        },
        "reasons": [
            {"kind": reason.kind, "label": reason.label, "contribution": reason.contribution} for reason in item.reasons
        ],
    }


def source_document(source: SourceReport) -> dict[str, Any]:
    """One source's line."""
    return {
        "name": source.name,
        "kind": source.kind,
        "state": source.state.value,
        "entries": source.entries,
        "new": source.new,
        "seen": source.seen,
        "merged": source.merged,
        "error": source.error,
    }
