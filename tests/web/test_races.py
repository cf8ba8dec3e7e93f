"""Twenty visitors at once press everything that one reader's mails and letters lead to, through a real server."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import pytest
import uvicorn
from patience import wait_until
from web.conftest import Site

from newsletter.config.settings import Settings
from newsletter.model import ConsentAct, Entry, LetterKind, Owner, Subscriber, SubscriberState
from newsletter.storage import Storage
from newsletter.storage.entries import EntryChanges
from newsletter.tokens import Purpose, Signer
from newsletter.web.app import make_app

VISITORS = 20
EMAIL = "zoe@example.org"
PAPER = "p" * 16


@dataclass(frozen=True)
class Door:
    """A server over a database of one kind."""

    url: str
    settings: Settings
    storage: Storage

    def join(self, state: SubscriberState) -> Subscriber:
        """A reader in that state."""
        return self.storage.subscribers.save(Subscriber(id="", email=EMAIL, owner=Owner.DATABASE, state=state))

    def press_all_at_once(self, reader: Subscriber, names: Sequence[str]) -> dict[str, set[int]]:
        """What the buttons answer, each pressed by several visitors in one moment; it is none of our faults."""
        links, ready = self.links_of(reader), threading.Barrier(VISITORS)

        def press(number: int) -> tuple[str, int]:
            name = names[number % len(names)]
            with httpx.Client(base_url=self.url, timeout=300) as client:
                ready.wait()
                return name, client.post(links[name], data={"seal": self.seal_of(links[name])}).status_code

        answers: dict[str, set[int]] = defaultdict(set)
        with ThreadPoolExecutor(VISITORS) as pool:
            for name, status in pool.map(press, range(VISITORS)):
                answers[name].add(status)
        assert {name: found for name, found in answers.items() if not found <= {200, 303, 404, 422}} == {}
        return answers

    def seal_of(self, link: str) -> str:
        """The seal of the form on the page of that link."""
        signer = Signer([key.get_secret_value() for key in self.settings.secret_keys])
        held = hashlib.sha256(link.split("/")[2].encode()).hexdigest()[:32]
        return signer.sign(Purpose.FORM, held, at=datetime.now(UTC).date())

    def links_of(self, reader: Subscriber) -> dict[str, str]:
        """Where a reader's mails and letters lead, by what is done there."""
        signer = Signer([key.get_secret_value() for key in self.settings.secret_keys])
        today = datetime.now(UTC).date()
        preferences = f"/p/{signer.sign(Purpose.PREFERENCES, reader.id, at=today)}"
        vote = f"/v/{signer.sign(Purpose.FEEDBACK, reader.id, at=today)}/{PAPER}/more"
        leave = f"/u/{signer.sign(Purpose.UNSUBSCRIBE, reader.id)}"
        return {
            "confirm": f"/c/{signer.sign(Purpose.CONFIRM, reader.id, at=today)}",
            "leave": leave,
            "undo": f"{leave}/undo",
            "vote": vote,
            "take back": f"{vote}/back",
            "pause": f"{preferences}/pause",
            "resume": f"{preferences}/resume",
            "save": f"{preferences}/save",
            "reset": f"{preferences}/reset",
            "erase": f"{preferences}/erase",
        }


@pytest.fixture
def door(site: Site, storage_url: str) -> Iterator[Door]:
    with Storage.open(storage_url, durability="process") as storage:
        paper = Entry(id=PAPER, title="Naps for networks", first_seen_at=datetime.now(UTC))
        storage.entries.save(EntryChanges(entries=[paper]), now=datetime.now(UTC))
        config = uvicorn.Config(make_app(site.settings, storage), port=0, log_config=None, log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Door(f"http://127.0.0.1:{port}", site.settings, storage)
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("state", [SubscriberState.PENDING, SubscriberState.ACTIVE, SubscriberState.LEFT])
def test_what_a_reader_says_last_is_how_they_stand(door: Door, state: SubscriberState) -> None:
    reader = door.join(state)
    names = ["confirm", "leave", "undo", "pause", "resume", "vote", "save"]
    door.press_all_at_once(reader, names)
    kept, said = door.storage.subscribers.by_id(reader.id), door.storage.consents.of(reader.id)
    if kept is None:  # left before they confirmed
        assert (state, said) == (SubscriberState.PENDING, [])
        return
    assert kept.state is not SubscriberState.PENDING
    if said:
        assert (kept.state is SubscriberState.LEFT) == (said[-1].act is ConsentAct.LEFT)
    turns = [one.act is ConsentAct.LEFT for one in said]
    assert all(before != after for before, after in pairwise(turns)), "every word but the last was answered by another"
    welcomes = [one for one in door.storage.deliveries.find(subscriber=reader.id) if one.kind == LetterKind.WELCOME]
    assert len(welcomes) == min(3, [one.act for one in said].count(ConsentAct.CONFIRMED))


@pytest.mark.parametrize("state", [SubscriberState.ACTIVE, SubscriberState.LEFT])
def test_of_whoever_is_erased_nothing_is_left_whatever_else_is_pressed(door: Door, state: SubscriberState) -> None:
    reader = door.join(state)
    names = ["erase", "confirm", "leave", "undo", "vote", "take back", "pause", "save", "reset"]
    answers = door.press_all_at_once(reader, names)
    assert 200 in answers["erase"]
    assert door.storage.subscribers.by_email(EMAIL) is None
    assert door.storage.suppressions.among([EMAIL], reason="erased") == {EMAIL}
    assert door.storage.consents.of(reader.id) == []
    assert door.storage.votes.of([reader.id]) == {}
