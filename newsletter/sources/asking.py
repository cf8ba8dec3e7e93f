"""How every kind asks: with what it remembers of the last answer, or a file in place of the network."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.errors import SourceError
from newsletter.model import Entry, Fetched
from newsletter.sources.reading import Fact, Reading
from newsletter.sources.trouble import Overdue, Refused, is_away, retry_at, show

if TYPE_CHECKING:
    from newsletter.sources import FetchRequest
    from newsletter.sources.http import Response

MAX_FILE_BYTES = 30_000_000
SIGHTINGS_OF_A_MOVE = 3
"""So often in a row a lasting redirect is seen before its target is asked directly."""


def read_answer(request: FetchRequest[Any], url: str, reader: str, **context: Fact) -> Fetched:
    """What a reader makes of the answer at one address; nothing where it is the same as last time."""
    answer, notes = ask(request, url)
    data = {**request.memory.data, "http": notes}
    if answer.unchanged:
        return outcome(request, unchanged=True, data=data)
    kind = answer.headers.get("content-type")
    shown = show(url)
    reading = request.children.read(reader, answer.body, where=shown, address=answer.url, content_type=kind, **context)
    if reading.problem is None:
        return outcome(request, reading.entries, data=data)
    # Without its validators the same answer is read again, in the hope that it is whole by then.
    return outcome(request, reading.entries, error=f"{shown}: {reading.problem}", data=without_validators(data))


def without_validators(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Notes that make the next fetch ask for the whole answer."""
    return {**data, "http": {**data["http"], "etag": None, "last_modified": None}}


def as_far_as_read(request: FetchRequest[Any], entries: Sequence[Entry], error: SourceError | None) -> Fetched:
    """The outcome of several requests of which some have failed; raises the error where nothing could be read."""
    if error is not None and not entries:
        raise error
    return outcome(request, entries, error=error)


def ask(request: FetchRequest[Any], url: str) -> tuple[Response, Mapping[str, Any]]:
    """The answer, and what to remember of it: validators, and lasting moves seen."""
    notes = request.memory.data.get("http", {})
    notes = notes if notes.get("url") == url else {}
    moved_to, sightings = notes.get("moved_to"), notes.get("sightings", 0)
    validators = {"etag": notes.get("etag"), "last_modified": notes.get("last_modified")}
    if moved_to and sightings >= SIGHTINGS_OF_A_MOVE:
        try:
            return (answer := _get(request, moved_to, validators)), {**notes, **_validators(answer, notes)}
        except SourceError as error:
            if isinstance(error, Overdue) or (isinstance(error, Refused) and error.may_pass):
                raise  # as the address that we were given would only lead there again
            moved_to, sightings = None, 0  # the new address does not hold: back to the one we were given
    answer = _get(request, url, validators)
    seen = sightings + 1 if answer.moved_to == moved_to else 1
    moves = {"moved_to": answer.moved_to, "sightings": seen} if answer.moved_to else {}
    return answer, {"url": url, **_validators(answer, notes), **moves}


def _get(request: FetchRequest[Any], url: str, validators: Mapping[str, str | None]) -> Response:
    answer = request.http.get(url, etag=validators["etag"], last_modified=validators["last_modified"])
    if answer.unchanged and not any(validators.values()):
        raise SourceError(f"{show(url)}: answered 304 Not Modified to one who has nothing from before")
    return answer


def _validators(answer: Response, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """ETag and Last-Modified as they came; a 304 need not repeat them."""
    names = {"etag": "etag", "last_modified": "last-modified"}
    if answer.unchanged:
        return {key: answer.headers.get(name, before.get(key)) for key, name in names.items()}
    return {key: answer.headers.get(name) for key, name in names.items()}


def read_local(request: FetchRequest[Any], path: Path, reader: str, **context: Fact) -> Fetched:
    """What a reader makes of a file, or of all files of a folder or a pattern; a bad one does not hide the others."""
    entries: list[Entry] = []
    problems: list[str] = []
    for reading, problem in read_files(request, path, reader, **context):
        entries += reading.entries
        problems += [problem] if problem else []
    return outcome(request, entries, error="; ".join(problems) or None)


def read_files(
    request: FetchRequest[Any], path: Path, reader: str, **context: Fact
) -> Iterator[tuple[Reading, str | None]]:
    """One reading a file, with what went wrong over it; raises SourceError where there is no file at all."""
    for file in files_at(path):
        try:
            body = _bytes_of(file)
            reading = request.children.read(reader, body, where=str(file), **context)
        except SourceError as error:
            yield Reading(), str(error)
        else:
            yield reading, reading.problem and f"{file}: {reading.problem}"


def files_at(path: Path) -> Sequence[Path]:
    """The file, the files of the folder, or those that the pattern matches, by name."""
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    elif path.exists():
        return [path]
    else:
        found = sorted(Path(one) for one in glob.glob(str(path), recursive=True) if Path(one).is_file())  # noqa: PTH207
    if not found:
        raise SourceError(f"{path}: there is no such file")
    return found


def outcome(
    request: FetchRequest[Any],
    entries: Sequence[Entry] = (),
    *,
    error: SourceError | str | None = None,
    unchanged: bool = False,
    data: Mapping[str, Any] | None = None,
) -> Fetched:
    """A fetch that ended, with what to remember of it; a site that is away is left alone for as long as it wishes."""
    memory = request.memory if data is None else replace(request.memory, data=data)
    if isinstance(error, SourceError) and is_away(error):
        memory = replace(memory, retry_at=retry_at(error, failures=memory.failures + 1))
    return Fetched(
        source=request.source.name,
        kind=request.source.kind,
        entries=tuple(entries),
        error=str(error) if error else None,
        unchanged=unchanged,
        memory=memory,
    )


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            body = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{file}: {error.strerror}") from error
    if len(body) > MAX_FILE_BYTES:
        raise SourceError(f"{file}: is larger than {MAX_FILE_BYTES / 1e6:g} MB")
    return body
