from __future__ import annotations

import json
import subprocess
import sys

import pytest

MORNING = "2026-11-23T08:00:00Z"


def test_fetch_counts_rows_and_new_entries(deployment):
    first = deployment("fetch", "--json", "--now", MORNING)
    assert (first.code, first.json["entries"], first.json["new"]) == (0, 11, 11)
    assert first.json["sources"][0] == {
        "name": "spikes", "kind": "page", "state": "fresh", "entries": 3, "new": 3, "seen": 0, "merged": 0, "error": None,
    }  # fmt: skip
    assert deployment("fetch", "--json", "--now", MORNING).json["new"] == 0


def test_rank_explains_scores_that_add_up(deployment):
    said = deployment("rank", "--subscriber", "ada@example.org", "--limit", "5", "--json", "--now", MORNING)
    document = said.json
    assert (document["subscriber"], document["date"], document["candidates"]) == ("ada@example.org", "2026-11-23", 11)
    assert [item["rank"] for item in document["items"]] == [1, 2, 3, 4, 5]
    assert all("spik" in item["entry"]["title"].lower() for item in document["items"][:3])
    for item in document["items"]:
        assert sum(reason["contribution"] for reason in item["reasons"]) == pytest.approx(item["score"], abs=1e-5)
        assert set(item["entry"]) == {"id", "title", "link", "authors", "published", "sources"}


def test_rank_explain_prints_a_table(deployment):
    said = deployment("rank", "--subscriber", "ada@example.org", "--explain", "--now", MORNING)
    assert "contribution" in said.out
    assert "spiking neural networks" in said.out


def test_rank_says_what_was_sent_already(deployment):
    assert "left out" not in deployment("rank", "--subscriber", "ada@example.org", "--now", MORNING).out
    deployment.write_readers([{"email": "ada@example.org", "profile": {"max_papers": 4}}])
    assert deployment("run", "--now", MORNING).code == 0
    said = deployment("rank", "--now", MORNING)
    assert "of 7 papers for ada@example.org; 4 already sent are left out" in said.out


def test_rank_takes_the_only_reader_and_asks_for_one_of_many(deployment):
    several = deployment("rank", "--json", "--now", MORNING)
    assert (several.code, several.json["items"]) == (2, [])
    assert "--subscriber EMAIL (readers: ada@example.org, ben@example.org, eve@example.org)" in several.json["error"]
    deployment.write_readers([{"email": "ada@example.org"}])
    assert deployment("rank", "--json", "--now", MORNING).json["subscriber"] == "ada@example.org"
    deployment.write_readers([])
    assert "there are no readers" in deployment("rank", "--now", MORNING).err


def test_preview_of_one_reader(deployment):
    deployment("preview", "--subscriber", "ada@example.org", "--out", "looks", "--now", MORNING)
    assert [path.name for path in (deployment.folder / "looks").iterdir() if path.is_dir()] == ["ada-example-org"]


def test_status_tells_sources_editions_ledger_and_readers(deployment):
    deployment("run", "--now", MORNING)
    document = deployment("status", "--json").json
    assert document["ledger"] == {"sent": 3}
    assert document["subscribers"] == {"active": 3}
    assert document["suppressed"] == 0
    assert [source["name"] for source in document["sources"]] == ["spikes", "brains", "pruning", "others"]
    assert document["editions"][0]["entries"] == 11
    assert "sent" in deployment("status").out


def test_config_check_tells_every_mistake_with_its_place(deployment):
    assert "4 sources, 3 readers" in deployment("config", "check").out
    deployment.write(windw="3d", timezone="Europe/Berlinn")
    said = deployment("config", "check")
    assert said.code == 2
    assert len(said.err.strip().splitlines()) == 2
    assert "newsletter.yaml:" in said.err
    assert "`window`" in said.err


def test_config_schema_is_json_schema(deployment):
    assert json.loads(deployment("config", "schema").out)["properties"]["title"]
    assert json.loads(deployment("config", "schema", "subscribers").out)["properties"]["subscribers"]
    assert deployment("config", "schema", "nothing").code == 2


def test_a_json_document_at_every_exit(deployment):
    (deployment.folder / "config" / "newsletter.yaml").write_text("title: [")
    for command in ("fetch", "run", "status", "doctor"):
        said = deployment(command, "--json")
        assert said.code == 2
        assert said.json["error"]
        assert said.json["exit_code"] == 2
    usage = deployment("run", "--json", "--no-such-option")
    assert (usage.code, usage.json["sent"]) == (2, 0)


def test_doctor_looks_at_everything(deployment):
    said = deployment("doctor", "--json")
    assert said.code == 0
    healths = {check["name"]: check["health"] for check in said.json["checks"]}
    assert healths["database"] == healths["templates"] == healths["provider"] == healths["source spikes"] == "ok"
    (deployment.folder / "spikes.txt").write_text("")
    ill = deployment("doctor", "--json")
    assert {c["name"]: c["health"] for c in ill.json["checks"]}["source spikes"] == "failed"
    assert ill.code == 13
    assert "source spikes" in deployment("doctor").out


def test_a_database_that_is_none_is_22(deployment):
    (deployment.folder / "var").mkdir()
    (deployment.folder / "var" / "newsletter.db").write_text("this is no database, only some words in a file\n" * 50)
    said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["exit_code"]) == (22, 22)
    assert "newsletter.db" in said.json["error"]


def test_a_template_with_a_fault_stops_before_anything_is_touched(deployment):
    (deployment.folder / "templates").mkdir()
    (deployment.folder / "templates" / "digest.mjml.j2").write_text("<mjml><mj-body>\n{% if %}</mj-body></mjml>")
    said = deployment("run", "--json", "--now", MORNING)
    assert said.code == 2
    assert "digest.mjml.j2:2" in said.json["error"]
    assert deployment("status", "--json").json["ledger"] == {}


def test_migrate_says_the_version(deployment):
    assert "was brought to version" in deployment("migrate").out
    assert "already" in deployment("migrate").out


def test_init_writes_a_configuration_that_works(tmp_path, monkeypatch, deployment):
    said = deployment("init", "mine", "--yes")
    assert said.code == 0
    assert oct((tmp_path / "mine" / ".env").stat().st_mode & 0o777) == "0o600"
    assert "Fill in" not in said.out
    for options in ((), ("--yes",), ("--demo",)):
        again = deployment("init", "mine", *options)
        assert (again.code, again.out) == (2, "")
        assert "already there" in again.err
    deployment.folder = tmp_path / "mine"
    assert deployment("config", "check").code == 0


def test_the_command_runs_as_a_module_and_says_its_version():
    said = subprocess.run([sys.executable, "-m", "newsletter", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip()[0].isdigit()
