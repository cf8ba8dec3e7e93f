"""A pause between requests that all threads and all processes of this user keep to together."""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self


class Limiter:
    """Lets one through at a time, and no sooner than some seconds after the one before has come out.

    >>> with Limiter("example", 0.0):
    ...     "one request"
    'one request'
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``folder`` holds the file that processes share; the system's for temporary files when left out."""
        self.seconds = seconds
        self._path = (folder or Path(tempfile.gettempdir())) / f"newsletter-{os.getuid()}-{name}.lock"
        self._clock = clock
        self._sleep = sleep
        self._thread = threading.Lock()
        self._file = -1

    def __enter__(self) -> Self:
        self._thread.acquire()
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._sleep(self._wait())
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        os.pwrite(self._file, f"{self._clock():017.3f}".encode(), 0)
        self._let_go()

    def _wait(self) -> float:
        """Seconds until the next one may go; a clock that was set back holds nobody up for longer than the pause."""
        try:
            last = float(os.pread(self._file, 32, 0))
        except ValueError:
            return 0.0
        return min(max(last + self.seconds - self._clock(), 0.0), self.seconds)

    def _let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)  # and with it the lock
            self._file = -1
        self._thread.release()
