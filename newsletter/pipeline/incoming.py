"""What is told about our mail after it left: read, and written down."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from newsletter.config.settings import SendgridProvider, Settings
from newsletter.delivery.inbox import Found, Inbox, open_inbox
from newsletter.delivery.reports import Marks, read_report
from newsletter.delivery.sendgrid_events import read_events, require_signed
from newsletter.delivery.sendgrid_signature import read_key
from newsletter.errors import InboxError, UsageError
from newsletter.model import Event
from newsletter.storage import Storage
from newsletter.storage.events import Applied
from newsletter.text.numbers import counted

AT_ONCE = 100
"""Mails whose events are written down before they are marked as read."""

log = logging.getLogger(__name__)


def read_inbox(settings: Settings, storage: Storage, *, now: datetime) -> Applied:
    """Reads the mails that came back since the last time, where the settings say where they lie.

    A mail is marked as read once what it tells is stored: after a crash in between it is read again, and says nothing
    new. InboxError where the folder cannot be read; what was read until then is done.
    """
    inbox = open_inbox(settings.bounces)
    return Applied() if inbox is None else _read(inbox, storage, marks_of(settings), now)


def receive_sendgrid(
    settings: Settings, storage: Storage, *, body: bytes, headers: Mapping[str, str], now: datetime
) -> Applied:
    """Writes down what SendGrid posts to our webhook: the very bytes of the request, and its headers in whatever case.

    EventsTooLarge for more than 1 MB, NotSigned where nobody vouches for it, EventError where it is no list of events,
    UsageError where no key is configured: what is not signed is never believed. Nothing is written then.
    """
    require_signed(body, headers, key=webhook_key(settings), now=now)
    applied = storage.events.apply(read_events(body, now=now))
    log.info("sendgrid tells of %s", words_of(applied))
    return applied


def takes_sendgrid_events(settings: Settings) -> bool:
    """Whether SendGrid carries the mails: only then does anybody post events."""
    return isinstance(settings.provider, SendgridProvider)


def require_webhook_key(settings: Settings) -> None:
    """UsageError where SendGrid would post events to us that nobody could tell from forged ones."""
    if takes_sendgrid_events(settings):
        webhook_key(settings)


def words_of(applied: Applied) -> str:
    """What became of events, for a line."""
    words = {
        "known before": applied.known,
        "about nobody we know": applied.strange,
        "settled a delivery": applied.settled,
        "stopped the mail to an address": applied.suppressed,
    }
    more = "".join(f", {count} {name}" for name, count in words.items() if count)
    return counted(applied.new + applied.known, "event", "events") + more


def webhook_key(settings: Settings) -> str:
    """The key that SendGrid's events are signed with; UsageError where there is none, or what is set is no key."""
    key = settings.provider.webhook_key if isinstance(settings.provider, SendgridProvider) else None
    if key is None:
        raise UsageError(
            "provider.webhook_key is not set: events from SendGrid cannot be told from forged ones; turn its signed "
            "Event Webhook on and put the verification key that it shows there"
        )
    try:
        read_key(key)
    except ValueError as error:
        raise UsageError(f"provider.webhook_key: {error}") from error
    return key


def marks_of(settings: Settings) -> Marks:
    """What our messages are known by when they come back."""
    return Marks([key.get_secret_value() for key in settings.secret_keys], address=settings.bounces.address)


def probe_inbox(settings: Settings) -> str | None:
    """How the folder looks, for ``doctor``; ``None`` where none is set, InboxError where it cannot be read."""
    inbox = open_inbox(settings.bounces)
    if inbox is None:
        return None
    with inbox as opened:
        waits = next(opened.unread(), None) is not None
    return f"can be read; {'mails wait' if waits else 'nothing waits'} in it"


def _read(inbox: AbstractContextManager[Inbox], storage: Storage, marks: Marks, now: datetime) -> Applied:
    done, mails = Applied(), 0
    with inbox as opened:
        for some in _batches(opened.unread()):
            told = [event for mail in some for event in _tell(mail, marks, now)]
            done = done.plus(storage.events.apply(told))
            opened.mark_read(mail.key for mail in some)
            mails += len(some)
    if mails:
        log.info("%s came back, with %s", counted(mails, "mail", "mails"), words_of(done))
    return done


def _tell(mail: Found, marks: Marks, now: datetime) -> Sequence[Event]:
    """What a mail tells; one that our reading falls over is as good as one that tells nothing, and stops no other."""
    try:
        return read_report(mail.raw, now=now, marks=marks)
    except Exception as error:
        log.warning("a mail that came back cannot be read: %s", type(error).__name__)
        log.debug("where it failed", exc_info=True)
        return ()


def _batches(mails: Iterator[Found]) -> Iterator[Sequence[Found]]:
    """Some at a time; those that came before the folder failed are not lost by it."""
    some: list[Found] = []
    try:
        for mail in mails:
            some.append(mail)
            if len(some) == AT_ONCE:
                yield some
                some = []
    except InboxError:
        if some:
            yield some
        raise
    if some:
        yield some
