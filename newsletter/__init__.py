"""Trending papers in your inbox: ranked for each reader, explained, self-hosted.

The ranking is a library by itself; it needs titles and a profile, and nothing else:

>>> from datetime import UTC, datetime
>>> from newsletter import Entry, Pool, Profile
>>> pool = Pool.build([Entry(title="Spiking networks that sleep"), Entry(title="Turbines for slow tides")])
>>> best = pool.rank(Profile(interests=("spiking networks",)), now=datetime(2026, 11, 22, tzinfo=UTC))[0]
>>> best.entry.title, best.reasons[0].kind
('Spiking networks that sleep', 'interest')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.delivery import Provider
    from newsletter.model import Digest, Edition, Entry, Interest, Message, Outcome, Profile, Ranked, Reason
    from newsletter.ranking import Pool
    from newsletter.sources import Fetcher

__version__ = "0.1.0"

__all__ = [
    "Digest",
    "Edition",
    "Entry",
    "Fetcher",
    "Interest",
    "Message",
    "Outcome",
    "Pool",
    "Profile",
    "Provider",
    "Ranked",
    "Reason",
]

_ELSEWHERE = {"Pool": "newsletter.ranking", "Fetcher": "newsletter.sources", "Provider": "newsletter.delivery"}


def __getattr__(name: str) -> Any:
    """The public names, loaded when they are asked for: a command need not wait for what it does not use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "newsletter.model")), name)
