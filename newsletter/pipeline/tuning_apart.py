"""The tuner in a process of its own: what it computes holds up nobody's page, and what it keeps is not in ours."""

from __future__ import annotations

import gc
import logging
import signal
from contextlib import suppress
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock, Semaphore
from typing import Any, Protocol

from newsletter.config.settings import Settings
from newsletter.errors import NewsletterError, NotReady
from newsletter.model import Subscriber
from newsletter.pipeline.once import MOST_WAITING
from newsletter.pipeline.tuning import TriedOut, Tuner
from newsletter.storage import Storage

ANSWER_SECONDS = 120.0
"""After which the process is given up: an edition's pool takes some seconds."""
END_SECONDS = 5.0


class TriesOut(Protocol):
    """A ``Tuner``, wherever it is at work."""

    def try_out(self, reader: Subscriber, changed: Subscriber, *, now: datetime) -> TriedOut:
        """Today's digest for the changed reader."""


class TunerApart:
    """Tries profiles out, one at a time, in a process that begins with the first one. Threads may share it.

    NotReady where too many wait, and where the process ended in the middle; the next question begins another one.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting, self._asking = Semaphore(1 + MOST_WAITING), Lock()
        self._process: BaseProcess | None = None
        self._line: Connection | None = None

    def try_out(self, reader: Subscriber, changed: Subscriber, *, now: datetime) -> TriedOut:
        """Today's digest for the changed reader."""
        found: TriedOut = self._ask(reader, changed, now)
        return found

    def make_ready(self) -> None:
        """Does what the first of ``try_out`` over the latest edition would wait for, if anybody has asked yet."""
        if self._process:
            self._ask()

    def close(self) -> None:
        """Ends the process, whatever it is at."""
        if self._process:
            self._process.terminate()
        with self._asking:
            self._end()

    def _ask(self, *question: Any) -> Any:
        if not self._waiting.acquire(blocking=False):
            raise NotReady("others are being answered: ask again in a second")
        try:
            with self._asking:
                answer = self._answer(question)
        finally:
            self._waiting.release()
        if isinstance(answer, NewsletterError):
            raise answer
        return answer

    def _answer(self, question: tuple[Any, ...]) -> Any:
        try:
            line = self._line or self._start()
            line.send(question)
            if line.poll(ANSWER_SECONDS):
                return line.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise NotReady("what tries profiles out has ended; ask again in some seconds") from error
        self._end()
        raise NotReady("what tries profiles out takes too long, and was ended")

    def _start(self) -> Connection:
        context = get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, self._settings), name="previews", daemon=True)
        self._process.start()
        theirs.close()  # else the end of the process would not be the end of the line
        return self._line

    def _end(self) -> None:
        if self._line:
            self._line.close()
        if self._process:
            self._process.terminate()
            self._process.join(END_SECONDS)
        self._line = self._process = None


def _work(line: Connection, settings: Settings) -> None:
    """Answers until the line is cut: with that ends also the process of who died."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks
    logging.getLogger().addHandler(logging.NullHandler())
    with suppress(EOFError, OSError):
        try:
            with Storage.open(settings.database) as storage:
                tuner = Tuner(settings, storage, on_made=_leave_alone)
                while True:
                    line.send(_answer(tuner, line.recv()))
        except NewsletterError as error:
            line.recv()
            line.send(error)


def _answer(tuner: Tuner, question: tuple[Any, ...]) -> Any:
    """What the tuner says, or why it cannot."""
    try:
        if not question:
            return tuner.make_ready()
        reader, changed, now = question
        return tuner.try_out(reader, changed, now=now)
    except NewsletterError as error:
        return error
    except Exception as error:  # noqa: BLE001 told to who asks, without what it may hold of a reader
        return NewsletterError(f"a preview could not be made: {type(error).__name__}")


def _leave_alone() -> None:
    """A pool is hundreds of thousands of things, among which there is no garbage to look for."""
    gc.collect()
    gc.freeze()
