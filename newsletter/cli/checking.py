"""What ``preview --check`` prints: a line a reader, then the findings, those that many messages share once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.markup import escape

from newsletter.cli.output import out, table
from newsletter.cli.previewing import Previewed
from newsletter.rendering.findings import Finding, Level, Topic

SHOWN_HOSTS = 4
MOST_READERS = 20


@dataclass(slots=True)
class _Shared:
    """A finding, and the readers in whose messages it is."""

    finding: Finding
    readers: list[str] = field(default_factory=list)


def print_readers(made: Sequence[Previewed]) -> None:
    """Prints a line a reader: sizes, how much was found, where links go."""
    console = out()
    columns = ("reader", ">html", ">mail", ">problems", ">notes", "links")
    console.print(table(*columns, rows=[_row(one) for one in made[:MOST_READERS]]))
    if len(made) > MOST_READERS:
        console.print(f"… and {len(made) - MOST_READERS} more readers")


def print_findings(made: Sequence[Previewed]) -> bool:
    """Prints what was found; whether there is any problem."""
    console = out()
    shared = list(_shared(made))
    for one in shared:
        if one.finding.topic is not Topic.CLIENTS or one.finding.level is Level.PROBLEM:
            colour = "red" if one.finding.level is Level.PROBLEM else "yellow"
            console.print(f"[{colour}]{one.finding.level:7}[/]  {escape(_described(one, len(made)))}")
    graceful = [one for one in shared if one.finding.topic is Topic.CLIENTS and one.finding.level is Level.NOTE]
    if graceful:
        console.print(
            f"[yellow]note[/]     {len(graceful)} features that some mail client lacks, each with something in its "
            f"place: listed under Check in the preview"
        )
    return any(one.finding.level is Level.PROBLEM for one in shared)


def _row(one: Previewed) -> tuple[object, ...]:
    found = one.inspection
    assert found is not None  # noqa: S101 only asked for after a check
    hosts = [f"{host} {count}" for host, count in found.hosts.most_common(SHOWN_HOSTS)]
    more = len(found.hosts) - len(hosts)
    where = ", ".join(hosts) + (f" and {more} more places" if more else "")
    sizes = (f"{found.html_bytes:,}", f"{found.raw_bytes:,}")
    return (one.message.recipient.email, *sizes, len(found.problems), len(found.notes), where)


def _shared(made: Sequence[Previewed]) -> Iterator[_Shared]:
    """Findings that say the same of several messages as one, problems first."""
    found: dict[tuple[Level, str, str], _Shared] = {}
    for one in made:
        for finding in one.inspection.findings if one.inspection else ():
            shared = found.setdefault((finding.level, finding.what, finding.why), _Shared(finding))
            if one.message.recipient.email not in shared.readers:
                shared.readers.append(one.message.recipient.email)
    yield from sorted(found.values(), key=lambda shared: shared.finding.level is Level.NOTE)


def _described(shared: _Shared, readers: int) -> str:
    first, *others = shared.readers
    who = (
        "everyone"
        if others and len(shared.readers) == readers
        else f"{first}" + f" and {len(others)} more" * bool(others)
    )
    return f"{who}: {shared.finding}"
