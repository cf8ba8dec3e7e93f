"""Trending papers in your inbox: ranked for each reader, explained, self-hosted."""

__version__ = "0.1.0"
