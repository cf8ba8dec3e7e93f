"""Processes that plan and send, and die when they are told to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.faults import world
from benchmarks.faults.points import Strike, strike_at
from newsletter.cli import call
from newsletter.config.settings import AnyProvider
from newsletter.delivery import Provider, open_provider, sendgrid, smtp
from newsletter.errors import NewsletterError
from newsletter.outbox import Sending, send_ready, take_up_doubts
from newsletter.storage import Storage

AT_WORK = 3
UNSEEN = 255
NAME = "a server"
LOADED = (sendgrid, smtp)
"""Once, for all processes that are forked; and before one becomes a user who may be unable to read the code."""

T = TypeVar("T")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["benchmarks.faults.ready"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one process does."""

    url: str
    provider: AnyProvider
    lanes: int = 1
    is_alone: bool = True
    """Whether it takes the lock of a run and plans; otherwise it sends what others planned, beside others."""
    strike: Strike | None = None
    body_bytes: int = 0
    idempotency_seconds: int = 0
    """For how long its provider knows a message again."""


def start(job: Job) -> ForkServerProcess:
    """The process, at work."""
    return _start(_work, job)


def run(job: Job) -> int:
    """Its exit code: the documented one, or minus the signal that ended it."""
    process = start(job)
    process.join()
    return process.exitcode or 0


def was_killed(exit_code: int | None) -> bool:
    """Whether a signal ended it; 255 is what the fork server says where it missed the moment."""
    return exit_code in (-signal.SIGKILL, UNSEEN)


def start_command(
    arguments: list[str], output: Path, *, user: int | None = None, file_bytes: int = -1
) -> ForkServerProcess:
    """``newsletter`` with these arguments, as that user, with that limit of a file's size.

    It prints to ``output``, and its log beside it.
    """
    return _start(_command, arguments, output, user, file_bytes)


def at_once(task: Callable[..., T], tries: Iterable[tuple[Any, ...]]) -> list[T]:
    """What the tries came to; a few of them at the same time, for most of each is waiting."""
    with ThreadPoolExecutor(AT_WORK) as pool:
        return list(pool.map(lambda one: task(*one), tries))


def _start(target: object, *arguments: object) -> ForkServerProcess:
    process = _context.Process(target=target, args=arguments)  # type: ignore[arg-type]
    process.start()
    return process


def _work(job: Job) -> None:
    try:
        sys.exit(_send(job))
    except NewsletterError as error:
        sys.exit(error.exit_code)


def _send(job: Job) -> int:
    if job.strike:
        strike_at(job.strike)
    with Storage.open(job.url, durability="process") as storage, storage.lock() if job.is_alone else nullcontext():
        if job.is_alone:
            _settle(storage, job)
            world.plan(storage)
        tally = send_ready(
            storage,
            Sending(
                owner=_owner(),
                render=partial(world.small_message, body_bytes=job.body_bytes),
                open_provider=lambda: _provider(job),
                now=world.NOW,
                provider=NAME,
                lanes=job.lanes,
            ),
        )
    return tally.error.exit_code if tally.error else 0


def _owner() -> str:
    return f"process {os.getpid()}"


def _provider(job: Job) -> Provider:
    provider = open_provider(job.provider)
    provider.idempotency_seconds = job.idempotency_seconds
    return provider


def _settle(storage: Storage, job: Job) -> None:
    """What a run does first."""
    storage.deliveries.settle_dead(at=datetime.now(UTC))
    take_up_doubts(storage, NAME, owner=_owner(), idempotency_seconds=job.idempotency_seconds, now=world.NOW)


def _command(arguments: list[str], output: Path, user: int | None, file_bytes: int) -> None:
    for handle, file in ((1, output), (2, output.with_suffix(".err"))):
        with file.open("w") as printed:
            os.dup2(printed.fileno(), handle)
    if user is not None:
        "who".encode("idna")  # loaded before this user may be unable to read it
        os.setuid(user)
    if file_bytes >= 0:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, -1))
    code = call(arguments)
    sys.stdout.flush()
    os._exit(code)
