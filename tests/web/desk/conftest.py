"""A desk with a password, a browser at it, and a ledger with something to decide."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from web.conftest import MORNING, SEAL, Site

from newsletter.config.passwords import hash_password
from newsletter.config.settings import Desk, Settings
from newsletter.model import Delivery, DeliveryState
from newsletter.storage import NewDelivery, Settlement
from newsletter.web.app import make_app

PASSWORD = "four words and more"
HASH = hash_password(PASSWORD, cost=16)
"""As quick as it gets: how slow it should be is tested elsewhere."""


@dataclass(frozen=True)
class Operator:
    """A browser, logged in or not."""

    client: TestClient
    site: Site

    def log_in(self, password: str = PASSWORD) -> httpx.Response:
        return self.press("/desk/login", password=password)

    def press(self, page: str, action: str | None = None, **fields: str) -> httpx.Response:
        """Opens a page and sends a form of it, with its seal."""
        found = SEAL.search(self.client.get(page).text)
        seal = {"seal": found[1]} if found else {}
        return self.client.post(action or page, data=seal | fields)

    def follow(self, answer: httpx.Response) -> str:
        """The words of the page that a press leads to."""
        assert answer.status_code == 303, answer.text
        return text_of(self.client.get(answer.headers["location"]))


def text_of(answer: httpx.Response) -> str:
    """What a page says, without its tags."""
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def with_desk(site: Site) -> Settings:
    return site.settings.model_copy(update={"desk": Desk(password_hash=SecretStr(HASH))})


@pytest.fixture
def visitor(site: Site, with_desk: Settings) -> Operator:
    """Somebody who is not logged in."""
    app = make_app(with_desk, site.storage)
    return Operator(TestClient(app, base_url="https://papers.example.org", follow_redirects=False), site)


@pytest.fixture
def operator(visitor: Operator) -> Operator:
    assert visitor.log_in().status_code == 303
    return visitor


@pytest.fixture
def decided_later(site: Site) -> Callable[[DeliveryState], Delivery]:
    """Makes a delivery of yesterday to the first reader that ended like that."""

    def make(state: DeliveryState) -> Delivery:
        now = datetime.now(UTC)
        reader = min(site.storage.subscribers.all(), key=lambda one: one.email)
        new = NewDelivery(
            subscriber=reader.id,
            local_date=now.date() - timedelta(days=len(site.storage.deliveries.find())),
            edition=site.storage.editions.list(1)[0].id,
            valid_until=now + timedelta(hours=9),
            message_id=f"<{state}@example.org>",
            created_at=max(now, MORNING),  # of the edition, which may be of later today
        )
        assert site.storage.deliveries.plan([new]) == 1
        leased = site.storage.deliveries.lease(owner="w", limit=9, until=now + timedelta(hours=1), now=now, at=now)
        site.storage.deliveries.hand(leased.deliveries, owner="w", bodies={})
        settled = [Settlement(delivery=one, state=state, error=f"was {state}") for one in leased.deliveries]
        assert site.storage.deliveries.record(settled, owner="w")
        return leased.deliveries[0]

    return make
