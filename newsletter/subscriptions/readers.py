"""Who our readers are, whoever owns their profile."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from newsletter.addresses import normal_form
from newsletter.config.settings import FilesProvider, Settings
from newsletter.delivery.files import remove_mails
from newsletter.errors import ConfigError, Problem, UsageError
from newsletter.model import (
    Consent,
    ConsentAct,
    Owner,
    Subscriber,
    SubscriberState,
    entry_id,
)
from newsletter.storage import Storage
from newsletter.storage.suppressions import ERASED
from newsletter.text.numbers import counted

PREVIEW_FOLDER = "preview"
"""Beside config/."""
UNCONFIRMED = frozenset({SubscriberState.PENDING, SubscriberState.WAITING})
"""Who signed up and gets no digests yet."""
NO_READERS = "there are no readers: add one to config/subscribers.yaml, or `newsletter subscribers add`"


def readers(settings: Settings, storage: Storage) -> list[Subscriber]:
    """All readers as they stand now, those of subscribers.yaml first; writes nothing.

    What the file says of a person goes before what the database says; leaving goes before both.
    """
    stored = {normal_form(subscriber.email): subscriber for subscriber in storage.subscribers.all()}
    erased = storage.suppressions.among([reader.email for reader in settings.readers], reason=ERASED)
    kept = [reader for reader in settings.readers if reader.email not in erased]
    from_file = [_with_stored_state(reader, stored.pop(normal_form(reader.email), None)) for reader in kept]
    others = [subscriber for subscriber in stored.values() if subscriber.owner is Owner.DATABASE]
    return from_file + others


def reader_named(address: str, settings: Settings, storage: Storage) -> Subscriber:
    """The reader with that address; UsageError names the nearest ones where there is none."""
    stored = storage.subscribers.by_email(address)
    wanted = normal_form(address)
    listed = next((reader for reader in settings.readers if normal_form(reader.email) == wanted), None)
    if listed and not storage.suppressions.among([listed.email], reason=ERASED):
        return _with_stored_state(listed, stored)
    if stored:  # perhaps of a line that was deleted: still to be shown, replayed, erased
        return stored
    some = _some(readers(settings, storage))
    raise UsageError(f"{address}: no reader has this address (readers: {some or 'there are none'})")


def reader_of(subscriber_id: str, settings: Settings, storage: Storage) -> Subscriber | None:
    """The reader of that id as they stand now; ``None`` where nobody has it."""
    stored = storage.subscribers.by_id(subscriber_id)
    return None if stored is None else next(iter(as_they_stand([stored], settings, storage)))


def as_they_stand(stored: Sequence[Subscriber], settings: Settings, storage: Storage) -> list[Subscriber]:
    """These readers of the database, with what subscribers.yaml says of them now."""
    of_file = {normal_form(reader.email): reader for reader in settings.readers}
    erased = storage.suppressions.among([one.email for one in stored], reason=ERASED)
    said = [None if one.email in erased else of_file.get(normal_form(one.email)) for one in stored]
    return [_with_stored_state(new, old) if new else old for new, old in zip(said, stored, strict=True)]


def only_reader(settings: Settings, storage: Storage) -> Subscriber:
    """The one reader there is; UsageError where there are none, or several of whom one has to be named."""
    known = readers(settings, storage)
    if not known:
        raise UsageError(NO_READERS)
    if len(known) > 1:
        raise UsageError(f"there are several readers, name one with --subscriber EMAIL (readers: {_some(known)})")
    return known[0]


def _some(known: Sequence[Subscriber]) -> str:
    """The first addresses, for a message."""
    return ", ".join(reader.email for reader in known[:5]) + (", …" if len(known) > 5 else "")


def gets_mail(reader: Subscriber, today: date) -> bool:
    """Whether the reader is to be mailed on that local date, days and hours aside."""
    if reader.state is SubscriberState.PAUSED:
        return reader.paused_until is not None and today >= reader.paused_until
    return reader.state is SubscriberState.ACTIVE


def count_readers(settings: Settings, storage: Storage) -> Counter[SubscriberState]:
    """How many readers there are in each state."""
    return Counter(reader.state for reader in readers(settings, storage))


def require_lawful(settings: Settings, storage: Storage) -> None:
    """ConfigError for what must be mended before anybody is mailed: no postal address, no file of readers any more."""
    if not settings.has_readers_file:
        lost = [one for one in storage.subscribers.all({SubscriberState.ACTIVE}) if one.owner is Owner.FILE]
        if lost:
            known = counted(len(lost), "reader of it is", "readers of it are")
            raise ConfigError(
                Problem(
                    "config/subscribers.yaml",
                    f"is gone, and {known} known; put it back, or write `subscribers: []` into it to stop their mail",
                )
            )
    if not settings.postal_address and sum(r.state is SubscriberState.ACTIVE for r in readers(settings, storage)) > 1:
        message = "`postal_address` is missing; expected one for the footer of mails to more than one reader"
        raise ConfigError(Problem("config/newsletter.yaml", message))


def add_reader(settings: Settings, storage: Storage, reader: Subscriber, *, now: datetime) -> Subscriber:
    """Adds a reader to the database; UsageError for one who is there, who left, or whose address must not be mailed."""
    stored = storage.subscribers.by_email(reader.email)
    if (stored and stored.state is not SubscriberState.REMOVED) or _in_file(settings, reader.email):
        raise UsageError(f"{reader.email}: is a reader already (`newsletter subscribers show {reader.email}`)")
    if storage.suppressions.is_suppressed(reader.email):
        raise UsageError(
            f"{reader.email}: is suppressed (unsubscribed, bounced, complained or erased); only they undo it"
        )
    known = stored.id if stored else ""
    added = replace(reader, id=known, owner=Owner.DATABASE, state=SubscriberState.ACTIVE, created_at=now)
    return storage.subscribers.save(added)


def change_reader(settings: Settings, storage: Storage, changed: Subscriber) -> None:
    """Keeps the wishes of a reader of the database; UsageError for one of subscribers.yaml."""
    if changed.owner is Owner.FILE or _in_file(settings, changed.email):
        raise UsageError("this reader stands in subscribers.yaml; change the lines there")
    storage.subscribers.change(changed)


def pause_reader(settings: Settings, storage: Storage, address: str, *, until: date | None, now: datetime) -> None:
    """Stops a reader's mail until a local date, or until resumed."""
    reader = stored_reader(settings, storage, address, now=now)
    if reader.state is SubscriberState.LEFT:
        raise UsageError(f"{address}: has unsubscribed; there is nothing to pause")
    if reader.state in UNCONFIRMED:
        raise UsageError(f"{address}: gets no mail yet; there is nothing to pause")
    storage.subscribers.set_state(reader.id, SubscriberState.PAUSED, paused_until=until, was=reader.state)


def resume_reader(settings: Settings, storage: Storage, address: str, *, now: datetime) -> None:
    """Starts a paused reader's mail again; whoever left comes back by themselves only."""
    reader = stored_reader(settings, storage, address, now=now)
    if reader.state is not SubscriberState.PAUSED:
        raise UsageError(f"{address}: is {reader.state}, not paused")
    storage.subscribers.set_state(reader.id, SubscriberState.ACTIVE, was=reader.state)


def leave(storage: Storage, subscriber_id: str, *, method: str, now: datetime, came_from: str | None = None) -> bool:
    """Ends a reader's mail, as often as it is said; false where nobody has that id.

    Somebody who never got mail is forgotten. ``method`` is ``page``, ``one-click``, ``mail`` or ``operator``.
    """
    was_there = False
    while (reader := storage.subscribers.by_id(subscriber_id)) is not None:
        was_there = True
        said = Consent(subscriber=reader.id, at=now, act=ConsentAct.LEFT, method=method)
        gone = replace(reader, state=SubscriberState.LEFT, paused_until=None)
        if reader.state in UNCONFIRMED:
            is_done = storage.subscribers.forget(reader.id, was=reader.state)
        elif reader.state is SubscriberState.LEFT:
            is_done = True
        else:
            is_done = storage.moves.make(reader, gone, said=said, came_from=came_from)
        if is_done:  # else they confirmed, paused or came back in this moment: leaving counts all the same
            break
    return was_there


def leave_by_address(settings: Settings, storage: Storage, address: str, *, now: datetime) -> None:
    """Ends the mail of a reader who asked for it in some other way than by a mail's own link."""
    leave(storage, stored_reader(settings, storage, address, now=now).id, method="operator", now=now)


def erase_reader(settings: Settings, storage: Storage, address: str, *, now: datetime) -> None:
    """Erases all that is held of a reader, kept mails too; a salted hash stays so that nothing mails them again."""
    reader = stored_reader(settings, storage, address, now=now)
    remove_files(settings, reader)
    storage.subscribers.erase(reader.id, now=now)


def remove_files(settings: Settings, reader: Subscriber) -> None:
    """Removes what lies of a reader outside of the database."""
    shutil.rmtree(settings.folder / PREVIEW_FOLDER, ignore_errors=True)  # made again by `preview`, without them
    if isinstance(settings.provider, FilesProvider):
        remove_mails(settings.provider.path, reader.email)


def _in_file(settings: Settings, address: str) -> bool:
    return any(is_address(reader.email, address) for reader in settings.readers)


def is_address(one: str, other: str) -> bool:
    """Whether two spellings are the same address."""
    return normal_form(one) == normal_form(other)


def stored_reader(settings: Settings, storage: Storage, address: str, *, now: datetime) -> Subscriber:
    """The reader's row, made where subscribers.yaml is all that knows them yet."""
    named = reader_named(address, settings, storage)
    stored = storage.subscribers.by_email(named.email)
    return stored or storage.subscribers.save(replace(named, id="", created_at=now))


def _with_stored_state(reader: Subscriber, stored: Subscriber | None) -> Subscriber:
    if stored is None:
        return replace(reader, id=entry_id(normal_form(reader.email)))
    state = SubscriberState.ACTIVE if stored.state is SubscriberState.REMOVED else stored.state
    if stored.owner is Owner.DATABASE and state in UNCONFIRMED:
        state = SubscriberState.ACTIVE
    return replace(reader, id=stored.id, state=state, paused_until=stored.paused_until, created_at=stored.created_at)
