"""``make bench``: every benchmark in turn; ratios measured in one run on this machine, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import delivering, dkim, ledger, messages, pages, previews, ranking, readers, sources, transports

RESULTS = Path(__file__).parent / "results"
BENCHMARKS = {
    "ranking": ranking.measure,
    "readers": readers.measure,
    "previews": previews.measure,
    "messages": messages.measure,
    "dkim": dkim.measure,
    "ledger": ledger.measure,
    "sources": sources.measure,
    "transports": transports.measure,
    "delivering": delivering.measure,
    "memory": delivering.measure_memory,
    "pages": pages.measure,
}


def main() -> None:
    """Measures what is named on the command line, or everything."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="default: all of them")
    chosen = parser.parse_args().names or list(BENCHMARKS)
    for name in chosen:
        rows = BENCHMARKS[name]()
        Console().print(table(name, rows))
        keep(name, rows)


def table(name: str, rows: list[dict[str, Any]]) -> Table:
    """The rows as a table; all have the same keys."""
    made = Table(title=name, title_justify="left", box=None)
    for column in rows[0] if rows else ["nothing was measured"]:
        made.add_column(column)
    for row in rows:
        made.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row.values()))
    return made


def keep(name: str, rows: list[dict[str, Any]]) -> None:
    """Writes the rows with the machine they were measured on."""
    RESULTS.mkdir(exist_ok=True)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "rows": rows,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
