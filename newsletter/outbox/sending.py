"""Lease a group, render it, record the hand-over, hand it over, record the answers.

The answers of one group, the hand-over of the next and the lease of the one after it are one commit.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from newsletter.delivery import Provider
from newsletter.errors import NewsletterError, ProviderError, StorageError
from newsletter.model import Delivery, DeliveryState, Message, Outcome, Subscriber, Verdict
from newsletter.outbox.retries import judge
from newsletter.storage import Storage
from newsletter.storage.ledger import WAITING, HandOver, Leased, Settlement, Wanted

GROUP = 20
"""Messages a connection is handed at once: what a kill can leave uncertain."""
LEASE = timedelta(minutes=5)

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
    """Set from outside: finish the message at hand, begin no other."""
    may_send: Callable[[], bool] = lambda: True
    """Asked before each lease: whether the lock under which we send is still ours."""


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
    """One connection's work: a group is sent while the next one is leased already, and both cost one commit."""

    def __init__(self, storage: Storage, sending: Sending, broken: Event, count: OnState) -> None:
        self._ledger = storage.deliveries
        self._sending = sending
        self._broken = broken
        self._count = count
        self._chance = random.Random()  # noqa: S311 jitter, not a secret
        self._leased = Leased()
        self._answers: list[Settlement] = []
        """What became of the group before; not recorded yet."""

    def drain(self) -> NewsletterError | None:
        """Sends group after group until nothing is ready, or until the provider is gone."""
        try:
            with self._sending.open_provider() as provider:
                try:
                    self._send_all(provider)
                finally:
                    self._give_back()
        except NewsletterError as error:
            self._broken.set()
            return error
        except BaseException:
            self._broken.set()
            raise
        return None

    def _send_all(self, provider: Provider) -> None:
        if self._goes_on:
            self._turn(HandOver(), lease=True)
        while self._goes_on and (self._leased.deliveries or self._leased.settled or self._answers):
            self._send_group(provider)

    @property
    def _goes_on(self) -> bool:
        return not self._sending.stop.is_set() and not self._broken.is_set() and self._sending.may_send()

    def _send_group(self, provider: Provider) -> None:
        """Renders what is leased, records it as handed over, and hands it over."""
        group = self._leased.deliveries
        messages = self._render(group, self._leased.subscribers)
        rendered = [delivery for delivery in group if delivery.id in messages]
        hand = HandOver(
            deliveries=rendered,
            bodies={d.id: messages[d.id].pieces or (messages[d.id].raw,) for d in rendered} if self._keeps else {},
            # The size governor may have moved papers below the line: those were not shown, and may come back.
            shown={d.id: messages[d.id].shown for d in rendered if messages[d.id].shown != d.shown},
            until=datetime.now(UTC) + LEASE,
        )
        handed = self._turn(hand, lease=True)
        self._hand_over(provider, [delivery for delivery in rendered if delivery.id in handed], messages)

    @property
    def _keeps(self) -> bool:
        return self._sending.keep_bodies

    def _turn(self, hand: HandOver, *, lease: bool) -> frozenset[int]:
        """Records the answers of the group before, the hand-over of this one, and the lease of the next."""
        sending, at = self._sending, datetime.now(UTC)
        wanted = Wanted(owner=sending.owner, limit=GROUP, until=at + LEASE, now=sending.now, at=at, only=sending.only)
        turned = self._ledger.turn(
            owner=sending.owner, answers=self._answers, hand=hand, lease=wanted if lease else None
        )
        self._answers, self._leased = [], turned.leased
        for state in (*(answer.state for answer in turned.recorded), *turned.leased.settled):
            if state not in WAITING:
                self._count(state)
        return turned.handed

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
                self._answers.append(
                    Settlement(delivery=delivery, state=DeliveryState.FAILED, error=f"not rendered: {error}")
                )
        return messages

    def _hand_over(self, provider: Provider, group: Sequence[Delivery], messages: Mapping[int, Message]) -> None:
        """Gives one group to the provider and takes down every answer, also where it breaks off."""
        outcomes: list[Outcome] = []
        unanswered = Outcome(verdict=Verdict.UNCERTAIN, detail="the sender stopped in the middle of the hand-over")
        try:
            if group:
                for outcome in provider.send([messages[delivery.id] for delivery in group]):
                    outcomes.append(outcome)
                    if self._sending.stop.is_set():  # what a provider was not asked for it has not begun
                        unanswered = Outcome(verdict=Verdict.NOT_HANDED)
                        break
        except ProviderError:
            unanswered = Outcome(verdict=Verdict.NOT_HANDED)
            raise
        finally:
            outcomes += [unanswered] * (len(group) - len(outcomes))
            at = datetime.now(UTC)
            self._answers = [
                judge(delivery, outcome, provider=provider.name, now=self._sending.now, at=at, chance=self._chance)
                for delivery, outcome in zip(group, outcomes, strict=True)
            ]
        if group and all(outcome.verdict is Verdict.NOT_HANDED for outcome in outcomes):
            # Leasing the same rows again at once would go round for ever.
            raise ProviderError(f"{provider.name} takes no mail now: {outcomes[0].detail or 'no reason given'}")

    def _give_back(self) -> None:
        """Records what the last group came to; what was leased and not handed over is ready again."""
        waiting = self._leased.deliveries
        failed = {answer.delivery.id for answer in self._answers}
        self._answers += [
            Settlement(delivery=delivery, state=DeliveryState.READY)
            for delivery in waiting
            if delivery.id not in failed
        ]
        if self._answers:
            self._turn(HandOver(), lease=False)
