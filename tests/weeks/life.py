"""A deployment that lives through the days of a world: the run is called, the clock goes on, and the mails are kept."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from product import Deployment, Said
from weeks.world import World

from newsletter.config import load
from newsletter.pipeline import Watch, run
from newsletter.storage import Storage

READERS = {
    "daily": {"email": "daily@example.org", "schedule": {"days": "daily"}},
    "weekdays": {
        "email": "weekdays@example.org",
        "timezone": "Europe/Berlin",
        "schedule": {"days": "weekdays", "at": "07:30"},
        "profile": {"interests": ["learning lanterns", "gentle gardens"]},
    },
    "weekly": {
        "email": "weekly@example.org",
        "timezone": "Asia/Tokyo",
        "schedule": {"days": "weekly"},
        "profile": {"categories": ["q-bio.NC"], "interests": ["pruning"]},
    },
    "tokyo": {
        "email": "tokyo@example.org",
        "timezone": "Asia/Tokyo",
        "schedule": {"days": ["mon", "wed", "fri"], "at": "08:00"},
        "profile": {"authors": ["Ada Lund"]},
    },
}
MOST = 100
"""Cards: more than there are papers."""


def sources(url: str) -> list[dict[str, Any]]:
    """One of each kind, all at the same server."""
    arxiv = {"url": f"{url}/rss", "api_url": f"{url}/query", "oai_url": f"{url}/oai"}
    joined = {**arxiv, "categories": ["cs.LG", "cs.NE"]}
    alone = {**arxiv, "categories": ["q-bio.NC"], "full_records": False, "reconcile": False}
    return [
        {"kind": "weeks.doors.HuggingFace", "name": "daily papers", "backlog": "include", "options": {"url": url}},
        {"kind": "weeks.doors.Arxiv", "name": "arxiv", "options": joined},
        {"kind": "weeks.doors.Arxiv", "name": "arxiv alone", "options": alone},
        {
            "kind": "weeks.doors.Biorxiv",
            "name": "biorxiv",
            "options": {"api": f"{url}/details", "category": "neuroscience"},
        },
        *(
            {"kind": "weeks.doors.Feed", "name": name, "options": {"url": f"{url}/{name}"}}
            for name in ("blog", "journal", "lab")
        ),
    ]


@dataclass
class Life:
    """A deployment over a world, and what came of it."""

    world: World
    deployment: Deployment
    readers: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: READERS)
    states: dict[datetime, dict[str, str]] = field(default_factory=dict)
    """How each source was after each run."""

    def run_at(self, now: datetime) -> Said:
        """The main job at that instant of everybody's clock."""
        self._go_on(to=now)
        said = self.deployment("run", "--now", now.isoformat(), "--json")
        assert said.json["error"] is None, said.json["error"]
        self.states[now] = {one["name"]: one["state"] for one in said.json["sources"]}
        return said

    def die_at(self, now: datetime) -> None:
        """The same, and the process is killed when everything is planned and nothing is sent."""
        self._go_on(to=now)
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            assert os.WTERMSIG(status) == signal.SIGKILL
            return
        try:
            with self._storage() as storage:
                die = Watch(planned=lambda _: os.kill(os.getpid(), signal.SIGKILL))
                run(load(self.deployment.folder / "config", environ={}), storage, now=now, watch=die)
        finally:
            os._exit(1)

    def break_at(self, now: datetime) -> None:
        """The same, and the process breaks off when some sources are read and nothing is stored."""
        self._go_on(to=now)

        def fail(_: object) -> None:
            raise KeyboardInterrupt

        with self._storage() as storage:
            try:
                run(load(self.deployment.folder / "config", environ={}), storage, now=now, watch=Watch(fetched=fail))
            except KeyboardInterrupt:
                return
        raise AssertionError("nothing was read")

    def delivered(self) -> dict[str, Counter[str]]:
        """Reader -> how often each title was on one of their cards."""
        with self._storage() as storage:
            found: dict[str, Counter[str]] = {}
            for name, reader in self.readers.items():
                one = storage.subscribers.by_email(str(reader["email"]))
                rows = storage.deliveries.find(subscriber=one.id, limit=1000) if one else []
                ids = [entry_id for row in rows if row.state == "sent" for entry_id in row.shown]
                entries = storage.entries.by_ids(ids)
                found[name] = Counter(entries[entry_id].title for entry_id in ids)
            return found

    def entries(self) -> int:
        """How many papers are known."""
        with self._storage() as storage:
            return storage.entries.count()

    def mailed(self) -> dict[str, Counter[str]]:
        """Reader -> how many of their mails name each title that the world ever served."""
        found: dict[str, Counter[str]] = {name: Counter() for name in self.readers}
        names = {reader["email"]: name for name, reader in self.readers.items()}
        for mail in self.deployment.mails():
            plain = mail.get_body(("plain",))
            text = " ".join(plain.get_content().split()) if plain else ""
            found[names[mail["To"].addresses[0].addr_spec]].update(
                title for title in self.world.served if title in text
            )
        return found

    def _storage(self) -> Storage:
        return Storage.open(load(self.deployment.folder / "config", environ={}).database)

    def _go_on(self, *, to: datetime) -> None:
        """The machine's clock, by which sources are left alone, goes on as the world's does."""
        passed, self.world.now = to - self.world.now, to
        if not (self.deployment.folder / "var").exists():
            return
        with self._storage() as storage:
            for name, memory in storage.sources.memories().items():
                nightly = memory.data.get("nightly")
                later = replace(
                    memory,
                    retry_at=memory.retry_at and memory.retry_at - passed,
                    data={**memory.data, "nightly": _earlier(nightly, passed)} if nightly else memory.data,
                )
                if later != memory:
                    storage.sources.save(name, "", later)


def _earlier(notes: Mapping[str, Any], passed: timedelta) -> dict[str, Any]:
    at = notes.get("retry_at")
    return {**notes, **({"retry_at": (datetime.fromisoformat(at) - passed).isoformat()} if at else {})}
