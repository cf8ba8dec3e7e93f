"""A deployment that has sent its first mails, the pages over it, and the links of one reader's mail."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from product import Deployment, deploy
from starlette.testclient import TestClient

from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.storage import Storage
from newsletter.web.app import make_app

KEY = "a secret of more than thirty-two characters"
SEAL = re.compile(r'name="seal" value="([^"]+)"')
MORNING = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
"""Today's: tokens have lives, and the pages go by the clock."""


@dataclass(frozen=True)
class Site:
    """The pages, as a browser reaches them, and what lies behind."""

    client: TestClient
    settings: Settings
    storage: Storage
    deployment: Deployment

    def press(self, page: str, action: str = "", **fields: str) -> httpx.Response:
        """Opens a page and sends its form, with its seal; ``action`` is the form's own address below the page's."""
        found = SEAL.search(self.client.get(page).text)
        return self.client.post(page + action, data={"seal": found[1] if found else ""} | fields)

    def due_tomorrow(self) -> int:
        """How many readers a run of tomorrow would mail."""
        tomorrow = (MORNING + timedelta(days=1)).isoformat()
        return int(self.deployment("run", "--dry-run", "--json", "--now", tomorrow).json["due"])

    def everything(self) -> list[object]:
        """All that a page could change of readers."""
        people = self.storage.subscribers.all()
        return [people, self.storage.votes.of([person.id for person in people]), self.storage.suppressions.count()]


@dataclass(frozen=True)
class Links:
    """Where one reader's mail leads."""

    reader: str
    leave: str
    preferences: str
    archive: str
    more: tuple[str, ...]
    less: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (self.leave, self.preferences, self.archive, *self.more, *self.less)


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment that has sent its first mails; each test has a copy of its own."""
    made = deploy(tmp_path_factory.mktemp("sent"))
    made.write(base_url="https://papers.example.org", archive={"public": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEWSLETTER_SECRET_KEY", KEY)
        assert made("run", "--json", "--now", MORNING.isoformat()).json["sent"] == 3
    return made


@pytest.fixture
def site(sent: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    deployment = Deployment(shutil.copytree(sent.folder, tmp_path / "deployment"), dict(sent.settings))
    settings = load(deployment.folder / "config", environ={"NEWSLETTER_SECRET_KEY": KEY})
    with Storage.open(settings.database) as storage:
        client = TestClient(make_app(settings, storage), base_url="https://papers.example.org", follow_redirects=False)
        yield Site(client, settings, storage, deployment)


@pytest.fixture
def client(site: Site) -> TestClient:
    return site.client


@pytest.fixture
def links(site: Site) -> Links:
    """Those of Ada's mail, as they stand in it."""
    mail = next(mail for mail in site.deployment.mails() if "ada@" in mail["To"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    votes = re.findall(r"https://papers\.example\.org/v/[^\s\"<>)]+", mail.get_body(("html",)).get_content())
    return Links(
        reader="ada@example.org",
        leave=re.search(r"<(https://[^>]+)>", mail["List-Unsubscribe"])[1],
        preferences=mail["List-Help"].strip("<>"),
        archive=mail["List-Archive"].strip("<>"),
        more=tuple(link for link in votes if link.endswith("/more")),
        less=tuple(link for link in votes if link.endswith("/less")),
    )
