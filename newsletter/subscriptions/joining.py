"""How a person becomes a reader by themselves, and comes back: asked, confirmed, perhaps approved.

Whoever types an address learns nothing of it: what becomes of a sign-up is told to the address alone, by a letter.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.model import Consent, ConsentAct, LetterKind, Owner, Subscriber, SubscriberState
from newsletter.storage import Storage
from newsletter.storage.limits import EVERYBODY, Allowed
from newsletter.storage.suppressions import UNSUBSCRIBED
from newsletter.subscriptions.letters import plan_letter
from newsletter.subscriptions.readers import UNCONFIRMED, is_address, reader_named, remove_files, stored_reader
from newsletter.tokens import LIVES, Purpose

WORDS = "sign-up 1"
"""The version of what the pages say about being mailed; words that ask for anything else are a new one."""
TO_ONE_ADDRESS = (Allowed(1, timedelta(minutes=15)), Allowed(3, timedelta(days=1)))
FROM_ONE_PLACE = Allowed(10, timedelta(hours=1))
ALTOGETHER = Allowed(500, timedelta(hours=1))
"""Letters to people who typed an address: nobody is to flood a stranger, or strangers, through us."""
ANSWERS = Allowed(3, timedelta(days=1))
"""Letters to one address because somebody confirmed it, who may leave and confirm again without end."""
KEPT_UNCONFIRMED = LIVES[Purpose.CONFIRM] or timedelta(days=7)


class Joined(StrEnum):
    """What came of a confirmation."""

    WELCOME = "welcome"  # mail begins
    WAITING = "waiting"  # the operator has to say yes
    ALREADY = "already"  # it was confirmed before


def takes_sign_ups(settings: Settings) -> bool:
    """Whether anybody may sign up: the operator lets them, and a mail can lead back to our pages and be lawful."""
    return bool(settings.signup.open and settings.base_url and settings.secret_keys and settings.postal_address)


def sign_up(settings: Settings, storage: Storage, wanted: Subscriber, *, came_from: str, now: datetime) -> bool:
    """Takes a sign-up down and writes its letter; false where that network address asks too often.

    Nothing else that comes of it can be told from outside: not who is known, and not that the address had its letters.
    """
    if not storage.limits.take("letters from", place_of(came_from), FROM_ONE_PLACE, at=now):
        return False
    if storage.limits.take("letters to", wanted.email, *TO_ONE_ADDRESS, at=now):
        known = _known(settings, storage, wanted.email, now=now)
        if storage.limits.take("letters", EVERYBODY, ALTOGETHER, at=now):
            if known is None or known.state is SubscriberState.PENDING:
                asked = replace(wanted, owner=Owner.DATABASE, state=SubscriberState.PENDING, created_at=now)
                known = storage.subscribers.ask(asked) or storage.subscribers.by_email(wanted.email)
            if known is not None:  # else they confirmed and were erased, all in this moment
                said = _word_of(known, ConsentAct.ASKED, "page", now=now)
                storage.consents.add(said, came_from=came_from)
                plan_letter(storage, _letter_to(storage, known), known, sender=settings.sender, now=now)
    return True


def is_confirmed(storage: Storage, reader: Subscriber) -> bool:
    """Whether there is nothing left for the reader to say."""
    is_known = reader.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED, SubscriberState.WAITING}
    return is_known and not storage.suppressions.is_suppressed(reader.email)


def confirm(settings: Settings, storage: Storage, reader: Subscriber, *, came_from: str, now: datetime) -> Joined:
    """The person's own yes, which undoes whatever kept their address from being mailed; as often as it is said."""
    if is_confirmed(storage, reader):
        return Joined.WAITING if reader.state is SubscriberState.WAITING else Joined.ALREADY
    is_new = reader.state in {SubscriberState.PENDING, SubscriberState.REMOVED, SubscriberState.WAITING}
    waits = settings.signup.approve and is_new
    was_reading = reader.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}
    state = SubscriberState.WAITING if waits else SubscriberState.ACTIVE
    owner = Owner.DATABASE if reader.state is SubscriberState.REMOVED else reader.owner
    kept = reader.paused_until if was_reading else None
    joined = replace(reader, state=reader.state if was_reading else state, owner=owner, paused_until=kept)
    said = _word_of(reader, ConsentAct.CONFIRMED, "page", now=now)
    if not storage.moves.make(reader, joined, said=said, lifts=True, came_from=came_from):
        return Joined.ALREADY  # pressed twice at once, or left or erased in the meantime
    _answer(settings, storage, LetterKind.WAITING if waits else LetterKind.WELCOME, joined, now=now)
    return Joined.WAITING if waits else Joined.WELCOME


def approve_reader(settings: Settings, storage: Storage, address: str, *, now: datetime) -> Subscriber:
    """The operator's yes to somebody who waits for it; UsageError for anybody else."""
    reader = reader_named(address, settings, storage)
    if reader.state is not SubscriberState.WAITING:
        raise UsageError(f"{address}: is {reader.state}, and does not wait for approval")
    approved = replace(reader, state=SubscriberState.ACTIVE)
    if not storage.moves.make(reader, approved, said=_word_of(reader, ConsentAct.APPROVED, "operator", now=now)):
        raise UsageError(f"{address}: does not wait for approval any more")
    _answer(settings, storage, LetterKind.WELCOME, approved, now=now)
    return approved


def decline_reader(settings: Settings, storage: Storage, address: str) -> Subscriber:
    """The operator's no to somebody who waits for a yes: all that is held of them goes, and no letter says so; they may
    ask again. UsageError for anybody else."""
    reader = reader_named(address, settings, storage)
    if reader.state is not SubscriberState.WAITING:
        raise UsageError(f"{address}: is {reader.state}, and does not wait for approval")
    if not storage.subscribers.forget(reader.id, was=reader.state):
        raise UsageError(f"{address}: does not wait for approval any more")
    remove_files(settings, reader)
    return reader


def come_back(storage: Storage, reader: Subscriber, *, came_from: str, now: datetime) -> bool:
    """Undoes leaving, as often as it is said; false where something else keeps the address from being mailed."""
    barred = storage.suppressions.reasons([reader.email]).get(reader.email)
    if reader.state in {*UNCONFIRMED, SubscriberState.REMOVED} or (barred and barred[0] != UNSUBSCRIBED):
        return False
    if barred or reader.state is SubscriberState.LEFT:
        state = SubscriberState.ACTIVE if reader.state is SubscriberState.LEFT else reader.state
        back, said = replace(reader, state=state), _word_of(reader, ConsentAct.RETURNED, "page", now=now)
        if not storage.moves.make(reader, back, said=said, lifts=True, came_from=came_from):
            return storage.subscribers.by_id(reader.id) is not None
    return True


def forget_unconfirmed(storage: Storage, *, now: datetime) -> int:
    """Deletes sign-ups that nobody has confirmed while they could; how many."""
    return storage.subscribers.forget_pending(before=now - KEPT_UNCONFIRMED)


def place_of(came_from: str) -> str:
    """A network address as limits count it: of IPv6 the network, for one machine has a whole one to itself."""
    try:
        address = ip_address(came_from)
    except ValueError:
        return came_from or "unknown"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else f"{address.exploded[:19]}::/64"
    return str(address)


def _known(settings: Settings, storage: Storage, email: str, *, now: datetime) -> Subscriber | None:
    """Who has the address; whom only subscribers.yaml knows gets a row."""
    stored = storage.subscribers.by_email(email)
    if stored or not any(is_address(reader.email, email) for reader in settings.readers):
        return stored
    if storage.suppressions.is_suppressed(email):  # erased: a reader of the file no more
        return None
    return stored_reader(settings, storage, email, now=now)


def _letter_to(storage: Storage, reader: Subscriber) -> LetterKind:
    if not is_confirmed(storage, reader):
        return LetterKind.CONFIRM
    return LetterKind.WAITING if reader.state is SubscriberState.WAITING else LetterKind.KNOWN


def _answer(settings: Settings, storage: Storage, kind: LetterKind, reader: Subscriber, *, now: datetime) -> None:
    """Plans the letter that follows a yes, unless the address had its share of them."""
    if storage.limits.take("answers to", reader.email, ANSWERS, at=now):
        plan_letter(storage, kind, reader, sender=settings.sender, now=now)


def _word_of(reader: Subscriber, act: ConsentAct, method: str, *, now: datetime) -> Consent:
    return Consent(subscriber=reader.id, at=now, act=act, method=method, words=WORDS)
