"""The built wheel works when installed elsewhere: templates, the demo's config and its papers are in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy of what git would ship, without a look at the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_templates_config_and_examples(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for expected in (
        "newsletter/_shipped/templates/digest.mjml.j2",
        "newsletter/_shipped/templates/web/page.html.j2",
        "newsletter/_shipped/config/newsletter.yaml",
        "newsletter/_shipped/examples/daily-papers.json",
        "newsletter/storage/migrations/versions/v0001_first.py",
        "newsletter/py.typed",
    ):
        assert expected in names
    assert not [name for name in names if name.startswith("tests/") or name.endswith(".env")]


def test_the_demo_runs_from_the_wheel_far_from_the_checkout(wheel, tmp_path):
    installed = tmp_path / "installed"
    subprocess.run([*PIP, "install", "--no-deps", "--target", str(installed), str(wheel)], check=True)
    environ = {**os.environ, "PYTHONPATH": str(installed)}

    def newsletter(*arguments: str) -> str:
        command = [sys.executable, "-m", "newsletter", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True).stdout

    newsletter("init", "--demo", "mine")
    assert "sent" in newsletter("--config", "mine/config", "run", "--everyone")
    assert len(list((tmp_path / "mine" / "outbox").glob("*.eml"))) >= 3
    newsletter("init", "--yes", "fresh")
    assert "ok" in newsletter("--config", "fresh/config", "config", "check")
