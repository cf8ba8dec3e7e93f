"""The main job through real providers: a real SMTP server, a real HTTP server that checks every request."""

from __future__ import annotations

import pytest

from newsletter.testing import DROP, SendgridAnswer, SendgridStub, SmtpSink

MORNING = "2026-11-23T08:00:00Z"


def use_smtp(deployment, sink: SmtpSink) -> None:
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})


def use_sendgrid(deployment, stub: SendgridStub) -> None:
    deployment.write(provider={"kind": "sendgrid", "api_key": stub.api_key, "host": stub.url})


def test_through_smtp_each_reader_gets_one_mail(deployment):
    with SmtpSink() as sink:
        use_smtp(deployment, sink)
        said = deployment("run", "--json", "--now", MORNING)
        again = deployment("run", "--json", "--now", MORNING)
    assert (said.json["sent"], again.json["sent"]) == (3, 0)
    assert sorted(m.recipient for m in sink.messages) == ["ada@example.org", "ben@example.org", "eve@example.org"]
    replayed = deployment("replay", "--date", "2026-11-23", "--subscriber", "ada@example.org")
    ada = next(m.raw for m in sink.messages if m.recipient == "ada@example.org")
    assert replayed.out.encode() == ada


def test_through_sendgrid_every_request_keeps_to_the_rules(deployment):
    with SendgridStub() as stub:
        use_sendgrid(deployment, stub)
        said = deployment("run", "--json", "--now", MORNING)
    assert said.json["sent"] == 3
    assert stub.faults == []
    assert len(stub.messages) == 3


def test_a_bounce_is_failed_and_10_and_the_others_go_out(deployment):
    with SmtpSink() as sink:
        sink.answer("RCPT", "550 5.1.1 no such user")
        use_smtp(deployment, sink)
        said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["sent"], said.json["failed"]) == (10, 2, 1)
    listed = deployment("deliveries", "list", "--json").json["deliveries"]
    assert [one["state"] for one in listed] == ["failed"]
    assert "no such user" in listed[0]["error"]


def test_later_is_11_and_a_retry_waits_in_the_ledger(deployment):
    with SmtpSink() as sink:
        sink.answer("RCPT", "450 4.2.1 mailbox busy")
        use_smtp(deployment, sink)
        said = deployment("run", "--json", "--now", MORNING)
        again = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["sent"], said.json["retrying"]) == (11, 2, 1)
    assert (again.code, again.json["retrying"], again.json["already_sent"]) == (11, 1, 2)


def test_a_lost_answer_is_uncertain_and_never_sent_again_by_itself(deployment):
    with SmtpSink() as sink:
        sink.answer("END", DROP)
        use_smtp(deployment, sink)
        said = deployment("run", "--json", "--now", MORNING)
        again = deployment("run", "--json", "--now", MORNING)
        assert (said.code, said.json["uncertain"], said.json["sent"]) == (10, 1, 2)
        assert (again.code, again.json["sent"], again.json["already_sent"]) == (0, 0, 3)
        uncertain = deployment("deliveries", "list", "--json").json["deliveries"]
        assert deployment("deliveries", "settle", str(uncertain[0]["id"]), "--as", "sent").code == 0
        assert deployment("deliveries", "list", "--json").json["deliveries"] == []
    assert len(sink.messages) == 3


def test_refused_credentials_are_21_and_everything_waits_for_the_next_run(deployment):
    with SmtpSink() as sink:
        deployment.write(
            provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port, "username": "a", "password": "b"}
        )
        sink.users = {"a": "another"}
        said = deployment("run", "--json", "--now", MORNING)
        assert (said.code, said.json["sent"], said.json["retrying"], said.json["due"]) == (21, 0, 3, 3)
        sink.users = None
        use_smtp(deployment, sink)
        again = deployment("run", "--json", "--now", MORNING)
    assert (again.code, again.json["sent"]) == (0, 3)


def test_a_provider_that_is_not_there_is_11(deployment):
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": 9})
    said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["retrying"]) == (11, 3)
    assert "127.0.0.1" in said.json["error"]


def test_what_was_planned_yesterday_is_not_sent_today(deployment):
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": 9})
    deployment("run", "--now", MORNING)
    with SmtpSink() as sink:
        use_smtp(deployment, sink)
        said = deployment("run", "--json", "--now", "2026-11-24T08:00:00Z")
    assert said.json["failed"] == 3
    assert said.json["sent"] == 3
    assert len(sink.messages) == 3


@pytest.mark.parametrize(("status", "code"), [(401, 21), (403, 21), (500, 11)])
def test_sendgrids_refusals(deployment, status, code):
    with SendgridStub() as stub:
        stub.answer("ANSWER", *[SendgridAnswer(status=status)] * 3)
        use_sendgrid(deployment, stub)
        said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["sent"]) == (code, 0)


def test_send_test_reaches_the_operator_and_touches_no_ledger(deployment):
    with SmtpSink() as sink:
        use_smtp(deployment, sink)
        said = deployment("send-test", "me@example.org", "--as", "ben@example.org", "--now", MORNING)
        refused = deployment("send-test", "not an address")
    assert said.code == 0
    assert [m.recipient for m in sink.messages] == ["me@example.org"]
    assert b"fMRI" in sink.messages[0].raw
    assert deployment("status", "--json").json["ledger"] == {}
    assert refused.code == 2
