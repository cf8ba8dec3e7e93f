"""What a look at a message found, each finding with its place and its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding weighs."""

    PROBLEM = "problem"  # some reader cannot read, follow or get it
    NOTE = "note"  # worth a look; every reader can live with it


class Topic(StrEnum):
    """What a finding is about."""

    SIZE = "size"
    LINES = "lines"
    LANGUAGE = "language"
    LINKS = "links"
    PICTURES = "pictures"
    HEADINGS = "headings"
    CONTRAST = "contrast"
    CLIENTS = "clients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about a message that its sender should know."""

    level: Level
    topic: Topic
    place: str
    """The part with the line, and the card: ``html:12, under “Short naps”``."""
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: {self.why}"


def problem(topic: Topic, place: str, what: str, *, why: str) -> Finding:
    """A finding that should keep a message from being sent."""
    return Finding(level=Level.PROBLEM, topic=topic, place=place, what=what, why=why)


def note(topic: Topic, place: str, what: str, *, why: str) -> Finding:
    """A finding that need not."""
    return Finding(level=Level.NOTE, topic=topic, place=place, what=what, why=why)
