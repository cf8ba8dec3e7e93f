"""Commands as processes: locks that die with them, kills, SIGTERM, and a server that answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from datetime import datetime

from patience import wait_until

from newsletter.delivery.files import file_name
from newsletter.model import Mailbox, Message
from newsletter.storage import Storage
from newsletter.testing import STALL, SmtpSink

MORNING = "2026-11-23T08:00:00Z"
NEWSLETTER = (sys.executable, "-m", "newsletter")


@contextmanager
def running(deployment, *arguments: str):
    """The command as a process of its own, killed at the end if it still lives."""
    process = subprocess.Popen(
        [*NEWSLETTER, "--config", str(deployment.folder / "config"), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_one_run_at_a_time_is_12_and_a_lock_dies_with_its_process(deployment):
    with Storage.open(f"sqlite:///{deployment.folder}/var/newsletter.db") as storage, storage.lock():
        said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["exit_code"]) == (12, 12)
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3


def test_a_kill_in_the_middle_of_a_body_leaves_a_short_list_and_no_double(deployment):
    with SmtpSink() as sink:
        sink.answer("END", STALL)
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        with running(deployment, "run", "--now", MORNING) as process:
            wait_until(lambda: any(line.startswith("DATA") for line in sink.commands))
            wait_until(lambda: deployment("status", "--json").json["ledger"].get("handed"))
            process.send_signal(signal.SIGKILL)
            process.wait()
        after = deployment("run", "--json", "--now", MORNING)
    assert after.code == 10
    assert (after.json["uncertain"], after.json["sent"], after.json["due"]) == (3, 0, 3)
    listed = deployment("deliveries", "list", "--json").json["deliveries"]
    assert {one["state"] for one in listed} == {"uncertain"}


def test_what_may_be_in_one_folder_is_written_into_no_other(deployment):
    """Killed while a pipe in the file's place keeps it from being written."""
    ben = ("run", "--only", "ben@example.org", "--json", "--now", MORNING)
    deployment.write(provider={"kind": "files", "path": "outbox", "rate": {"per_day": 1}})
    deployment("run", "--only", "ada@example.org", "--now", MORNING)
    assert deployment(*ben).json["retrying"] == 1
    [planned] = deployment("deliveries", "list", "--state", "ready", "--json").json["deliveries"]
    deployment.write(provider={"kind": "files", "path": "outbox"})
    pipe = deployment.outbox / f".{mail_of(planned['message_id'], 'ben@example.org')}.unfinished"
    os.mkfifo(pipe)
    with running(deployment, *ben) as process:
        wait_until(lambda: deployment("status", "--json").json["ledger"].get("handed"))
        process.send_signal(signal.SIGKILL)
        process.wait()
    pipe.unlink()
    deployment.write(provider={"kind": "files", "path": "another"})
    elsewhere = deployment(*ben).json
    assert (elsewhere["uncertain"], elsewhere["sent"]) == (1, 0)
    assert list(deployment.folder.glob("another/*.eml")) == []
    deployment.write(provider={"kind": "files", "path": "outbox"})
    assert deployment(*ben).json["sent"] == 1
    assert len(deployment.mails()) == 2


def mail_of(message_id: str, reader: str) -> str:
    """What the ``files`` provider calls the morning's mail to that reader."""
    sender, to = Mailbox(email="papers@example.org"), Mailbox(email=reader)
    date = datetime.fromisoformat(MORNING)
    return file_name(Message(sender=sender, recipient=to, subject="", message_id=message_id, date=date, raw=b""))


def test_sigterm_finishes_the_message_at_hand_and_the_next_run_the_others(deployment):
    """A server that takes its time: told to stop while it does, the run waits for its answer and not for the group's."""
    deployment.write_readers([{"email": f"reader{number}@example.org"} for number in range(20)])
    asked = threading.Event()
    may_answer = threading.Event()

    def slow(step: str, _argument: str) -> str | None:
        if step == "END" and not asked.is_set():
            asked.set()
            may_answer.wait(300)
        return None

    with SmtpSink(slow) as sink:
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        with running(deployment, "run", "--json", "--now", MORNING) as process:
            assert asked.wait(300)
            process.send_signal(signal.SIGTERM)
            may_answer.set()
            out, _ = process.communicate(timeout=3000)
        told = json.loads(out)
        assert (process.returncode, told["exit_code"]) == (11, 11)
        assert (told["sent"] + told["retrying"], told["uncertain"]) == (20, 0)
        assert 1 <= told["sent"] < 20
        assert deployment("status", "--json").json["ledger"] == {"sent": told["sent"], "ready": told["retrying"]}
        again = deployment("run", "--json", "--now", MORNING)
    assert (again.code, again.json["sent"], again.json["already_sent"]) == (0, told["retrying"], told["sent"])
    assert len({message.recipient for message in sink.messages}) == len(sink.messages) == 20


def test_sigterm_before_anything_is_sent_is_11_too(deployment):
    os.mkfifo(deployment.folder / "slow.xml")
    deployment.write(sources=[*deployment.settings["sources"], {"kind": "feed", "name": "slow", "path": "slow.xml"}])
    with running(deployment, "run", "--json", "--now", MORNING) as process:
        with (deployment.folder / "slow.xml").open("w") as pipe:  # returns when the run has begun to read
            process.send_signal(signal.SIGTERM)
            pipe.write("<rss/>")
        out, _ = process.communicate(timeout=3000)
    assert (process.returncode, json.loads(out)["sent"]) == (11, 0)
    assert deployment.mails() == []


def test_cron_may_start_it_from_anywhere(deployment):
    with running(deployment, "run", "--json", "--now", MORNING) as process:
        out, _ = process.communicate(timeout=3000)
    assert json.loads(out)["sent"] == 3
    assert len(deployment.mails()) == 3


def test_serve_answers_runs_the_job_and_leaves_when_told(deployment):
    with running(deployment, "serve", "--port", "0") as process:
        port = re.search(r":(\d+)", process.stdout.readline())[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=300) as answer:
            assert answer.read() == b"ok\n"
        wait_until(lambda: len(deployment.mails()) == 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=3000) == 0
