"""Where the configuration is looked for, and what a good one becomes."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.config import deployment_folder, find_config, load, read_reader
from newsletter.config.settings import (
    ArxivSource,
    BiorxivSource,
    FeedSource,
    FilesProvider,
    HuggingFaceSource,
    PageSource,
    PluginSource,
    Settings,
    SmtpProvider,
)
from newsletter.errors import ConfigError, UsageError
from newsletter.model import Interest, Mailbox, Owner, Schedule
from newsletter.shipped import shipped

GOOD = "title: x\nfrom: {name: X, email: papers@example.org}\nsources: [{kind: huggingface}]\n"


@pytest.mark.parametrize("given", ["config", "config/newsletter.yaml", "."])
def test_a_folder_or_a_file(files: Any, given: str) -> None:
    files.write("config/newsletter.yaml", GOOD)

    assert load(Path(given), environ={}).folder == files.folder
    assert load(files.folder / given, environ={}).folder == files.folder
    assert load(None, environ={"NEWSLETTER_CONFIG": given}).folder == files.folder


def test_what_is_given_goes_before_the_environment_before_the_default(files: Any) -> None:
    for name in ("one", "two", "config"):
        files.write(f"{name}/newsletter.yaml", GOOD.replace("title: x", f"title: {name}"))

    assert load(Path("one"), environ={"NEWSLETTER_CONFIG": "two"}).title == "one"
    assert load(None, environ={"NEWSLETTER_CONFIG": "two"}).title == "two"
    assert load(None, environ={"NEWSLETTER_CONFIG": ""}).title == "config"


def test_the_deployment_folder(tmp_path: Path) -> None:
    assert deployment_folder(tmp_path / "config" / "newsletter.yaml") == tmp_path
    assert deployment_folder(tmp_path / "papers" / "newsletter.yaml") == tmp_path / "papers"
    assert deployment_folder(tmp_path / "a" / ".." / "config" / "mine.yaml") == tmp_path


def test_a_folder_of_another_name_is_the_deployment_folder_itself(files: Any) -> None:
    files.write("papers/newsletter.yaml", GOOD)

    assert load(Path("papers"), environ={}).provider == FilesProvider(path=files.folder / "papers" / "outbox")


def test_from_within_config(files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write("config/newsletter.yaml", GOOD)
    monkeypatch.chdir(files.folder / "config")

    assert load(Path("newsletter.yaml"), environ={}).folder == files.folder


def test_a_link_named_config_stays_one(files: Any) -> None:
    files.write("elsewhere/v3/newsletter.yaml", GOOD)
    (files.folder / "config").symlink_to("elsewhere/v3")

    assert load(None, environ={}).folder == files.folder


def test_nothing_there(files: Any) -> None:
    with pytest.raises(ConfigError) as default:
        find_config(None, {})
    with pytest.raises(ConfigError) as given:
        find_config(Path("nowhere/mine.yaml"), {})
    with pytest.raises(ConfigError, match="cannot be read"):
        find_config(Path("x" * 5000), {})

    help_ = "there is no such file; run `newsletter init` to write one, or name yours with --config"
    assert str(default.value) == f"config: {help_}"
    assert str(given.value) == f"nowhere/mine.yaml: {help_}"
    assert default.value.exit_code == 2


def test_an_empty_config_folder(files: Any) -> None:
    (files.folder / "config").mkdir()

    with pytest.raises(ConfigError, match=r"config/newsletter\.yaml: there is no such file; run `newsletter init`"):
        load(None, environ={})


def test_places_are_printed_as_the_file_was_named(files: Any) -> None:
    files.write("config/newsletter.yaml", "titel: x\n")
    files.write("config/subscribers.yaml", "[")

    for given in (Path("config"), files.folder / "config", Path("./config/newsletter.yaml")):
        with pytest.raises(ConfigError) as caught:
            load(given, environ={})
        folder = given if given.suffix == "" else given.parent
        assert caught.value.problems[0].place == f"{folder}/newsletter.yaml:1:1"
        assert caught.value.problems[-1].place.startswith(f"{folder}/subscribers.yaml:")


def test_defaults(files: Any) -> None:
    settings = files.load(newsletter=GOOD)

    assert settings == Settings(
        title="x",
        sender=Mailbox(email="papers@example.org", name="X"),
        sources=(HuggingFaceSource(kind="huggingface"),),
        timezone=ZoneInfo("UTC"),
        window=timedelta(days=3),
        schedule=Schedule(),
        database=f"sqlite:///{files.folder}/var/newsletter.db",
        provider=FilesProvider(path=files.folder / "outbox"),
        folder=files.folder,
        has_readers_file=False,
        templates=(shipped("templates"),),
    )
    assert settings.base_url is None
    assert settings.retention.messages == timedelta(days=30)
    assert settings.signup.open is True


def test_sources_of_every_kind(files: Any) -> None:
    files.write("saved/page one.txt", "x")
    settings = files.load(
        newsletter="""
            title: x
            from: {email: papers@example.org}
            sources:
              - {kind: huggingface}
              - {kind: arxiv, categories: [cs.LG, q-bio.NC, hep-th, cond-mat.dis-nn]}
              - {kind: biorxiv, category: neuroscience, backlog: include}
              - {kind: biorxiv, server: medrxiv, every: 6h}
              - {kind: medrxiv, name: Another}
              - {kind: biorxiv, name: ''}
              - {kind: feed, url: "https://www.example.org/feed.xml?a=b", disabled: yes}
              - {kind: page, path: saved/page one.txt, year: 2025}
              - {kind: page, name: Absolute, path: %s, every: 3h}
              - {kind: my.plugin.Papers, options: {pages: 3, deep: {on: true}, word: "3"}}
        """
        % (files.folder / "saved"),
    )

    names = [source.name for source in settings.sources]
    assert names == [
        "Hugging Face",
        "arXiv cs.LG, q-bio.NC, hep-th, cond-mat.dis-nn",
        "bioRxiv neuroscience",
        "medRxiv",
        "Another",
        "bioRxiv",
        "example.org",
        "page one",
        "Absolute",
        "Papers",
    ]
    huggingface, arxiv, biorxiv, medrxiv, other, _, feed, page, folder, plugin = settings.sources
    assert isinstance(huggingface, HuggingFaceSource)
    assert (huggingface.backlog, huggingface.every) == ("include", timedelta(minutes=15))
    assert isinstance(arxiv, ArxivSource)
    assert arxiv.backlog == "skip"
    assert isinstance(biorxiv, BiorxivSource)
    assert (biorxiv.backlog, biorxiv.server) == ("include", "biorxiv")
    assert (medrxiv.server, medrxiv.every) == ("medrxiv", timedelta(hours=6))
    assert other.server == "medrxiv"
    assert isinstance(feed, FeedSource)
    assert (feed.backlog, feed.disabled, feed.every) == ("skip", True, timedelta(0))
    assert isinstance(page, PageSource)
    assert (page.backlog, page.year, page.every) == ("include", 2025, timedelta(0))
    assert page.path == files.folder / "saved" / "page one.txt"
    assert (folder.path, folder.every) == (files.folder / "saved", timedelta(hours=3))
    assert isinstance(plugin, PluginSource)
    assert plugin.options == {"pages": 3, "deep": {"on": True}, "word": "3"}


@pytest.mark.parametrize(
    ("provider", "port", "tls"),
    [
        ("host: smtp.example.org", 587, "starttls"),
        ("host: smtp.example.org, port: 465", 465, "implicit"),
        ("host: smtp.example.org, tls: implicit", 465, "implicit"),
        ("host: smtp.example.org, port: 2525", 2525, "starttls"),
        ("host: localhost", 25, "none"),
        ("host: 127.0.0.2, port: 1025", 1025, "none"),
        ("host: '::1'", 25, "none"),
        ("host: mail.localhost, tls: starttls", 587, "starttls"),
        ("host: 10.0.0.1", 587, "starttls"),
    ],
)
def test_tls_and_ports(files: Any, provider: str, port: int, tls: str) -> None:
    settings = files.load(newsletter=GOOD + f"provider: {{kind: smtp, {provider}}}\n")

    assert isinstance(settings.provider, SmtpProvider)
    assert (settings.provider.port, settings.provider.tls) == (port, tls)


@pytest.mark.parametrize(
    ("line", "kind", "expected"),
    [
        ("provider: {kind: console}", "provider", "console"),
        ("provider: {kind: sendgrid, api_key: k, host: https://api.eu.sendgrid.com/}", "host", "https://api.eu.sendgrid.com"),
        ("provider: {kind: sendgrid, api_key: k, host: http://127.0.0.1:8025}", "host", "http://127.0.0.1:8025"),
        ("provider: {kind: my.module.Carrier, options: {a: 1}}", "options", {"a": 1}),
    ],
)  # fmt: skip
def test_other_providers(files: Any, line: str, kind: str, expected: object) -> None:
    provider = files.load(newsletter=GOOD + line).provider

    assert (provider.kind if kind == "provider" else getattr(provider, kind)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///mine.db", "sqlite:///{folder}/mine.db"),
        ("sqlite:////srv/mine.db", "sqlite:////srv/mine.db"),
        ("sqlite:///mine.db?timeout=3", "sqlite:///{folder}/mine.db?timeout=3"),
        ("postgresql://u:p@h:5432/d", "postgresql://u:p@h:5432/d"),
        ("postgresql+psycopg:///d?host=/run/pg", "postgresql+psycopg:///d?host=/run/pg"),
    ],
)
def test_databases(files: Any, url: str, expected: str) -> None:
    settings = files.load(newsletter=GOOD + f'database: "{url}"\n')

    assert settings.database == expected.replace("{folder}", str(files.folder))


def test_postgres_by_its_other_name(files: Any) -> None:
    problems = files.problems(newsletter=GOOD + "database: postgres://u@h/d\n")

    assert "did you mean `postgresql://…`?" in problems[0]


def test_other_settings(files: Any) -> None:
    settings = files.load(
        newsletter=GOOD
        + """
base_url: http://127.0.0.1:8000/papers/
timezone: Asia/Tokyo
window: 36h
schedule: {days: [sat, SUNDAY], at: 23:59}
signup: {open: no, domains: ["@Example.org", bücher.example], approve: on}
retention: {messages: 0}
network: {contact: https://example.org/about, allow: [10.0.0.0/8, feeds.lab.example, "::1", 192.168.1.7]}
""",
        env="NEWSLETTER_SECRET_KEY=k\n",
    )

    assert settings.base_url == "http://127.0.0.1:8000/papers"
    assert settings.timezone.key == "Asia/Tokyo"
    assert settings.window == timedelta(hours=36)
    assert settings.schedule.days == frozenset({5, 6})
    assert (settings.signup.open, settings.signup.approve) == (False, True)
    assert settings.signup.domains == ("example.org", "xn--bcher-kva.example")
    assert settings.retention.messages == timedelta(0)
    assert settings.network.allow == ("10.0.0.0/8", "feeds.lab.example", "::1/128", "192.168.1.7/32")


def test_a_key_with_nothing_behind_it_counts_as_left_out(files: Any) -> None:
    settings = files.load(
        newsletter=GOOD
        + "window:\nsignup:\n  # open: false\nprovider:\nnetwork: {allow: , contact: ~}\nbase_url: null\n",
        subscribers="subscribers:\n  - email: a@example.org\n    schedule:\n    profile:\n      interests:\n        # - cats\n",
    )

    assert settings.window == timedelta(days=3)
    assert (settings.signup.open, settings.provider.kind, settings.network.allow) == (True, "files", ())
    assert settings.readers[0].profile.interests == ()


def test_text_is_one_line_and_numbers_may_be_text(files: Any) -> None:
    text = GOOD.replace("title: x", "title: |\n  Morning\n  Papers")

    assert files.load(newsletter=text).title == "Morning Papers"
    assert files.load(newsletter=GOOD.replace("title: x", "title: 2026")).title == "2026"


def test_a_home_folder(files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(files.folder / "home"))

    settings = files.load(newsletter=GOOD + "provider: {kind: files, path: ~/outbox}\n")

    assert settings.provider.path == files.folder / "home" / "outbox"


def test_own_templates_go_before_the_shipped_ones(files: Any) -> None:
    (files.folder / "templates").mkdir()

    assert files.load(newsletter=GOOD).templates == (files.folder / "templates", shipped("templates"))


def test_a_theme_goes_before_the_folder_that_it_lies_in(files: Any) -> None:
    (files.folder / "templates" / "themes" / "plain").mkdir(parents=True)
    own, ours = files.folder / "templates", shipped("templates")

    folders = files.load(newsletter=GOOD + "theme: plain\n").templates

    assert folders == (own / "themes" / "plain", own, ours / "themes" / "plain", ours)


def test_looks_and_language(files: Any) -> None:
    settings = files.load(newsletter=GOOD + "language: en_GB\nbrand: {color: 05A, logo: 'https://example.org/l?a=b'}\n")

    assert (settings.theme, settings.language) == ("classic", "en-GB")
    assert (settings.brand.color, settings.brand.logo) == ("#0055aa", "https://example.org/l?a=b")


def test_readers_are_parsed_once_a_change(files: Any) -> None:
    many = "subscribers:\n" + "".join(f"  - {{email: reader{n}@example.org}}\n" for n in range(3))
    text = GOOD + "postal_address: here\n"
    first = files.load(newsletter=text, subscribers=many).readers
    status = (files.folder / "config/subscribers.yaml").stat()

    files.write("config/subscribers.yaml", many.replace("reader2", "other22"))
    os.utime(files.folder / "config/subscribers.yaml", ns=(status.st_atime_ns, status.st_mtime_ns))
    second = files.load(newsletter=text).readers

    assert [reader.email for reader in first][-1] == "reader2@example.org"
    assert [reader.email for reader in second][-1] == "other22@example.org"  # same size, same time: still seen


@pytest.mark.parametrize("name", ["newsletter.yaml", "subscribers.yaml"])
def test_files_that_cannot_be_read(files: Any, name: str) -> None:
    files.write("config/newsletter.yaml", GOOD)
    (files.folder / "config" / name).unlink(missing_ok=True)
    (files.folder / "config" / name).mkdir()

    assert files.problems() == [f"config/{name}: this is no file; expected a text file"]


def test_a_link_to_nowhere_is_no_file(files: Any) -> None:
    files.write("config/newsletter.yaml", GOOD)
    (files.folder / "config" / "subscribers.yaml").symlink_to("subscribers.yaml")

    assert files.problems() == ["config/subscribers.yaml: cannot be read: Too many levels of symbolic links"]


def test_sizes(files: Any) -> None:
    fill = "#" * 1_000_000

    assert files.problems(newsletter=GOOD + fill) == [
        "config/newsletter.yaml: is larger than 1 MB, which is the most that is read"
    ]
    assert files.load(newsletter=GOOD, subscribers=fill).readers == ()
    assert files.problems(newsletter=GOOD, subscribers="#" * 16_000_001) == [
        "config/subscribers.yaml: is larger than 16 MB, which is the most that is read"
    ]


def test_a_reader_from_elsewhere(files: Any) -> None:
    settings = files.load(newsletter=GOOD + "timezone: Asia/Tokyo\n")

    reader = read_reader({"email": "ada@example.org", "profile": {"interests": ["cats"], "max_papers": "3"}}, settings)

    assert (reader.owner, reader.timezone, reader.profile.max_papers) == (Owner.DATABASE, "Asia/Tokyo", 3)
    assert reader.profile.interests == (Interest("cats"),)
    with pytest.raises(UsageError) as caught:
        read_reader({"email": "ada", "profile": {"intrests": [], "max_papers": 0}}, settings)
    assert str(caught.value) == (
        "`email` is `ada`; expected a mail address such as `ada@example.org`; `max_papers` is `0`; expected 1 or more;"
        " unknown key `intrests`; did you mean `interests`?"
    )


def test_a_language_needs_its_words(files: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        files.load(newsletter=GOOD + "language: de\n")
    (problem,) = caught.value.problems
    line = (GOOD + "language: de\n").count("\n")
    assert problem.place.endswith(f"newsletter.yaml:{line}:11")
    assert problem.message.startswith(
        "there are no words in 'de'; expected one of en, he, or a file templates/words.de.j2"
    )
    (files.folder / "templates").mkdir()
    (files.folder / "templates" / "words.de.j2").write_text("", encoding="utf-8")
    assert files.load(newsletter=GOOD + "language: de-AT\n").language == "de-AT"
