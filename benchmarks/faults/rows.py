"""A line of the table: what went wrong, what was accepted, what the ledger says, and whether both agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from newsletter.model import Delivery, DeliveryState
from newsletter.storage import Storage

TOLD = frozenset({DeliveryState.FAILED, DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.UNCERTAIN})
"""States that tell the operator that a mail may not have arrived."""
WAITING = frozenset({DeliveryState.READY, DeliveryState.RETRY})
GROUP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario, or several of them added up."""

    scenario: str
    kills: int = 0
    recipients: int = 0
    sent: int = 0
    """Who was accepted by the server, each counted once."""
    uncertain: int = 0
    arrived: int = 0
    """How many of the uncertain ones the server had accepted after all."""
    doubled: int = 0
    lost: int = 0
    broken: tuple[str, ...] = ()
    """Every promise that was not kept, beside the two counts before."""
    remark: str = ""

    def __str__(self) -> str:
        counts = f"{self.sent} of {self.recipients} sent, {self.uncertain} uncertain, {self.doubled} doubled"
        verdict = "kept" if self.is_kept else "BROKEN"
        return f"{self.scenario}: {verdict} ({self.kills} kills, {counts}, {self.lost} lost)"

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return not (self.doubled or self.lost or self.broken)

    def with_checks(self, **checks: bool) -> Row:
        """The row with what was not true: ``named_like_this`` reads as a sentence."""
        wrong = tuple(f"not true: {name.replace('_', ' ')}" for name, is_true in checks.items() if not is_true)
        return replace(self, broken=(*self.broken, *wrong))


def add_up(scenario: str, rows: Iterable[Row], *, remark: str = "") -> Row:
    """One line for many tries."""
    total = Row(scenario=scenario, remark=remark)
    for row in rows:
        total = replace(
            total,
            kills=total.kills + row.kills,
            recipients=total.recipients + row.recipients,
            sent=total.sent + row.sent,
            uncertain=total.uncertain + row.uncertain,
            arrived=total.arrived + row.arrived,
            doubled=total.doubled + row.doubled,
            lost=total.lost + row.lost,
            broken=(*total.broken, *(f"{row.scenario}: {what}" for what in row.broken)),
            remark=total.remark or row.remark,
        )
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the database says at the end."""

    rows: dict[str, Delivery] = field(default_factory=dict)
    """By address."""
    handed: frozenset[str] = frozenset()
    """Addresses whose message was kept, which happens in the commit that hands it over."""


def read_ledger(url: str) -> Ledger:
    """All deliveries and who they are for."""
    with Storage.open(url, migrate=True) as storage:
        addresses = {one.id: one.email for page in storage.subscribers.pages() for one in page}
        found = storage.deliveries.find(limit=1_000_000)
        rows = {addresses.get(one.subscriber, one.subscriber): one for one in found}
        handed = [
            email
            for email, one in rows.items()
            if one.state is DeliveryState.UNCERTAIN and storage.deliveries.message(one.subscriber, one.local_date)
        ]
    return Ledger(rows=rows, handed=frozenset(handed))


def judge(
    scenario: str,
    ledger: Ledger,
    accepted: Iterable[str],
    *,
    eligible: Collection[str],
    kills: int = 0,
    lanes: int = 1,
    at_stake: int | None = None,
    may_wait: bool = False,
    remark: str = "",
) -> Row:
    """Holds what the server accepted against the ledger.

    ``at_stake``: how many may be uncertain beside those of kills; ``None`` is none. ``may_wait``: some are still to be
    sent, and lost is only what the ledger does not know.
    """
    times, states = Counter(accepted), {email: one.state for email, one in ledger.rows.items()}
    told = TOLD | WAITING if may_wait else TOLD
    uncertain = [email for email, state in states.items() if state is DeliveryState.UNCERTAIN]
    claimed = [email for email, state in states.items() if state is DeliveryState.SENT and not times[email]]
    row = Row(
        scenario=scenario,
        kills=kills,
        recipients=len(eligible),
        sent=sum(1 for email in eligible if times[email]),
        uncertain=len(uncertain),
        arrived=sum(1 for email in uncertain if times[email]),
        doubled=sum(1 for count in times.values() if count > 1),
        lost=sum(1 for email in eligible if not times[email] and states.get(email) not in told),
        remark=remark,
    )
    denied = [email for email, state in states.items() if times[email] and state not in {*TOLD, DeliveryState.SENT}]
    denied += [email for email, state in states.items() if times[email] and state is DeliveryState.FAILED]
    return row.with_checks(
        nobody_is_sent_by_the_ledger_alone=not claimed,
        all_that_arrived_is_sent_or_uncertain=not denied,
        nobody_is_mailed_who_was_not_to_be=set(times) <= set(eligible),
        every_uncertain_one_was_handed_over=set(uncertain) <= ledger.handed,
        at_most_twenty_uncertain_a_kill_and_connection=len(uncertain) <= GROUP * lanes * kills + (at_stake or 0),
    )
