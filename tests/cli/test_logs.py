"""Logs: one line a run, and no address, token or secret in any line of any command, however much is told."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys

import pytest
from typer.main import get_command

from newsletter.cli.app import app
from newsletter.cli.logs import JsonLines, Redaction, TextLines, secrets_of
from newsletter.config import load
from newsletter.testing import DROP, SmtpSink

MORNING = "2026-11-23T08:00:00Z"
CANARIES = ("canary", "c4n4ry")
PASSWORD = "c4n4ry-of-a-password"
KEY = "c4n4ry-of-a-key-that-signs-the-links"
ONE_COMMAND_EACH = [
    ["config", "check"], ["config", "schema"],
    ["fetch", "--now", MORNING], ["fetch", "--json", "--now", MORNING],
    ["rank", "--subscriber", "ada.canary@example.org", "--explain", "--now", MORNING],
    ["preview", "--check", "--now", MORNING], ["send-test", "mallory.canary@example.org", "--now", MORNING],
    ["run", "--dry-run", "--now", MORNING], ["run", "--now", MORNING],
    ["run", "--only", "nobody.canary@example.org", "--now", MORNING],
    ["subscribers", "list"], ["subscribers", "show", "ada.canary@example.org"],
    ["subscribers", "add", "new.canary@example.org"], ["subscribers", "add", "new.canary@example.org"],
    ["subscribers", "import", "more.csv"], ["subscribers", "export"],
    ["subscribers", "pause", "new.canary@example.org"], ["subscribers", "resume", "new.canary@example.org"],
    ["subscribers", "learn", "ada.canary@example.org", "--more", "title: Sparse training without a dense phase"],
    ["subscribers", "link", "ada.canary@example.org"],
    ["subscribers", "leave", "new.canary@example.org"], ["subscribers", "erase", "new.canary@example.org", "--yes"],
    ["subscribers", "approve", "ada.canary@example.org"],
    ["subscribers", "decline", "ada.canary@example.org"],
    ["tokens", "add", "canary", "--scope", "status:read"], ["tokens", "list"], ["tokens", "revoke", "canary"],
    ["desk", "password"], ["worker"],
    ["suppressions", "list"], ["suppressions", "lift", "new.canary@example.org", "--yes"],
    ["feeds", "import", "feeds.opml", "--dry-run"], ["feeds", "export"],
    ["editions", "list"], ["editions", "pause", "canary@example.org"], ["editions", "resume", "x"], ["editions", "cancel", "x"],
    ["deliveries", "list", "--all"], ["deliveries", "retry", "1"], ["deliveries", "settle", "2"],
    ["evaluate", "--subscriber", "ada.canary@example.org"],
    ["backtest", "--subscriber", "ada.canary@example.org", "--now", MORNING],
    ["replay", "--date", "2026-11-23", "--subscriber", "ada.canary@example.org"],
    ["status"], ["doctor"], ["migrate"], ["init", "elsewhere", "--yes"], ["serve", "--host", "not.a.host.invalid"],
]  # fmt: skip


@pytest.fixture
def with_canaries(deployment, monkeypatch):
    """Readers, a mail server and secrets that betray themselves wherever they come up."""
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", KEY)
    readers = [{"email": f"{name}.canary@example.org"} for name in ("ada", "ben", "eve")]
    deployment.write_readers([{**reader, "profile": {"interests": ["spiking"]}} for reader in readers])
    (deployment.folder / "more.csv").write_text("email\nkim.canary@example.org\nnot an address.canary@\n")
    (deployment.folder / "feeds.opml").write_text('<opml version="2.0"><body/></opml>')
    with SmtpSink(users={"ada.canary@example.org": PASSWORD}) as sink:
        sink.answer(
            "RCPT", "550 5.1.1 <ada.canary@example.org>: no such user", "450 4.2.0 <ben.canary@example.org> busy"
        )
        sink.answer("END", DROP)
        login = {"username": "ada.canary@example.org", "password": PASSWORD}
        deployment.write(
            base_url="https://papers.example.org",
            provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port, **login},
            lookup={"services": []},
        )
        yield deployment


def logged_lines(text: str) -> list[str]:
    """The lines that logging wrote, without what a command says to the person who called it."""
    return [line for line in text.splitlines() if re.match(r"\d{4}-\d\d-\d\d \d\d:|\{", line)]


def test_no_command_logs_an_address_or_a_secret_at_any_level(with_canaries):
    for command in ONE_COMMAND_EACH:
        for options in (["--log-format", "json", "-v"], ["-v"]):
            said = with_canaries(*options, *command).err
            lines = said.splitlines() if "json" in options else logged_lines(said)
            assert not [line for line in lines if any(c in line.lower() for c in CANARIES)], (command, options)


def test_every_command_is_among_those_that_were_tried():
    def paths(command, *names):
        children = getattr(command, "commands", None)
        if children is None:
            return [names]
        return [path for name, child in children.items() if not child.hidden for path in paths(child, *names, name)]

    tried = {tuple(command[:2]) for command in ONE_COMMAND_EACH} | {(command[0],) for command in ONE_COMMAND_EACH}
    assert set(paths(get_command(app))) <= tried


def test_with_json_every_line_on_stderr_is_an_object_and_a_run_has_one(with_canaries):
    said = with_canaries("--log-format", "json", "run", "--json", "--now", MORNING)
    lines = [json.loads(line) for line in said.err.splitlines()]
    [run] = [line for line in lines if line.get("event") == "run"]
    assert {"at", "level", "logger", "message", "run_id", "seconds", "candidates"} <= run.keys()
    for count in ("exit_code", "due", "sent", "uncertain", "retrying", "failed", "suppressed", "already_sent"):
        assert run[count] == said.json[count]
    assert said.code == said.json["exit_code"] > 0


@pytest.mark.parametrize("options", [[], ["--only", "nobody@example.org"], ["--dry-run"]])
def test_each_run_has_one_line_whatever_came_of_it(deployment, options):
    for _ in range(2):
        said = deployment("--log-format", "json", "run", "--now", MORNING, *options)
        [run] = [line for line in map(json.loads, said.err.splitlines()) if line.get("event") == "run"]
        assert run["exit_code"] == said.code
    assert deployment("run", "--now", MORNING, *options).err.count('"event"') == 0


def test_a_run_that_another_one_keeps_out_has_its_line(deployment):
    settings = load(deployment.folder / "config", environ={})
    hold = "import sys\nfrom newsletter.storage import Storage\nwith Storage.open(sys.argv[1]) as s, s.lock():\n print(flush=True)\n input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, settings.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        said = deployment("--log-format", "json", "run", "--now", MORNING)
        other.stdin.close()
    [run] = [line for line in map(json.loads, said.err.splitlines()) if line.get("event") == "run"]
    assert (said.code, run["exit_code"]) == (12, 12)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("to ada@example.org: no", "to [address]: no"),
        ("<Ada.Łukasz@bücher.example>, b@c", "<[address]>, [address]"),
        ("GET /u/WyJhIl0.abc-def_ghi?x=1", "GET /u/[token]?x=1"),
        ("https://f.example/feed?api_key=abc&n=1", "https://f.example/feed?api_key=[secret]&n=1"),
        ("mailto:ada%40example.org", "mailto:[address]"),
        ("pw hunter2 in it", "pw [secret] in it"),
        ("a paper about @home and 3 @ 5", "a paper about @home and 3 @ 5"),
    ],
)
def test_what_is_taken_out(text, cleaned):
    redaction = Redaction()
    redaction.learn(["hunter2", "x"])
    assert redaction.clean(text) == cleaned
    assert redaction.clean_all({"a": [text, 1, None]}) == {"a": [cleaned, 1, None]}


@pytest.mark.parametrize("formatter", [TextLines("%(message)s"), JsonLines()])
def test_tracebacks_are_cleaned_too(formatter):
    try:
        int("ada@example.org")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "ben@example.org", (), sys.exc_info())
    line = formatter.format(record)
    assert "ValueError: " in line
    assert "@" not in line


def test_secrets_are_found_wherever_the_configuration_has_them(with_canaries):
    settings = load(with_canaries.folder / "config", environ={"NEWSLETTER_SECRET_KEY": f"{KEY},older-{KEY}"})
    assert set(secrets_of(settings)) == {PASSWORD, KEY, f"older-{KEY}"}
