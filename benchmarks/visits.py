"""Visitors of a web server: requests at a steady rate over kept connections, from a process of their own.

What is asked for at 200 a second is asked for at 200 a second, whether or not the server keeps up: a visitor's time
begins when the request was due, so that waiting in line counts.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

CONNECTIONS = 64
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is asked for: a request as it goes over the wire, but for its first and last lines."""

    path: str
    form: bytes | None = None
    """Of a POST."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def written(self, host: str) -> bytes:
        """The whole request."""
        said = {"Host": host, **self.headers}
        if self.form is not None:
            said |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Content-Length": str(len(self.form)),
                "Origin": f"http://{host}",
            }
        lines = [f"{'GET' if self.form is None else 'POST'} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in said.items()]
        return "\r\n".join([*lines, "", ""]).encode() + (self.form or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Visits that are made in turn, again and again, at a rate."""

    name: str
    visits: Sequence[Visit]
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of one crowd's visits."""

    name: str
    seconds: Sequence[float]
    """A visit each, sorted; from when it was due."""
    statuses: Mapping[int, int]
    lasted: float
    size: int
    """Bytes of the largest answer."""

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the visits stayed within."""
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))] * 1e3

    @property
    def per_second(self) -> float:
        """Answers, over the time until the last one came."""
        return len(self.seconds) / self.lasted


def visit(port: int, crowds: Sequence[Crowd], *, seconds: float) -> list[Seen]:
    """Sends all crowds to a server on loopback at once, for so long."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_visit_elsewhere, args=(theirs, port, crowds, seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        seen: list[Seen] = ours.recv()
    finally:
        process.join()
    return seen


def _visit_elsewhere(parent: Connection, port: int, crowds: Sequence[Crowd], seconds: float) -> None:
    parent.send(asyncio.run(_visit_all(port, crowds, seconds)))


async def _visit_all(port: int, crowds: Sequence[Crowd], seconds: float) -> list[Seen]:
    start = time.perf_counter() + 0.5
    return list(await asyncio.gather(*(_come(port, crowd, start, seconds) for crowd in crowds)))


async def _come(port: int, crowd: Crowd, start: float, seconds: float) -> Seen:
    host = f"127.0.0.1:{port}"
    asked = [one.written(host) for one in crowd.visits]
    waiting: asyncio.Queue[_Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        waiting.put_nowait(_Line(port))
    times: list[float] = []
    statuses: dict[int, int] = {}
    size = 0

    async def one(number: int, due: float) -> None:
        nonlocal size
        line = await waiting.get()
        try:
            status, length = await asyncio.wait_for(line.ask(asked[number % len(asked)]), PATIENCE_SECONDS)
        except (OSError, EOFError, TimeoutError):
            status, length = 0, 0
            line.close()
        times.append(time.perf_counter() - due)
        statuses[status] = statuses.get(status, 0) + 1
        size = max(size, length)
        waiting.put_nowait(line)

    under_way: list[asyncio.Task[None]] = []
    for number in range(round(crowd.per_second * seconds)):
        due = start + number / crowd.per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        under_way.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*under_way)
    lasted = time.perf_counter() - start
    while not waiting.empty():
        waiting.get_nowait().close()
    return Seen(name=crowd.name, seconds=sorted(times), statuses=statuses, lasted=lasted, size=size)


class _Line:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, int]:
        """Status and length of the answer; OSError or EOFError where the connection broke."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
        await reader.readexactly(length)
        return int(lines[0].split()[1]), length

    def close(self) -> None:
        """Hangs up; the next visit calls again."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None
