"""What the API answers with."""

from __future__ import annotations

from newsletter.web.api.told.papers import Digest, Edition, Editions, Trending
from newsletter.web.api.told.readers import (
    Check,
    Deliveries,
    Delivery,
    Export,
    Learnt,
    Reader,
    Readers,
    Suppression,
    Vote,
    Votes,
)
from newsletter.web.api.told.state import Metric, Metrics, Run, Sample, Source, Status

__all__ = [
    "Check",
    "Deliveries",
    "Delivery",
    "Digest",
    "Edition",
    "Editions",
    "Export",
    "Learnt",
    "Metric",
    "Metrics",
    "Reader",
    "Readers",
    "Run",
    "Sample",
    "Source",
    "Status",
    "Suppression",
    "Trending",
    "Vote",
    "Votes",
]
