"""Keys that mails are signed with: what is wrong with one is told before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from product import Deployment

from newsletter.config import load
from newsletter.config.settings import SmtpProvider

RSA = rsa.generate_private_key(65537, 2048)
KEYS = {
    "rsa": RSA,
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "short": rsa.generate_private_key(65537, 1024),
    "curve": ec.generate_private_key(ec.SECP256R1()),
    "dsa": dsa.generate_private_key(2048),
}


@pytest.fixture
def write_key(deployment: Deployment):
    """Writes a key, or any bytes, as dkim.pem and the settings that name it."""

    def write(pem: bytes, mode: int = 0o600, **options: str) -> Path:
        file = deployment.folder / "dkim.pem"
        file.write_bytes(pem)
        file.chmod(mode)
        signed = {"selector": "s1", "key": "dkim.pem", **options}
        deployment.write(provider={"kind": "smtp", "host": "localhost", "dkim": signed})
        return file

    return write


def pem(name: str, password: bytes = b"") -> bytes:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return KEYS[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


@pytest.mark.parametrize("name", ["rsa", "ed25519"])
def test_a_key_that_can_sign_is_taken(deployment, write_key, name):
    file = write_key(pem(name))
    assert deployment("config", "check").code == 0
    provider = load(deployment.folder / "config", environ={}).provider
    assert isinstance(provider, SmtpProvider)
    assert [(one.selector, one.key, one.domain) for one in provider.dkim] == [("s1", file, None)]


def test_two_keys_are_a_list(deployment, write_key):
    write_key(pem("rsa"))
    keys = [{"selector": "s1", "key": "dkim.pem"}, {"selector": "s2", "key": "dkim.pem", "domain": "Example.org"}]
    deployment.write(provider={"kind": "smtp", "host": "localhost", "dkim": keys})
    provider = load(deployment.folder / "config", environ={}).provider
    assert isinstance(provider, SmtpProvider)
    assert [(one.selector, one.domain) for one in provider.dkim] == [("s1", None), ("s2", "example.org")]


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (pem("rsa"), 0o640, "can be opened by others, and it holds a secret; run `chmod 600 "),
        (pem("short"), 0o600, "holds an RSA key of 1024 bits; receivers trust 2048 or more"),
        (pem("curve"), 0o600, "holds a key of another kind; DKIM knows RSA and Ed25519"),
        (pem("dsa"), 0o600, "holds a key of another kind; DKIM knows RSA and Ed25519"),
        (pem("rsa", b"locked"), 0o600, "holds no private key in PEM that opens without a password"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600, "holds no private key in PEM"),
        (b"\x00\xff", 0o600, "holds no private key in PEM"),
        (b"", 0o600, "holds no private key in PEM"),
    ],
)
def test_a_key_that_cannot_is_one_line_before_anything_is_sent(deployment, write_key, content, mode, words):
    file = write_key(content, mode)
    for command in (["config", "check"], ["run"], ["doctor"]):
        said = deployment(*command)
        assert said.code == 2
        (line,) = (line for line in said.err.splitlines() if "dkim.pem" in line)
        assert "config/newsletter.yaml:" in line
        assert f"`key`: {file} " in line
        assert words in line


def test_a_key_that_is_not_there(deployment, write_key):
    write_key(pem("rsa")).unlink()
    assert "dkim.pem cannot be read: No such file or directory" in deployment("config", "check").err


def test_a_selector_that_is_none(deployment, write_key):
    write_key(pem("rsa"), selector="s 1")
    said = deployment("config", "check").err
    assert "`selector` is `s 1`; expected a name of letters, digits and hyphens, such as `s2026`" in said
