"""How the newsletter is."""

from __future__ import annotations

from datetime import datetime

from newsletter import model
from newsletter.web.api.told.papers import Edition
from newsletter.web.api.told.parts import Told


class Source(Told):
    """How a source is."""

    name: str
    kind: str
    state: model.SourceState
    checked_at: datetime | None
    succeeded_at: datetime | None
    new_at: datetime | None
    failures: int
    """In a row."""
    retry_at: datetime | None
    error: str | None

    @classmethod
    def of(cls, name: str, kind: str, memory: model.SourceMemory) -> Source:
        """The source, written down."""
        known = {field: getattr(memory, field) for field in cls.model_fields if hasattr(memory, field)}
        return cls(name=name, kind=kind, **known)


class Run(Told):
    """The last run."""

    id: str
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    seconds: float | None


class Status(Told):
    """How the newsletter is, at a glance."""

    version: str
    sources: list[Source]
    last_run: Run | None
    last_edition: Edition | None
    ledger: dict[model.DeliveryState, int]
    readers: dict[model.SubscriberState, int]
    suppressed: int
    """How many addresses are not mailed any more."""


class Sample(Told):
    """One value of a metric."""

    labels: dict[str, str]
    value: float


class Metric(Told):
    """One metric, as Prometheus knows it."""

    name: str
    help: str
    samples: list[Sample]


class Metrics(Told):
    """All of them."""

    metrics: list[Metric]
