"""Sources over https: whom to trust is the system's say, or that of SSL_CERT_FILE."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from newsletter.errors import SourceError
from newsletter.sources.http import Http, Limits
from newsletter.testing import Certificate, make_certificate

HOST = "papers.example"


class Greeting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@contextmanager
def served(context: ssl.SSLContext) -> Iterator[int]:
    """The port of an https server on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # clients that hang up are what some tests want
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def trust(tmp_path, monkeypatch):
    """Makes the operator trust these certificates and no other."""

    def only(*certificates: Certificate) -> None:
        file: Path = tmp_path / "trusted.pem"
        file.write_bytes(b"".join(one.pem for one in certificates))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))

    return only


def get(port: int, *, host: str = HOST) -> bytes:
    limits = Limits(seconds=20, attempts=2)
    with Http(
        contact="x", allow=["127.0.0.1"], limits=limits, resolve=lambda *_: ["127.0.0.1"], sleep=lambda _: None
    ) as http:
        return http.get(f"https://{host}:{port}/feed").body


def reason(port: int, *, host: str = HOST) -> str:
    with pytest.raises(SourceError) as caught:
        get(port, host=host)
    said = str(caught.value)
    assert said.startswith(f"https://{host}:{port}/feed: ")
    assert "\n" not in said
    return said


def test_a_certificate_of_the_operators_own_is_trusted(trust):
    certificate = make_certificate(HOST, "127.0.0.1")
    trust(certificate)
    with served(certificate.server_context) as port:
        assert get(port) == b"hello"
        assert get(port, host="127.0.0.1") == b"hello"


@pytest.mark.parametrize("trusted", [(), ("other.example",)], ids=["nobody", "somebody else"])
def test_a_stranger_is_refused(trust, trusted):
    trust(*(make_certificate(name) for name in trusted))
    with served(make_certificate(HOST).server_context) as port:
        said = reason(port)
    assert "cannot be trusted: certificate verify failed: self-signed certificate" in said


def test_another_hosts_certificate_is_refused(trust):
    certificate = make_certificate("other.example")
    trust(certificate)
    with served(certificate.server_context) as port:
        assert f"Hostname mismatch, certificate is not valid for '{HOST}'" in reason(port)


def test_an_expired_certificate_is_refused(trust):
    certificate = make_certificate(HOST, days_left=-1)
    trust(certificate)
    with served(certificate.server_context) as port:
        assert "cannot be trusted: certificate verify failed: certificate has expired" in reason(port)
