""".env, the environment, and ``${NAME}``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

GOOD = "title: x\nfrom: {email: papers@example.org}\nsources: [{kind: huggingface}]\n"
SMTP = GOOD + 'provider: {kind: smtp, host: "${HOST}", username: ada, password: "${SMTP_PASSWORD}"}\n'


def test_variables_come_from_the_file_and_the_environment_goes_first(files: Any) -> None:
    settings = files.load(
        {"SMTP_PASSWORD": "from environment"},
        newsletter=SMTP,
        env="# comment\nexport HOST=smtp.example.org\nSMTP_PASSWORD='from file'\n",
    )

    assert settings.provider.host == "smtp.example.org"
    assert settings.provider.password.get_secret_value() == "from environment"


def test_values_are_taken_as_they_stand(files: Any) -> None:
    settings = files.load({"HOST": "h.example.org"}, newsletter=SMTP, env="SMTP_PASSWORD='a${HOST}b$c'\n")

    assert settings.provider.password.get_secret_value() == "a${HOST}b$c"


@pytest.mark.parametrize("env", ["", "SMTP_PASSWORD=\n", "SMTP_PASSWORD\n"])
def test_a_missing_or_empty_variable_has_a_place(files: Any, env: str) -> None:
    problems = files.problems({"HOST": "h.example.org"}, newsletter=SMTP, env=env)

    assert problems == [
        "config/newsletter.yaml:4:66: `${SMTP_PASSWORD}` is not set; expected SMTP_PASSWORD in .env or in the environment"
    ]


def test_numbers_booleans_and_parts_of_text(files: Any) -> None:
    settings = files.load(
        {"PORT": "2525", "NAME": "Morning", "YES": "true", "DAYS": "12"},
        newsletter="""
            title: ${NAME} Papers of ${NOWHERE:-the day} in $${NAME}
            from: {email: papers@example.org}
            sources: [{kind: huggingface, days: "${DAYS}"}]
            provider: {kind: smtp, host: localhost, port: "${PORT}"}
            signup: {approve: "${YES}"}
        """,
    )

    assert settings.title == "Morning Papers of the day in ${NAME}"
    assert settings.provider.port == 2525
    assert settings.signup.approve is True
    assert settings.sources[0].days == 12


def test_an_address_may_stay_out_of_a_public_repository(files: Any) -> None:
    settings = files.load({"ME": "ada@example.org"}, newsletter=GOOD, subscribers='subscribers: [{email: "${ME}"}]\n')
    changed = files.load({"ME": "eve@example.org"}, newsletter=GOOD)

    assert settings.readers[0].email == "ada@example.org"
    assert changed.readers[0].email == "eve@example.org"


def test_latex_is_no_variable(files: Any) -> None:
    liked = r"""subscribers: [{email: a@example.org, profile: {liked: ['title: On ${\ell}_2$ norms']}}]"""

    settings = files.load(newsletter=GOOD, subscribers=liked)

    assert settings.readers[0].profile.liked == (r"title: On ${\ell}_2$ norms",)


def test_a_secret_in_a_file_of_its_own(files: Any, tmp_path: Path) -> None:
    files.write("smtp-password", "s3cret\n")
    environ = {"HOST": "h.example.org", "SMTP_PASSWORD_FILE": str(tmp_path / "smtp-password")}

    absolute = files.load(environ, newsletter=SMTP)
    relative = files.load({"HOST": "h.example.org"}, newsletter=SMTP, env="SMTP_PASSWORD_FILE=smtp-password\n")

    assert absolute.provider.password.get_secret_value() == "s3cret"
    assert relative.provider.password.get_secret_value() == "s3cret"


def test_a_secret_file_that_is_not_there(files: Any) -> None:
    problems = files.problems({"HOST": "h.example.org", "SMTP_PASSWORD_FILE": "/nowhere/at/all"}, newsletter=SMTP)

    assert problems == [
        "config/newsletter.yaml:4:66: the file that SMTP_PASSWORD_FILE names cannot be read; expected a secret in it"
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o601])
def test_a_file_that_others_can_open_is_refused(files: Any, mode: int) -> None:
    files.write(".env", "SMTP_PASSWORD=x\nHOST=h.example.org\n").chmod(mode)

    assert files.problems(newsletter=SMTP) == [".env: others can open it, and it holds secrets; run `chmod 600 .env`"]


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ("A=1\n\nthis is wrong\nB=2\n", ".env:3:1: this line is no setting; expected NAME=value"),
        ("A='never closed\n", ".env:1:1: this line is no setting; expected NAME=value"),
        (b"A=caf\xe9\n", ".env:1:6: byte 0xe9 is no UTF-8; save the file as UTF-8"),
        (b"A=1\nB=\x00\n", ".env:2:3: a control character (U+0000); expected text"),
        (b"#" * 1_000_001, ".env: is larger than 1 MB, which is the most that is read"),
    ],
)
def test_a_broken_file(files: Any, env: str | bytes, problem: str) -> None:
    assert files.problems(newsletter=GOOD, env=env) == [problem]


def test_a_folder_named_env(files: Any) -> None:
    (files.folder / ".env").mkdir()

    assert files.problems(newsletter=GOOD) == [".env: this is no file; expected a text file"]


def test_secret_keys_are_newest_first(files: Any) -> None:
    settings = files.load({"NEWSLETTER_SECRET_KEY": "new , old,"}, newsletter=GOOD)

    assert settings.secret_keys == (SecretStr("new"), SecretStr("old"))


def test_links_without_a_key_are_no_mistake_here_for_the_run_says_so(files: Any) -> None:
    with_links = GOOD + "base_url: https://papers.example.org/\n"

    assert files.load(newsletter=with_links).secret_keys == ()
    assert files.load({"NEWSLETTER_SECRET_KEY": "k"}, newsletter=with_links).base_url == "https://papers.example.org"


def test_a_key_file_that_is_not_there(files: Any) -> None:
    problems = files.problems({"NEWSLETTER_SECRET_KEY_FILE": "/nowhere"}, newsletter=GOOD)

    assert problems == [".env: the file that NEWSLETTER_SECRET_KEY_FILE names cannot be read; expected a secret in it"]


def test_no_message_says_a_secret(files: Any) -> None:
    canary = "canary-7f3a"
    environ = {"CANARY": canary}
    text = "\n".join(
        [
            'title: ["${CANARY}"]',
            'from: {email: "${CANARY}"}',
            'timezone: "${CANARY}"',
            'database: "${CANARY}"',
            'window: "${CANARY}"',
            'base_url: "${CANARY}"',
            'when_empty: "${CANARY}"',
            'sources: [{kind: "${CANARY}"}, {kind: feed, path: "${CANARY}"}, "${CANARY}", {kind: feed, url: "${CANARY}"}]',
            f"provider: {{kind: smtp, host: smtp.example.org, password: {canary}, port: '${{CANARY}}'}}",
            'signup: {domains: ["${CANARY}"], open: "${CANARY}"}',
        ]
    )

    problems = files.problems(environ, newsletter=text, env=f"BROKEN LINE {canary}\n")

    assert len(problems) == 15
    assert canary not in "\n".join(problems)
    assert "config/newsletter.yaml:3:11: `timezone` is `${CANARY}`; expected an IANA time zone such as" in problems[2]


def test_keys_of_services(files: Any, tmp_path: Path) -> None:
    files.write("s2", "canary-2\n")
    environ = {"OPENALEX_API_KEY": "canary-1", "SEMANTIC_SCHOLAR_API_KEY_FILE": str(tmp_path / "s2")}
    settings = files.load(environ, newsletter=GOOD + "enrich: [crossref, openalex]\n")

    assert settings.enrich == ("crossref", "openalex")
    assert {name: key.get_secret_value() for name, key in settings.enrich_keys.items()} == {
        "openalex": "canary-1",
        "semantic_scholar": "canary-2",
    }
    assert "canary" not in repr(settings)


def test_settings_do_not_say_a_secret(files: Any) -> None:
    environ = {
        "HOST": "h.example.org",
        "SMTP_PASSWORD": "canary-1",
        "NEWSLETTER_SECRET_KEY": "canary-2",
        "DB": "canary-3",
    }
    settings = files.load(environ, newsletter=SMTP + 'database: "postgresql://u:${DB}@h/d"\n')

    assert settings.database == "postgresql://u:canary-3@h/d"
    assert "canary" not in repr(settings) + str(settings)
