"""``newsletter serve`` as a process, behind a proxy with TLS, with a real SMTP server to send to and its own log."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import pytest
from product import Deployment, deploy, parse
from web.proxy import Proxy, proxying

from newsletter.errors import LockHeld
from newsletter.storage import Storage
from newsletter.testing import SmtpSink

KEY = "a secret of more than thirty-two characters"
PATIENCE_SECONDS = 300
"""Until something that is under way counts as never to come: far above what the slowest machine takes."""
LINK = re.compile(r"https://[^\s<>\"')]+")

Found = TypeVar("Found")


@dataclass(frozen=True)
class Served:
    """A deployment that is served, and whom it writes to."""

    deployment: Deployment
    proxy: Proxy
    sink: SmtpSink
    log: Path
    """All that the process said, at debug level."""

    @property
    def url(self) -> str:
        """Where visitors come, without a slash at its end."""
        return self.proxy.url

    def mails_to(self, address: str) -> list[EmailMessage]:
        """What the SMTP server took for that address, in order."""
        with self.sink.lock:
            return [parse(one.raw) for one in self.sink.messages if one.recipient == address]

    def mail_to(self, address: str, *, number: int = 1) -> EmailMessage:
        """That mail to the address, as soon as it is there."""
        return wait_for(lambda: self.mails_to(address)[number - 1 : number], f"mail {number}")[0]

    @contextmanager
    def without_runs(self) -> Iterator[None]:
        """Nobody runs the main job inside of the ``with``, so that the database is still where nobody else writes."""
        with Storage.open(self.database) as storage, ExitStack() as stack:

            def take() -> bool:
                with suppress(LockHeld):
                    stack.enter_context(storage.lock())
                    return True
                return False

            wait_for(take, "end of a run")
            yield

    def run(self, now: datetime) -> Any:
        """What the main job says, at that time by the product's clock; waits for one that is under way."""
        command = ("run", "--json", "--now", now.isoformat())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NEWSLETTER_SECRET_KEY", KEY)
            said = wait_for(
                lambda: [one for one in [self.deployment(*command)] if one.code != LockHeld.exit_code], "run"
            )
        return said[0].json

    @property
    def database(self) -> str:
        """The URL of its database."""
        return f"sqlite:///{self.deployment.folder}/var/newsletter.db"

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        return dump(self.deployment.folder / "var" / "newsletter.db")


def dump(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of a SQLite file."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=120)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def wait_for(find: Callable[[], Found], what: str) -> Found:
    """What is found, as soon as there is something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := find()):
        assert time.monotonic() < end, f"no {what}"
        time.sleep(0.05)
    return found


def links_of(mail: EmailMessage) -> list[str]:
    """Every https address of a mail, in its headers and both of its parts."""
    said = [str(value) for value in mail.values()]
    said += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return sorted({found.replace("&amp;", "&").rstrip(".,") for text in said for found in LINK.findall(text)})


def own_links_of(mail: EmailMessage, url: str) -> list[str]:
    """Those of them that lead to our own pages."""
    return [link for link in links_of(mail) if link.startswith(url)]


@contextmanager
def serving(folder: Path, *, root: str = "/", options: tuple[str, ...] = (), **settings: Any) -> Iterator[Served]:
    """A deployment of that folder, until the end of ``with``; ``settings`` come beside those of ``deploy``."""
    deployment = deploy(folder)
    with SmtpSink() as sink, proxying(root=root) as proxy:
        provider = {"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "tls": "none"}
        deployment.write(**{"base_url": proxy.url, "provider": provider, "lookup": {"services": []}, **settings})
        log = folder / "serve.log"
        with process_of(deployment, log, options) as (_, port):
            proxy.behind = port
            yield Served(deployment, proxy, sink, log)


@contextmanager
def process_of(
    deployment: Deployment, log: Path, options: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``newsletter -v --log-format json serve`` over a deployment, and its port; all that it says on stderr goes to the log."""
    command = [
        sys.executable,
        "-m",
        "newsletter",
        "--config",
        str(deployment.folder / "config"),
        "-v",
        "--log-format",
        "json",
    ]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NEWSLETTER_SECRET_KEY": KEY, **(environ or {})}
    with log.open("a", encoding="utf-8") as told:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=told, text=True, env=environment,
        )  # fmt: skip
    try:
        lines = iter(process.stdout.readline, "")
        found = next(filter(None, (re.search(r"http://[^:/]+:(\d+)/", line) for line in lines)), None)
        assert found, f"it does not serve: {log.read_text(encoding='utf-8')}"
        yield process, int(found[1])
    finally:
        process.terminate()
        process.communicate()
