"""A small invented library: five fields, eight papers each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model import Entry

NOW = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)

FIELDS = {
    "spiking": (
        "spiking neurons, membrane potential, surrogate gradients, spike timing, neuromorphic chips, leaky integration, "
        "event cameras, temporal coding"
    ),
    "pruning": (
        "network pruning, lottery tickets, sparse subnetworks, magnitude criteria, rewinding weights, structured "
        "sparsity, compression ratio, dense baselines"
    ),
    "brain": (
        "brain decoding, fMRI recordings, visual cortex, voxel responses, stimulus reconstruction, cortical parcels, "
        "haemodynamic delay, human subjects"
    ),
    "soil": (
        "soil respiration, elevated temperature, carbon flux, forest plots, microbial biomass, litter decay, drought "
        "seasons, root exudates"
    ),
    "markets": (
        "auction design, bidder valuations, equilibrium prices, market clearing, strategic agents, revenue bounds, "
        "reserve prices, mechanism incentives"
    ),
}


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def library() -> list[Entry]:
    """Forty papers; the title and summary of each turn over its field's phrases."""
    return [write_paper(field, number) for field in FIELDS for number in range(8)]


def write_paper(field: str, number: int) -> Entry:
    phrases = FIELDS[field].split(", ")
    turned = phrases[number:] + phrases[:number]
    return Entry(
        id=f"{field}-{number}",
        title=f"On {turned[0]} and {turned[1]}",
        summary=f"We study {turned[2]} with {turned[3]}. Results on {turned[4]} improve {turned[5]} by {number} percent.",
        link=f"https://example.org/{field}/{number}",
        authors=(f"Ada {field.title()}", f"Ben Number{number}"),
        published=NOW - timedelta(days=number),
    )
