"""Prometheus' text format: what it asks of names and labels, and how figures are written down in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float | None]
"""Labels and value; ``None`` is not known, and is left out."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure that goes up and down, for each set of labels."""

    name: str
    """Ends in its unit, in seconds or bytes where it has one."""
    help: str
    samples: Sequence[Sample]


def write_exposition(gauges: Iterable[Gauge]) -> str:
    """The page that Prometheus reads.

    >>> print(write_exposition([Gauge("cats", "How many.", [({"name": 'a "b"'}, 2)])]), end="")
    # HELP cats How many.
    # TYPE cats gauge
    cats{name="a \\"b\\""} 2
    """
    return "".join(f"{line}\n" for gauge in gauges for line in _lines(gauge))


def _lines(gauge: Gauge) -> list[str]:
    known = [(labels, value) for labels, value in gauge.samples if value is not None]
    head = [f"# HELP {gauge.name} {_escape(gauge.help)}", f"# TYPE {gauge.name} gauge"]
    return head + [f"{gauge.name}{_labels(labels)} {_number(value)}" for labels, value in known]


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{_escape(value, quoted=True)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escape(text: str, *, quoted: bool = False) -> str:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    return escaped.replace('"', r"\"") if quoted else escaped


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
