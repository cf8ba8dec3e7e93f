"""``config/*.yaml`` and ``.env`` become frozen ``Settings``; every mistake is told with its place."""
