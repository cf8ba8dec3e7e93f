from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.config import load
from newsletter.config.editing import has_sources, source_line, with_sources, write_sources
from newsletter.errors import ConfigError, UsageError

NEW = [{"kind": "feed", "name": "A: b", "url": "https://a.example/f#x"}, {"kind": "arxiv", "categories": ["cs.LG"]}]
ONE = '{kind: feed, name: "A: b", url: "https://a.example/f#x"}'
TWO = "{kind: arxiv, categories: [cs.LG]}"

SHAPES = {
    "a list of lines": (
        "é: 😀\nsources:\n  - {a: b}  # why\n  - k: v\n    m: 'w'\n\n# next\nu: 1\n",
        f"é: 😀\nsources:\n  - {{a: b}}  # why\n  - k: v\n    m: 'w'\n  - {ONE}\n  - {TWO}\n\n# next\nu: 1\n",
    ),
    "comments at its end": (
        "sources:\n    - a: 1\n    # - b: 2\n      # more\n  # less\nu: 1\n",
        f"sources:\n    - a: 1\n    # - b: 2\n      # more\n    - {ONE}\n    - {TWO}\n  # less\nu: 1\n",
    ),
    "no indent": (
        "sources:\n- a: 1\n# of u\nu: 1\n",
        f"sources:\n- a: 1\n- {ONE}\n- {TWO}\n# of u\nu: 1\n",
    ),
    "no newline at the end": ("sources:\n  - a: 1", f"sources:\n  - a: 1\n  - {ONE}\n  - {TWO}\n"),
    "windows": (
        "\ufeffsources: # why\r\n  - a: 1\r\nu: 1\r\n",
        f"\ufeffsources: # why\r\n  - a: 1\r\n  - {ONE}\r\n  - {TWO}\r\nu: 1\r\n",
    ),
    "text over lines": (
        "sources:\n  - a: |\n      one\n      two\n\nu: 1\n",
        f"sources:\n  - a: |\n      one\n      two\n  - {ONE}\n  - {TWO}\n\nu: 1\n",
    ),
    "nothing behind a key": (
        "sources:\n  -\n    a:\n    b: [1,\n      2]\nu: 1\n",
        f"sources:\n  -\n    a:\n    b: [1,\n      2]\n  - {ONE}\n  - {TWO}\nu: 1\n",
    ),
    "brackets on a line": (
        "sources: [{a: b}, {c: d} ]\nu: 1",
        f"sources: [{{a: b}}, {{c: d}},\n  {ONE},\n  {TWO}]\nu: 1",
    ),
    "brackets over lines": (
        "sources: [\n    {a: b}, # x, y\n    {c: d} # z\n]\nu: 1\n",
        f"sources: [\n    {{a: b}}, # x, y\n    {{c: d}}, # z\n    {ONE},\n    {TWO}\n]\nu: 1\n",
    ),
    "a comma at the end": (
        "sources: [\n  {a: b},\n]\n",
        f"sources: [\n  {{a: b}},\n  {ONE},\n  {TWO}\n]\n",
    ),
    "all in braces": ("{u: 1, sources: [a]}", f"{{u: 1, sources: [a,\n  {ONE},\n  {TWO}]}}"),
    "empty brackets": ("sources: []\n", f"sources: [\n  {ONE},\n  {TWO}]\n"),
    "empty brackets over lines": ("sources: [ # none\n]\n", f"sources: [ # none\n  {ONE},\n  {TWO}\n]\n"),
    "no list yet": ("sources:\nu: 1\n", f"sources:\n  - {ONE}\n  - {TWO}\nu: 1\n"),
    "only comments": (
        "sources:\n  # - a: 1\n\nu: 1\n",
        f"sources:\n  # - a: 1\n  - {ONE}\n  - {TWO}\n\nu: 1\n",
    ),
    "null": ("sources: ~  # none\nu: 1\n", f"sources:  # none\n  - {ONE}\n  - {TWO}\nu: 1\n"),
    "no key": ("u: {sources: 1}", f"u: {{sources: 1}}\nsources:\n  - {ONE}\n  - {TWO}\n"),
    "no file to speak of": ("# mine\n", f"# mine\nsources:\n  - {ONE}\n  - {TWO}\n"),
}


@pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
def test_lines_are_put_in_and_nothing_else_changes(before, after):
    assert with_sources(before.encode(), "newsletter.yaml", NEW).decode() == after


@pytest.mark.parametrize(
    "text",
    [
        "sources: one\n",
        "sources: {a: b}\n",
        "{u: 1}\n",
        "u: 1\n...\n",
        "sources:\n  - a: |+\n      kept\n\nu: 1\n",
    ],
)
def test_what_would_come_out_otherwise_than_meant_is_refused(text):
    with pytest.raises(UsageError) as caught:
        with_sources(text.encode(), "newsletter.yaml", NEW)
    message = "newsletter.yaml: its `sources` are written in a way that cannot be added to; --dry-run shows the lines"
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("feed", "feed"),
        ("null", '"null"'),
        ("A: b # c", '"A: b # c"'),
        ('say "x" \\', '"say \\"x\\" \\\\"'),
        ("${HOME}", '"$${HOME}"'),
        ("日本", '"日本"'),
    ],
)
def test_text_is_quoted_where_yaml_would_read_something_else(value, written):
    assert source_line({"name": value}) == f"{{name: {written}}}"


def test_a_text_that_looks_like_a_variable_stays_what_it_is(files):
    file = files.write("config/newsletter.yaml", "title: A\nfrom: {email: a@example.org}\n")
    write_sources(file, [{"kind": "feed", "name": "${HOME} [x]", "url": "https://a.example/${X}"}], environ={})
    (source,) = load(file, environ={}).sources
    assert (source.name, source.url) == ("${HOME} [x]", "https://a.example/${X}")


def names_in(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


@pytest.fixture
def file(files) -> Path:
    return files.write(
        "config/newsletter.yaml", "title: A\nfrom: {email: a@example.org}\nsources: [{kind: huggingface}]\n"
    )


def test_the_file_keeps_its_mode_and_a_link_stays_a_link(files, file):
    real = file.rename(files.folder / "kept.yaml")
    real.chmod(0o640)
    file.symlink_to(real)
    write_sources(file, [{"kind": "feed", "url": "https://a.example/f"}], environ={})
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert [source.kind for source in load(file, environ={}).sources] == ["huggingface", "feed"]
    assert names_in(file.parent) == ["newsletter.yaml"]


def test_a_configuration_that_would_be_wrong_is_not_written(file):
    before = file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        write_sources(file, [{"kind": "feed", "url": "https://a.example/f", "nmae": "x"}], environ={})
    assert str(caught.value).startswith(f"{file}:4:")
    assert "did you mean `name`?" in str(caught.value)
    assert (file.read_bytes(), names_in(file.parent)) == (before, ["newsletter.yaml"])


def test_a_file_that_may_not_be_changed_is_not(file):
    file.chmod(0o444)
    with pytest.raises(UsageError, match="cannot be written; expected a file that this user may change"):
        write_sources(file, NEW, environ={})


def test_whether_there_are_sources(files, file):
    assert has_sources(file)
    assert not has_sources(files.write("a.yaml", "sources: []"))
    assert not has_sources(files.write("b.yaml", "title: A"))
    assert has_sources(files.write("c.yaml", "text"))
