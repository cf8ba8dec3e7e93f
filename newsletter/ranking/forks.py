"""Work shared among processes that are forked, so that each has at once all that was made ready before."""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

ENDED = "a child process ended before its work was done; was it short of memory?"


def can_fork() -> bool:
    """Whether this system can."""
    return "fork" in multiprocessing.get_all_start_methods()


def map_forked(work: Callable[[Given], Made], chunks: Iterator[Given], *, processes: int) -> Iterator[Made]:
    """What ``work`` makes of each chunk, in their order.

    What fails in a child is raised here; the children end with the iterator, and where their parent is gone.
    """
    children = _Children(work, processes)
    try:
        busy: deque[Connection[Any, Any]] = deque()
        for line, chunk in zip(children.lines, chunks, strict=False):
            _send(line, chunk)
            busy.append(line)
        for chunk in chunks:
            line = busy.popleft()
            made = _receive(line)
            _send(line, chunk)
            busy.append(line)
            yield made
        while busy:
            yield _receive(busy.popleft())
    finally:
        children.end()


class _Children:
    """Forked processes, each with a line to it."""

    def __init__(self, work: Callable[[Any], Any], count: int) -> None:
        self.lines: list[Connection[Any, Any]] = []
        self._processes: list[ForkProcess] = []
        context = multiprocessing.get_context("fork")
        for _ in range(count):
            ours, theirs = context.Pipe()
            self.lines.append(ours)
            self._processes.append(context.Process(target=_serve, args=(work, theirs, self.lines), daemon=True))
            self._processes[-1].start()
            theirs.close()

    def end(self) -> None:
        """At once, whatever they are doing: they keep nothing."""
        for line in self.lines:
            line.close()
        for process in self._processes:
            process.kill()
            process.join()


def _serve(work: Callable[[Any], Any], line: Connection[Any, Any], others: Sequence[Connection[Any, Any]]) -> None:
    """In the child: works until nobody holds the other end of the line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()
    while True:
        try:
            chunk = line.recv()
        except EOFError:
            return
        line.send(_work(work, chunk))


def _work(work: Callable[[Any], Any], chunk: Any) -> tuple[Any, Exception | None]:
    try:
        return work(chunk), None
    except Exception as error:  # noqa: BLE001 whatever it is, the parent raises it
        error.add_note("in a child process:\n" + traceback.format_exc())
        return None, error


def _send(line: Connection[Any, Any], chunk: Any) -> None:
    try:
        line.send(chunk)
    except BrokenPipeError:
        raise RuntimeError(ENDED) from None


def _receive(line: Connection[Any, Any]) -> Any:
    try:
        made, error = line.recv()
    except (EOFError, ConnectionResetError):
        raise RuntimeError(ENDED) from None
    if error:
        raise error
    return made
