"""What transports are measured against: small quick servers on loopback, each in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from newsletter.testing import Certificate

HOST = "127.0.0.1"
CHUNK = 262_144
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: local\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def running(serve: Callable[..., None], *arguments: Any) -> Iterator[int]:
    """The port of ``serve(listener, *arguments)``, which runs in its own process until the end of ``with``."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_listen, args=(theirs, serve, arguments), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _listen(parent: Connection, serve: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with socket.create_server((HOST, 0), backlog=128) as listener:
        parent.send(listener.getsockname()[1])
        serve(listener, *arguments)


# -- HTTP ----------------------------------------------------------------------------------------------------------


def accept_requests(listener: socket.socket, certificate: Certificate) -> None:
    """Answers 202 to every request over TLS; a thread a connection."""
    context = certificate.server_context
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_answer, args=(connection, context), daemon=True).start()


def _answer(connection: socket.socket, context: ssl.SSLContext) -> None:
    room = bytearray(CHUNK)
    with suppress(OSError), context.wrap_socket(connection, server_side=True) as encrypted:
        while _skip_request(encrypted, room):
            encrypted.sendall(ACCEPTED)


def _skip_request(connection: ssl.SSLSocket, room: bytearray) -> bool:
    """Reads one request to its end; false where the client is gone."""
    head = b""
    while b"\r\n\r\n" not in head:
        size = connection.recv_into(room)
        if not size:
            return False
        head += room[:size]
    head, _, body = head.partition(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length:")
    missing = int(length.split(b"\r\n", 1)[0]) - len(body)
    while missing > 0:
        size = connection.recv_into(room)
        if not size:
            return False
        missing -= size
    return True


# -- SMTP ----------------------------------------------------------------------------------------------------------


def accept_mail(listener: socket.socket) -> None:
    """Takes all mail and throws it away; offers pipelining; a thread a connection."""
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_take_mail, args=(connection,), daemon=True).start()


def _take_mail(connection: socket.socket) -> None:
    pending = b""
    in_body = False
    with suppress(OSError), connection:
        connection.sendall(b"220 sink ready\r\n")
        while received := connection.recv(CHUNK):
            pending += received
            replies = b""
            while True:
                end = b"\r\n.\r\n" if in_body else b"\r\n"
                line, found, rest = pending.partition(end)
                if not found:
                    pending = line[-len(end) :] if in_body else line
                    break
                pending = rest
                replies += b"250 2.0.0 taken\r\n" if in_body else _reply(line)
                in_body = not in_body and line.upper() == b"DATA"
            if replies:
                connection.sendall(replies)


def _reply(line: bytes) -> bytes:
    verb = line[:4].upper()
    if verb == b"EHLO":
        return b"250-sink\r\n250 PIPELINING\r\n"
    if verb == b"DATA":
        return b"354 go on\r\n"
    return b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n"


# -- latency -------------------------------------------------------------------------------------------------------


def relay(listener: socket.socket, port: int, round_trip_seconds: float) -> None:
    """Passes everything on to ``port`` and back, half of ``round_trip_seconds`` late each way, in order."""
    asyncio.run(_relay(listener, port, round_trip_seconds / 2))


async def _relay(listener: socket.socket, port: int, delay: float) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection(HOST, port, limit=CHUNK)
        await asyncio.gather(_pass_on(reader, onward_writer, delay), _pass_on(onward_reader, writer, delay))

    server = await asyncio.start_server(serve, sock=listener, limit=CHUNK)
    await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """What is read is written ``delay`` seconds later, while reading goes on."""
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            loop.call_later(delay, writer.write, data)
    loop.call_later(delay, writer.close)
