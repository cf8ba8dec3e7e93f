"""The child process in which answers of strangers are read, with a bound on its time and on its memory.

``isolated.py`` starts it and speaks with it over its standard input and output. A job is a header of JSON, with its
length in front, and the bytes of an answer; a reply is one byte that says which, and JSON or a reason.
"""

from __future__ import annotations

import importlib
import json
import resource
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, Any

from newsletter.errors import SourceError
from newsletter.sources.reading import Reading, pack

MEMORY_BYTES = 512 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Mark:
    """The first byte of a reply."""

    READING = b"="
    REFUSED = b"!"  # the reader says why it cannot make anything of it
    FAILED = b"x"  # the reader itself went wrong; the child ends


def serve(jobs: IO[bytes], replies: IO[bytes], *, before_each: Callable[[], None]) -> None:
    """Reads one answer after the other until there are no more jobs or a reader went wrong."""
    while (header := receive(jobs)) is not None:
        job = json.loads(header)
        before_each()
        reply = attempt(job["reader"], jobs.read(job["size"]), job["context"])
        send(replies, reply)
        if reply.startswith(Mark.FAILED):
            return


def attempt(reader: str, body: bytes, context: dict[str, Any]) -> bytes:
    """A reply, whatever the bytes bring about."""
    try:
        return Mark.READING + pack(read(reader, body, context))
    except SourceError as error:
        return Mark.REFUSED + str(error).encode()
    except MemoryError:
        return Mark.FAILED + f"needs more than {MEMORY_BYTES // 1024**2} MB of memory to be read".encode()
    except Exception as error:  # noqa: BLE001 a stranger's bytes may bring about anything
        said = " ".join(str(error).split())[:200]
        return Mark.FAILED + f"cannot be read ({type(error).__name__}: {said})".encode(errors="replace")


def read(reader: str, body: bytes, context: dict[str, Any]) -> Reading:
    """What the reader ``package.module:function`` makes of the bytes."""
    module, _, function = reader.partition(":")
    reading = getattr(importlib.import_module(module), function)(body, **context)
    assert isinstance(reading, Reading)  # noqa: S101 our own functions
    return reading


def allow_cpu(seconds: int) -> None:
    """From now on this process may compute that long; then the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds, hard))


def bound_memory() -> None:
    """Allocations beyond the bound fail, and a crash leaves no core file behind."""
    for what, limit in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS knows no bound on memory
            resource.setrlimit(what, (limit, limit))


def send(stream: IO[bytes], message: bytes) -> None:
    """One message with its length in front."""
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """The next message; ``None`` where the other side has closed or broken off."""
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    message = stream.read(_LENGTH.unpack(length)[0])
    return message if len(message) == _LENGTH.unpack(length)[0] else None


def main() -> None:
    """The child's life; its last argument says how long it may compute over one answer."""
    bound_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer, before_each=partial(allow_cpu, int(sys.argv[-1])))
