from __future__ import annotations

import pytest

MORNING = "2026-11-23T08:00:00Z"


def counts(document):
    return {name: document[name] for name in ("sent", "uncertain", "retrying", "failed", "suppressed", "already_sent")}


def test_everyone_gets_a_digest_about_their_own_interest(deployment):
    said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["sent"], said.json["due"]) == (0, 3, 3)
    first = {mail["To"].addresses[0].addr_spec: mail.get_body(("plain",)).get_content() for mail in deployment.mails()}
    for address, word in {"ada@example.org": "spik", "ben@example.org": "fMRI", "eve@example.org": "prun"}.items():
        start = first[address].lower().find("1. ")
        assert word.lower() in first[address].lower()[start : start + 400]


def test_a_second_run_sends_nothing(deployment):
    deployment("run", "--now", MORNING)
    again = deployment("run", "--json", "--now", "2026-11-23T09:00:00Z")
    assert (again.code, again.json["sent"], again.json["already_sent"], again.json["due"]) == (0, 0, 3, 3)
    assert len(deployment.mails()) == 3


def test_the_next_day_brings_other_papers_and_none_twice(deployment):
    deployment.write_readers([{"email": "ada@example.org", "profile": {"interests": ["spiking"], "max_papers": 4}}])
    shown = []
    for day in ("23", "24", "25"):
        said = deployment("run", "--json", "--now", f"2026-11-{day}T08:00:00Z")
        assert said.code == 0
    exported = deployment("subscribers", "export", "ada@example.org").json
    for delivery in exported["deliveries"]:
        shown += delivery["shown"]
    assert len(shown) == 11
    assert len(set(shown)) == 11


def test_due_is_the_sum_of_what_became_of_it(deployment):
    for arguments in (["--now", MORNING], ["--now", MORNING], ["--everyone", "--now", MORNING]):
        document = deployment("run", "--json", *arguments).json
        assert document["due"] == sum(counts(document).values())


def test_a_dry_run_counts_and_leaves_no_trace_but_entries(deployment):
    said = deployment("run", "--dry-run", "--json", "--now", MORNING)
    assert (said.json["sent"], said.json["due"], said.json["edition"]) == (0, 3, None)
    assert not deployment.outbox.exists()
    status = deployment("status", "--json").json
    assert (status["editions"], status["ledger"]) == ([], {})
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3


def test_only_one_reader(deployment):
    said = deployment("run", "--only", "BEN@example.org", "--json", "--now", MORNING)
    assert said.json["sent"] == 1
    assert [mail["To"].addresses[0].addr_spec for mail in deployment.mails()] == ["ben@example.org"]


def test_an_unknown_reader_is_a_usage_error_and_nothing_is_touched(deployment):
    said = deployment("run", "--only", "nobody@example.org", "--json", "--now", MORNING)
    assert said.code == 2
    assert "nobody@example.org" in said.json["error"]
    assert said.json["sources"] == []


def test_readers_are_due_at_their_own_hour(deployment):
    deployment.write_readers(
        [
            {"email": "tokyo@example.org", "timezone": "Asia/Tokyo", "schedule": {"at": "07:00"}},
            {"email": "berlin@example.org", "timezone": "Europe/Berlin", "schedule": {"at": "07:00"}},
            {"email": "sunday@example.org", "schedule": {"days": ["sun"]}},
        ]
    )
    early = deployment(
        "run", "--json", "--now", "2026-11-22T22:30:00Z"
    ).json  # Monday morning in Tokyo, Sunday elsewhere
    assert (early["due"], early["sent"]) == (3, 3)
    later = deployment("run", "--json", "--now", "2026-11-23T06:30:00Z").json
    assert (later["sent"], later["already_sent"]) == (1, 1)
    everyone = deployment("run", "--everyone", "--json", "--now", "2026-11-23T06:40:00Z").json
    assert (everyone["sent"], everyone["already_sent"]) == (1, 2)


def test_no_candidates_means_no_mail_and_a_late_batch_still_goes_out_today(deployment):
    deployment.write(sources=[{"kind": "page", "name": "late", "path": "late.txt"}])
    deployment.write_page("late", [])
    first = deployment("run", "--json", "--now", MORNING)
    assert (first.json["due"], first.json["sent"]) == (0, 0)
    deployment.write_page("late", [("A paper that came late today", "It was worth the wait, for it is about spikes.")])
    second = deployment("run", "--json", "--now", "2026-11-23T15:00:00Z")
    assert second.json["sent"] == 3


def test_who_wants_word_on_empty_days_gets_it(deployment):
    deployment.write(sources=[{"kind": "page", "name": "late", "path": "late.txt"}], when_empty="send")
    deployment.write_page("late", [])
    said = deployment("run", "--json", "--now", MORNING)
    assert said.json["sent"] == 3


def test_one_bad_source_stops_no_other(deployment):
    (deployment.folder / "bad.xml").write_text("<html><body>Not found</body></html>")
    sources = [*deployment.settings["sources"], {"kind": "feed", "name": "bad", "path": "bad.xml"}]
    deployment.write(sources=sources)
    said = deployment("run", "--json", "--now", MORNING)
    states = {source["name"]: source["state"] for source in said.json["sources"]}
    assert (said.code, said.json["sent"], states["bad"], states["spikes"]) == (0, 3, "failed", "fresh")


def test_nothing_read_and_nothing_stored_is_13(deployment):
    (deployment.folder / "bad.xml").write_text("")
    deployment.write(sources=[{"kind": "feed", "name": "bad", "path": "bad.xml"}])
    said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["exit_code"]) == (13, 13)
    assert "bad" in said.json["error"]


def test_leaving_beats_the_yaml(deployment):
    deployment("run", "--now", MORNING)
    assert deployment("subscribers", "leave", "ada@example.org").code == 0
    said = deployment("run", "--json", "--now", "2026-11-24T08:00:00Z")
    assert said.json["due"] == 2


def test_a_line_deleted_from_the_yaml_stops_the_mail(deployment):
    deployment("run", "--now", MORNING)
    deployment.write_readers([{"email": "ben@example.org", "profile": {"interests": ["fMRI"]}}])
    said = deployment("run", "--json", "--now", "2026-11-24T08:00:00Z")
    assert said.json["sent"] == 1


def test_replay_prints_the_very_bytes(deployment):
    deployment("run", "--now", MORNING)
    said = deployment("replay", "--date", "2026-11-23", "--subscriber", "ada@example.org")
    on_disk = next(file for file in deployment.outbox.glob("*ada*.eml")).read_bytes()
    assert said.out.encode("utf-8") == on_disk


def test_replay_says_when_there_is_nothing(deployment):
    said = deployment("replay", "--date", "2026-11-23", "--subscriber", "ada@example.org")
    assert said.code == 2
    assert "2026-11-23" in said.err


@pytest.mark.parametrize("arguments", [["--now", "yesterday"], ["--limit", "x"], ["--unknown"]])
def test_bad_options_are_one_line_and_2(deployment, arguments):
    said = deployment("run", *arguments)
    assert said.code == 2
    assert len(said.err.strip().splitlines()) == 1
