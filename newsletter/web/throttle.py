"""What costs time is done only so often for each who asks; kept in this process, for a restart harms nobody."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from threading import Lock

MOST_KNOWN = 10_000


class Throttle:
    """So many times within so many seconds for each key."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count, self._seconds = count, seconds
        self._done: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, key: str) -> bool:
        """Whether it may be done once more now; it is then taken as done."""
        now = time.monotonic()
        with self._lock:
            done = self._done.setdefault(key, deque())
            self._done.move_to_end(key)
            while done and done[0] <= now - self._seconds:
                done.popleft()
            if len(self._done) > MOST_KNOWN:
                self._done.popitem(last=False)
            if len(done) >= self._count:
                return False
            done.append(now)
            return True
