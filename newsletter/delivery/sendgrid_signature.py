"""Whether a request to our webhook is SendGrid's: its signature over the very bytes that came."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"


@lru_cache(maxsize=8)
def read_key(text: str) -> EllipticCurvePublicKey:
    """The verification key as SendGrid's settings show it: DER in base64, on the curve P-256.

    Raises ``ValueError`` for anything else.
    """
    try:
        key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not a verification key: expected the base64 text that SendGrid shows") from error
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("not a verification key: expected one on the curve P-256")


def is_signed(body: bytes, *, signature: str, timestamp: str, key: str) -> bool:
    """Whether the owner of the key signed this very body at this time; false for junk of any kind.

    ``signature`` and ``timestamp`` are what the two headers say, ``key`` is what ``read_key`` takes. How old a time
    may be is the caller's to say.
    """
    try:
        read_key(key).verify(base64.b64decode(signature, validate=True), timestamp.encode() + body, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
