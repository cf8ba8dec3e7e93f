"""A whole deployment in a folder, and the command line over it, each command a process of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.faults.child import start_command
from benchmarks.faults.world import addresses
from newsletter.testing import SmtpSink

MORNING = "2026-11-23T08:00:00Z"
PAPERS = 40
SECRET = "canary-of-the-key-4f1c9e7a52d86b03"
PASSWORD = "canary-of-the-password-90ab31"


@dataclass(frozen=True)
class Deployment:
    """``config/``, ``.env`` and ``var/`` in a folder."""

    folder: Path
    database: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database}"

    def run(self, **how: Any) -> tuple[int, dict[str, Any]]:
        """The main job: its exit code and its document."""
        code, printed, log = self.command("run", "--json", "--now", MORNING, **how)
        return code, json.loads(printed) if printed else {"error": log}

    def command(self, *arguments: str, verbose: bool = False, **how: Any) -> tuple[int, str, str]:
        """Exit code, what was printed, and the log."""
        process, output = self.start(*arguments, verbose=verbose, **how)
        process.join()
        return process.exitcode or 0, output.read_text(), output.with_suffix(".err").read_text()

    def start(self, *arguments: str, verbose: bool = False, **how: Any) -> tuple[Any, Path]:
        """The process, and where it prints to."""
        output = self.folder / f"printed-{len(list(self.folder.glob('printed-*.out')))}.out"
        output.touch()
        output.with_suffix(".err").touch()
        told = ["--config", str(self.folder / "config"), *(["-v"] if verbose else []), *arguments]
        return start_command(told, output, **how), output


def deploy(
    folder: Path,
    sink: SmtpSink,
    *,
    readers: int,
    database: Path | None = None,
    busy_seconds: float = 30,
    **settings: Any,
) -> Deployment:
    """Readers of one saved listing, who are mailed over that server."""
    database = database or folder / "var" / "newsletter.db"
    (folder / "config").mkdir(parents=True, exist_ok=True)
    (folder / "listing.txt").write_text(_listing(), encoding="utf-8")
    (folder / ".env").write_text(f"NEWSLETTER_SECRET_KEY={SECRET}\nSMTP_PASSWORD={PASSWORD}\n", encoding="utf-8")
    (folder / ".env").chmod(0o600)
    _write(
        folder / "config" / "newsletter.yaml",
        {
            "title": "Morning Papers",
            "from": {"name": "Morning Papers", "email": "papers@example.org"},
            "base_url": "https://papers.example.org",
            "postal_address": "1 Example Street, 12345 Example",
            "sources": [{"kind": "page", "name": "A listing", "path": "listing.txt"}],
            "provider": {"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "tls": "none"},
            "database": f"sqlite:///{database}?timeout={busy_seconds}",
            **settings,
        },
    )
    people = [{"email": email, "profile": {"interests": ["sparse networks"]}} for email in addresses(readers)]
    _write(folder / "config" / "subscribers.yaml", {"subscribers": people})
    return Deployment(folder, database)


def _write(file: Path, document: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump(dict(document)), encoding="utf-8")


def _listing() -> str:
    """As a person copies it out of the browser."""
    lines = ["Get trending papers in your email inbox once a day!", "Get trending papers in your email inbox!"]
    papers = [
        f"Sparse networks of kind {number} learn from little\n"
        f"We train sparse networks of kind {number} on few examples. They forget less and cost less."
        for number in range(PAPERS)
    ]
    return "\n".join([*lines, "Subscribe" + "\n".join(papers), ""])
