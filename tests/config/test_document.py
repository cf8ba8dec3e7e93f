from __future__ import annotations

import pytest
import yaml

from newsletter.config.document import MAX_DEPTH, parse, unquoted
from newsletter.config.files import read_bytes
from newsletter.errors import ConfigError

LOADERS = [pytest.param(yaml.CSafeLoader, id="libyaml"), pytest.param(yaml.SafeLoader, id="python")]

BROKEN = {
    "tab": ("a:\n\t- b\n", "x:2:1: a tab cannot indent YAML; expected spaces"),
    "at sign": ("a: @home\n", "x:1:4: a value cannot begin with `@`; expected it in quotes"),
    "second colon": (
        "a: b: c\n",
        "x:1:5: a `:` is not expected here; put text that holds a colon in quotes, and look at the indentation",
    ),
    "deeper without reason": (
        "a: 1\n  b: 2\n",
        "x:2:4: a `:` is not expected here; put text that holds a colon in quotes, and look at the indentation",
    ),
    "open list": ("a: [1, 2\nb: 3\n", "x:2:2: the `[` on line 1 is not closed; expected `,` or `]`"),
    "open mapping": ("a: {b: 1\nc: [\n", "x:2:2: the `{` on line 1 is not closed; expected `,` or `}`"),
    "open quote": ("a: 1\nb: 'x\nc: 2\n", "x:2:4: the quote that opens here is never closed"),
    "two kinds of lines": (
        "- a\nb: c\n",
        "x:2:1: this is no valid YAML; look at the indentation, colons and quotes here and just above",
    ),
    "unknown escape": (
        'a: "b\\q"\n',
        "an unknown escape in double quotes; expected single quotes around text with a backslash",
    ),
    "tag handle": (
        "a: !x!y z\n",
        "x:1:4: a tag (`!…`) is not read; expected the value alone, in quotes where it begins with `!`",
    ),
    "two documents": (
        "a: 1\n---\na: 2\n",
        "x:2:1: a second document begins here; expected one, without `---` between",
    ),
    "braces as key": (
        "a: {{ title }}\n",
        "x:1:5: expected a key here; text that begins with `{`, `[` or `*` belongs in quotes",
    ),
    "too deep": (
        "a: " + "[" * (MAX_DEPTH + 1) + "\n",
        f"x:1:{MAX_DEPTH + 3}: lists and mappings are nested more than {MAX_DEPTH} deep; expected far less",
    ),
    "depth bomb": (
        "[" * 20_000,
        f"x:1:{MAX_DEPTH + 1}: lists and mappings are nested more than {MAX_DEPTH} deep; expected far less",
    ),
}

REFUSED = {
    "alias": (
        "a: &x 1\nb: *x\n",
        [
            "1:4 an anchor (`&x`) is not read; expected the value alone",
            "2:4 an alias (`*x`) is not read; expected the value itself",
        ],
    ),
    "tag": (
        "a: !!python/name:os.system x\n",
        ["1:4 a tag (`tag:yaml.org,2002:python/name:os.system`) is not read; expected the value alone"],
    ),
    "key twice": ("a: 1\nb: 2\na: 3\n", ["3:1 `a` stands on line 1 already; expected each key once"]),
    "key twice below": ("x:\n  - {a: 1, a: 2}\n", ["2:12 `a` stands on line 2 already; expected each key once"]),
    "alias bomb": (
        "a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        [
            "1:4 an anchor (`&a`) is not read; expected the value alone",
            "2:4 an anchor (`&b`) is not read; expected the value alone",
            "2:8 an alias (`*a`) is not read; expected the value itself",
            "2:12 an alias (`*a`) is not read; expected the value itself",
            "3:5 an alias (`*b`) is not read; expected the value itself",
            "3:9 an alias (`*b`) is not read; expected the value itself",
        ],
    ),
}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_yaml_is_told_with_its_place(text: str, message: str, loader: type) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text.encode(), "x", loader=loader)

    assert message in str(caught.value)
    assert str(caught.value).startswith("x:")
    assert caught.value.__cause__ is None  # the parser's own error quotes the file, and with it perhaps a secret


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(("text", "found"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_read_is_noted_and_the_rest_goes_on(text: str, found: list[str], loader: type) -> None:
    document = parse(text.encode(), "x", loader=loader)

    assert ["{}:{} {}".format(*mistake.position, mistake.message) for mistake in document.mistakes] == found


@pytest.mark.parametrize("loader", LOADERS)
def test_scalars_stay_text(loader: type) -> None:
    text = "{no: no, at: 07:30, id: 2405.10, zip: 0123, on: 1_000, empty: , tilde: ~, 'null': null, quoted: 'null'}"

    document = parse(text.encode(), "x", loader=loader)

    assert document.data == {
        "no": "no", "at": "07:30", "id": "2405.10", "zip": "0123", "on": "1_000",
        "empty": None, "tilde": None, "null": None, "quoted": "null",
    }  # fmt: skip


def test_places_count_characters_and_survive_accents() -> None:
    document = parse("é: [ü, 日本, {ключ: x}]\r\nb: |\r\n  text\r\n".encode(), "x")

    assert document.position(("é", 2, "ключ")) == (1, 19)
    assert document.position(("é", 2, "ключ"), key=True) == (1, 13)
    assert document.position(("b",), key=True) == (2, 1)
    assert document.position(("é", 7, "nowhere")) == (1, 4)
    assert document.position(("nowhere",), key=True) == (1, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: caf\xe9\n", "x:2:7: byte 0xe9 is no UTF-8; save the file as UTF-8"),
        ("a: 1\n".encode("utf-16"), "x:1:1: byte 0xff is no UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfa: b\xff", "x:1:5: byte 0xff is no UTF-8; save the file as UTF-8"),
        (b"a: 1\nb: \x00\n", "x:2:4: a control character (U+0000); expected text"),
        (b"a: \x1b[31m", "x:1:4: a control character (U+001B); expected text"),
    ],
)
def test_files_that_are_no_text(content: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(content, "x")

    assert str(caught.value) == message


def test_a_byte_order_mark_is_no_content() -> None:
    assert parse(b"\xef\xbb\xbftitle: x\n", "x").data == {"title": "x"}


def test_the_size_is_limited(tmp_path) -> None:
    (tmp_path / "exact").write_bytes(b"#" * 2_000_000)
    (tmp_path / "larger").write_bytes(b"#" * 2_000_001)

    assert len(read_bytes(tmp_path / "exact", "x", limit=2_000_000)) == 2_000_000
    with pytest.raises(ConfigError, match="x: is larger than 2 MB, which is the most that is read"):
        read_bytes(tmp_path / "larger", "x", limit=2_000_000)


def test_values_are_counted() -> None:
    assert len(parse(b"[1, 2, 3, 4]", "x", max_values=5).data) == 4
    with pytest.raises(ConfigError, match="x:1:14: this file holds more than 5 values; expected far fewer"):
        parse(b"[1, 2, 3, 4, 5]", "x", max_values=5)


def test_a_folder_in_place_of_a_file(tmp_path) -> None:
    with pytest.raises(ConfigError, match="x: this is no file; expected a text file"):
        read_bytes(tmp_path, "x", limit=10)


def test_options_of_plugins_have_the_types_that_yaml_gives_them() -> None:
    text = "{a: 1, b: 2.5, c: true, d: no, e: '1', f: [0x1, 1e3, 007, -3], g: {h: .5, i: ~}}"

    assert unquoted(parse(text.encode(), "x").data) == {
        "a": 1, "b": 2.5, "c": True, "d": "no", "e": "1", "f": ["0x1", 1000.0, "007", -3], "g": {"h": 0.5, "i": None},
    }  # fmt: skip
