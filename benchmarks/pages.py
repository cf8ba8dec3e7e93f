"""The reader's door under load: ``newsletter serve`` in a process of its own, its visitors in another.

2,000 candidates, 100 readers who have had their first mail, SQLite. 200 requests a second in turn on each kind of page
alone, then on all of them while live previews are asked for beside them. Everything shares the machine's cores: the
server, those who visit it and this process, which waits. The rate is what visitors keep up whatever the server does; a
visitor's time begins when the request was due.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import messages
from benchmarks.messages import THINGS, WORDS
from benchmarks.visits import Crowd, Seen, Visit, visit
from newsletter import pipeline
from newsletter.config import load
from newsletter.model import Owner, Subscriber
from newsletter.storage import Storage
from newsletter.tokens import Purpose, Signer
from newsletter.web.seals import _hash as hashed

CANDIDATES = 2_000
READERS = 100
RATE = 200.0
PREVIEWS = 15.0
SECONDS = 15.0
WARM_UPS = 30
KEY = "a secret of thirty-two characters for nobody"
DATABASE = "newsletter.db"


def measure() -> list[dict[str, Any]]:
    """A row a kind of page, and rows of all of them at once."""
    with tempfile.TemporaryDirectory() as folder:
        place = _prepare(Path(folder))
        with serving(place.folder) as server:
            kinds = place.kinds
            _warm_up(server, [*(one[0] for one in kinds.values()), place.previews[0]])
            rows = [_alone(server, name, visits) for name, visits in kinds.items()]
            mixed = [one for group in zip(*kinds.values(), strict=True) for one in group]
            rows.append(_alone(server, "all of these", mixed))
            beside = [
                Crowd(name="all of these, beside previews", visits=mixed, per_second=RATE),
                Crowd(name="previews beside them", visits=place.previews, per_second=PREVIEWS),
            ]
            rows += [_row(seen, cpu=None) for seen in visit(server.port, beside, seconds=SECONDS)]
    return rows


@dataclass(frozen=True, slots=True)
class Place:
    """A deployment that has sent its first mails."""

    folder: Path
    kinds: dict[str, Sequence[Visit]]
    """Visits of READERS readers, by kind of page."""
    previews: Sequence[Visit]
    """What these readers type, of today's digest by it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running ``newsletter serve``."""

    port: int
    process: int

    @property
    def cpu_seconds(self) -> float:
        """What its process has used of the processors."""
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """The server over a deployment, until the end of ``with``."""
    command = [sys.executable, "-m", "newsletter", "--config", str(folder / "config"), "serve", "--port", "0"]
    environment = {**os.environ, "NEWSLETTER_SECRET_KEY": KEY, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            found = next(filter(None, (re.search(r"http://[^:]+:(\d+)/", line) for line in process.stdout or ())))
            yield Server(int(found[1]), process.pid)
        finally:
            process.terminate()


def _warm_up(server: Server, visits: Sequence[Visit]) -> None:
    """Until everything answers well: what the first previews are waiting for is made while they are refused."""
    for _ in range(WARM_UPS):
        [seen] = visit(server.port, [Crowd(name="first", visits=visits, per_second=5.0)], seconds=4)
        if set(seen.statuses) == {200}:
            return
    raise RuntimeError(f"not every page answers well: {dict(seen.statuses)}")


def _alone(server: Server, name: str, visits: Sequence[Visit]) -> dict[str, Any]:
    used = server.cpu_seconds
    [seen] = visit(server.port, [Crowd(name=name, visits=visits, per_second=RATE)], seconds=SECONDS)
    return _row(seen, cpu=server.cpu_seconds - used)


def _row(seen: Seen, *, cpu: float | None) -> dict[str, Any]:
    answered = sum(count for status, count in seen.statuses.items() if status == 200)
    return {
        "page": seen.name,
        "answers a second": seen.per_second,
        "all well": "yes" if answered == len(seen.seconds) else f"no: {dict(seen.statuses)}",
        "p50 ms": seen.percentile(0.5),
        "p99 ms": seen.percentile(0.99),
        "longest ms": seen.percentile(1.0),
        "CPU ms an answer": "" if cpu is None else cpu / len(seen.seconds) * 1e3,
        "KB": seen.size / 1e3,
    }


# -- what is served ------------------------------------------------------------------------------------------------


def _prepare(folder: Path) -> Place:
    (folder / "config").mkdir()
    (folder / "papers.json").write_text(json.dumps(_feed()), encoding="utf-8")
    (folder / "config" / "newsletter.yaml").write_text(
        json.dumps(
            {
                "title": "Morning Papers",
                "from": {"name": "Morning Papers", "email": "papers@example.org"},
                "base_url": "https://papers.example.org",
                "postal_address": "1 Example Street, 12345 Example",
                "sources": [{"kind": "feed", "name": "Papers", "path": "papers.json", "backlog": "include"}],
                "provider": {"kind": "files", "path": "outbox"},
                "lookup": {"services": []},
                "archive": {"public": True},
            }
        ),
        encoding="utf-8",
    )
    settings = load(folder / "config", environ={"NEWSLETTER_SECRET_KEY": KEY})
    now = datetime.now(UTC)
    with Storage.open(settings.database, durability="process") as storage:
        people = [storage.subscribers.save(_reader(number, now)) for number in range(READERS)]
        report = pipeline.run(settings, storage, now=now, everyone=True)
        if report.error or report.counts.sent != READERS:
            raise RuntimeError(f"{report.counts}: {report.error}")
        edition = report.edition or ""
    signer, today = Signer([KEY]), now.date()
    made: dict[str, list[str]] = {
        "subscribe": ["/" for _ in people],
        "preferences": [f"/p/{signer.sign(Purpose.PREFERENCES, one.id, at=today)}" for one in people],
        "archive, one's own": [f"/a/{signer.sign(Purpose.ARCHIVE, one.id, today.isoformat())}" for one in people],
        "archive, what was trending": [f"/archive/{edition}" for _ in people],
        "unsubscribe": [f"/u/{signer.sign(Purpose.UNSUBSCRIBE, one.id)}" for one in people],
    }
    kinds = {name: [Visit(path=path) for path in paths] for name, paths in made.items()}
    return Place(folder, kinds, [_preview(path, signer, today) for path in made["preferences"]])


def _preview(path: str, signer: Signer, today: date) -> Visit:
    """Somebody's interests while they are typed, as the page's script sends them."""
    rng = random.Random(path)
    interests = "\n".join(" ".join(rng.sample(WORDS.split() + THINGS.split(), 2)) for _ in range(6))
    seal = signer.sign(Purpose.FORM, hashed(path.rpartition("/")[2]), at=today)
    wishes = {"seal": seal, "part": "1", "interests": interests, "max_papers": "10"}
    return Visit(path=f"{path}/preview", form=urlencode(wishes).encode())


def _feed() -> dict[str, Any]:
    """Papers of every day words, dated of the last two days."""
    rng = random.Random(5)
    words, things = WORDS.split(), THINGS.split()
    now = datetime.now(UTC)

    def paper(number: int) -> dict[str, Any]:
        title = f"{' '.join(rng.sample(words, 3)).capitalize()} for {' '.join(rng.sample(things, 2))}, {number}"
        text = " ".join(f"We show {' '.join(rng.sample(words + things, 9))}." for _ in range(14))
        return {
            "id": f"https://example.org/papers/{number}",
            "url": f"https://example.org/papers/{number}",
            "title": title,
            "content_text": text,
            "date_published": (now - timedelta(minutes=number)).isoformat(),
            "authors": [
                {"name": f"{rng.choice(words).capitalize()} {rng.choice(things).capitalize()}"} for _ in range(4)
            ],
        }

    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Papers",
        "items": [paper(number) for number in range(CANDIDATES)],
    }


def _reader(number: int, now: datetime) -> Subscriber:
    return replace(messages.reader(number), id="", owner=Owner.DATABASE, created_at=now)
