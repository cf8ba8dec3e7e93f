"""What holds mail back is said: by the run that met it, by status and by doctor."""

from __future__ import annotations

from product import MORNING

from newsletter.storage import Storage
from newsletter.storage.brakes import Brake
from newsletter.testing import SmtpSink


def test_a_days_number_that_is_reached_is_11_and_one_line(deployment):
    deployment.write(provider={"kind": "files", "path": "outbox", "rate": {"per_day": 2}})
    said = deployment("run", "--json", "--now", MORNING)
    assert (said.code, said.json["sent"], said.json["retrying"], said.json["error"]) == (11, 2, 1, None)
    [told] = said.json["warnings"]
    assert told.startswith("files has had all messages that provider.rate allows for today")
    sending = deployment("status", "--json").json["sending"]
    assert (sending["sent_today"], sending["per_day"]) == (2, 2)
    assert "2 of today's 2 tries are used" in deployment("status").out
    deployment.write(provider={"kind": "files", "path": "outbox"})
    assert deployment("run", "--json", "--now", MORNING).json["sent"] == 1
    assert len(deployment.mails()) == 3


def test_a_provider_that_is_left_alone_is_told_of_until_doctor_gets_in(deployment):
    with SmtpSink() as sink:
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        sink.answer("MAIL", "535 5.7.8 no")
        first = deployment("run", "--json", "--now", MORNING)
        second = deployment("run", "--json", "--now", MORNING)
        assert (first.code, second.code, sink.connections) == (21, 21, 1)
        assert f"smtp 127.0.0.1:{sink.port} is left alone until" in second.json["error"]
        assert "535" in deployment("status", "--json").json["sending"]["reason"]
        assert "is left alone until" in deployment("status").out
        deployment("doctor")
        assert deployment("status", "--json").json["sending"]["left_alone_until"] is None
        assert deployment("run", "--json", "--now", MORNING).json["sent"] == 3


def test_doctor_warns_of_a_provider_that_is_left_alone(deployment):
    with SmtpSink() as sink:
        deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": sink.port})
        sink.answer("MAIL", "535 5.7.8 no")
        assert deployment("run", "--json", "--now", MORNING).code == 21
    checks = {check["name"]: check for check in deployment("doctor", "--json").json["checks"]}
    assert checks["provider"]["detail"].endswith("cannot be reached: Connection refused")
    assert checks["sending"]["health"] == "warning"
    assert "is left alone until" in checks["sending"]["detail"]


def test_doctor_says_that_a_days_number_is_not_reached_without_a_warning(deployment):
    deployment.write(provider={"kind": "files", "path": "outbox", "rate": {"per_day": 9}})
    deployment("run", "--now", MORNING)
    checks = {check["name"]: check for check in deployment("doctor", "--json").json["checks"]}
    assert checks["sending"]["health"] == "ok"
    assert "of today's 9" in checks["sending"]["detail"]


def test_an_edition_that_a_brake_holds_is_told_of(deployment):
    deployment.write(provider={"kind": "smtp", "host": "127.0.0.1", "port": 9})
    edition = deployment("run", "--json", "--now", MORNING).json["edition"]
    with Storage.open(f"sqlite:///{deployment.folder}/var/newsletter.db") as storage:
        at = storage.runs.last().started_at
        storage.brakes.pull(Brake(edition=edition, kind="complaints", pulled_at=at, reason="9 of 1000 mails"))
    assert f"edition {edition} is paused: 9 of 1000 mails" in deployment("status").out
    checks = {check["name"]: check for check in deployment("doctor", "--json").json["checks"]}
    assert checks["sending"]["health"] == "warning"
    deployment("editions", "resume", edition)
    assert deployment("status", "--json").json["sending"]["brakes"] == []
