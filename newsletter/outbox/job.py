"""What is to be sent and how, and what all lanes of one sender share."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from threading import Event, Lock

from newsletter.config.settings import Rate
from newsletter.delivery import Provider
from newsletter.errors import NewsletterError
from newsletter.model import DIGEST, Delivery, DeliveryState, Message, Subscriber
from newsletter.outbox.brakes import Brakes
from newsletter.outbox.circuit import Circuit
from newsletter.outbox.rates import Pace
from newsletter.outbox.repeats import Repeats
from newsletter.storage import Settlement, Storage

LOOK_UP_SECONDS = 0.2
"""How often a lane that waits looks whether another one has failed."""

OnState = Callable[[DeliveryState], None]
OnSettled = Callable[[Settlement], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a sender needs, beside the ledger."""

    owner: str
    """Names this process in leases."""
    render: Callable[[Delivery, Subscriber], Message]
    """Makes the message of a leased delivery out of its frozen inputs."""
    open_provider: Callable[[], Provider]
    """One connection; called once a lane, and again after each pause that the provider asks for."""
    now: datetime
    """The product's clock as sending begins: digests whose day is over are not sent."""
    provider: str = "the provider"
    """What it is known by from run to run: its circuit and its rates are kept under this name."""
    rate: Rate | None = None
    """How many messages may leave; ``None``: any number."""
    zone: tzinfo = UTC
    """Whose midnight ends a day of the rate."""
    lanes: int = 1
    only: frozenset[str] | None = None
    """Ids of the readers to send to; ``None`` is everyone."""
    letters_only: bool = False
    """Whether digests are left for the next run."""
    keep_bodies: bool = True
    stop: Event = field(default_factory=Event)
    """Set from outside: finish the message at hand, begin no other, wait for nothing."""
    may_send: Callable[[], bool] = lambda: True
    """Asked before each lease: whether the lock under which we send is still ours."""
    credentials: Callable[[], str] = str
    """What tells changed credentials from those that were refused; asked only where some were."""


@dataclass(slots=True)
class Tally:
    """What became of the deliveries of one run."""

    states: Counter[DeliveryState] = field(default_factory=Counter)
    """Of digests."""
    letters: Counter[DeliveryState] = field(default_factory=Counter)
    """Of all else."""
    error: NewsletterError | None = None
    """Why sending stopped part-way."""
    notes: tuple[str, ...] = ()
    """What an operator should hear although nothing failed: a limit that was reached, a brake that was pulled."""
    _lock: Lock = field(default_factory=Lock)

    def count(self, settled: Settlement) -> None:
        """Adds one delivery; lanes call it at the same time."""
        counts = self.states if settled.delivery.kind == DIGEST else self.letters
        with self._lock:
            counts[settled.state] += 1


class Job:
    """One sending: its lanes, and what they know together."""

    def __init__(self, storage: Storage, sending: Sending, count: OnSettled) -> None:
        self.storage, self.sending, self.count = storage, sending, count
        self.broken = Event()
        """Set by the first lane that fails: the others stop."""
        self.circuit = Circuit(storage.circuits, sending.provider, credentials=sending.credentials, clock=self.clock)
        self.pace = Pace(storage.rates, sending.provider, sending.rate, zone=sending.zone, clock=self.clock)
        self.brakes = Brakes(storage, now=self.now, clock=self.clock)
        self.repeats = Repeats(storage)
        self._began = time.monotonic()

    @property
    def goes_on(self) -> bool:
        """Whether another group may be begun."""
        return not self._is_over and self.sending.may_send()

    @property
    def _is_over(self) -> bool:
        return self.sending.stop.is_set() or self.broken.is_set()

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should hear."""
        return (*self.brakes.notes.values(), *self.pace.notes.values())

    def clock(self) -> datetime:
        """The machine's clock."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """The product's clock, which goes on while messages are sent."""
        return self.sending.now + timedelta(seconds=time.monotonic() - self._began)

    def wait(self, seconds: float) -> bool:
        """Waits, and not a moment longer than sending goes on; whether it does."""
        end = time.monotonic() + seconds
        while not self._is_over and (left := end - time.monotonic()) > 0:
            self.sending.stop.wait(min(left, LOOK_UP_SECONDS))
        return not self._is_over

    def is_anything_ready(self) -> bool:
        """Whether a lease would find something to do."""
        sending = self.sending
        return self.storage.deliveries.is_anything_ready(
            at=self.clock(), only=sending.only, letters_only=sending.letters_only
        )
