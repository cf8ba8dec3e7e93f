"""Feeds in and out as OPML, by the command line."""

from __future__ import annotations

import pytest
import yaml

OPML = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.1"><head><title>Subscriptions</title></head><body>
  <outline text="Labs">
    <outline text="Kestrel &amp; Sons" type="rss" xmlUrl="https://kestrel.example/feed?a=1&amp;b=2"/>
    <outline text="cs.LG updates" type="rss" xmlUrl="http://export.arxiv.org/rss/cs.LG"/>
  </outline>
  <outline text="pruning" xmlUrl="https://pruning.example/atom.xml"/>
  <outline text="In the lab" xmlUrl="http://192.168.0.7/rss"/>
  <outline text="More" type="include" url="https://more.example/list.opml"/>
</body></opml>
"""
COMMENTED = """# Mine.
title: Morning Papers   # shown at the top
from: {name: "Morning Papers", email: papers@example.org}
postal_address: 1 Example Street
sources:
  # the pages first
  - {kind: page, name: 'pruning', path: pruning.txt}

provider: {kind: files, path: outbox}
"""


@pytest.fixture
def mine(deployment):
    """A deployment whose newsletter.yaml a person wrote, and an OPML file beside it."""
    (deployment.folder / "config" / "newsletter.yaml").write_text(COMMENTED, encoding="utf-8")
    (deployment.folder / "subs.opml").write_text(OPML, encoding="utf-8")
    return deployment


def config_of(deployment) -> str:
    return (deployment.folder / "config" / "newsletter.yaml").read_text(encoding="utf-8")


def test_feeds_are_added_behind_the_sources_and_all_else_stays(mine):
    said = mine("feeds", "import", "subs.opml")
    assert said.code == 0
    assert "3 added, 0 already there, 2 skipped" in said.out
    assert "In the lab: is a private address" in said.err
    assert "More: is another list of feeds" in said.err
    added = (
        '  - {kind: feed, name: "Kestrel & Sons", url: "https://kestrel.example/feed?a=1&b=2"}\n'
        '  - {kind: arxiv, name: "cs.LG updates", categories: [cs.LG]}\n'
        '  - {kind: feed, name: "pruning (pruning.example)", url: "https://pruning.example/atom.xml"}\n'
    )
    assert config_of(mine) == COMMENTED.replace("pruning.txt}\n", "pruning.txt}\n" + added)
    assert "4 sources" in mine("config", "check").out


def test_the_json_says_what_became_of_each_and_a_second_import_adds_nothing(mine):
    first = mine("feeds", "import", "subs.opml", "--json").json
    assert [one["name"] for one in first["added"]] == ["Kestrel & Sons", "cs.LG updates", "pruning (pruning.example)"]
    assert [one["title"] for one in first["skipped"]] == ["More", "In the lab"]
    written = config_of(mine)
    second = mine("feeds", "import", "subs.opml", "--json").json
    assert (second["added"], second["error"], second["exit_code"]) == ([], None, 0)
    assert second["already"] == first["added"]
    assert mine("feeds", "import", "subs.opml").out.startswith("0 added, 3 already there, 2 skipped: ")
    assert config_of(mine) == written


def test_a_dry_run_prints_the_lines_and_changes_nothing(mine):
    said = mine("feeds", "import", "subs.opml", "--dry-run")
    assert [one["kind"] for one in yaml.safe_load(said.out)] == ["feed", "arxiv", "feed"]
    assert "3 added, 0 already there, 2 skipped" in said.err
    assert mine("feeds", "import", "subs.opml", "--dry-run", "--json").json["dry_run"] is True
    assert config_of(mine) == COMMENTED


def test_what_goes_out_comes_back_as_already_there(mine):
    mine("feeds", "import", "subs.opml")
    printed = mine("feeds", "export")
    assert printed.out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">')
    said = mine("feeds", "export", "--out", "mine.opml")
    assert (said.code, said.out) == (0, "wrote mine.opml: 3 feeds\n")
    assert (mine.folder / "mine.opml").read_text(encoding="utf-8") == printed.out
    again = mine("feeds", "import", "mine.opml", "--json").json
    assert (again["added"], len(again["already"]), again["skipped"]) == ([], 3, [])


def test_an_address_with_a_secret_is_exported_with_a_warning_and_not_shown(mine):
    (mine.folder / "one.opml").write_text('<opml><outline text="A" xmlUrl="https://u:pw@a.example/f"/></opml>')
    assert "pw" not in mine("feeds", "import", "one.opml").out
    assert "A: its address holds a password or a key" in mine("feeds", "export").err


def test_a_configuration_that_awaits_its_first_source_gets_it(mine):
    file = mine.folder / "config" / "newsletter.yaml"
    file.write_text(COMMENTED.replace("  - {kind: page, name: 'pruning', path: pruning.txt}\n", ""), encoding="utf-8")
    assert mine("config", "check").code == 2
    assert mine("feeds", "import", "subs.opml").code == 0
    assert "3 sources" in mine("config", "check").out


def test_another_mistake_in_the_configuration_is_told_and_nothing_written(mine):
    file = mine.folder / "config" / "newsletter.yaml"
    wrong = COMMENTED.replace("title:", "titel:")
    file.write_text(wrong, encoding="utf-8")
    said = mine("feeds", "import", "subs.opml")
    assert (said.code, config_of(mine)) == (2, wrong)
    assert "did you mean `title`?" in said.err


def test_a_file_cut_short_is_told_of(mine):
    (mine.folder / "cut.opml").write_text(OPML[: OPML.index('  <outline text="pruning"')], encoding="utf-8")
    said = mine("feeds", "import", "cut.opml")
    assert (said.code, "2 added" in said.out) == (0, True)
    assert "cut.opml: breaks off before its end; what stands there was read" in said.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no xml", "bad.opml: is no OPML; expected a reader's list of feeds"),
        ('<opml><outline text="A" xmlUrl="ftp://a.example"/></opml>', "bad.opml: none of its feeds can be read"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(mine, content, message):
    (mine.folder / "bad.opml").write_text(content, encoding="utf-8")
    said = mine("feeds", "import", "bad.opml", "--json")
    assert (said.code, said.json["exit_code"], said.json["error"]) == (2, 2, message)
    assert said.err.splitlines()[-1] == f"newsletter: {message}"
    assert config_of(mine) == COMMENTED


def test_files_that_are_not_there_or_cannot_be_written(mine):
    assert mine("feeds", "import", "none.opml").err == "newsletter: none.opml: this is no file; expected a text file\n"
    said = mine("feeds", "export", "--out", "no/such/folder.opml")
    assert (said.code, said.err) == (
        2,
        "newsletter: no/such/folder.opml: cannot be written: No such file or directory\n",
    )
