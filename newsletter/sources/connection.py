"""Where connections are made: to checked addresses only, and never longer than a request may take.

urllib3 resolves a name and connects in one step. Here the step is ours: the addresses of a name are checked and the
connection goes to a checked one, on every hop, so a name that changes its answer between two look-ups gains nothing.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from newsletter.errors import SourceError
from newsletter.sources.addresses import Allowed
from newsletter.sources.trouble import Overdue, Unreachable

Resolve = Callable[[str, int], Sequence[str]]
"""The numeric addresses of a host; raises ``socket.gaierror``."""


def resolve(host: str, port: int) -> Sequence[str]:
    """The system's answer, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


_NOISE = re.compile(r"\[[^\]]*\] |\s*\(_ssl\.c:\d+\)")
"""What libraries put around the words that matter."""


class Watch:
    """One request's time: when it is over, its connection is shut, whatever it waits for."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._ends_at = time.monotonic() + seconds
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def remaining(self, at_most: float) -> float:
        """Seconds left, never more than ``at_most`` and never zero, which sockets take for "at once"."""
        return max(0.001, min(at_most, self._ends_at - time.monotonic()))

    def hold(self, sock: socket.socket) -> None:
        """Shuts that connection when the time is over.

        A duplicate is kept: TLS takes the first socket over, and a response may outlive its connection object.
        """
        duplicate = socket.fromfd(sock.fileno(), sock.family, sock.type)
        with self._lock:
            self._held.append(duplicate)
            if self.expired:
                _shut(duplicate)

    def close(self) -> None:
        """Stops the clock and lets the connections be."""
        self._timer.cancel()
        with self._lock:
            for duplicate in self._held:
                duplicate.close()
            self._held.clear()

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            for duplicate in self._held:
                _shut(duplicate)


class Door:
    """Makes the connections of one client."""

    def __init__(self, allowed: Allowed, *, connect_seconds: float, resolve: Resolve = resolve) -> None:
        self._allowed = allowed
        self._connect_seconds = connect_seconds
        self._resolve = resolve
        self._current = threading.local()

    @contextmanager
    def watch(self, seconds: float) -> Iterator[Watch]:
        """All connections that this thread uses inside are shut after ``seconds``."""
        watch = self._current.watch = Watch(seconds)
        try:
            yield watch
        finally:
            watch.close()

    def hold(self, sock: socket.socket) -> None:
        """Puts a connection under this thread's watch."""
        self._current.watch.hold(sock)

    def connect(self, connection: HTTPConnection, host: str, port: int) -> socket.socket:
        """A connection to the first address of ``host`` that may be read from and answers."""
        watch: Watch = self._current.watch
        problem: OSError | None = None
        for address in self._checked(connection, host, port):
            try:
                sock = socket.create_connection((address, port), watch.remaining(self._connect_seconds))
            except OSError as error:
                problem = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            watch.hold(sock)
            return sock
        if isinstance(problem, TimeoutError):
            raise ConnectTimeoutError(connection, "no connection in time")
        raise NewConnectionError(connection, str(problem)) from problem

    def _checked(self, connection: HTTPConnection, host: str, port: int) -> list[str]:
        addresses = self._resolved(connection, host, port)
        refused = {address: self._allowed.refuses(host, address) for address in addresses}
        kept = [address for address, why in refused.items() if why is None]
        if not kept:
            address, why = next(iter(refused.items()))
            raise SourceError(f"{host} is {address}, a {why} address; list it under network.allow if it may be read")
        return kept

    def _resolved(self, connection: HTTPConnection, host: str, port: int) -> Sequence[str]:
        """The host's addresses; in a thread of its own, for the system's resolver knows no time-out."""
        answers: list[Sequence[str]] = []
        problems: list[Exception] = []

        def look_up() -> None:
            try:
                answers.append(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                problems.append(error)

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        watch: Watch = self._current.watch
        thread.join(watch.remaining(self._connect_seconds))
        if answers and answers[0]:
            return answers[0]
        if not answers and not problems:
            raise Overdue("the name server does not answer")
        raise NameResolutionError(host, connection, socket.gaierror(str(problems[0] if problems else "no address")))


class _Connection(HTTPConnection):
    door: ClassVar[Door]

    def _new_conn(self) -> socket.socket:
        return self.door.connect(self, self._dns_host, self.port)

    def request(self, *args: object, **kwargs: object) -> None:
        if self.sock is not None:
            self.door.hold(self.sock)
        super().request(*args, **kwargs)  # type: ignore[arg-type]


class _SecureConnection(_Connection, HTTPSConnection):
    pass


def pooled(door: Door, *, connections: int) -> PoolManager:
    """urllib3's pools, all of whose connections go through the door."""
    manager = PoolManager(num_pools=64, maxsize=connections, retries=False)
    manager.pool_classes_by_scheme = {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": type("Plain", (_Connection,), {"door": door})}),
        "https": type(
            "Pool", (HTTPSConnectionPool,), {"ConnectionCls": type("Secure", (_SecureConnection,), {"door": door})}
        ),
    }
    return manager


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


def explained(error: Exception) -> SourceError:  # noqa: PLR0911 one line a cause
    """The library's exception as a reason that a person can act on."""
    cause = _innermost(error)
    said = _NOISE.sub("", " ".join(str(cause).split()))[:200] or type(cause).__name__
    match error:
        case SSLError() if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceError(f"cannot be trusted: {said}")
        case SSLError():
            return Unreachable(f"cannot be reached in private: {said}")
        case NameResolutionError():
            return Unreachable("the host name is not known; check it, and the network")
        case ConnectTimeoutError():
            return Overdue("no connection in time")
        case NewConnectionError():
            return Unreachable(f"no connection: {said}")
        case ReadTimeoutError() | TimeoutError():
            return Overdue("stopped answering")
        case ProtocolError() if "IncompleteRead" in str(error):
            return Unreachable("the answer broke off")
        case ProtocolError() | OSError():
            return Unreachable(f"the connection broke: {said}")
        case _:
            return SourceError(f"cannot be asked: {said}")


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return error
