"""The desk's password, asked for on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from product import Deployment

from newsletter.cli.desk import VARIABLE
from newsletter.config.passwords import hash_password, is_password


def typed(*lines: str, folder: Path) -> tuple[int, str, str]:
    """Exit code, stdout, and what stood on the terminal, where these lines are typed when they are asked for."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "newsletter", "desk", "password"]
    # In a session without a terminal of its own the command asks where stdin is.
    with subprocess.Popen(
        command, stdin=follower, stderr=follower, stdout=subprocess.PIPE, cwd=folder, start_new_session=True
    ) as process:
        os.close(follower)
        screen = ""
        for line in lines:
            while not screen.endswith(": "):
                screen += os.read(leader, 1024).decode()
            os.write(leader, f"{line}\n".encode())
            screen += "|"
        assert process.stdout
        said = process.stdout.read().decode()
        try:
            while more := os.read(leader, 1024):
                screen += more.decode()
        except OSError:  # the other side is closed
            pass
    os.close(leader)
    return process.returncode, said, screen


def test_a_password_is_asked_for_twice_unseen_and_its_hash_is_printed(tmp_path: Path) -> None:
    code, said, screen = typed("four words and more", "four words and more", folder=tmp_path)
    assert code == 0, screen
    name, _, kept = said.strip().partition("=")
    assert name == VARIABLE
    assert is_password("four words and more", kept)
    assert "four words" not in screen + said
    assert "newsletter.yaml" in screen


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    code, said, screen = typed("short", "short", folder=tmp_path)
    assert (code, said) == (2, "")
    assert "expected 12 or more" in screen


@pytest.mark.parametrize("secret", [None, "a secret of more than thirty-two characters"])
def test_serve_needs_a_key_for_the_desks_forms(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    monkeypatch.delenv("NEWSLETTER_SECRET_KEY", raising=False)
    if secret:
        monkeypatch.setenv("NEWSLETTER_SECRET_KEY", secret)
    deployment.write(desk={"password_hash": hash_password("four words and more", cost=16)})
    said = deployment("serve", "--host", "not.a.host.invalid")
    assert said.code == 2
    assert ("nobody could log in" in said.err) is (secret is None)
    assert ("cannot listen there" in said.err) is (secret is not None)
