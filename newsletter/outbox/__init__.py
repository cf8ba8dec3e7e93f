"""Freeze what will be sent, lease it, hand it over, record what the provider said.

The ledger moves ``ready -> leased -> handed -> sent | uncertain | retry | failed``. ``handed`` is on disk before the
first byte of any body of its group leaves us: before it a crash costs nothing, after it a message is never sent again
by itself. See ``docs/decisions/0003-at-most-once-after-handover.md``.
"""

from __future__ import annotations

from newsletter.outbox.frozen import Thaw, freeze, thaw
from newsletter.outbox.job import Sending, Tally
from newsletter.outbox.planning import Planned, plan_digests, plan_suppressed
from newsletter.outbox.repeats import take_up_doubts
from newsletter.outbox.sending import send_ready

__all__ = [
    "Planned",
    "Sending",
    "Tally",
    "Thaw",
    "freeze",
    "plan_digests",
    "plan_suppressed",
    "send_ready",
    "take_up_doubts",
    "thaw",
]
