"""Lease a group, render it, record the hand-over, hand it over, record the answers."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from newsletter.delivery import Provider
from newsletter.errors import NewsletterError, ProviderError, StorageError
from newsletter.model import Delivery, DeliveryState, Message, Outcome, Subscriber, Verdict
from newsletter.outbox.retries import judge
from newsletter.storage import Storage
from newsletter.storage.ledger import Settlement

GROUP = 20
"""Messages a connection is handed at once: what a kill can leave uncertain."""
LEASE = timedelta(minutes=5)

WAITING = frozenset({DeliveryState.READY, DeliveryState.RETRY})
"""States in which nothing has become of a delivery yet."""

log = logging.getLogger(__name__)

OnState = Callable[[DeliveryState], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a sender needs, beside the ledger."""

    owner: str
    """Names this process in leases."""
    render: Callable[[Delivery, Subscriber], Message]
    """Makes the message of a leased delivery out of its frozen inputs."""
    open_provider: Callable[[], Provider]
    """One connection; called once a lane."""
    now: datetime
    """The product's clock: digests whose day is over at this instant are not sent."""
    lanes: int = 1
    only: frozenset[str] | None = None
    """Ids of the readers to send to; ``None`` is everyone."""
    keep_bodies: bool = True
    stop: Event = field(default_factory=Event)
    """Set from outside: finish the group at hand, lease no more."""


@dataclass(slots=True)
class Tally:
    """What became of the deliveries of one run."""

    states: Counter[DeliveryState] = field(default_factory=Counter)
    error: NewsletterError | None = None
    """Why sending stopped part-way."""
    _lock: Lock = field(default_factory=Lock)

    def count(self, state: DeliveryState) -> None:
        """Adds one delivery; lanes call it at the same time."""
        with self._lock:
            self.states[state] += 1


def send_ready(storage: Storage, sending: Sending, on_state: OnState | None = None) -> Tally:
    """Hands over everything that is ready, group by group over ``lanes`` connections.

    ``on_state`` and the tally hear of deliveries that came to an end; what waits for a next try is in the ledger.
    A provider that cannot be reached or refuses us ends the sending: what was not handed over is ready again, and
    ``Tally.error`` says why. So does storage that fails: what cannot be recorded must not be sent.
    """
    tally = Tally()

    def count(state: DeliveryState) -> None:
        tally.count(state)
        if on_state:
            on_state(state)

    if not storage.deliveries.is_anything_ready(at=datetime.now(UTC), only=sending.only):
        return tally
    broken = Event()
    with ThreadPoolExecutor(max_workers=sending.lanes, thread_name_prefix="lane") as pool:
        lanes = [pool.submit(_Lane(storage, sending, broken, count).drain) for _ in range(sending.lanes)]
        errors = [lane.result() for lane in lanes]
    tally.error = next((error for error in errors if error), None)
    return tally


class _Lane:
    """One connection's work."""

    def __init__(self, storage: Storage, sending: Sending, broken: Event, count: OnState) -> None:
        self._ledger = storage.deliveries
        self._sending = sending
        self._broken = broken
        self._count = count
        self._chance = random.Random()  # noqa: S311 jitter, not a secret

    def drain(self) -> NewsletterError | None:
        """Sends group after group until nothing is ready, or until the provider is gone."""
        try:
            with self._sending.open_provider() as provider:
                while not self._sending.stop.is_set() and not self._broken.is_set() and self._send_group(provider):
                    pass
        except NewsletterError as error:
            self._broken.set()
            return error
        except BaseException:
            self._broken.set()
            raise
        return None

    def _send_group(self, provider: Provider) -> bool:
        """One group, from lease to record; false when there was nothing to lease."""
        sending, at = self._sending, datetime.now(UTC)
        leased = self._ledger.lease(
            owner=sending.owner, limit=GROUP, until=at + LEASE, now=sending.now, at=at, only=sending.only
        )
        for state in leased.settled:
            self._count(state)
        if not leased.deliveries:
            return bool(leased.settled)
        messages = self._render(leased.deliveries, leased.subscribers)
        rendered = [delivery for delivery in leased.deliveries if delivery.id in messages]
        bodies = {delivery.id: messages[delivery.id].raw for delivery in rendered} if sending.keep_bodies else {}
        # The size governor may have moved papers below the line: those were not shown, and may come back.
        shown = {d.id: messages[d.id].shown for d in rendered if messages[d.id].shown != d.shown}
        until = datetime.now(UTC) + LEASE
        ours = self._ledger.hand(rendered, owner=sending.owner, bodies=bodies, shown=shown, until=until)
        self._hand_over(provider, [delivery for delivery in rendered if delivery.id in ours], messages)
        return True

    def _render(self, deliveries: Sequence[Delivery], readers: Mapping[str, Subscriber]) -> dict[int, Message]:
        """The messages by delivery; one that cannot be rendered has failed, and stops no other."""
        messages: dict[int, Message] = {}
        for delivery in deliveries:
            try:
                messages[delivery.id] = self._sending.render(delivery, readers[delivery.subscriber])
            except StorageError:
                raise
            except Exception as error:
                log.warning("delivery %s cannot be rendered: %s", delivery.id, error)
                log.debug("where it failed", exc_info=True)
                self._record(
                    [Settlement(delivery=delivery, state=DeliveryState.FAILED, error=f"not rendered: {error}")]
                )
        return messages

    def _hand_over(self, provider: Provider, group: Sequence[Delivery], messages: Mapping[int, Message]) -> None:
        """Gives one group to the provider and records every answer, also where it breaks off."""
        outcomes: list[Outcome] = []
        unanswered = Outcome(verdict=Verdict.UNCERTAIN, detail="the sender stopped in the middle of the hand-over")
        try:
            for outcome in provider.send([messages[delivery.id] for delivery in group]):
                outcomes.append(outcome)  # noqa: PERF402 what came before an error counts
        except ProviderError:
            unanswered = Outcome(verdict=Verdict.NOT_HANDED)
            raise
        finally:
            outcomes += [unanswered] * (len(group) - len(outcomes))
            at = datetime.now(UTC)
            self._record(
                judge(delivery, outcome, provider=provider.name, now=self._sending.now, at=at, chance=self._chance)
                for delivery, outcome in zip(group, outcomes, strict=True)
            )
        if group and all(outcome.verdict is Verdict.NOT_HANDED for outcome in outcomes):
            # Leasing the same rows again at once would go round for ever.
            raise ProviderError(f"{provider.name} takes no mail now: {outcomes[0].detail or 'no reason given'}")

    def _record(self, settlements: Iterable[Settlement]) -> None:
        for settlement in self._ledger.record(list(settlements), owner=self._sending.owner):
            if settlement.state not in WAITING:
                self._count(settlement.state)
