"""1. What is new? One file a kind of source; ``http.py`` is the only door to the network.

A kind is an object with ``fetch(request) -> Fetched``; ``KINDS`` lists ours, and a dotted path names anyone's. To add
one, write a file like ``feed.py`` and a line in the table.
"""

from __future__ import annotations

from newsletter.sources.fetching import KINDS, Fetcher, FetchRequest, fetch_all

__all__ = ["KINDS", "FetchRequest", "Fetcher", "fetch_all"]
