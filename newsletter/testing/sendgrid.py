"""A real HTTP server on loopback that answers like SendGrid's v3 mail/send, and misbehaves on command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Semaphore, Thread
from types import TracebackType
from typing import Any, Self

from newsletter.config.settings import SendgridProvider
from newsletter.testing.certificates import Certificate
from newsletter.testing.scripts import DROP, STALL, Script
from newsletter.testing.sendgrid_rules import MAX_REQUEST_BYTES, Fault, find_faults

HOST = "127.0.0.1"
PATH = "/v3/mail/send"
API_KEY = "SG.test-key"
STEPS = ("HEAD", "ANSWER", "AFTER")
"""Where an answer can be given: before the body of a request is read, in place of the answer to all of it, and after
that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendgridAnswer:
    """An answer to give in place of the usual one."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    closes: bool = False
    """Whether the connection is closed after it, without a word."""


Step = SendgridAnswer | str


class SendgridStub:
    """Takes requests from inside ``with``, checks each against the documented rules, and keeps those it accepts.

    ``decide(step, path)`` or ``answer(step, ...)`` say what to answer in place of 202: a ``SendgridAnswer``, any text
    for garbage, or ``DROP`` or ``STALL``. After a whole request without faults the message counts as accepted unless
    the answer is a 3xx or more.
    """

    def __init__(
        self,
        decide: Callable[[str, str], Step | None] | None = None,
        *,
        certificate: Certificate | None = None,
        api_key: str = API_KEY,
    ) -> None:
        """With a certificate it speaks https."""
        self.api_key = api_key
        self.script: Script[Step] = Script(decide)
        self.messages: list[dict[str, Any]] = []
        """Payloads that were accepted."""
        self.faults: list[Fault] = []
        """All that was wrong with requests."""
        self.requests = 0
        self.connections = 0
        self.lock = Lock()
        self.closed = Semaphore(0)
        """Released once for each connection that the server has closed."""
        self.stopping = Event()
        self._certificate = certificate
        self._server: _Server | None = None
        self._thread: Thread | None = None

    def answer(self, step: str, *answers: Step) -> None:
        """Queues answers for the next times that step is reached."""
        if step not in STEPS:
            raise ValueError(f"no step {step!r}: {', '.join(STEPS)}")
        self.script.add(step, *answers)

    @property
    def url(self) -> str:
        """Where it listens, as ``provider.host`` wants it."""
        port = self._server.server_address[1] if self._server else 0
        return f"{'https' if self._certificate else 'http'}://{HOST}:{port}"

    @property
    def settings(self) -> SendgridProvider:
        """What to give ``open_provider`` to reach this server."""
        return SendgridProvider.model_validate(
            {"kind": "sendgrid", "api_key": self.api_key, "host": self.url, "timeout_seconds": 60}
        )

    def __enter__(self) -> Self:
        self._server = _Server(self)
        if self._certificate:
            context = self._certificate.server_context
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), name="sendgrid-stub", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, stub: SendgridStub) -> None:
        super().__init__((HOST, 0), _Handler)
        self.stub = stub

    def shutdown_request(self, request: Any) -> None:
        """Closes a connection, and says so."""
        super().shutdown_request(request)
        self.stub.closed.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keeps quiet of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.stub.lock:
            self.server.stub.connections += 1

    def do_POST(self) -> None:
        stub = self.server.stub
        with stub.lock:
            stub.requests += 1
        early = stub.script.next("HEAD", self.path)
        if early is not None:
            self._give(early)
            self.close_connection = True
            return
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return
        self._give(self._judge(body))
        more = stub.script.next("AFTER", self.path)
        if more is not None:
            self._give(more)

    def do_GET(self) -> None:
        self._give(_complain(405, Fault("", "method not allowed")))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""

    def _judge(self, body: bytes) -> Step:
        """The answer to a whole request; keeps the message if it is accepted."""
        stub = self.server.stub
        refusal = self._refuse(body)
        if refusal:
            return refusal
        payload = json.loads(body)
        answer = stub.script.next("ANSWER", self.path) or _usual_answer(payload, stub.requests)
        if isinstance(answer, str) or answer.status < 300:
            with stub.lock:
                stub.messages.append(payload)
        return answer

    def _refuse(self, body: bytes) -> SendgridAnswer | None:
        if self.path != PATH:
            return _complain(404, Fault("", "not found"))
        if self.headers.get("Authorization") != f"Bearer {self.server.stub.api_key}":
            return _complain(401, Fault("", "The provided authorization grant is invalid, expired, or revoked"))
        if self.headers.get("Content-Type", "").split(";")[0] != "application/json":
            return _complain(415, Fault("", "unsupported media type"))
        if len(body) >= MAX_REQUEST_BYTES:
            return _complain(413, Fault("", "content too large"))
        try:
            faults = find_faults(json.loads(body), size_bytes=len(body))
        except ValueError:
            faults = [Fault("", "Bad Request: no JSON")]
        with self.server.stub.lock:
            self.server.stub.faults += faults
        return _complain(400, *faults) if faults else None

    def _give(self, answer: Step) -> None:
        if isinstance(answer, SendgridAnswer):
            self.send_response_only(answer.status)
            for name, value in {"Date": self.date_time_string(), **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = self.close_connection or answer.closes
            return
        if answer == STALL:
            self.server.stub.stopping.wait()
        elif answer != DROP:
            self.wfile.write(answer.encode())
        self.close_connection = True


def _usual_answer(payload: dict[str, Any], number: int) -> SendgridAnswer:
    is_trial = payload.get("mail_settings", {}).get("sandbox_mode", {}).get("enable", False)
    return SendgridAnswer(status=200 if is_trial else 202, headers={"X-Message-Id": f"stub-{number}"})


def _complain(status: int, *faults: Fault) -> SendgridAnswer:
    errors = [{"message": fault.message, "field": fault.field or None, "help": None} for fault in faults]
    body = json.dumps({"errors": errors}).encode()
    return SendgridAnswer(status=status, headers={"Content-Type": "application/json"}, body=body)
