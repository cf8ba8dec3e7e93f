"""Files of a deployment's own templates that nothing will ever read, for their names are misspelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from newsletter.shipped import shipped

_OF_A_LANGUAGE = re.compile(r"words\.[\w-]+\.j2")
"""Languages of one's own are welcome."""


def find_misnamed(folders: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Each file that no shipped template is named like, but almost; with that name."""
    ours = shipped("templates")
    known = {str(file.relative_to(ours)) for file in ours.rglob("*.j2")}
    for folder in folders:
        if not folder.resolve().is_relative_to(ours.resolve()):
            yield from _misnamed_in(folder, known)


def _misnamed_in(folder: Path, known: set[str]) -> Iterator[tuple[Path, str]]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(file.relative_to(folder))
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if close and name not in known and not _OF_A_LANGUAGE.fullmatch(file.name):
            yield file, close[0]
