"""How a fake server is told what to answer."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

DROP: Final = "<drop>"
"""In place of an answer: the connection is cut."""
STALL: Final = "<stall>"
"""In place of an answer: nothing, until the client goes away or the server stops."""

T = TypeVar("T")


class Script(Generic[T]):
    """Answers by step: those queued for it first, each once, then what ``decide`` says; ``None`` is the usual one."""

    def __init__(self, decide: Callable[[str, str], T | None] | None = None) -> None:
        self._decide = decide
        self._queued: defaultdict[str, deque[T]] = defaultdict(deque)
        self._lock = Lock()

    def add(self, step: str, *answers: T) -> None:
        """Queues answers for the next times that step is reached."""
        with self._lock:
            self._queued[step].extend(answers)

    def next(self, step: str, argument: str = "") -> T | None:
        """What to answer now."""
        with self._lock:
            if self._queued[step]:
                return self._queued[step].popleft()
        return self._decide(step, argument) if self._decide else None
