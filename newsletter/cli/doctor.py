"""``newsletter doctor``: every part of a deployment looked at, with what to do about it."""

from __future__ import annotations

import pyexpat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import typer

from newsletter.cli.context import Context, Json
from newsletter.cli.dns_records import find_mail_records
from newsletter.cli.output import out, print_json, table
from newsletter.config.libraries import find_missing_libraries
from newsletter.config.settings import SendgridProvider, Settings
from newsletter.errors import NewsletterError, SourceError, StorageError
from newsletter.pipeline.fetching import probe_sources
from newsletter.pipeline.guarding import STALE
from newsletter.pipeline.incoming import probe_inbox, webhook_key
from newsletter.pipeline.messages import Letterhead, read_signatures
from newsletter.pipeline.providers import make_provider, name_of
from newsletter.pipeline.restraint import restraint_document, restraints
from newsletter.pipeline.sentences import probe_encoder
from newsletter.rendering.overrides import find_misnamed
from newsletter.storage import Health as DatabaseHealth
from newsletter.storage import Storage
from newsletter.storage.failures import DAMAGED

SAFE_EXPAT = (2, 7, 0)
"""Older ones lack fixes against attacks by XML (CVE-2023-52425 to CVE-2024-8176)."""


DAMAGES_TOLD = 3
MIN_KEY_CHARACTERS = 16
SCARCE_BYTES = 10_000_000
"""Room on the database's disk that a few editions fill."""


class Health(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"  # it works, and could bite later
    FAILED = "failed"  # it has to be mended


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    health: Health
    detail: str
    exit_code: int = 0


def doctor(ctx: typer.Context, json: Json = False) -> int:
    """Look at configuration, secrets, sources, provider, DNS, templates and database, and say what to mend."""
    context: Context = ctx.obj
    checks = list(_all_checks(context))
    exit_code = next((check.exit_code for check in checks if check.health is Health.FAILED), 0)
    if json:
        told = [{"name": check.name, "health": check.health.value, "detail": check.detail} for check in checks]
        print_json({"checks": told, "error": None, "exit_code": exit_code})
        return exit_code
    colours = {Health.OK: "green", Health.WARNING: "yellow", Health.FAILED: "bold red"}
    console = out()
    made = table("check", "health", "detail", rows=[(c.name, c.health, c.detail) for c in checks])
    for check, row in zip(checks, made.rows, strict=True):
        row.style = colours[check.health] if check.health is not Health.OK else ""
    console.print(made)
    return exit_code


def _all_checks(context: Context) -> Iterator[Check]:
    settings = context.settings
    yield Check("configuration", Health.OK, f"{len(settings.sources)} sources, {len(settings.readers)} readers")
    for problem in find_missing_libraries(settings, context.config_folder / "subscribers.yaml"):
        yield Check("library", Health.WARNING, str(problem))
    yield _secret(settings)
    yield _expat()
    yield _guarded("templates", lambda: (Letterhead(settings), "all compile")[1])
    for file, name in find_misnamed(settings.templates):
        yield Check("templates", Health.WARNING, f"{file} is not read: should it be named {name}?")
    yield _guarded("database", lambda: _database(settings))
    if settings.ranking.encoder:
        yield _guarded("encoder", lambda: probe_encoder(settings))
    yield from _sources(settings)
    yield _guarded("provider", lambda: _provider(settings))
    yield from _sending(settings)
    if settings.bounces.maildir or settings.bounces.imap:
        yield _guarded("bounces", lambda: str(probe_inbox(settings)))
    yield from _bounce_address(settings)
    yield from _mail_records(settings)


def _guarded(name: str, look: Callable[[], str | Check]) -> Check:
    """The check, or its word where all is well, or the error that it met."""
    try:
        said = look()
        return said if isinstance(said, Check) else Check(name, Health.OK, said)
    except NewsletterError as error:
        return Check(name, Health.FAILED, str(error), error.exit_code)


def _secret(settings: Settings) -> Check:
    if not settings.secret_keys:
        detail = "NEWSLETTER_SECRET_KEY is not set: links cannot be signed, mails carry mailto links only"
        return Check("secrets", Health.WARNING, detail)
    if min(len(key.get_secret_value()) for key in settings.secret_keys) < MIN_KEY_CHARACTERS:
        detail = f"NEWSLETTER_SECRET_KEY is shorter than {MIN_KEY_CHARACTERS} characters: links could be forged"
        return Check("secrets", Health.WARNING, detail)
    return Check("secrets", Health.OK, ".env is readable by its owner alone; links are signed")


def _expat() -> Check:
    version = pyexpat.version_info
    detail = f"expat {'.'.join(map(str, version))}"
    if version < SAFE_EXPAT:
        return Check(
            "xml", Health.WARNING, f"{detail} lacks security fixes (2.7 has them); feeds are parsed in a child process"
        )
    return Check("xml", Health.OK, detail)


def _database(settings: Settings) -> Check:
    with Storage.open(settings.database, durability=settings.durability) as storage:
        health = storage.check()
        is_stale = storage.snapshot_is_stale()
    return judge_database(health, is_stale=is_stale)


def judge_database(health: DatabaseHealth, *, is_stale: bool) -> Check:
    """What is to be said of a database that was looked at; StorageError where a run could not use it."""
    if health.damage:
        raise StorageError(f"{health.place}: {DAMAGED} ({'; '.join(health.damage[:DAMAGES_TOLD])})")
    if health.refusal:
        raise StorageError(health.refusal)
    if is_stale:
        raise StorageError(STALE)
    words = f"{health.engine}, schema {health.revision}, {health.size_bytes / 1e6:.1f} MB, {health.journal}"
    free = health.free_bytes
    if free is not None and free < SCARCE_BYTES:
        return Check("database", Health.WARNING, f"the disk is nearly full: {free / 1e6:.1f} MB free; {words}")
    return Check("database", Health.OK, words)


def _sources(settings: Settings) -> Iterator[Check]:
    """Each source is read once, without anything being stored."""
    for fetched in probe_sources(settings, now=datetime.now(UTC)):
        name = f"source {fetched.source}"
        if fetched.error:
            yield Check(name, Health.FAILED, fetched.error, SourceError.exit_code)
        else:
            yield Check(name, Health.OK, f"{len(fetched.entries)} entries")


def _provider(settings: Settings) -> str:
    with make_provider(settings) as provider:
        words = f"{provider.name} lets us in"
    # Where the database is ill the circuit stays as it is; the check of the database tells of that.
    with suppress(NewsletterError), Storage.open(settings.database, durability=settings.durability) as storage:
        storage.circuits.half_open(name_of(settings.provider), at=datetime.now(UTC))
    return words


def _sending(settings: Settings) -> Iterator[Check]:
    """What holds mail back, if anything does."""
    try:
        with Storage.open(settings.database, durability=settings.durability) as storage:
            document = restraint_document(settings, storage)
    except NewsletterError:
        return  # the check of the database tells of it
    if found := "; ".join(restraints(document)):
        is_held = any(document[part] for part in ("left_alone_until", "holds", "brakes", "complaints"))
        yield Check("sending", Health.WARNING if is_held else Health.OK, found)


def _bounce_address(settings: Settings) -> Iterator[Check]:
    """Whether what comes back can be told apart, and what SendGrid tells be believed."""
    bounces = settings.bounces
    if bounces.address and not settings.secret_keys:
        detail = "without NEWSLETTER_SECRET_KEY mails share one return path: bounces are told apart by their text alone"
        yield Check("return path", Health.WARNING, detail)
    elif bounces.address and (bounces.maildir or bounces.imap) is None:
        detail = "bounces.address is set, and neither bounces.maildir nor bounces.imap: nobody reads what comes back"
        yield Check("return path", Health.WARNING, detail)
    if isinstance(settings.provider, SendgridProvider) and settings.provider.webhook_key:
        yield _guarded("webhook", lambda: (webhook_key(settings), "events are believed if SendGrid signed them")[1])


def _mail_records(settings: Settings) -> Iterator[Check]:
    """SPF, DKIM and DMARC of the sender's domain, for mail that leaves by SMTP or SendGrid."""
    if settings.provider.kind in {"files", "console"}:
        return
    domain = settings.sender.email.rpartition("@")[2]
    for record in find_mail_records(domain, read_signatures(settings)):
        yield Check(f"{record.name} of {domain}", Health.OK if record.found else Health.WARNING, record.detail)
