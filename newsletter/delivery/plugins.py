"""From the name of a provider to what makes it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from newsletter.errors import UsageError


def load(kind: str, names: Mapping[str, str]) -> Callable[..., Any]:
    """What makes a provider of that kind: a short name of the table, or a dotted path.

    Raises ``UsageError`` that says which part of the path is wrong.
    """
    module_name, _, attribute = names.get(kind, kind).rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(f"provider.kind {kind!r}: cannot import {module_name!r}: {error}") from error
    except Exception as error:  # a plugin's module may raise anything while it is imported
        raise UsageError(f"provider.kind {kind!r}: {module_name!r} fails on import: {error!r}") from error
    maker = getattr(module, attribute, None)
    if not callable(maker):
        raise UsageError(f"provider.kind {kind!r}: {module_name!r} has no class or function {attribute!r}")
    return maker  # type: ignore[no-any-return]
