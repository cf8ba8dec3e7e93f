"""How well mails that come back are understood: ``python -m benchmarks.bounces FOLDER [FOLDER ...]``.

Each ``.eml`` file is read as ``newsletter run`` reads it. What the fields of a delivery status report or a feedback
report say, taken out by plain regular expressions, stands beside it; where both can be had they are compared.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from newsletter.delivery.reports import read_report
from newsletter.model import Event, EventKind

BOUNCES = {EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT, EventKind.BLOCKED}
COMPLAINTS = {EventKind.COMPLAINED, EventKind.UNSUBSCRIBED}
KINDS = {
    "failed": BOUNCES,
    "expired": BOUNCES,
    "delayed": {EventKind.DEFERRED},
    "delivered": {EventKind.DELIVERED},
    "relayed": {EventKind.SENT},
    "expanded": {EventKind.SENT},
    "abuse": COMPLAINTS,
    "fraud": COMPLAINTS,
    "virus": COMPLAINTS,
    "other": COMPLAINTS,
    "opt-out": COMPLAINTS,
}
"""What an action, or the type of a feedback report, allows."""

_FIELDS = {
    "recipient": r"^(?:final|original)-recipient[ \t]*:[ \t]*(?:[a-z0-9-]+[ \t]*;)?[ \t]*<?([^\s<>;]+@[^\s<>;]+)",
    "action": r"^action[ \t]*:[ \t]*([a-z]+)",
    "complainant": r"^(?:original-rcpt-to|removal-recipient)[ \t]*:[ \t]*<?([^\s<>]+@[^\s<>]+)",
    "feedback": r"^feedback-type[ \t]*:[ \t]*([a-z-]+)",
    "status": r"^status[ \t]*:[ \t]*([245])\.",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE | re.MULTILINE) for name, pattern in _FIELDS.items()}


@dataclass(frozen=True)
class Reading:
    """One file, as it was read and as its fields have it."""

    file: Path
    events: Sequence[Event]
    addresses: frozenset[str]
    words: frozenset[str]
    seconds: float

    @property
    def shape(self) -> str:
        """What it is, by its fields alone."""
        if self.words & {"abuse", "fraud", "virus", "other", "opt-out", "auth-failure", "not-spam"}:
            return "feedback report"
        return "status report" if self.addresses or self.words else "without fields"

    @property
    def is_found(self) -> bool:
        return any(event.recipient or event.message_id or event.subscriber for event in self.events)

    @property
    def has_right_recipient(self) -> bool | None:
        """``None`` where no field names one."""
        if not self.addresses:
            return None
        return any(one.lower() in self.addresses for event in self.events for one in event.recipients)

    @property
    def has_right_kind(self) -> bool | None:
        """``None`` where no field says anything."""
        allowed = [KINDS[word] for word in self.words if word in KINDS]
        if not allowed:
            return None
        return bool(self.events) and all(any(event.kind in kinds for kinds in allowed) for event in self.events)


def read(file: Path) -> Reading:
    raw = file.read_bytes()
    begun = perf_counter()
    events = read_report(raw, now=datetime.now(UTC))
    seconds = perf_counter() - begun
    text = raw.decode("latin-1").replace("\r\n", "\n")
    found = {name: {one.lower() for one in pattern.findall(text)} for name, pattern in _PATTERNS.items()}
    feedback = found["feedback"]
    addresses = found["complainant"] if feedback else found["recipient"]
    return Reading(file, events, frozenset(addresses), frozenset(feedback or found["action"]), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-v", "--verbose", action="store_true", help="a line a file")
    given = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 160)
    for folder in given.folders:
        readings = [read(file) for file in sorted(folder.rglob("*.eml"))]
        console.print(table_of(folder, readings))
        if given.verbose:
            console.print(lines_of(readings))
        for one in readings:
            if one.has_right_recipient is False or one.has_right_kind is False:
                console.print(
                    f"  [red]differs[/]  {one.file.name}: {told(one)}, its fields: {sorted(one.addresses | one.words)}"
                )


def table_of(folder: Path, readings: Sequence[Reading]) -> Table:
    """A row a shape."""
    table = Table(
        title=f"{folder}: {len(readings)} mails, {sum(one.seconds for one in readings):.2f} s", title_justify="left"
    )
    for column in ("shape", "mails", "understood", "right recipient", "right kind", "kinds"):
        table.add_column(column)
    for shape in sorted({one.shape for one in readings}):
        alike = [one for one in readings if one.shape == shape]
        kinds = Counter(event.kind for one in alike for event in one.events)
        counts = (
            share([one.is_found for one in alike]),
            share([one.has_right_recipient for one in alike]),
            share([one.has_right_kind for one in alike]),
        )
        table.add_row(
            shape, str(len(alike)), *counts, ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        )
    return table


def lines_of(readings: Sequence[Reading]) -> Table:
    table = Table("file", "what it tells", "in words")
    for one in readings:
        table.add_row(one.file.name, told(one), " | ".join(event.detail[:60] for event in one.events))
    return table


def told(one: Reading) -> str:
    return ", ".join(f"{event.kind} {event.recipient or ''}".strip() for event in one.events) or "nothing"


def share(held: Sequence[bool | None]) -> str:
    asked = [one for one in held if one is not None]
    return f"{sum(asked)} of {len(asked)}" if asked else "–"


if __name__ == "__main__":
    main()
