"""A reader's wishes as a patch of their lines in subscribers.yaml."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from newsletter.config import load
from newsletter.config.patching import FILE, change_entry, patch_for
from newsletter.config.settings import Settings
from newsletter.model import Interest, Schedule, Subscriber

NEWSLETTER = {
    "title": "Morning Papers",
    "from": {"name": "Morning Papers", "email": "papers@example.org"},
    "postal_address": "1 Example Street",
    "sources": [{"kind": "feed", "name": "A blog", "url": "https://example.org/feed.xml"}],
}
BLOCK = """\
# Our readers.
subscribers:
  - email: ben@example.org   # he left the lab
    profile: {interests: [fMRI]}
  # She came in spring.
  - email: ada@example.org
    name: Ada
    profile:
      interests:
        - spiking networks   # her thesis
        - {text: continual learning, weight: 2}
        # the next one is of last year
        - event cameras
      authors: [Friedemann Zenke, "Ada Lovelace"]   # all of them
      liked:
        - title: A study of cats
        - "arXiv:2405.12345"
      max_papers: 5  # not more

  - email: eve@example.org
    timezone: Asia/Tokyo
"""


def write(folder: Path, text: str) -> Settings:
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "newsletter.yaml").write_text(yaml.safe_dump(NEWSLETTER), encoding="utf-8")
    (folder / "config" / "subscribers.yaml").write_bytes(text.encode())
    return load(folder / "config", environ={})


def ada(settings: Settings) -> Subscriber:
    return next(reader for reader in settings.readers if reader.email.casefold() == "ada@example.org")


def wish(reader: Subscriber, **changes: object) -> Subscriber:
    own = {name: changes.pop(name) for name in ("name", "timezone", "schedule", "when_empty") if name in changes}
    return replace(reader, profile=replace(reader.profile, **changes), **own)


def apply(text: str, patch: str) -> str:
    """What a program that patches would make of it: each change at the line that it names."""
    lines, said, at, shift = text.splitlines(), patch.splitlines(), 0, 0
    for line in said[2:]:
        if line.startswith("@@"):
            start, _, count = line.split()[1].removeprefix("-").partition(",")
            at = int(start) - (count != "0") + shift
        elif line.startswith("+"):
            lines.insert(at, line[1:])
            at, shift = at + 1, shift + 1
        else:
            assert lines[at] == line[1:]
            if line.startswith("-"):
                del lines[at]
                shift -= 1
            else:
                at += 1
    return "\n".join(lines) + "\n"


WISHES: list[dict[str, object]] = [
    {"interests": (Interest("spiking networks"), Interest("event cameras"), Interest("pruning", 3))},
    {"interests": (Interest("spiking networks"), Interest("continual learning", 4), Interest("event cameras"))},
    {"interests": ()},
    {"interests": (Interest("a: b # c"), Interest("${HOME}"), Interest("'“x”'\\"))},
    {"authors": ("Friedemann Zenke",), "max_papers": 7},
    {"liked": ("arXiv:2405.12345", "title: Another study"), "disliked": ("doi:10.1234/x",)},
    {"muted": ("blockchain", "42"), "trending": 0.25, "min_score": 0.5, "explore": 1},
    {"name": "Ada L.", "timezone": "Asia/Tokyo", "when_empty": "send"},
    {"schedule": Schedule(days=frozenset({0, 4}), at=time(7, 30))},
    {"organizations": ("Pathway",), "categories": ("cs.NE",), "muted_authors": ("A. Nobody",), "name": ""},
]
STYLES = {
    "block": BLOCK,
    "windows": BLOCK.replace("\n", "\r\n"),
    "no end of line": BLOCK.rstrip("\n").replace("\n  - email: eve@example.org\n    timezone: Asia/Tokyo", ""),
    "flow": dedent("""\
        subscribers:
        - {email: eve@example.org}
        - {email: Ada@Example.org, name: Ada, profile: {interests: [spiking networks, {text: continual learning,
           weight: 2}, event cameras], max_papers: 5}}   # she
        """),
    "bare": "subscribers:\n- email: ada@example.org\n- email: eve@example.org\n",
    "nothing in it": "subscribers:\n  - email: ada@example.org\n    profile:\n    name: Ada\n",
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("number", range(len(WISHES)))
def test_with_the_patch_the_file_says_what_was_wished(tmp_path: Path, style: str, number: int) -> None:
    text = STYLES[style]
    settings = write(tmp_path, text)
    reader = ada(settings)
    wished = wish(reader, **WISHES[number])
    patch = patch_for(settings, reader, wished)
    if wished == reader:
        assert patch == ""
        return
    assert patch.startswith(f"--- {FILE}\n+++ {FILE}\n@@ ")
    settings = write(tmp_path, apply(text, patch))
    found = ada(settings)
    for name in ("name", "timezone", "schedule", "when_empty"):
        assert getattr(found, name) == getattr(wished, name)
    for name in type(found.profile).__dataclass_fields__:
        now, then = getattr(found.profile, name), getattr(wished.profile, name)
        assert set(now) == set(then) if isinstance(then, tuple) else now == then
    others = [one for one in settings.readers if one.email.casefold() != "ada@example.org"]
    assert others == [one for one in write(tmp_path, text).readers if one.email.casefold() != "ada@example.org"]


def test_comments_stay_and_nobody_elses_lines_are_told(tmp_path: Path) -> None:
    settings = write(tmp_path, BLOCK)
    reader = ada(settings)
    wished = wish(reader, interests=(Interest("spiking networks"), Interest("pruning")), max_papers=7)
    patch = patch_for(settings, reader, wished)
    patched = apply(BLOCK, patch)
    for comment in ("# her thesis", "# the next one is of last year", "# all of them", "# not more", "# Our readers."):
        assert comment in patched
    for others in ("ben@", "eve@", "left the lab", "Tokyo", "fMRI"):
        assert others not in patch
    changed = [line for line in patch.splitlines()[2:] if line[0] in "+-"]
    assert changed == [
        "-        - {text: continual learning, weight: 2}",
        "-        - event cameras",
        '+        - "pruning"',
        "-      max_papers: 5  # not more",
        "+      max_papers: 7  # not more",
    ]


def test_nothing_changed_is_no_patch(tmp_path: Path) -> None:
    settings = write(tmp_path, BLOCK)
    assert patch_for(settings, ada(settings), ada(settings)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "subscribers: [{email: ada@example.org, name: Ada}, {email: eve@example.org}]\n",
        "subscribers: []\n",
        "subscribers:\n  - email: ada@example.org\n    profile: {interests: [${SECRET}], muted: [x]}\n",
        "no: [yaml\n",
        None,
    ],
)
def test_where_no_patch_can_be_made_there_are_lines_to_put_there(tmp_path: Path, text: str | None) -> None:
    settings = write(tmp_path, BLOCK)
    reader = ada(settings)
    file = tmp_path / "config" / "subscribers.yaml"
    file.unlink()
    if text is not None:
        file.write_text(text)
    told = patch_for(settings, reader, wish(reader, muted=("blockchain",), name="Ada L."))
    assert "eve@" not in told
    assert yaml.safe_load(told)["name"] == "Ada L."
    assert yaml.safe_load(told)["profile"]["muted"] == ["blockchain"]


def test_a_reader_who_is_not_in_the_file_has_no_entry_to_change(tmp_path: Path) -> None:
    settings = write(tmp_path, BLOCK)
    gone = replace(ada(settings), email="zoe@example.org")
    assert change_entry(BLOCK.encode(), settings, gone, replace(gone, name="Zoe")) is None
