"""The section ``bounces``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.config.settings import Bounces, Imap


def test_nothing_is_read_by_default() -> None:
    assert Bounces() == Bounces(address=None, maildir=None, imap=None)


@pytest.mark.parametrize(
    ("given", "tls", "port"),
    [
        ({"host": "imap.example.org"}, "implicit", 993),
        ({"host": "imap.example.org", "tls": "starttls"}, "starttls", 143),
        ({"host": "localhost"}, "none", 143),
        ({"host": "localhost", "tls": "implicit"}, "implicit", 993),
        ({"host": "127.0.0.1", "port": 1143}, "none", 1143),
    ],
)
def test_tls_and_port_go_by_the_host(given: dict[str, object], tls: str, port: int) -> None:
    settings = Imap.model_validate({"username": "u", "password": "p", **given})
    assert (settings.tls, settings.port, settings.folder) == (tls, port, "INBOX")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "bounces:\n  imap: {host: imap.example.org, username: u, password: p, tls: none}",
            "`tls: none` is for this machine alone; expected `implicit` or `starttls`",
        ),
        (
            "bounces:\n  maildir: reports\n  imap: {host: imap.example.org, username: u, password: p}",
            "`maildir` and `imap` are two places to read; expected one of them",
        ),
        ("bounces: {address: nobody}", "nobody"),
        (f"bounces: {{address: {'b' * 29}@example.org}}", "expected at most 28 characters before the @"),
        ("bounces:\n  imap: {host: imap.example.org, username: u}", "password"),
        ("bounces: {imapp: {}}", "did you mean `imap`?"),
        ("bounces: {maildir: config/newsletter.yaml}", "expected a folder, and "),
    ],
)
def test_what_is_wrong_is_told(with_lines: Callable[[str], list[str]], lines: str, told: str) -> None:
    (problem,) = with_lines(lines + "\n")
    assert told in problem
    assert problem.startswith("config/newsletter.yaml:")
