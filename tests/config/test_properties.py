"""Whatever the files hold, loading them gives settings or a ConfigError, and never another error."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.config import load
from newsletter.config.document import parse
from newsletter.errors import ConfigError

GOOD = b"""\
title: x
from: {email: papers@example.org}
base_url: https://papers.example.org
postal_address: here
schedule: {days: [mon, wed], at: "07:30"}
sources:
  - {kind: huggingface, days: 3}
  - {kind: arxiv, categories: [cs.LG], backlog: include}
provider: {kind: smtp, host: localhost, port: "${PORT}", tls: none}
"""
READERS = b"""\
subscribers:
  - email: ada@example.org
    profile: {interests: [a, {text: b, weight: 2}], liked: ["arXiv:2405.12345", title: x], trending: 0.5}
"""
KEYS = st.sampled_from(
    ["title", "from", "sources", "kind", "email", "profile", "interests", "liked", "days", "at", "tls", "x"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | KEYS
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)


def outcome(newsletter: bytes, subscribers: bytes = b"", env: bytes | None = None) -> str:
    with TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        config.mkdir()
        (config / "newsletter.yaml").write_bytes(newsletter)
        (config / "subscribers.yaml").write_bytes(subscribers)
        if env is not None:
            (Path(folder) / ".env").write_bytes(env)
            (Path(folder) / ".env").chmod(0o600)
        try:
            load(config, environ={"PORT": "25", "NEWSLETTER_SECRET_KEY": "k"})
        except ConfigError as error:
            is_told_well = error.problems and all("\n" not in str(problem) for problem in error.problems)
            return "refused" if is_told_well else f"badly told: {error}"
        return "loaded"


def mutated(original: bytes) -> st.SearchStrategy[bytes]:
    """The file with a part of it replaced by other bytes."""
    junk = st.binary(max_size=8) | st.sampled_from(
        [b"[", b"{", b": ", b"&a ", b"*a", b"!!x ", b"'", b'"', b"\t", b"- ", b"${X}"]
    )
    places = st.integers(0, len(original))
    return st.builds(
        lambda at, length, put: original[:at] + put + original[at + length :], places, st.integers(0, 12), junk
    )


def test_the_files_to_mutate_are_good() -> None:
    assert outcome(GOOD, READERS) == "loaded"


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=100))
@settings(max_examples=150, deadline=None)
def test_random_bytes(newsletter: bytes, subscribers: bytes, env: bytes) -> None:
    assert outcome(newsletter, subscribers, env) == "refused"


@given(mutated(GOOD), mutated(READERS))
@settings(max_examples=150, deadline=None)
def test_good_files_with_something_wrong(newsletter: bytes, subscribers: bytes) -> None:
    assert outcome(newsletter, subscribers) in {"refused", "loaded"}


@given(TREES, TREES)
@settings(max_examples=150, deadline=None)
def test_good_yaml_that_says_something_else(newsletter: object, subscribers: object) -> None:
    dumped = [yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace") for tree in (newsletter, subscribers)]

    assert outcome(GOOD + b"schedule2: 1\n", dumped[1]) == "refused"
    assert outcome(dumped[0], dumped[1]) == "refused"


@given(
    st.dictionaries(st.text(max_size=10), st.text(max_size=20) | st.lists(st.text(max_size=10), max_size=3), max_size=5)
)
@settings(max_examples=150, deadline=None)
def test_text_comes_back_as_it_was_written(data: dict[str, object]) -> None:
    written = yaml.safe_dump(data, default_style='"', allow_unicode=False)

    assert parse(written.encode(), "x").data == data
