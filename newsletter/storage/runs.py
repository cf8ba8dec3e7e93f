"""One row a run: what it did, in its own words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from newsletter.storage.engine import Database
from newsletter.storage.schema import runs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run that was."""

    id: str
    started_at: datetime
    finished_at: datetime | None
    report: Mapping[str, Any]


class Runs:
    """The accounts of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self, run_id: str, *, started_at: datetime, finished_at: datetime | None, report: Mapping[str, Any]
    ) -> None:
        """Keeps the run's account; a run that is saved again (begun, then finished) stays one row."""
        row = {
            "id": run_id,
            "started_at": started_at,
            "finished_at": finished_at,
            "report": json.dumps(report, default=str),
        }
        with self._database.writing() as connection:
            connection.execute(self._database.upsert(runs), row)

    def prune(self, until: datetime) -> int:
        """Forgets the runs that started by that instant; how many."""
        with self._database.writing() as connection:
            return connection.execute(delete(runs).where(runs.c.started_at <= until)).rowcount

    def last(self) -> RunRecord | None:
        """The run that started last."""
        return next(iter(self.list(limit=1)), None)

    def list(self, limit: int = 20) -> Sequence[RunRecord]:
        """The latest runs, latest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit))
            return [
                RunRecord(id=r.id, started_at=r.started_at, finished_at=r.finished_at, report=json.loads(r.report))
                for r in rows
            ]
