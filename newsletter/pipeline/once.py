"""The last few costly things, each made once in this process, whoever asks for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock, Semaphore
from typing import Generic, TypeVar

from newsletter.errors import NotReady

MOST_WAITING = 8
"""So many threads may wait for what others have made."""

Made = TypeVar("Made")


@dataclass
class Once(Generic[Made]):
    """The last few things that were made, one at a time and each once; NotReady where too many wait for that."""

    most: int
    most_waiting: int = MOST_WAITING
    _made: OrderedDict[Hashable, Made] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _making: Lock = field(default_factory=Lock)
    _waiting: Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = Semaphore(1 + self.most_waiting)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made for the key, made now where it was not."""
        known = self._find(key)
        if known is not None:
            return known
        if not self._waiting.acquire(blocking=False):
            raise NotReady("this is being made ready: ask again in some seconds")
        try:
            with self._making:
                known = self._find(key)
                if known is None:
                    known = make()
                    self._keep(key, known)
            return known
        finally:
            self._waiting.release()

    def _find(self, key: Hashable) -> Made | None:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def _keep(self, key: Hashable, made: Made) -> None:
        with self._lock:
            self._made[key] = made
            while len(self._made) > self.most:
                self._made.popitem(last=False)
