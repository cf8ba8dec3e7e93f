"""How the newsletter is: sources, counts, metrics."""

from __future__ import annotations

from fastapi import APIRouter

from newsletter import __version__
from newsletter.model import SourceMemory
from newsletter.pipeline.metrics import gauges
from newsletter.storage import RunRecord
from newsletter.subscriptions import count_readers
from newsletter.web.api import told
from newsletter.web.api.access import Here, needs
from newsletter.web.api.problems import responses
from newsletter.web.api.scopes import Scope

router = APIRouter(prefix="/v1", tags=["status"], dependencies=[needs(Scope.STATUS_READ)])


@router.get("/status", responses=responses())
def show_status(here: Here) -> told.Status:
    """Sources, the last run and edition, the ledger and the readers at a glance."""
    storage, settings = here.storage, here.settings
    memories = storage.sources.memories()
    editions = storage.editions.list(limit=1)
    return told.Status(
        version=__version__,
        sources=[
            told.Source.of(source.name, source.kind, memories.get(source.name, SourceMemory()))
            for source in settings.sources
        ],
        last_run=_run(storage.runs.last()),
        last_edition=told.Edition.of(editions[0]) if editions else None,
        ledger=storage.deliveries.counts(),
        readers=dict(count_readers(settings, storage)),
        suppressed=storage.suppressions.count(),
    )


@router.get("/metrics", responses=responses())
def show_metrics(here: Here) -> told.Metrics:
    """What `/metrics` has for Prometheus, as JSON; what is not known is left out."""
    return told.Metrics(
        metrics=[
            told.Metric(
                name=gauge.name,
                help=gauge.help,
                samples=[
                    told.Sample(labels=dict(labels), value=float(value))
                    for labels, value in gauge.samples
                    if value is not None
                ],
            )
            for gauge in gauges(here.settings, here.storage)
        ]
    )


def _run(run: RunRecord | None) -> told.Run | None:
    if run is None:
        return None
    return told.Run(
        id=run.id,
        started_at=run.started_at,
        finished_at=run.finished_at,
        exit_code=run.report.get("exit_code"),
        seconds=run.report.get("seconds"),
    )
