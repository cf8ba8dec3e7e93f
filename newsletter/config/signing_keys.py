"""Keys: those that mails are signed with (DKIM), from PEM files that nobody else can open; and SendGrid's."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    SigningKey = RSAPrivateKey | Ed25519PrivateKey

MIN_RSA_BITS = 2048
"""Receivers take shorter ones for none (RFC 8301 asks for 2048 at least)."""
MAX_BYTES = 100_000


def read_signing_key(path: Path) -> SigningKey:
    """The private key in a PEM file: RSA of 2048 bits or more, or Ed25519; ValueError says what is wrong with it."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"{path} can be opened by others, and it holds a secret; run `chmod 600 {path}`")
        with path.open("rb") as file:
            pem = file.read(MAX_BYTES)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return _parse(pem, path)


def public_record(key: SigningKey) -> str:
    """What the selector's TXT record has to say: ``v=DKIM1; k=rsa; p=…``."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, RSAPrivateKey):
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode('ascii')}"
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode('ascii')}"


def read_verification_key(text: str) -> EllipticCurvePublicKey:
    """The verification key as SendGrid's settings show it: DER in base64, on the curve P-256.

    Raises ``ValueError`` for anything else.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not a verification key: expected the base64 text that SendGrid shows") from error
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("not a verification key: expected one on the curve P-256")


def _parse(pem: bytes, path: Path) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it is locked with a password
        raise ValueError(f"{path} holds no private key in PEM that opens without a password") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path} holds a key of another kind; DKIM knows RSA and Ed25519")  # noqa: TRY004 of a file
    if key.key_size < MIN_RSA_BITS:
        raise ValueError(f"{path} holds an RSA key of {key.key_size} bits; receivers trust {MIN_RSA_BITS} or more")
    return key
