"""Senders on other machines, called by way of procrastinate: its jobs lie in the PostgreSQL that has the ledger.

A job says no more than "send what is ready"; the ledger is the truth, so that one that comes twice, late or not at all
costs time and no mail. Jobs have a queueing lock and no lock: what a killed worker leaves as begun bars nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, LiteralString

from sqlalchemy import make_url

from newsletter.config.settings import Settings
from newsletter.errors import NewsletterError, StorageError, UsageError
from newsletter.pipeline.draining import drain
from newsletter.pipeline.helping import ALONE, Crew
from newsletter.pipeline.messages import Letterhead
from newsletter.storage import Storage

if TYPE_CHECKING:
    import procrastinate

QUEUE = "newsletter"
DRAIN, LOOK = "newsletter.drain", "newsletter.look"
SHARES = 32
"""Jobs that are put up at once: so many workers can send at the same time."""
ALIVE_SECONDS = 30
"""A worker says so every ten."""
CONNECT_SECONDS = 10

log = logging.getLogger(__name__)


def find_crew(settings: Settings) -> Crew:
    """The workers of this deployment; nobody where the database is SQLite or the engine is not installed."""
    url = engine_url(settings.database)
    return ALONE if url is None or not is_installed() else Workers(url)


def engine_url(database: str) -> str | None:
    """The database as libpq takes it; ``None`` where it is not PostgreSQL."""
    url = make_url(database)
    if url.get_backend_name() != "postgresql":
        return None
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def is_installed() -> bool:
    """Whether the extra ``worker`` is there."""
    return importlib.util.find_spec("procrastinate") is not None


def prepare(database: str) -> bool:
    """Makes the engine's tables where they are not there yet; whether it did."""
    url = engine_url(database)
    if url is None or not is_installed() or _has_tables(url):
        return False
    with _make_engine(url).open() as engine:
        engine.schema_manager.apply_schema()
    return True


@dataclass(frozen=True, slots=True)
class Workers:
    """Whoever runs ``newsletter worker`` over the same database."""

    url: str

    def is_at_work(self) -> bool:
        """Whether there is a worker that was heard of within half a minute."""
        if not _has_tables(self.url):
            return False
        heard = "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 s')"
        return _ask(self.url, heard, ALIVE_SECONDS)

    def call(self) -> None:
        """Puts a job up for each of them; a share that is up already is enough."""
        from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

        try:
            with _make_engine(self.url).open() as engine:
                for share in range(SHARES):
                    task = engine.configure_task(DRAIN, queue=QUEUE, queueing_lock=f"{DRAIN}-{share}")
                    with contextlib.suppress(AlreadyEnqueued):
                        task.defer(share=share)
        except ConnectorException as error:
            raise StorageError(f"workers cannot be called: {error.__cause__ or error}") from error


def work(settings: Settings, storage: Storage, *, on_ready: Callable[[], None]) -> None:
    """Sends what it is called for, until SIGINT or SIGTERM: the group at hand is finished, and no other begun.

    ``on_ready`` is called once nothing is in the way of that any more. UsageError where the database is not PostgreSQL,
    the extra is not installed, or its tables are not made yet.
    """
    url = engine_url(settings.database)
    if url is None:
        raise UsageError(
            "worker: needs PostgreSQL; on SQLite one process sends: `newsletter run`, or `newsletter serve`"
        )
    if not is_installed():
        raise UsageError("worker: needs the extra `worker`: pip install 'newsletter[worker]'")
    if not _has_tables(url):
        raise UsageError("worker: the database has no tables for jobs yet; `newsletter migrate` makes them")
    Sender(settings, storage, url).work(on_ready=on_ready)


class Sender:
    """One worker process."""

    def __init__(self, settings: Settings, storage: Storage, url: str) -> None:
        """Compiles the templates, so that a mistake in them is told at once."""
        self._settings, self._storage, self._url = settings, storage, url
        self._letterhead = Letterhead(settings)
        self._owner = f"worker-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._stop = Event()

    def work(self, *, on_ready: Callable[[], None]) -> None:
        """Takes jobs until told to stop."""
        asyncio.run(self._work(on_ready))

    def drain(self, share: int) -> None:
        """Sends what is ready; what stops it is logged, and the next look tries again."""
        try:
            tally = drain(self._settings, self._storage, self._letterhead, owner=self._owner, stop=self._stop)
        except NewsletterError as error:
            log.error("share %d: %s", share, error)  # noqa: TRY400 the message is made for people
            return
        if done := tally.states + tally.letters:
            log.info("share %d: %s", share, ", ".join(f"{count} {state}" for state, count in done.items()))
        if tally.error:
            log.error("share %d: %s", share, tally.error)

    def look(self, timestamp: int) -> None:  # noqa: ARG002 when it was due, which the engine says
        """Once a minute: calls all hands where something waits that nobody was called for, as after a planner died."""
        try:
            at = datetime.now(UTC)
            if self._storage.deliveries.is_anything_ready(at=at) or self._storage.waiting.is_left_behind(at=at):
                Workers(self._url).call()
            asyncio.run(clear_away(self._url))
        except StorageError as error:
            log.error("%s", error)  # noqa: TRY400 as above

    async def _work(self, on_ready: Callable[[], None]) -> None:
        engine = _make_engine(self._url)
        engine.task(name=DRAIN, queue=QUEUE)(self.drain)
        engine.periodic(cron="* * * * *")(engine.task(name=LOOK, queue=QUEUE, queueing_lock=LOOK)(self.look))
        async with engine.open_async():
            working = asyncio.create_task(
                engine.run_worker_async(queues=[QUEUE], delete_jobs="always", install_signal_handlers=False)
            )

            def end() -> None:
                self._stop.set()
                working.cancel()

            for one in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(one, end)
            on_ready()
            with contextlib.suppress(asyncio.CancelledError):
                await working


async def clear_away(url: str) -> None:
    """Deletes the jobs that workers had begun who were not heard of since; what those were to send is in the ledger."""
    from procrastinate.exceptions import ConnectorException
    from procrastinate.jobs import Status

    try:
        async with _make_engine(url).open_async() as engine:
            for job in await engine.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=ALIVE_SECONDS):
                await engine.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
    except ConnectorException as error:
        raise StorageError(f"jobs cannot be cleared away: {error.__cause__ or error}") from error


def _make_engine(url: str) -> procrastinate.App:
    import procrastinate

    logging.getLogger("procrastinate").setLevel(logging.WARNING)  # it tells of each job twice
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=3))


def _has_tables(url: str) -> bool:
    return _ask(url, "SELECT to_regclass('procrastinate_workers') IS NOT NULL")


def _ask(url: str, query: LiteralString, *values: object) -> bool:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS, autocommit=True) as connection:
            row = connection.execute(query, values).fetchone()
    except psycopg.Error as error:
        raise StorageError(f"the database cannot be asked for workers: {str(error).splitlines()[0]}") from error
    return bool(row and row[0])
