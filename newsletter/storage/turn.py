"""What a sender does between two groups, within one transaction: record, hand over, lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from newsletter.model import Delivery, DeliveryState
from newsletter.storage.bare import Bare
from newsletter.storage.delivery_rows import (
    bar_rows,
    find_barred,
    hand_rows,
    lease_rows,
    note_shown,
    open_rows,
    settle_rows,
    still_ours,
)
from newsletter.storage.ledger import SENDING, Leased, Settlement, Turn, Turned, Wanted, bar, before


def take_turn(bare: Bare, turn: Turn, *, at: datetime, careful: bool) -> Turned:
    """The turn, written; NotOurs where a row is not the sender's.

    ``careful``: looks first which are, and passes over the others.
    """
    answers, going = list(turn.answers), list(turn.hand.deliveries)
    if careful:
        answers, going = _ours(bare, answers, going, owner=turn.owner)
    settle_rows(bare, answers, owner=turn.owner, at=at)
    if going:
        going = _hold_back(bare, going, owner=turn.owner, at=at)
        hand_rows(bare, going, owner=turn.owner, until=turn.hand.until, at=at)
    handed = frozenset(delivery.id for delivery in going)
    note_shown(bare, {row_id: ids for row_id, ids in turn.hand.shown.items() if row_id in handed})
    leased = _lease(bare, turn.lease) if turn.lease else Leased()
    return Turned(recorded=answers, handed=handed, leased=leased)


def _ours(
    bare: Bare, answers: Sequence[Settlement], going: Sequence[Delivery], *, owner: str
) -> tuple[list[Settlement], list[Delivery]]:
    """The answers whose word still counts, and the deliveries that may still be handed over."""
    states = still_ours(bare, [*(answer.delivery for answer in answers), *going], owner=owner)
    counted = {
        answer.delivery.id: answer
        for answer in answers
        if (state := states.get(answer.delivery.id)) in SENDING and state in before(answer.state)
    }
    leased = {one.id: one for one in going if states.get(one.id) is DeliveryState.LEASED}
    return list(counted.values()), list(leased.values())


def _hold_back(bare: Bare, going: Sequence[Delivery], *, owner: str, at: datetime) -> list[Delivery]:
    """Those that may be sent; the others are ready again, and the next lease says what becomes of them."""
    barred = find_barred(bare, going)
    back = [Settlement(delivery=one, state=DeliveryState.READY, error=one.error) for one in going if one.id in barred]
    settle_rows(bare, back, owner=owner, at=at)
    return [one for one in going if one.id not in barred]


def _lease(bare: Bare, wanted: Wanted) -> Leased:
    found, readers = open_rows(bare, wanted)
    barred = bar(found, readers, now=wanted.now)
    bar_rows(bare, barred, at=wanted.at)
    ids = {settlement.delivery.id for settlement in barred}
    taken = [one for one in found if one.id not in ids]
    lease_rows(bare, taken, wanted)
    return Leased(
        deliveries=tuple(taken),
        subscribers={name: known.subscriber for name, known in readers.items()},
        settled=tuple(barred),
    )
