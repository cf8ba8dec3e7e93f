"""``config/*.yaml`` and ``.env`` become frozen ``Settings``; every mistake is told with its place."""

from newsletter.config.loading import deployment_folder, find_config, load, read_reader

__all__ = ["deployment_folder", "find_config", "load", "read_reader"]
