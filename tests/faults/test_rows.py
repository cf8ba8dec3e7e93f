"""The judge of the fault suite finds what it is there to find."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from benchmarks.faults.points import kind_of
from benchmarks.faults.rows import Ledger, Row, add_up, judge
from newsletter.model import Delivery, DeliveryState

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DELIVERY = Delivery(
    id=1, kind="digest", subscriber="s", local_date=date(2026, 11, 23), edition=None, state=DeliveryState.SENT, attempt=1,
    owner=None, lease_until=None, retry_at=None, valid_until=NOW, message_id="<m>", provider=None, provider_id=None,
    error=None, created_at=NOW, updated_at=NOW, sent_at=None, shown=(), payload=b"",
)  # fmt: skip


def ledger(handed: tuple[str, ...] = (), **states: DeliveryState) -> Ledger:
    return Ledger(
        rows={name: replace(DELIVERY, state=state) for name, state in states.items()}, handed=frozenset(handed)
    )


def judged(known: Ledger, *accepted: str, **how: object) -> Row:
    return judge("a fault", known, accepted, eligible=("ada",), **how)


def test_one_mail_a_reader_is_as_it_should_be() -> None:
    row = judged(ledger(ada=DeliveryState.SENT), "ada")
    assert (row.sent, row.doubled, row.lost, row.broken) == (1, 0, 0, ())


def test_two_mails_are_one_too_many() -> None:
    assert judged(ledger(ada=DeliveryState.SENT), "ada", "ada").doubled == 1


@pytest.mark.parametrize("state", [DeliveryState.READY, DeliveryState.RETRY, DeliveryState.LEASED, DeliveryState.SENT])
def test_who_got_nothing_and_is_not_told_of_is_lost(state: DeliveryState) -> None:
    assert judged(ledger(ada=state)).lost == 1
    assert judged(ledger()).lost == 1


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.SUPPRESSED, DeliveryState.CANCELLED])
def test_who_is_told_of_is_not_lost(state: DeliveryState) -> None:
    assert judged(ledger(ada=state)).is_kept


def test_what_waits_is_lost_only_where_all_should_be_over() -> None:
    assert judged(ledger(ada=DeliveryState.READY), may_wait=True).is_kept


@pytest.mark.parametrize(
    ("known", "accepted", "promise"),
    [
        (ledger(ada=DeliveryState.SENT), (), "nobody is sent by the ledger alone"),
        (ledger(ada=DeliveryState.FAILED), ("ada",), "all that arrived is sent or uncertain"),
        (ledger(ada=DeliveryState.READY), ("ada",), "all that arrived is sent or uncertain"),
        (ledger(ada=DeliveryState.SENT), ("ada", "eve"), "nobody is mailed who was not to be"),
        (ledger(ada=DeliveryState.UNCERTAIN), (), "every uncertain one was handed over"),
        (ledger(("ada",), ada=DeliveryState.UNCERTAIN), (), "at most twenty uncertain a kill and connection"),
    ],
)
def test_each_promise_is_held_against_the_server(known: Ledger, accepted: tuple[str, ...], promise: str) -> None:
    assert f"not true: {promise}" in judged(known, *accepted).broken


def test_a_kill_may_leave_twenty_uncertain_on_each_connection() -> None:
    names = [f"r{number}" for number in range(41)]
    many = ledger(tuple(names), **dict.fromkeys(names, DeliveryState.UNCERTAIN))
    assert not judge("a kill", many, (), eligible=names, kills=1, lanes=2).is_kept
    assert judge("a kill", many, (), eligible=names, kills=1, lanes=2, at_stake=1).is_kept


def test_rows_add_up_and_keep_what_was_broken() -> None:
    rows = [Row(scenario="one", kills=1, sent=2), Row(scenario="two", lost=3, broken=("not true: it ends",))]
    total = add_up("both", rows)
    assert (total.kills, total.sent, total.lost, total.broken) == (1, 2, 3, ("two: not true: it ends",))


@pytest.mark.parametrize(
    ("was", "state", "kind"),
    [
        (None, "ready", "planned"),
        ("ready", "leased", "leased"),
        ("leased", "handed", "handed"),
        ("handed", "sent", "recorded"),
        ("handed", "retry", "recorded"),
        ("handed", "uncertain", "given up"),
        ("leased", "ready", "given up"),
        ("sent", "sent", None),
    ],
)
def test_what_a_commit_is_of(was: str | None, state: str, kind: str | None) -> None:
    assert kind_of(was, state) == kind
