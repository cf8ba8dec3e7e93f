"""A deployment with two readers of the same tastes, one of whom leaves and comes back before the next mail."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from product import Deployment, parse
from starlette.testclient import TestClient

from newsletter.config import load
from newsletter.model import SubscriberState
from newsletter.storage import Storage
from newsletter.web.app import make_app

KEY = "a secret of more than thirty-two characters"
FIRST_DAY, SECOND_DAY = "2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z"
NEW_PAPERS = (
    ("Spiking networks that hear", "Microphones that speak in spikes make spiking networks hear with a tenth of the energy."),
    ("How spiking networks tell time", "Spiking neural networks tell time by the rhythm of their own spikes."),
)  # fmt: skip


@dataclass(frozen=True)
class CameBack:
    """The mails of the second day, and what happened to the links of the one who had left."""

    raw: bytes
    twin: bytes
    """The mail of the reader who never left."""
    sent_while_away: int
    answers: tuple[int, ...]
    """Status codes: the page behind the new mail's link, then pressing its button."""


def come_back(deployment: Deployment) -> CameBack:
    """Everything through the product's own doors, but for the undoing, which the store is told."""
    environ = {"NEWSLETTER_SECRET_KEY": KEY}
    Path(deployment.folder / ".env").write_text(f"NEWSLETTER_SECRET_KEY={KEY}\n")
    (deployment.folder / ".env").chmod(0o600)
    deployment.write(base_url="https://papers.example.org")
    readers = ("ada@example.org", "bea@example.org")
    deployment.write_readers(
        [{"email": email, "profile": {"interests": ["spiking neural networks"]}} for email in readers]
    )
    said = deployment("run", "--json", "--now", FIRST_DAY)
    assert said.json["sent"] == 2, said
    settings = load(deployment.folder / "config", environ=environ)
    with Storage.open(settings.database) as storage:
        client = TestClient(make_app(settings, storage), base_url=settings.base_url, follow_redirects=False)
        assert client.post(unsubscribe_link(mail_to(deployment, "ada"))).status_code == 200
        deployment.write_page("spikes", NEW_PAPERS)
        away = deployment("run", "--dry-run", "--json", "--now", SECOND_DAY).json["due"]
        ada = next(reader for reader in storage.subscribers.all() if reader.email == "ada@example.org")
        assert ada.state is SubscriberState.LEFT
        storage.subscribers.save(replace(ada, state=SubscriberState.ACTIVE))
        assert deployment("run", "--json", "--now", SECOND_DAY).json["sent"] == 2
        raw = mail_to(deployment, "ada")
        answers = [client.get(unsubscribe_link(raw)).status_code, client.post(unsubscribe_link(raw)).status_code]
    return CameBack(raw, mail_to(deployment, "bea"), away, tuple(answers))


def mail_to(deployment: Deployment, name: str) -> bytes:
    """The last mail to that reader."""
    return sorted(deployment.outbox.glob(f"*-{name}-*.eml"))[-1].read_bytes()


def unsubscribe_link(raw: bytes) -> str:
    found = re.search(r"<(https://[^>]+)>", parse(raw)["List-Unsubscribe"])
    assert found
    return found[1]
