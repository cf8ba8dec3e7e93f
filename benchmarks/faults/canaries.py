"""T24: secrets and addresses that are looked for in all that any command prints at ``-v``."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.faults.deployment import MORNING, PASSWORD, SECRET, Deployment, deploy
from benchmarks.faults.rows import Row
from benchmarks.faults.world import address, addresses
from newsletter.testing import DROP, SmtpSink

USER = "canary-of-the-user"
READER = address(3)
ENDINGS = (0, 2, 10)
"""All is well, nothing can be said of so few papers, or somebody was not reached."""
COMMANDS = (
    ("config", "check"),
    ("config", "schema"),
    ("fetch", "--now", MORNING),
    ("rank", "--subscriber", READER, "--now", MORNING),
    ("preview", "--subscriber", READER, "--out", "{folder}/preview", "--now", MORNING),
    ("run", "--dry-run", "--now", MORNING),
    ("run", "--now", MORNING),
    ("run", "--json", "--now", MORNING),
    ("status",),
    ("status", "--json"),
    ("deliveries", "list", "--all"),
    ("deliveries", "settle", "1"),
    ("deliveries", "retry", "3"),
    ("editions", "list"),
    ("subscribers", "list"),
    ("subscribers", "show", READER),
    ("subscribers", "export"),
    ("feeds", "export"),
    ("replay", "--date", "2026-11-23", "--subscriber", READER),
    ("send-test", "operator@example.org", "--as", READER),
    ("backtest", "--subscriber", READER),
    ("evaluate", "--subscriber", READER),
    ("doctor",),
    ("migrate",),
    ("subscribers", "erase", address(5), "--yes"),
    ("run", "--now", "2026-11-24T08:00:00Z"),
)


def look_for_canaries(*, readers: int) -> Row:
    """Every command at ``-v``; the server names the reader in what it says, and cuts a connection."""
    with tempfile.TemporaryDirectory() as folder, SmtpSink(_echo, users={USER: PASSWORD}) as sink:
        sink.answer("END", DROP)
        deployment = _deploy(Path(folder), sink, readers)
        told = [(" ".join(one), *deployment.command(*_filled(one, folder), verbose=True)) for one in COMMANDS]
    faulty = [f"{command}: exit code {code}" for command, code, _, _ in told if code not in ENDINGS]
    secrets = [f"{command} tells a secret" for command, _, out, log in told if _holds(out + log, (SECRET, PASSWORD))]
    logged = [
        f"{command} logs an address: {line}"
        for command, _, _, log in told
        for line in log.splitlines()
        if _holds(line, addresses(readers))
    ]
    lines = sum(len(log.splitlines()) for *_, log in told)
    row = Row(scenario="T24 canaries", recipients=len(told), broken=(*faulty, *secrets, *logged))
    return replace(row, remark=f"{len(told)} commands at -v, {lines} lines of log")


def _filled(command: tuple[str, ...], folder: str) -> list[str]:
    return [part.format(folder=folder) for part in command]


def _deploy(folder: Path, sink: SmtpSink, readers: int) -> Deployment:
    provider = {"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "tls": "none", "username": USER}
    return deploy(folder, sink, readers=readers, provider={**provider, "password": "${SMTP_PASSWORD}"})


def _echo(step: str, argument: str) -> str | None:
    """Refuses one reader, by name."""
    return f"550 5.1.1 {argument} is not known here" if step == "RCPT" and address(2) in argument else None


def _holds(text: str, canaries: tuple[str, ...] | list[str]) -> bool:
    return any(canary in text for canary in canaries)
