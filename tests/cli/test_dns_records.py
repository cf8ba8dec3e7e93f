"""What doctor says of a domain's records, asked of a real name server."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from dns.resolver import Resolver

from newsletter.cli.dns_records import MailRecord, look_up
from newsletter.config.signing_keys import public_record
from newsletter.rendering.dkim import Signature

RSA, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
ED = ed25519.Ed25519PrivateKey.generate()


class NameServer(socketserver.UDPServer):
    """Answers with the TXT records it was given."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.records: dict[str, str] = {}


class _Answer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sock = self.request
        asked = dns.message.from_wire(data)
        answer = dns.message.make_response(asked)
        answer.flags |= dns.flags.RA
        name = asked.question[0].name
        text = self.server.records.get(name.to_text(omit_final_dot=True))
        if text is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            parts = " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", parts))
        sock.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: NameServer, *signatures: Signature) -> dict[str, MailRecord]:
    resolver = Resolver(configure=False)
    resolver.lifetime = 60.0
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
    return {record.name: record for record in look_up(resolver, "example.org", signatures)}


def test_records_that_fit(server: NameServer) -> None:
    server.records = {
        "example.org": "v=spf1 -all",
        "_dmarc.example.org": "v=DMARC1; p=none",
        "s1._domainkey.example.org": public_record(RSA).replace("p=", "t=y; p= "),
        "s2._domainkey.example.org": public_record(ED),
    }
    records = ask(server, Signature("example.org", "s1", RSA), Signature("example.org", "s2", ED))
    assert list(records) == ["SPF", "DKIM s1", "DKIM s2", "DMARC"]
    assert all(record.found for record in records.values())


@pytest.mark.parametrize("key", [RSA, ED])
def test_a_record_that_is_missing_is_printed(server: NameServer, key: rsa.RSAPrivateKey) -> None:
    record = ask(server, Signature("example.org", "s1", key))["DKIM s1"]
    assert not record.found
    assert record.detail == f"no TXT record at s1._domainkey.example.org; publish: {public_record(key)}"


@pytest.mark.parametrize(
    "published",
    [public_record(OTHER), public_record(ED), "v=DKIM1; p=", "v=DKIM1; p=x", "junk"],
    ids=["another", "another kind", "revoked", "broken", "junk"],
)
def test_a_record_of_another_key(server: NameServer, published: str) -> None:
    server.records["s1._domainkey.example.org"] = published
    record = ask(server, Signature("example.org", "s1", RSA))["DKIM s1"]
    assert not record.found
    assert "is of another key; publish: v=DKIM1; k=rsa; p=" in record.detail


@pytest.mark.parametrize(("domain", "is_good"), [("example.org", True), ("example.net", False)])
def test_who_signs_must_be_the_sender(server: NameServer, domain: str, is_good: bool) -> None:
    server.records[f"s1._domainkey.{domain}"] = public_record(RSA)
    record = ask(server, Signature(domain, "s1", RSA))["DKIM s1"]
    assert record.found is is_good
    assert ("DMARC fails" in record.detail) is not is_good


def test_without_keys_of_our_own_the_usual_names_are_tried(server: NameServer) -> None:
    assert not ask(server)["DKIM"].found
    server.records["s2._domainkey.example.org"] = public_record(RSA)
    assert ask(server)["DKIM"].detail == "key under selector s2"
