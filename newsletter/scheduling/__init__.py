"""6. When? A five-minute tick that asks what is due; the ledger, not the scheduler, knows what was sent."""

from __future__ import annotations

from newsletter.scheduling.posting import LetterBox
from newsletter.scheduling.ticking import start_ticking

__all__ = ["LetterBox", "start_ticking"]
