"""Libraries that ``subscribers.yaml`` names and that are not there: told by checks, in the way of nobody's mail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from newsletter.config.document import parse
from newsletter.config.files import place, read_bytes
from newsletter.config.loading import MAX_SUBSCRIBERS_BYTES
from newsletter.config.settings import Settings
from newsletter.errors import Problem

PARTS = ("liked", "disliked")


def find_missing_libraries(settings: Settings, subscribers_yaml: Path) -> Iterator[Problem]:
    """One for each ``file: …`` of the readers in the file that stands for no file, with its place there."""
    missing = [
        (("subscribers", reader, "profile", part, index), path)
        for reader, subscriber in enumerate(settings.readers)
        for part in PARTS
        for index, text in enumerate(getattr(subscriber.profile, part))
        if (path := _library(text, settings.folder)) and not os.path.isfile(path)  # noqa: PTH113 false for any bad name
    ]
    if not missing:
        return
    document = parse(
        read_bytes(subscribers_yaml, str(subscribers_yaml), limit=MAX_SUBSCRIBERS_BYTES), str(subscribers_yaml)
    )
    for at, path in missing:
        message = f"there is no file {path}; its papers count for nothing until it is there"
        yield Problem(place(document.name, *document.position(at)), message)


def _library(text: str, folder: Path) -> Path | None:
    """The file that a reference stands for, if for any."""
    scheme, _, rest = text.partition(":")
    return folder / rest.strip() if scheme.strip().casefold() == "file" else None
