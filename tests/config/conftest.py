from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.errors import ConfigError

MINIMAL = """
title: Morning Papers
from: {email: papers@example.org}
postal_address: 1 Example Street
sources: [{kind: huggingface}]
"""


class Files:
    """A deployment folder that is also the working directory, so that paths print as people see them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: str | bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode())
        if name == ".env":
            file.chmod(0o600)
        return file

    def load(self, environ: Mapping[str, str] | None = None, **files: str | bytes) -> Settings:
        """Write newsletter.yaml and subscribers.yaml where they are given, and load."""
        for name in ("newsletter", "subscribers"):
            if name in files:
                self.write(f"config/{name}.yaml", files[name])
        if "env" in files:
            self.write(".env", files["env"])
        return load(None, environ=environ or {})

    def problems(self, environ: Mapping[str, str] | None = None, **files: str | bytes) -> list[str]:
        """What is wrong with them, line by line as it is printed."""
        with pytest.raises(ConfigError) as caught:
            self.load(environ, **files)
        return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.chdir(tmp_path)
    return Files(tmp_path)


@pytest.fixture
def with_lines(files: Files) -> Callable[[str], list[str]]:
    """What is wrong with a good newsletter.yaml and these lines after it; line 5 is the first of them."""

    def problems(lines: str) -> list[str]:
        return files.problems(newsletter=MINIMAL.lstrip("\n") + dedent(lines).lstrip("\n"))

    return problems
