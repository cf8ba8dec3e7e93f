"""What stands on every mail: links of the reader's own, and a signature where the mail server makes none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from product import Deployment

from newsletter.config import load
from newsletter.config.signing_keys import public_record
from newsletter.errors import UsageError
from newsletter.pipeline.looking import look_at_all
from newsletter.pipeline.messages import Letterhead
from newsletter.storage import Storage
from newsletter.testing import SmtpSink

KEY = "a secret of more than thirty-two characters"
NOW = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=1)
"""Past: a signature from the future is believed by nobody."""
MORNING, TODAY = NOW.isoformat(), NOW.date().isoformat()


@pytest.fixture(scope="module")
def keys() -> dict[str, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey]:
    return {"s1": rsa.generate_private_key(65537, 2048), "s2": ed25519.Ed25519PrivateKey.generate()}


@pytest.fixture
def signing(deployment: Deployment, keys):
    """Writes the keys beside the settings; gives the option that names them, and what DNS would say of them."""
    for name, key in keys.items():
        file = deployment.folder / f"{name}.pem"
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.chmod(0o600)
    records = {f"{name}._domainkey.example.org.".encode(): public_record(key).encode() for name, key in keys.items()}
    return [{"selector": name, "key": f"{name}.pem"} for name in keys], records


def is_believed(raw: bytes, records: dict[bytes, bytes], number: int) -> bool:
    return bool(dkim.DKIM(raw).verify(idx=number, dnsfunc=lambda name, timeout=5: records[name]))


def test_what_a_mail_server_gets_is_signed_and_what_is_kept_is_the_same(deployment, signing):
    options, records = signing
    with SmtpSink() as sink:
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "dkim": options})
        assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3
        received = {one.recipient: one.raw for one in sink.messages}
    for address, raw in received.items():
        assert [is_believed(raw, records, number) for number in (0, 1)] == [True, True]
        replayed = deployment("replay", "--date", TODAY, "--subscriber", address).out
        assert replayed.encode() == raw


def test_without_keys_nothing_is_signed(deployment):
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3
    assert all(mail["DKIM-Signature"] is None for mail in deployment.mails())


def test_the_same_digest_gives_the_same_bytes_however_often_and_its_day_is_in_its_links(deployment, signing):
    deployment.write(
        base_url="https://papers.example.org",
        provider={"kind": "smtp", "host": "127.0.0.1", "port": 25, "dkim": signing[0]},
    )
    settings = load(deployment.folder / "config", environ={"NEWSLETTER_SECRET_KEY": KEY})
    with Storage.open(settings.database) as storage:
        look = next(iter(look_at_all(settings, storage, address="ada@example.org", now=NOW)))

    def make(at: datetime = NOW) -> bytes:
        return Letterhead(settings).render(look.digest, look.reader, message_id="<1@example.org>", date=at).raw

    assert make() == make()
    links = Letterhead(settings).links(look.reader, look.digest.local_date)
    assert Letterhead(settings).links(look.reader, look.digest.local_date) == links
    assert f".{TODAY}." in links.vote
    assert f".{TODAY}." in links.preferences
    assert f".{TODAY}." in links.archive
    mail = message_from_bytes(make())
    assert mail["List-Unsubscribe"].startswith(
        f"<{links.unsubscribe}>, <mailto:papers@example.org?subject=unsubscribe%20"
    )
    assert mail["List-Archive"] == f"<{links.archive}>"
    later = message_from_bytes(make(NOW + timedelta(hours=1)))
    assert later["List-Archive"] == mail["List-Archive"]
    assert later["DKIM-Signature"] != mail["DKIM-Signature"]


def test_a_test_mail_says_that_a_machine_sent_it_and_that_is_signed(deployment, signing):
    options, records = signing
    with SmtpSink() as sink:
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "dkim": options})
        assert deployment("send-test", "me@example.org", "--now", MORNING).code == 0
        (received,) = sink.messages
    mail = message_from_bytes(received.raw)
    assert mail.get_all("Auto-Submitted") == ["auto-generated"]
    assert is_believed(received.raw, records, 0)
    assert "Auto-Submitted" in re.sub(r"\s", "", mail["DKIM-Signature"])


def test_a_key_that_went_bad_is_told_before_anything_is_sent(deployment, signing):
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": 25, "dkim": signing[0]})
    settings = load(deployment.folder / "config", environ={})
    (deployment.folder / "s1.pem").chmod(0o644)
    with pytest.raises(UsageError, match=r"provider\.dkim: .*s1\.pem can be opened by others.*chmod 600"):
        Letterhead(settings)
