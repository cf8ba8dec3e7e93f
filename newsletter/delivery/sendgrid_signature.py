"""Whether a request to our webhook is SendGrid's: its signature over the very bytes that came."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from newsletter.config.signing_keys import read_verification_key

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"


read_key = lru_cache(maxsize=8)(read_verification_key)


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
