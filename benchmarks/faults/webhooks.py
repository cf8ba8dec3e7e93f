"""T18: what is posted to the webhook: mangled, forged, doubled, out of order. The state is that of the clean stream."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.types import ASGIApp

from benchmarks.faults.rows import Row
from benchmarks.faults.world import NOW, SENDER, Place, address, plan
from newsletter.config.settings import Settings
from newsletter.delivery.sendgrid_signature import SIGNATURE_HEADER, TIMESTAMP_HEADER
from newsletter.model import Delivery, DeliveryState
from newsletter.shipped import shipped
from newsletter.storage import Storage
from newsletter.storage.ledger import Settlement
from newsletter.testing.mutants import mutants
from newsletter.web.app import make_app

TIMES = 46
"""As often as one event was seen to come."""
A_BODY = 7
"""Events."""
TOLD = (DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.FAILED)
STORIES: Sequence[Sequence[Mapping[str, Any]]] = (
    ({"event": "processed"}, {"event": "deferred", "response": "421 later"}, {"event": "delivered"}, {"event": "open"}),
    ({"event": "processed"}, {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 nobody"}),
    ({"event": "processed"}, {"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 policy"}),
    ({"event": "delivered"}, {"event": "spamreport"}),
    ({"event": "delivered"}, {"event": "click", "url": "https://papers.example/ü"}, {"event": "group_unsubscribe"}),
    ({"event": "dropped", "reason": "Bounced Address"},),
    ({"event": "deferred"}, {"event": "bounce", "type": "expired", "reason": "unable to get mx info"}),
)
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
Headers = Mapping[str, str]
Post = tuple[bytes, Headers]
PATH = "/webhooks/sendgrid"
PIECE = 65_536


def post_to_the_webhook(places: Sequence[Place], *, bodies: int, readers: int) -> Iterator[Row]:
    """The clean stream to one database; to another the same with all that should change nothing between it."""
    for place in places:
        with place.fresh(readers) as clean, place.fresh(readers) as dirty:
            deliveries = _tell_senders(clean)
            _tell_senders(dirty)
            stream, strange = list(_bodies(deliveries)), list(_bodies(deliveries, strange=True))
            with Storage.open(clean, durability="process") as storage:
                tidy = asyncio.run(_post_all(storage, ((body, signed(body)) for body in stream)))
            with Storage.open(dirty, durability="process") as storage:
                answers = asyncio.run(_post_all(storage, _storm(stream, strange, bodies)))
            states = [_state(url) for url in (clean, dirty)]
            row = Row(
                scenario=f"T18 webhook, {place.name}",
                recipients=readers,
                sent=states[0].get(DeliveryState.SENT, 0),
                uncertain=states[0].get(DeliveryState.UNCERTAIN, 0),
                remark=", ".join(f"{count:,} x {status}" for status, count in sorted(answers.items())),
            )
            yield row.with_checks(
                no_answer_blames_us=not any(status >= 500 for status in answers),
                every_body_of_the_clean_stream_is_taken=set(tidy) == {204},
                nothing_but_events_rightly_signed_changes_anything=states[0] == states[1],
                something_was_told=bool(states[0]["suppressed"]),
                bad_signatures_are_refused=answers[403] > 0,
            )


def _tell_senders(url: str) -> list[Delivery]:
    """Sends every reader's mail as far as the provider's answer: yes, none, no."""
    with Storage.open(url, durability="process") as storage:
        plan(storage)
        sent: list[Delivery] = []
        at = datetime.now(UTC)
        until = at + timedelta(hours=1)
        while some := storage.deliveries.lease(owner="w", limit=20, until=until, now=NOW, at=at).deliveries:
            storage.deliveries.hand(some, owner="w", bodies={one.id: (b"mail",) for one in some})
            storage.deliveries.record(
                [Settlement(delivery=one, state=TOLD[one.id % 3], provider="sendgrid") for one in some], owner="w"
            )
            sent += some
    return sent


def _bodies(deliveries: Sequence[Delivery], *, strange: bool = False) -> Iterator[bytes]:
    """What a provider has to tell of these; ``strange``: of deliveries and readers that are nobody's here."""
    began = datetime.now(UTC) - timedelta(hours=20)
    told = [
        {
            "email": "nobody@elsewhere.example" if strange else address(int(one.subscriber.removeprefix("reader-"))),
            "timestamp": int((began + timedelta(minutes=step)).timestamp()),
            "sg_event_id": f"{'strange' if strange else 'ours'}-{one.id}-{step}",
            "sg_message_id": f"{one.id}.filter0001.1.2-3",
            "delivery_id": str(one.id + (70_000_000_000 if strange else 0)),
            **event,
        }
        for one in deliveries
        for step, event in enumerate(STORIES[one.id % len(STORIES)])
    ]
    for start in range(0, len(told), A_BODY):
        yield json.dumps(told[start : start + A_BODY]).encode()


def _storm(stream: Sequence[bytes], strange: Sequence[bytes], bodies: int) -> Iterator[Post]:
    """Each clean body as often as one was ever seen to come, in no order, among so many others.

    Half of these are ours, mangled under way: nobody's signature fits. The others are signed as they are, mangled or
    not, and about nobody here.
    """
    chance = random.Random(18)
    ours = [body for body in stream for _ in range(TIMES)]
    forged = (mutant.body for mutant in mutants(stream, bodies // 2, seed=18))
    mangled = (mutant.body for mutant in mutants(strange, bodies - bodies // 2, seed=81))
    turns = ["ours"] * len(ours) + ["forged"] * (bodies // 2) + ["mangled"] * (bodies - bodies // 2)
    chance.shuffle(ours)
    chance.shuffle(turns)
    for turn in turns:
        if turn == "ours":
            body = ours.pop()
            yield body, signed(body, hours_ago=chance.choice((0, 0, 1, 24)))
        elif turn == "forged":
            yield next(forged), _bad_signature(chance, stream)
        else:
            body = next(mangled)
            yield body, signed(body)


def signed(body: bytes, *, key: ec.EllipticCurvePrivateKey = KEY, hours_ago: float = 0) -> Headers:
    """The two headers by which a body is believed."""
    timestamp = f"{(datetime.now(UTC) - timedelta(hours=hours_ago)).timestamp():.0f}"
    signature = base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    return {SIGNATURE_HEADER: signature, TIMESTAMP_HEADER: timestamp}


def _bad_signature(chance: random.Random, stream: Sequence[bytes]) -> Headers:
    body = chance.choice(stream)
    good = signed(body)
    return chance.choice(
        (
            good,  # of another body
            signed(body, key=OTHER_KEY),
            signed(body, hours_ago=49),
            {},
            {SIGNATURE_HEADER: good[SIGNATURE_HEADER]},
            {**good, SIGNATURE_HEADER: "\xff=="},
            {**good, SIGNATURE_HEADER: "A" * chance.randrange(200)},
            {**good, TIMESTAMP_HEADER: chance.choice(("", "0", "-1", "1e999", "\xb2", "9" * 400, "nan"))},
        )
    )


async def _post_all(storage: Storage, posts: Iterable[Post]) -> Counter[int]:
    """Posts them one after the other, straight to the application; how often it gave which status."""
    app = make_app(_settings(), storage)
    return Counter([await post(app, body, headers) for body, headers in posts])


async def post(app: ASGIApp, body: bytes, headers: Headers) -> int:
    """The status that a POST is answered with; the body comes in pieces, and nobody said how long it is."""
    pieces = [body[start : start + PIECE] for start in range(0, len(body), PIECE)] or [b""]
    status = 0

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0) if pieces else b"", "more_body": bool(pieces)}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": raw,
        "client": ("192.0.2.1", 1),
        "server": ("papers.example", 443),
    }
    await app(scope, receive, send)
    return status


def _settings() -> Settings:
    provider = {"kind": "sendgrid", "api_key": "SG.canary", "webhook_key": PUBLIC}
    return Settings.model_validate(
        {
            "title": "Papers",
            "from": SENDER,
            "sources": [{"kind": "huggingface"}],
            "provider": provider,
            "folder": ".",
            "templates": (shipped("templates"),),
        }
    )


def _state(url: str) -> dict[str, Any]:
    """All that events lead to."""
    with Storage.open(url) as storage:
        people = storage.subscribers.all()
        rows = storage.deliveries.find(limit=1_000_000)
        return {
            **storage.deliveries.counts(),
            "deliveries": sorted((one.id, one.state, one.error or "") for one in rows),
            "readers": sorted((one.id, one.state) for one in people),
            "suppressed": storage.suppressions.reasons(one.email for one in people),
        }
