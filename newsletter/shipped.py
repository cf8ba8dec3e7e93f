"""Where the files that come with the package lie: in a wheel inside it, in a checkout at the root."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: Literal["templates", "config", "examples"]) -> Path:
    """The shipped folder of that name, as an absolute path."""
    in_wheel = _PACKAGE / "_shipped" / folder
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parent / folder
