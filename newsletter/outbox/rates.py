"""How many messages may leave: a second and a day, by provider and by recipients' domain.

What has left is in the database, so that a limit holds over restarts and for several processes together. Nothing of
this is asked where no limit is set and no domain has asked for a pause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from threading import Lock

from newsletter.addresses import normal_form
from newsletter.config.settings import DomainRate, Rate
from newsletter.errors import ProviderBusy
from newsletter.model import (
    LONGEST_TOLD_WAIT_SECONDS,
    Delivery,
    DeliveryState,
    Outcome,
    Subscriber,
    Trouble,
    Verdict,
)
from newsletter.outbox.retries import told_wait
from newsletter.storage.ledger import Settlement
from newsletter.storage.rates import EVERYBODY, Bucket, Hold, Rates
from newsletter.text.instants import told_instant

LONGEST_PAUSE_SECONDS = 60.0
"""A sender waits no longer for its turn: what has to wait longer is left to the next run."""
FIRST_HOLD_SECONDS = 60.0
LONGEST_HOLD_SECONDS = 3600.0
AFTER_HOLD_SECONDS = 0.1
"""Between two messages to a domain that had asked for a pause."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What of a group may leave now, and what waits."""

    now: Sequence[Delivery] = ()
    later: Sequence[Settlement] = ()
    """When the turn of each of the others comes; that spends no attempt."""
    turns: Sequence[datetime] = ()
    """Of those: when they are due that wait for a rate, and so perhaps only for a moment."""


@dataclass(frozen=True, slots=True)
class Grant:
    """How many messages may leave now; of none, in how many seconds to ask again."""

    count: int
    wait_seconds: float | None = None
    """``None`` beside a count of 0: no more today."""


class Pace:
    """What a sender has to keep to; its lanes share it."""

    def __init__(
        self, store: Rates, provider: str, rate: Rate | None, *, zone: tzinfo, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._provider = provider
        self._zone = zone
        self._clock = clock
        self._rate = rate if rate and (rate.per_second or rate.per_day or rate.warm_up) else None
        self._domains: Mapping[str, DomainRate] = rate.per_domain if rate else {}
        self._holds = {domain: hold for domain, hold in store.holds(provider).items() if domain != EVERYBODY}
        self._tails: dict[str, datetime] = {}
        """Domain -> when the last of those that wait for their turn is due."""
        self._lock = Lock()
        self.notes: dict[str, str] = {}
        """What an operator should hear, by what it is about."""

    def enter(self) -> None:
        """Raises ``ProviderBusy`` while the provider is to be left alone because it said so; a day is the longest."""
        at, hold = self._clock(), self._store.holds(self._provider).get(EVERYBODY)
        if hold and at < hold.until <= at + timedelta(seconds=LONGEST_TOLD_WAIT_SECONDS):
            seconds = (hold.until - at).total_seconds()
            until = told_instant(hold.until, at)
            words = f"{self._provider} is left alone until {until}, as it asked: {hold.reason}"
            raise ProviderBusy(words, retry_after_seconds=seconds)

    def hold_all(self, seconds: float, reason: str) -> None:
        """Keeps everybody away as long as the provider asked, a day at most, also those who come after a restart."""
        until = self._clock() + told_wait(seconds)
        self._store.hold(self._provider, EVERYBODY, Hold(until=until, times=1, reason=reason))

    # -- all mail ------------------------------------------------------------------------------------------------

    def grant(self, most: int) -> Grant:
        """Takes leave for as many messages as may be sent now, at most these."""
        if self._rate is None:
            return Grant(most)
        grant = self._take(EVERYBODY, self._rate, most, is_patient=True)
        if grant.count:
            return grant
        if grant.wait_seconds is None:
            words = f"{self._provider} has had all messages that provider.rate allows for today"
            self.notes["day"] = f"{words}; the rest waits for a run of tomorrow, and fails where that is too late"
        elif grant.wait_seconds > LONGEST_PAUSE_SECONDS:
            words = f"by provider.rate the next message may leave in {grant.wait_seconds:.0f} seconds"
            self.notes["pause"] = f"{words}; the rest waits for a later run"
            return Grant(0)
        return grant

    def give_back(self, unused: int) -> None:
        """Takes back leave for messages that did not leave."""
        if self._rate is not None and unused > 0:
            self._store.change(
                self._provider, EVERYBODY, self._fresh(self._rate), lambda b: (returned(b, unused), None)
            )

    # -- recipients' domains -------------------------------------------------------------------------------------

    def admit(self, deliveries: Sequence[Delivery], readers: Mapping[str, Subscriber]) -> Admission:
        """Those that may leave now, and for the others when their turn comes."""
        if not (self._holds or self._domains):
            return Admission(deliveries)
        by_domain: dict[str, list[Delivery]] = defaultdict(list)
        for one in deliveries:
            by_domain[domain_of(readers[one.subscriber].email)].append(one)
        held: list[Settlement] = []
        paced: list[Settlement] = []
        for domain, theirs in by_domain.items():
            waits = self._held(domain, theirs)
            held += waits
            paced += [] if waits else self._paced(domain, theirs)
        later = held + paced
        waiting = {wait.delivery.id for wait in later}
        now = [one for one in deliveries if one.id not in waiting]
        return Admission(now, later, [wait.retry_at for wait in paced if wait.retry_at])

    def _held(self, domain: str, theirs: Sequence[Delivery]) -> list[Settlement]:
        """All of them, while the domain asks for a pause."""
        at, hold = self._clock(), self._holds.get(domain)
        if hold is None or not at < hold.until <= at + timedelta(seconds=LONGEST_HOLD_SECONDS):
            return []
        step = timedelta(seconds=AFTER_HOLD_SECONDS)
        return self._line_up(domain, theirs, first=hold.until, step=step, why=f"{domain} asked for a pause")

    def _paced(self, domain: str, theirs: Sequence[Delivery]) -> list[Settlement]:
        """Those that are too many for the domain's rate just now."""
        at, rate = self._clock(), self._domains.get(domain)
        if rate is None:
            return []
        grant = self._take(domain, rate, len(theirs))
        late = theirs[grant.count :]
        if not late:
            return []
        if grant.count == 0 and grant.wait_seconds is None:
            first, step = next_day(at, self._zone), timedelta(0)
        else:
            step = timedelta(seconds=1 / (rate.per_second or 1.0))
            first = at + max(step, timedelta(seconds=grant.wait_seconds or 0.0))
        return self._line_up(domain, late, first=first, step=step, why=f"provider.rate for {domain}")

    def _line_up(
        self,
        domain: str,
        waiting: Iterable[Delivery],
        *,
        first: datetime,
        step: timedelta,
        why: str,
    ) -> list[Settlement]:
        """One after the other, behind those who wait already."""
        lined_up = []
        with self._lock:
            for one in waiting:
                tail = self._tails.get(domain)
                turn = self._tails[domain] = first if tail is None else max(first, tail + step)
                lined_up.append(
                    Settlement(
                        delivery=one,
                        state=DeliveryState.RETRY,
                        retry_at=turn,
                        error=f"waits for its turn: {why}",
                        spends_attempt=False,
                    )
                )
        return lined_up

    def note(self, addresses: Iterable[str], outcomes: Sequence[Outcome]) -> None:
        """Takes down what a group came to: a recipients' domain that wants less gets nothing for a while."""
        if not (self._holds or any(outcome.trouble is Trouble.DOMAIN for outcome in outcomes)):
            return
        for address, outcome in zip(addresses, outcomes, strict=True):
            domain = domain_of(address)
            if outcome.trouble is Trouble.DOMAIN:
                self._hold(domain, outcome.detail)
            elif outcome.verdict is Verdict.SENT:
                self._lift(domain)

    def _lift(self, domain: str) -> None:
        """Forgets a hold once a message got through after it; one that was on its way before it says nothing."""
        with self._lock:
            hold = self._holds.get(domain)
            if hold is None or hold.until > self._clock():
                return
            del self._holds[domain]
        self._store.lift(self._provider, domain)

    def _hold(self, domain: str, reason: str) -> None:
        at = self._clock()
        with self._lock:
            before = self._holds.get(domain)
            if before is not None and before.until > at:
                return  # said already by another message of the group
            times = before.times + 1 if before else 1
            pause = min(LONGEST_HOLD_SECONDS, FIRST_HOLD_SECONDS * 2 ** min(times - 1, 10))
            hold = self._holds[domain] = Hold(until=at + timedelta(seconds=pause), times=times, reason=reason)
            self._tails.pop(domain, None)
        self._store.hold(self._provider, domain, hold)

    # -- inside --------------------------------------------------------------------------------------------------

    def _take(self, domain: str, rate: Rate | DomainRate, most: int, *, is_patient: bool = False) -> Grant:
        at = self._clock()
        today = at.astimezone(self._zone).date()
        return self._store.change(
            self._provider,
            domain,
            self._fresh(rate),
            lambda bucket: take(bucket, rate, most, at=at, today=today, is_patient=is_patient),
        )

    def _fresh(self, rate: Rate | DomainRate) -> Bucket:
        at = self._clock()
        return Bucket(tokens=at_once(rate), filled_at=at, day=at.astimezone(self._zone).date())


def take(
    bucket: Bucket, rate: Rate | DomainRate, most: int, *, at: datetime, today: date, is_patient: bool = False
) -> tuple[Bucket, Grant]:
    """The bucket after as many messages as may leave now, at most these; and how many they are.

    ``is_patient``: none rather than few, where more may leave in a moment.
    """
    bucket = _of_today(_filled(bucket, rate, at), today)
    cap = day_cap(rate, bucket.days)
    count = most if cap is None else min(most, cap - bucket.sent)
    if count <= 0:
        return bucket, Grant(0)
    if rate.per_second is not None:
        enough = min(count, int(at_once(rate))) if is_patient else 1
        if bucket.tokens < enough:
            return bucket, Grant(0, (enough - bucket.tokens) / rate.per_second)
        count = min(count, int(bucket.tokens))
        bucket = replace(bucket, tokens=bucket.tokens - count)
    return replace(bucket, sent=bucket.sent + count), Grant(count)


def returned(bucket: Bucket, unused: int) -> Bucket:
    """The bucket after that many did not leave after all."""
    return replace(bucket, tokens=bucket.tokens + unused, sent=max(0, bucket.sent - unused))


def at_once(rate: Rate | DomainRate) -> float:
    """How many may leave at the same moment: those of half a second, and one at least."""
    return max(1.0, (rate.per_second or 0.0) / 2)


def day_cap(rate: Rate | DomainRate, days: int) -> int | None:
    """How many may leave on a day after so many earlier ones; ``None``: any number."""
    warm_up = rate.warm_up if isinstance(rate, Rate) else None
    if warm_up is None:
        return rate.per_day
    ramp: int = warm_up.first_day * 2 ** min(days // warm_up.double_every, 40)
    return ramp if rate.per_day is None else min(ramp, rate.per_day)


def next_day(at: datetime, zone: tzinfo) -> datetime:
    """The midnight that comes next there."""
    return datetime.combine(at.astimezone(zone).date() + timedelta(days=1), time(0), zone)


def domain_of(address: str) -> str:
    """What stands after the @, as settings write it."""
    return normal_form(address).rpartition("@")[2]


def _filled(bucket: Bucket, rate: Rate | DomainRate, at: datetime) -> Bucket:
    """A clock that was set back fills nothing, and holds nothing up."""
    seconds = max(0.0, (at - bucket.filled_at).total_seconds())
    tokens = min(at_once(rate), bucket.tokens + seconds * (rate.per_second or 0.0))
    return replace(bucket, tokens=tokens, filled_at=at)


def _of_today(bucket: Bucket, today: date) -> Bucket:
    """A day that is far ahead was a wrong clock's."""
    if bucket.day < today or bucket.day > today + timedelta(days=1):
        return replace(bucket, day=today, sent=0, days=bucket.days + (bucket.sent > 0))
    return bucket
