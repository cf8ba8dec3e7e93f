"""``newsletter init`` and the demo: files that load at once, and never in place of others."""

from __future__ import annotations

import stat
from datetime import time
from pathlib import Path

import pytest

from newsletter.config import load
from newsletter.config.init import QUESTIONS, Answers, ensure_secret, read_answers, write_config, write_demo
from newsletter.config.questions import local_zone
from newsletter.config.settings import ArxivSource, FilesProvider, HuggingFaceSource, SendgridProvider, SmtpProvider
from newsletter.errors import ConfigError, UsageError
from newsletter.model import Interest


def test_at_most_five_questions_each_for_a_field() -> None:
    assert [question.field for question in QUESTIONS] == ["email", "interests", "categories", "provider", "hour"]
    assert set(Answers.__dataclass_fields__) == {question.field for question in QUESTIONS}


def test_the_defaults_work_as_they_are(tmp_path: Path) -> None:
    written = write_config(tmp_path / "mine", read_answers({}))
    settings = load(tmp_path / "mine", environ={})

    assert written == [
        tmp_path / "mine" / name for name in ("config/newsletter.yaml", "config/subscribers.yaml", ".env")
    ]
    assert isinstance(settings.provider, FilesProvider)
    assert [type(source) for source in settings.sources] == [HuggingFaceSource, ArxivSource]
    assert [reader.email for reader in settings.readers] == ["you@example.org"]
    assert len(settings.secret_keys[0].get_secret_value()) >= 43
    assert stat.S_IMODE((tmp_path / "mine" / ".env").stat().st_mode) == 0o600


def test_answers_arrive_as_they_were_given(tmp_path: Path) -> None:
    hostile = 'spiking: networks, "quoted" \\ text, ${HOME}, #no comment, - dash, スパイク'
    given = {
        "email": "ada@example.org",
        "interests": hostile,
        "categories": "cs.NE q-bio.NC,",
        "hour": "6:05 Asia/Tokyo",
    }
    write_config(tmp_path, read_answers(given))
    settings = load(tmp_path, environ={})

    (reader,) = settings.readers
    phrases = ["spiking: networks", '"quoted" \\ text', "${HOME}", "#no comment", "- dash", "スパイク"]
    assert reader.profile.interests == tuple(Interest(phrase) for phrase in phrases)
    assert (reader.email, reader.timezone, reader.schedule.at) == ("ada@example.org", "Asia/Tokyo", time(6, 5))
    assert settings.sources[1] == ArxivSource(kind="arxiv", categories=("cs.NE", "q-bio.NC"))


def test_no_categories_means_hugging_face_alone(tmp_path: Path) -> None:
    write_config(tmp_path, read_answers({"categories": ""}))

    assert [source.kind for source in load(tmp_path, environ={}).sources] == ["huggingface"]


@pytest.mark.parametrize(
    ("provider", "secrets", "kind"),
    [
        ("gmail", {"SMTP_PASSWORD": "p"}, SmtpProvider),
        ("smtp", {"SMTP_PASSWORD": "p", "SMTP_USER": "u", "SMTP_HOST": "smtp.example.org"}, SmtpProvider),
        ("sendgrid", {"SENDGRID_API_KEY": "k"}, SendgridProvider),
    ],
)
def test_secrets_are_asked_for_where_they_belong(
    tmp_path: Path, provider: str, secrets: dict[str, str], kind: type
) -> None:
    write_config(tmp_path, read_answers({"provider": provider}))

    with pytest.raises(ConfigError) as caught:
        load(tmp_path, environ={})
    env = (tmp_path / ".env").read_text()

    assert {problem.message.split("`")[1] for problem in caught.value.problems} == {f"${{{name}}}" for name in secrets}
    assert all(f"\n{name}=\n" in env for name in secrets)
    assert isinstance(load(tmp_path, environ=secrets).provider, kind)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"email": "nobody"}, "email: expected a mail address such as `ada@example.org`"),
        ({"categories": "Machine Learning"}, "categories: expected an arXiv category such as `cs.LG` or `q-bio.NC`"),
        ({"provider": "pigeon"}, "provider: expected one of files, gmail, smtp, sendgrid"),
        ({"hour": "noon UTC"}, "hour: expected a time of day from `00:00` to `23:59`"),
        ({"hour": "07:30"}, "hour: expected an IANA time zone such as `Europe/Berlin` or `UTC`"),
    ],
)
def test_answers_that_cannot_be(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_answers(given)

    assert str(caught.value) == message


@pytest.mark.parametrize("there", ["config/newsletter.yaml", "config/subscribers.yaml", ".env"])
def test_nothing_is_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")

    with pytest.raises(UsageError) as caught:
        write_config(tmp_path, Answers())

    assert str(caught.value) == f"{tmp_path / there}: already there, and never overwritten; choose another folder"
    assert (tmp_path / there).read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / there]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        write_config(tmp_path / "file", Answers())


@pytest.mark.parametrize(
    ("tz", "link", "zone"),
    [
        ("Asia/Tokyo", "Europe/Lisbon", "Asia/Tokyo"),
        (":Europe/Berlin", "Europe/Lisbon", "Europe/Berlin"),
        ("Etc/UTC", "Europe/Lisbon", "UTC"),
        ("XYZ-3", "Europe/Lisbon", "Europe/Lisbon"),
        ("", "Nowhere/City", "UTC"),
    ],
)
def test_the_zone_of_the_machine(tmp_path: Path, tz: str, link: str, zone: str) -> None:
    (tmp_path / "localtime").symlink_to(tmp_path / "usr" / "share" / "zoneinfo" / link)

    assert local_zone({"TZ": tz}, tmp_path / "localtime") == zone


def test_the_demo_runs_wherever_it_is_copied(tmp_path: Path) -> None:
    made = write_demo(tmp_path / "demo")
    settings = load(tmp_path / "demo", environ={})

    assert made == [tmp_path / "demo" / name for name in ("config", "examples", ".env")]
    assert all(source.path and source.path.is_relative_to(tmp_path / "demo") for source in settings.sources)
    with pytest.raises(UsageError, match="already there, and never overwritten"):
        write_demo(tmp_path / "demo")


def test_a_demo_that_cannot_be_copied(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="the demo cannot be copied there: "):
        write_demo(tmp_path / "file" / "below")


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    assert ensure_secret(tmp_path) is True
    first = (tmp_path / ".env").read_text()

    assert ensure_secret(tmp_path) is False
    assert (tmp_path / ".env").read_text() == first
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


@pytest.mark.parametrize("before", ["", "SMTP_PASSWORD=x\n", "SMTP_PASSWORD=x", "NEWSLETTER_SECRET_KEY=\n"])
def test_a_secret_is_added_to_a_file_without_one(tmp_path: Path, before: str) -> None:
    (tmp_path / ".env").write_text(before)
    (tmp_path / ".env").chmod(0o600)
    (tmp_path / "newsletter.yaml").write_text(
        "title: x\nfrom: {email: a@example.org}\nsources: [{kind: huggingface}]\n"
    )

    assert ensure_secret(tmp_path) is True

    assert (tmp_path / ".env").read_text().startswith(before)
    assert len(load(tmp_path, environ={}).secret_keys) == 1


def test_a_secret_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff")

    with pytest.raises(UsageError, match=r"\.env: cannot be read and written: "):
        ensure_secret(tmp_path)
