"""What travels: every byte, and no more round trips than one a message."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.config.settings import SmtpProvider
from newsletter.delivery import Surroundings, open_provider
from newsletter.delivery.smtp_body import wire_body
from newsletter.model import Mailbox, Message, Verdict
from newsletter.testing import Certificate, SmtpSink

MakeMessage = Callable[..., Message]

DATE = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)

PARTS = st.sampled_from(
    [b".", b"..", b"\r\n", b"\r\n.\r\n", b"\r\n.", b"\n", b"\r", b"x", b"\xff\x00\x80", b"=\r\n", b"y" * 900]
)
RAWS = st.lists(PARTS | st.binary(max_size=40), max_size=12).map(b"".join)


def _with_crlf(raw: bytes) -> bytes:
    """The message with CRLF at the end of every line, among them the last."""
    ended = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return ended if ended.endswith(b"\r\n") else ended + b"\r\n"


def _without_dots(body: bytes) -> bytes:
    """What a server makes of a body: of a line that starts with a dot, without it."""
    return b"".join(line.removeprefix(b".") for line in re.findall(rb".*?\r\n", body, re.DOTALL))


@settings(max_examples=500, deadline=None)
@given(RAWS)
def test_a_body_says_what_the_message_says_and_nothing_in_it_ends_it(raw: bytes) -> None:
    body = wire_body(raw)
    assert body.endswith(b"\r\n")
    assert b"\r\n.\r\n" not in b"\r\n" + body
    assert _without_dots(body) == _with_crlf(raw)
    assert wire_body(_with_crlf(raw)) == body


def test_a_body_that_needs_nothing_is_not_copied() -> None:
    raw = b"A: b\r\n\r\nno dot leads here.\r\n"
    assert wire_body(raw) is raw


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(RAWS, min_size=1, max_size=20))
def test_whatever_stands_in_messages_arrives_byte_for_byte(
    sink: SmtpSink, make_message: MakeMessage, raws: list[bytes]
) -> None:
    raws = [b"".join(line[:900] + b"\r\n" for line in _with_crlf(raw).split(b"\r\n")) for raw in raws]
    sink.messages.clear()
    with open_provider(sink.settings) as provider:
        outcomes = list(provider.send([make_message(number, raw=raw) for number, raw in enumerate(raws)]))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.SENT] * len(raws)
    assert [message.raw for message in sink.messages] == raws
    assert [message.recipient for message in sink.messages] == [f"reader{n}@example.org" for n in range(len(raws))]


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_large_messages_arrive_over_every_kind_of_connection(
    make_message: MakeMessage, certificate: Certificate, pipelining: bool, tls: str
) -> None:
    large = b"." * 70 + b"\r\n" + (b"x" * 76 + b"\r\n") * 30_000
    messages = [make_message(1, raw=large), make_message(2), make_message(3, raw=large)]
    with SmtpSink(tls=tls, certificate=certificate, pipelining=pipelining) as sink:  # type: ignore[arg-type]
        with open_provider(sink.settings, surroundings=Surroundings(trust=certificate.client_context)) as provider:
            assert [outcome.verdict for outcome in provider.send(messages)] == [Verdict.SENT] * 3
        assert [message.raw for message in sink.messages] == [message.raw for message in messages]
        assert sink.connections == 1


# -- round trips -------------------------------------------------------------------------------------------------

ANNOUNCED = re.compile(rb"MAIL FROM:<papers@example\.org>\r\nRCPT TO:<reader\d+@example\.org>\r\nDATA\r\n")
GO_ON = b"250 sender\r\n250 recipient\r\n354 go on\r\n"


@contextmanager
def _serving(talk: Callable[[socket.socket], None]) -> Iterator[SmtpProvider]:
    """A server that talks with one client, through as little room as the system gives."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(60)
                talk(connection)

        thread = Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        yield SmtpProvider(kind="smtp", host="127.0.0.1", port=port, tls="none", timeout_seconds=60)
        thread.join()


def _read(connection: socket.socket, end: bytes) -> bytes:
    """What comes up to this end; nothing may come behind it."""
    read = b""
    while not read.endswith(end):
        received = connection.recv(65_536)
        assert received, read[-200:]
        read += received
    return read


@pytest.mark.parametrize("size", [1, 20_000])
def test_a_message_is_answered_only_when_the_next_one_is_announced(size: int) -> None:
    """The server waits for the announcement: who does not send it along with the message waits for ever."""
    messages = [_message(number, b"x\r\n" * size) for number in (1, 2, 3)]
    bodies: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        _read(connection, b"\r\n")
        connection.sendall(b"250-hello\r\n250 PIPELINING\r\n")
        assert ANNOUNCED.fullmatch(_read(connection, b"DATA\r\n"))
        connection.sendall(GO_ON)
        for _ in messages[1:]:
            body, _, announced = _read(connection, b"DATA\r\n").partition(b"\r\n.\r\n")
            assert ANNOUNCED.fullmatch(announced)
            bodies.append(body + b"\r\n")
            connection.sendall(b"250 taken\r\n" + GO_ON)
        bodies.append(_read(connection, b"\r\n.\r\n").removesuffix(b".\r\n"))
        connection.sendall(b"250 taken\r\n")
        assert _read(connection, b"\r\n") == b"QUIT\r\n"
        connection.sendall(b"221 bye\r\n")

    with _serving(talk) as server, open_provider(server) as provider:
        assert [outcome.verdict for outcome in provider.send(messages)] == [Verdict.SENT] * 3
    assert bodies == [message.raw for message in messages]


def test_a_server_that_talks_without_end_is_left(make_message: MakeMessage) -> None:
    with SmtpSink() as sink:
        sink.answer("RCPT", "250-" + "\r\n250-".join("x" * 70 for _ in range(200)), "250 " + "x" * 20_000)
        with open_provider(sink.settings) as provider:
            verdicts = [outcome.verdict for outcome in provider.send([make_message(n) for n in (1, 2, 3)])]
    assert verdicts == [Verdict.NOT_HANDED, Verdict.NOT_HANDED, Verdict.SENT]


def _message(number: int, raw: bytes) -> Message:
    return Message(
        sender=Mailbox(email="papers@example.org"),
        recipient=Mailbox(email=f"reader{number}@example.org"),
        subject="Papers",
        message_id=f"<d{number}@example.org>",
        date=DATE,
        raw=raw,
    )
