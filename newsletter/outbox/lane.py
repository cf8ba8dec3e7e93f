"""Lease a group, render it, record the hand-over, hand it over, record the answers.

The answers of one group, the hand-over of the next and the lease of the one after it are one commit.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from newsletter.delivery import Provider
from newsletter.errors import NewsletterError, ProviderBusy, ProviderError, StorageError
from newsletter.model import Delivery, DeliveryState, Event, Message, Outcome, Subscriber, Verdict
from newsletter.outbox.bounces import bounces_among
from newsletter.outbox.circuit import LeftAlone
from newsletter.outbox.job import Job
from newsletter.outbox.rates import LONGEST_PAUSE_SECONDS, Grant
from newsletter.outbox.retries import judge_anything, told_wait
from newsletter.storage.ledger import WAITING, HandOver, Leased, Settlement, Wanted

GROUP = 20
"""Messages a connection is handed at once: what a kill can leave uncertain."""
LEASE = timedelta(minutes=5)
FIRST_PAUSE_SECONDS = 1.0
MOST_PAUSES = 5
"""So often in a row a lane comes back to a provider that asks to wait and does not say for how long."""

log = logging.getLogger(__name__)


class Lane:
    """One connection's work: a group is sent while the next one is leased already, and both cost one commit."""

    def __init__(self, job: Job, *, limit: int | None = None) -> None:
        """``limit``: so many messages in place of all there are."""
        self._job = job
        self._ledger = job.storage.deliveries
        self._sending = job.sending
        self._left = limit
        self._chance = random.Random()  # noqa: S311 jitter, not a secret
        self._leased = Leased()
        self._answers: list[Settlement] = []
        """What became of the group before; not recorded yet."""
        self._bounces: list[Event] = []
        """Of that group: addresses at which nobody is."""
        self._grant = Grant(0)
        """The leave that the last lease was given."""
        self._unused = 0
        """Messages that were given leave and did not leave; not told to the pace yet."""
        self._turns: list[datetime] = []
        """When messages are due that this lane put off because of a rate, and that are recorded so."""
        self._pauses = 0
        """In a row, without a message that was sent."""
        self.handed = 0
        """Messages that were given to the provider and answered."""

    def drain(self) -> NewsletterError | None:
        """Sends group after group until nothing is ready, or until the provider is gone."""
        try:
            while not self._is_drained():
                pass
        except NewsletterError as error:
            self._job.broken.set()
            return error
        except BaseException:
            self._job.broken.set()
            raise
        return None

    def _is_drained(self) -> bool:
        """Sends over one connection; false where that ended in a pause, and there is more to send."""
        try:
            with self._sending.open_provider() as provider:
                try:
                    self.send_all(provider)
                finally:
                    self._give_back()
        except LeftAlone:
            raise
        except ProviderError as error:
            is_left_alone = self._job.circuit.fail(error)
            if is_left_alone or not isinstance(error, ProviderBusy):
                raise
            return not self._pause(error)
        return True

    def _pause(self, busy: ProviderBusy) -> bool:
        """Waits as long as the provider says, else twice as long each time; whether to go on after that."""
        self._pauses += 1
        seconds = busy.retry_after_seconds
        if seconds is None:
            seconds = FIRST_PAUSE_SECONDS * 2 ** (self._pauses - 1)
            return self._pauses < MOST_PAUSES and self._job.wait(seconds) and self._job.is_anything_ready()
        seconds = told_wait(seconds).total_seconds()
        self._job.pace.hold_all(seconds, str(busy))
        if seconds > LONGEST_PAUSE_SECONDS:
            raise busy
        return self._job.wait(seconds)

    def send_all(self, provider: Provider) -> None:
        """Group after group over one connection."""
        if self._job.goes_on:
            self._turn(HandOver(), lease=True)
        while self._job.goes_on and (self._is_busy or self._await_turn()):
            self._send_group(provider)

    @property
    def _is_busy(self) -> bool:
        return bool(self._leased.deliveries or self._leased.settled or self._answers)

    def _await_turn(self) -> bool:
        """Waits for leave to send more, where there is more to send and it is a matter of moments."""
        wait = self._grant.wait_seconds if self._job.is_anything_ready() else None
        if wait is None:
            wait = self._seconds_to_next_turn()
        if self._left == 0 or wait is None or not self._job.wait(wait):
            return False
        self._turn(HandOver(), lease=True)
        return True

    def _seconds_to_next_turn(self) -> float | None:
        """How long until a message may leave that this lane put off; ``None`` where it put none off, or for long.

        A turn that came while the lane was busy is told too, once: nobody else waits for it.
        """
        at = datetime.now(UTC)
        seconds = max(0.0, (min(self._turns) - at).total_seconds()) if self._turns else LONGEST_PAUSE_SECONDS + 1
        self._turns = [turn for turn in self._turns if turn > at]
        return seconds if seconds <= LONGEST_PAUSE_SECONDS else None

    def _send_group(self, provider: Provider) -> None:
        """Renders what is leased, records it as handed over, and hands it over."""
        leased = self._leased
        admitted = self._job.pace.admit(leased.deliveries, leased.subscribers)
        group = admitted.now
        self._answers += admitted.later
        self._turns += admitted.turns
        messages = self._render(group, leased.subscribers)
        if provider.idempotency_seconds:
            self._answers += self._job.repeats.cannot_be_same(group, messages)
        rendered = [delivery for delivery in group if delivery.id in messages]
        hand = HandOver(
            deliveries=rendered,
            bodies={d.id: messages[d.id].pieces or (messages[d.id].raw,) for d in rendered} if self._keeps else {},
            # The size governor may have moved papers below the line: those were not shown, and may come back.
            shown={d.id: messages[d.id].shown for d in rendered if messages[d.id].shown != d.shown},
            until=datetime.now(UTC) + LEASE,
        )
        handed = self._turn(hand, lease=True)
        self._unused += len(leased.deliveries) - len(handed)
        self._hand_over(provider, [delivery for delivery in rendered if delivery.id in handed], messages)

    @property
    def _keeps(self) -> bool:
        return self._sending.keep_bodies

    def _turn(self, hand: HandOver, *, lease: bool) -> frozenset[int]:
        """Records the answers of the group before, the hand-over of this one, and the lease of the next.

        Where something is handed over, that is the last word to the storage before it is sent.
        """
        if self._bounces:
            self._settle_bounces()
        owner, at = self._sending.owner, datetime.now(UTC)
        self._grant = self._ask_leave() if lease else Grant(0)
        most = self._grant.count
        wanted = Wanted(
            owner=owner,
            limit=most,
            until=at + LEASE,
            now=self._job.now(),
            at=at,
            only=self._sending.only,
            letters_only=self._sending.letters_only,
        )
        turned = self._ledger.turn(owner=owner, answers=self._answers, hand=hand, lease=wanted if most else None)
        self._answers, self._leased = [], turned.leased
        if self._left is not None:
            self._left -= len(turned.leased.deliveries)
        self._unused += most - len(turned.leased.deliveries)
        self._count(*turned.recorded, *turned.leased.settled)
        if not turned.handed:
            self._give_leave_back()
        return turned.handed

    def _settle_bounces(self) -> None:
        """Records the answers by themselves first: what is told of a delivery in hand would wait for them."""
        turned = self._ledger.turn(owner=self._sending.owner, answers=self._answers)
        bounces, self._answers, self._bounces = self._bounces, [], []
        self._count(*turned.recorded)
        self._job.storage.events.apply(bounces)

    def _count(self, *settled: Settlement) -> None:
        for one in settled:
            if one.state not in WAITING:
                self._job.count(one)

    def _give_leave_back(self) -> None:
        unused, self._unused = self._unused, 0
        self._job.pace.give_back(unused)

    def _ask_leave(self) -> Grant:
        most = GROUP if self._left is None else min(GROUP, self._left)
        return self._job.pace.grant(most) if most else Grant(0)

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
            came = outcomes[: len(group)]
            outcomes = came + [unanswered] * (len(group) - len(came))
            at, now = datetime.now(UTC), self._job.now()
            # First of all, and without a word to the storage: whatever fails after it, this is recorded.
            self._answers = [
                judge_anything(delivery, outcome, provider=provider.name, now=now, at=at, chance=self._chance)
                for delivery, outcome in zip(group, outcomes, strict=True)
            ]
            self._unused += sum(1 for answer in self._answers if answer.state is DeliveryState.READY)
            is_left_alone = self._learn(group, came, messages, provider=provider.name)
        if is_left_alone:
            raise self._job.circuit.error()
        if group and all(outcome.verdict is Verdict.NOT_HANDED for outcome in outcomes):
            # Leasing the same rows again at once would go round for ever.
            raise ProviderError(f"{provider.name} takes no mail now: {outcomes[0].detail or 'no reason given'}")

    def _learn(
        self, group: Sequence[Delivery], outcomes: Sequence[Outcome], messages: Mapping[int, Message], *, provider: str
    ) -> bool:
        """What the answers say of other messages; whether the provider is to be left alone from now on."""
        answered = group[: len(outcomes)]
        self.handed += len(outcomes)
        if any(outcome.verdict is Verdict.SENT for outcome in outcomes):
            self._pauses = 0
        self._job.brakes.note(answered, outcomes)
        doubted = self._job.brakes.doubted
        self._bounces = bounces_among(answered, outcomes, provider=provider, at=datetime.now(UTC), doubted=doubted)
        self._give_leave_back()
        self._job.pace.note([messages[one.id].recipient.email for one in answered], outcomes)
        self._job.brakes.look()
        return self._job.circuit.note(outcomes)

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
