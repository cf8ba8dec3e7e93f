from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.config.settings import PluginProvider
from newsletter.delivery import Provider, Surroundings, open_provider
from newsletter.errors import UsageError
from newsletter.model import Message, Verdict
from newsletter.testing import MemoryProvider

PLUGIN = """
from newsletter.testing import MemoryProvider

NOT_CALLABLE = 1


def make(settings, surroundings):
    provider = MemoryProvider()
    provider.given = (settings.options, surroundings)
    return provider


def make_nothing(settings, surroundings):
    return object()
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "courier_plugin.py").write_text(PLUGIN)
    (tmp_path / "broken_plugin.py").write_text("1 / 0")
    (tmp_path / "needy_plugin.py").write_text("import a_library_nobody_has")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("courier_plugin", "broken_plugin", "needy_plugin"):
        sys.modules.pop(name, None)


def _settings(kind: str, **options: Any) -> PluginProvider:
    return PluginProvider(kind=kind, options=options)


@pytest.mark.usefixtures("plugin")
def test_a_dotted_path_is_a_plugin_and_is_given_its_options() -> None:
    surroundings = Surroundings()
    provider = open_provider(_settings("courier_plugin.make", speed=3), surroundings=surroundings)
    assert isinstance(provider, MemoryProvider)
    assert vars(provider)["given"] == ({"speed": 3}, surroundings)


def test_the_example_of_the_manual_is_a_provider_and_its_table_is_complete(
    make_message: Callable[..., Message],
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "adding-a-provider.md").read_text()
    (example,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "class Courier" in block)
    names: dict[str, Any] = {}
    exec(example, names)
    with names["Courier"](_settings("my_package.courier.Courier", endpoint="x"), Surroundings()) as provider:
        assert isinstance(provider, Provider)
        assert [outcome.verdict for outcome in provider.send([make_message()])] == [Verdict.SENT]
    assert re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE) == [verdict.name for verdict in Verdict]


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no_such_plugin.Thing", "cannot import 'no_such_plugin'"),
        ("needy_plugin.Thing", "No module named 'a_library_nobody_has'"),
        ("broken_plugin.Thing", "fails on import: ZeroDivisionError"),
        ("courier_plugin.Missing", "'courier_plugin' has no class or function 'Missing'"),
        ("courier_plugin.NOT_CALLABLE", "no class or function 'NOT_CALLABLE'"),
        ("courier_plugin.make_nothing", "made a object, which is no provider"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_clear_error(kind: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_provider(_settings(kind))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
