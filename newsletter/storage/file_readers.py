"""The readers of subscribers.yaml beside those who are stored: who is new, who has changed, who is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from newsletter.addresses import normal_form
from newsletter.errors import UsageError
from newsletter.model import Owner, Subscriber, SubscriberState
from newsletter.storage.subscriber_rows import new_id


def by_address(readers: Iterable[Subscriber]) -> dict[str, Subscriber]:
    """The file's readers by the normal form of their address; UsageError where one stands twice."""
    found: dict[str, Subscriber] = {}
    for reader in readers:
        if found.setdefault(normal_form(reader.email), reader) is not reader:
            raise UsageError(f"{reader.email}: this reader stands twice in subscribers.yaml")
    return found


def merge(
    wanted: Mapping[str, Subscriber], stored: Mapping[str, Subscriber], *, erased: Collection[str], now: datetime
) -> tuple[list[Subscriber], list[Subscriber]]:
    """The file's readers as they stand now, in its order, and everyone whose record has to be written.

    By normal address, but ``erased`` as the file writes them; ``stored`` are the file's readers of before, and whoever
    has one of its addresses.
    """
    synced = [
        _from_file(reader, stored.get(address), now)
        for address, reader in wanted.items()
        if address in stored or reader.email not in erased
    ]
    gone = [_removed(old) for address, old in stored.items() if address not in wanted]
    known = set(stored.values())
    return synced, [new for new in [*synced, *gone] if new not in known]


def _from_file(reader: Subscriber, stored: Subscriber | None, now: datetime) -> Subscriber:
    """The file's word on everything but what only the database or the person can say."""
    if stored is None:
        return replace(reader, id=new_id(), owner=Owner.FILE, created_at=now)
    back = stored.state in {SubscriberState.REMOVED, SubscriberState.PENDING, SubscriberState.WAITING}
    return replace(
        reader,
        id=stored.id,
        owner=Owner.FILE,
        state=SubscriberState.ACTIVE if back else stored.state,
        paused_until=stored.paused_until,
        created_at=stored.created_at,
    )


def _removed(stored: Subscriber) -> Subscriber:
    return stored if stored.state is SubscriberState.LEFT else replace(stored, state=SubscriberState.REMOVED)
