from __future__ import annotations

import json

MORNING = "2026-11-23T08:00:00Z"


def test_readers_of_the_database_get_mail_like_those_of_the_file(deployment):
    deployment.write_readers([])
    assert deployment("subscribers", "add", "kim@example.org", "--interest", "pruning^2", "--at", "07:30").code == 0
    shown = deployment("subscribers", "show", "kim@example.org", "--json").json
    assert (shown["interests"], shown["at"], shown["owner"]) == (
        [{"text": "pruning", "weight": 2.0}],
        "07:30",
        "database",
    )
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 1


def test_an_address_once_whoever_owns_it(deployment):
    said = deployment("subscribers", "add", "ADA@example.org")
    assert said.code == 2
    assert "already" in said.err


def test_bad_values_are_told_in_words(deployment):
    said = deployment("subscribers", "add", "kim@example.org", "--at", "25:00")
    assert said.code == 2
    assert "23:59" in said.err


def test_csv_goes_in_and_comes_out_the_same(deployment, tmp_path):
    source = tmp_path / "people.csv"
    source.write_text(
        "email,name,timezone,days,at,interests\n"
        'kim@example.org,Kim,Asia/Tokyo,"mon,fri",08:00,pruning^2;lottery tickets\n'
        "no address,,,,,\n"
        "lee@example.org,Lee,,,,\n",
        encoding="utf-8",
    )
    said = deployment("subscribers", "import", str(source))
    assert said.code == 0
    assert "people.csv:3" in said.err
    assert "2 added, 1 passed over" in said.out
    line = next(line for line in deployment("subscribers", "export").out.splitlines() if line.startswith("kim@"))
    assert line.startswith('kim@example.org,Kim,Asia/Tokyo,"mon,fri",08:00,pruning^2;lottery tickets,')


def test_pause_stops_the_mail_and_resume_starts_it(deployment):
    deployment("subscribers", "pause", "ada@example.org")
    assert deployment("run", "--json", "--now", MORNING).json["due"] == 2
    deployment("subscribers", "resume", "ada@example.org")
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 1


def test_who_left_cannot_be_paused_or_resumed_by_others(deployment):
    deployment("subscribers", "leave", "ada@example.org")
    for command in ("pause", "resume"):
        assert deployment("subscribers", command, "ada@example.org").code == 2
    states = {s["email"]: s["state"] for s in deployment("subscribers", "list", "--json").json["subscribers"]}
    assert states["ada@example.org"] == "left"


def test_erase_leaves_the_address_nowhere(deployment):
    deployment.write_readers([])
    deployment("subscribers", "add", "zoe.unusual@example.org", "--interest", "pruning")
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 1
    assert deployment("subscribers", "erase", "zoe.unusual@example.org", "--yes").code == 0
    held = [file for file in deployment.folder.rglob("*") if file.is_file() and b"zoe.unusual" in file.read_bytes()]
    assert held == []
    assert not list(deployment.outbox.glob("*zoe*"))
    again = deployment("subscribers", "add", "Zoe.Unusual@example.org")
    assert again.code == 2
    assert "suppressed" in again.err


def test_export_of_one_reader_is_all_that_is_held(deployment):
    deployment("run", "--now", MORNING)
    document = json.loads(deployment("subscribers", "export", "ada@example.org").out)
    assert document["deliveries"][0]["state"] == "sent"
    assert document["reader"]["profile"]["interests"] == [{"text": "spiking neural networks", "weight": 1.0}]
    assert (document["email"], document["interests"]) == ("ada@example.org", ["spiking neural networks"])


def test_who_is_gone_from_the_file_may_be_added_to_the_database(deployment):
    deployment("run", "--now", MORNING)
    deployment.write_readers([])
    assert deployment("run", "--json", "--now", "2026-11-24T08:00:00Z").json["due"] == 0
    assert deployment("subscribers", "add", "ada@example.org", "--interest", "spiking").code == 0
    said = deployment("run", "--json", "--now", "2026-11-24T09:00:00Z")
    assert said.json["sent"] == 1
    both = deployment("subscribers", "export", "ada@example.org").json["deliveries"]
    assert not set(both[0]["shown"]) & set(both[1]["shown"])


def test_json_goes_out_and_in_with_the_whole_profile(deployment, tmp_path):
    interests = [{"text": "pruning", "weight": 2.0}, "masks"]
    profile = {"interests": interests, "trending": 0.25, "max_papers": 3, "muted_authors": ["N. Obody"]}
    profile["disliked"] = ["title: A paper on tides"]
    deployment.write_readers([{"email": "kim@example.org", "schedule": {"days": ["mon", "fri"]}, "profile": profile}])
    before = deployment("subscribers", "export", "--json")
    (tmp_path / "readers.json").write_text(before.out)
    deployment.write_readers([])
    assert "1 added" in deployment("subscribers", "import", "readers.json").out
    [after] = deployment("subscribers", "export", "--json").json["subscribers"]
    kept = {key: value for key, value in before.json["subscribers"][0].items() if key != "owner"}
    assert {key: after[key] for key in kept} == kept
    (tmp_path / "broken.json").write_text("{")
    assert deployment("subscribers", "import", "broken.json").code == 2
