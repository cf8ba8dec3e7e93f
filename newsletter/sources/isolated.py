"""Readers run in child processes, so that no answer, however hostile, takes us down or holds us up."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.sources.reading import Fact, Reading, unpack
from newsletter.sources.trouble import Unreadable
from newsletter.sources.worker import Mark, receive, send

CPU_SECONDS = 10
"""For one answer."""
WALL_SECONDS = 60.0
"""On a busy machine ten seconds of computing may take a while."""
MAX_CHILDREN = min(4, os.cpu_count() or 1)

_FOLDER = Path(__file__).resolve().parent
# The packages' own __init__ would import half of the product, of which a child needs nothing.
_START = """
import sys, types
for name, folder in (("newsletter", sys.argv[1]), ("newsletter.sources", sys.argv[2])):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
from newsletter.sources.worker import main
main()
"""


class Children:
    """A few child processes that read what they are given; any number of threads may ask at once."""

    def __init__(
        self, count: int = MAX_CHILDREN, *, cpu_seconds: int = CPU_SECONDS, wall_seconds: float = WALL_SECONDS
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._places = threading.Semaphore(count)
        self._idle: list[subprocess.Popen[bytes]] = []

    def read(self, reader: str, body: bytes, /, *, where: str, **context: Fact) -> Reading:
        """What the reader ``package.module:function`` makes of the bytes; raises SourceError that names ``where``."""
        job = json.dumps({"reader": reader, "size": len(body), "context": context}).encode()
        with self._places:
            reply = self._ask(job, body)
        if reply.startswith(Mark.READING):
            return unpack(reply[1:])
        raise (Unreadable if reply.startswith(Mark.FAILED) else SourceError)(f"{where}: {reply[1:].decode()}")

    @property
    def idle(self) -> tuple[int, ...]:
        """The process ids of the children that have nothing to do."""
        return tuple(child.pid for child in self._idle)

    def close(self) -> None:
        """Ends the children that have nothing to do."""
        idle, self._idle = self._idle, []
        for child in idle:
            _end(child)

    def _ask(self, job: bytes, body: bytes) -> bytes:
        child = self._take()
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            child.kill()

        alarm = threading.Timer(self._wall_seconds, end)
        alarm.daemon = True
        alarm.start()
        try:
            reply = _converse(child, job, body)
        finally:
            alarm.cancel()
        if reply is None:
            return Mark.FAILED + self._epitaph(_end(child), overdue=overdue.is_set()).encode()
        if reply.startswith(Mark.FAILED):
            _end(child)
        else:
            self._idle.append(child)
        return reply

    def _take(self) -> subprocess.Popen[bytes]:
        """A child that is alive: an idle one, or a new one."""
        while True:
            try:
                child = self._idle.pop()
            except IndexError:
                return _start(self._cpu_seconds)
            if child.poll() is None:
                return child
            _end(child)

    def _epitaph(self, status: int, *, overdue: bool) -> str:
        """Why a child is gone."""
        if overdue:
            return f"takes more than {self._wall_seconds:g} s to be read"
        if status == -signal.SIGXCPU:
            return f"needs more than {self._cpu_seconds} s of computing to be read"
        return f"cannot be read: its reader ended with status {status}"


def _start(cpu_seconds: int) -> subprocess.Popen[bytes]:
    """A child that sees none of our secrets and never imports what lies in the working directory."""
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return subprocess.Popen(  # noqa: S603 our own interpreter and our own words
        [sys.executable, "-P", "-c", _START, str(_FOLDER.parent), str(_FOLDER), str(cpu_seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": path, "PATH": os.environ.get("PATH", "")},
    )


def _converse(child: subprocess.Popen[bytes], job: bytes, body: bytes) -> bytes | None:
    """The child's reply; ``None`` where it died over it."""
    assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 both are pipes
    try:
        send(child.stdin, job)
        child.stdin.write(body)
        child.stdin.flush()
        return receive(child.stdout)
    except OSError:
        return None


def _end(child: subprocess.Popen[bytes]) -> int:
    """Waits for a child that is ending, and ends one that is not; gives its status."""
    assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 both are pipes
    with suppress(OSError):
        child.stdin.close()
    try:
        status = child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        status = child.wait()
    child.stdout.close()
    return status


CHILDREN = Children()
"""Those of this process; they start when the first answer is read."""
atexit.register(CHILDREN.close)
