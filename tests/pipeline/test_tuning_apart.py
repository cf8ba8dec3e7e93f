"""The tuner in a process of its own: the same digests, and an end that harms nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import active_children
from pathlib import Path

import pytest
from patience import wait_until
from product import READERS, Deployment, deploy

from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.errors import NotReady, StorageError
from newsletter.model import Subscriber
from newsletter.pipeline.tuning import Tuner
from newsletter.pipeline.tuning_apart import TunerApart
from newsletter.storage import Storage
from newsletter.subscriptions import reader_named

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ADA = "ada@example.org"
DIES = """
import os, sys
from datetime import UTC, datetime
from multiprocessing import active_children
from pathlib import Path
from newsletter.config import load
from newsletter.model import Subscriber
from newsletter.pipeline.tuning_apart import TunerApart
if __name__ == "__main__":
    reader = Subscriber(id="0", email="ada@example.org")
    TunerApart(load(Path(sys.argv[1]), environ={})).try_out(reader, reader, now=datetime(2026, 11, 23, 9, tzinfo=UTC))
    print(active_children()[0].pid, flush=True)
    os._exit(1)
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    made = deploy(tmp_path_factory.mktemp("apart"))
    made.write_readers(
        [{"email": email, "profile": {"interests": likes, "max_papers": 3}} for email, likes in READERS.items()]
    )
    made.write_plain_look()
    assert made("run", "--json", "--now", "2026-11-23T08:00:00Z").json["sent"] == 3
    return made


@pytest.fixture(scope="module")
def settings(deployment: Deployment) -> Settings:
    return load(deployment.folder / "config", environ={})


@pytest.fixture(scope="module")
def ada(settings: Settings) -> Subscriber:
    with Storage.open(settings.database) as storage:
        return reader_named(ADA, settings, storage)


@pytest.fixture
def apart(settings: Settings) -> Iterator[TunerApart]:
    tuner = TunerApart(settings)
    yield tuner
    tuner.close()


def test_it_tries_out_what_the_tuner_does(settings: Settings, apart: TunerApart, ada: Subscriber) -> None:
    tried = apart.try_out(ada, ada, now=NOW)
    apart.make_ready()
    with Storage.open(settings.database) as storage:
        assert tried == Tuner(settings, storage).try_out(ada, ada, now=NOW)
    assert tried.cards
    assert tried.cards[0].item.reasons


def test_no_process_is_begun_before_anybody_asks(apart: TunerApart) -> None:
    apart.make_ready()
    assert [child for child in active_children() if child.name == "previews"] == []


def test_the_next_question_begins_another_process_where_one_was_killed(apart: TunerApart, ada: Subscriber) -> None:
    first = apart.try_out(ada, ada, now=NOW)
    [process] = [child for child in active_children() if child.name == "previews"]
    process.kill()
    process.join()
    with pytest.raises(NotReady):
        apart.try_out(ada, ada, now=NOW)
    assert apart.try_out(ada, ada, now=NOW) == first


def test_it_ends_with_who_began_it(deployment: Deployment) -> None:
    command = [sys.executable, "-c", DIES, str(deployment.folder / "config")]
    died = subprocess.run(command, capture_output=True, text=True, check=False)
    assert died.returncode == 1, died.stderr
    wait_until(lambda: not _is_at_work(int(died.stdout)))


def test_a_database_that_cannot_be_opened_is_told(settings: Settings, tmp_path: Path, ada: Subscriber) -> None:
    (tmp_path / "notes.db").write_text("no database at all " * 100)
    apart = TunerApart(settings.model_copy(update={"database": f"sqlite:///{tmp_path / 'notes.db'}"}))
    with pytest.raises(StorageError, match=r"notes\.db"):
        apart.try_out(ada, ada, now=NOW)
    apart.close()


def _is_at_work(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
