"""Signing by DKIM, against dkimpy: the same messages, keys and headers, RSA of 2048 bits and Ed25519."""

from __future__ import annotations

import statistics
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from newsletter.model import Digest, Entry, Links, Mailbox, Message, Ranked, Reason, Subscriber
from newsletter.rendering import Renderer
from newsletter.rendering.dkim import SIGNED, Signature, sign
from newsletter.shipped import shipped

MESSAGES = 20
ROUNDS = 5
AT = datetime(2024, 3, 4, 7, 30, tzinfo=UTC)
SENDER = Mailbox(email="papers@example.org", name="Morning Papers")
ABSTRACT = "We measure how long it takes to say the same thing twice & find that p < 0.05. " * 8
RSA = Signature("example.org", "s1", generate_private_key(65537, 2048))
ED25519 = Signature("example.org", "s2", Ed25519PrivateKey.generate())

Sign = Callable[[Message], object]


def measure() -> list[dict[str, Any]]:
    """Microseconds of processor time a message, medians of rounds taken in turn, and ratios to dkimpy."""
    messages = make_messages()
    pem = RSA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ways: dict[tuple[str, str], Sign] = {
        ("RSA-2048", "dkimpy"): with_dkimpy(RSA, pem),
        ("RSA-2048", "ours"): with_ours(RSA),
        ("RSA-2048", "the signature alone"): lambda message: RSA.key.sign(message.raw[:900], PKCS1v15(), SHA256()),
        ("Ed25519", "dkimpy"): with_dkimpy(ED25519, b64encode(ED25519.key.private_bytes_raw())),
        ("Ed25519", "ours"): with_ours(ED25519),
    }
    for way in ways.values():
        way(messages[0])
    times: dict[tuple[str, str], list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(microseconds(way, messages))
    medians = {name: statistics.median(rounds) for name, rounds in times.items()}
    return [
        {"key": key, "way": way, "µs a message": cost, "against dkimpy": medians[key, "dkimpy"] / cost}
        for (key, way), cost in medians.items()
    ]


def make_messages() -> list[Message]:
    """Digests of one edition, as they are sent: about 35 KB, and no two the same."""
    renderer = Renderer(
        folders=[shipped("templates")], title="Morning Papers", sender=SENDER, postal_address="1 Street"
    )
    papers = [Entry(title=f"Paper {n} on naps", link=f"https://x.example.org/{n}", summary=ABSTRACT) for n in range(40)]
    made = []
    for number in range(MESSAGES):
        chosen = [papers[(7 * number + place) % len(papers)] for place in range(10)]
        why = (Reason(kind="interest", label="naps", contribution=1.0),)
        items = tuple(Ranked(entry=e, score=1.0, match=0.7, rank=n, reasons=why) for n, e in enumerate(chosen, start=1))
        digest = Digest(edition="2024-03-04T07:30:00Z", local_date=AT.date(), items=items, candidates=40)
        reader = Subscriber(id=f"r{number}", email=f"reader{number}@example.org", name=f"Reader {number}")
        door = f"https://papers.example.org/u/{number:016x}"
        links = Links(unsubscribe=door, preferences=door, archive=door, vote=door)
        named = f"<{number}@example.org>"
        made.append(renderer.render(digest, subscriber=reader, links=links, message_id=named, date=AT))
    return made


def with_ours(signature: Signature) -> Sign:
    return lambda message: sign(message.raw, [signature], at=AT)


def with_dkimpy(signature: Signature, key: bytes) -> Sign:
    names = [name.lower().encode() for name in SIGNED]
    kind = b"ed25519-sha256" if signature is ED25519 else b"rsa-sha256"
    relaxed = (b"relaxed", b"relaxed")

    def make(message: Message) -> object:
        return dkim.DKIM(message.raw, signature_algorithm=kind).sign(
            signature.selector.encode(), signature.domain.encode(), key, canonicalize=relaxed, include_headers=names
        )

    return make


def microseconds(way: Sign, messages: Sequence[Message]) -> float:
    start = time.process_time()
    for message in messages:
        way(message)
    return (time.process_time() - start) / len(messages) * 1e6
