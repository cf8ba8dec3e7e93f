"""Readers: every mistake with its place, and what a good file becomes."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from newsletter.model import Interest, Owner, ProfileSpec, Schedule, Subscriber

GOOD = "title: x\nfrom: {email: papers@example.org}\npostal_address: here\nsources: [{kind: huggingface}]\n"

# One reader each on line 2; the problem's place is `config/subscribers.yaml:2:COLUMN`.
MISTAKES = [
    ("nobody", "5: item 1 of `subscribers` is text; expected a mapping of keys to values"),
    ("{name: Ada}", "5: `email` is missing; expected a mail address such as `ada@example.org`"),
    ("{email: }", "13: `email` is empty; expected a mail address such as `ada@example.org`"),
    ("{email: not-an-address}", "13: `email` is `not-an-address`; expected a mail address such as `ada@example.org`"),
    ("{email: ada@example}", "13: `email` is `ada@example`; expected a mail address"),
    ("{email: ada@@example.org}", "13: `email` is `ada@@example.org`; expected a mail address"),
    ("{email: ada@-x.org}", "13: `email` is `ada@-x.org`; expected a mail address"),
    ("{email: a..b@example.org}", "13: `email` is `a..b@example.org`; expected a mail address"),
    ("{email: ädä@example.org}", "13: `email` is `ädä@example.org`; expected a mail address"),
    ('{email: "ada@example.org\\nBcc: eve@example.org"}', ("13: `email` is `ada@example.org Bcc: eve@example.org`; "
     "expected a mail address")),
    ("{email: %s@example.org}" % ("a" * 65), "13: `email` is `" + "a" * 59 + "…`; expected a mail address"),
    ("{email: [ada@example.org]}", "13: `email` is a list; expected a mail address"),
    ("{mail: ada@example.org}", "6: unknown key `mail`; did you mean `email`?"),
    ("{email: a@example.org, zone: UTC}", "28: unknown key `zone`; did you mean `timezone`?"),
    ("{email: a@example.org, timezone: Mars/Olympus}", "38: `timezone` is `Mars/Olympus`; expected an IANA time zone"),
    ("{email: a@example.org, schedule: {at: noon}}", "43: `at` is `noon`; expected a time of day"),
    ("{email: a@example.org, profile: spiking}", "37: `profile` is text; expected a mapping of keys to values"),
    ("{email: a@example.org, profile: {intrests: [x]}}", "38: unknown key `intrests`; did you mean `interests`?"),
    ("{email: a@example.org, profile: {interests: x}}", ("49: `interests` is text; expected a list, such as `[one, "
     "another]` or lines that begin with `- `")),
    ("{email: a@example.org, profile: {interests: [x, '']}}", "53: item 2 of `interests` is empty; expected some text"),
    ("{email: a@example.org, profile: {interests: [[x]]}}", ("50: item 1 of `interests` is a list; expected a mapping of "
     "keys to values")),
    ("{email: a@example.org, profile: {interests: [{txt: x}]}}", "51: unknown key `txt`; did you mean `text`?"),
    ("{email: a@example.org, profile: {interests: [{text: x, weight: heavy}]}}", ("68: `weight` is `heavy`; expected a "
     "number")),
    ("{email: a@example.org, profile: {interests: [{text: x, weight: -inf}]}}", ("68: `weight` is `-inf`; expected a finite "
     "number")),
    ("{email: a@example.org, profile: {authors: [{a: b}]}}", "48: item 1 of `authors` is a mapping; expected text"),
    ("{email: a@example.org, profile: {trending: 1.5}}", "48: `trending` is `1.5`; expected 1 at most"),
    ("{email: a@example.org, profile: {trending: nan}}", "48: `trending` is `nan`; expected"),
    ("{email: a@example.org, profile: {min_score: -0.1}}", "49: `min_score` is `-0.1`; expected 0 or more"),
    ("{email: a@example.org, profile: {max_papers: 0}}", "50: `max_papers` is `0`; expected 1 or more"),
    ("{email: a@example.org, profile: {max_papers: 101}}", "50: `max_papers` is `101`; expected 100 at most"),
    ("{email: a@example.org, profile: {max_papers: 2.5}}", "50: `max_papers` is `2.5`; expected a whole number"),
    ("{email: a@example.org, profile: {max_papers: 99999999999999999999999}}", "50: `max_papers` is"),
    ("{email: a@example.org, profile: {max_papers: 3, explore: 4}}", ("53: `explore` is 4; expected `max_papers` (3) at "
     "most")),
    ("{email: a@example.org, profile: {liked: [2405.12345]}}", ("46: item 1 of `liked` is `2405.12345`; did you mean "
     "`arXiv:2405.12345`? Expected `arXiv:2405.12345`, `doi:10.…`, `title: …`, `file: library.bib` or a link")),
    ("{email: a@example.org, profile: {liked: [10.1101/2024.01.01.573829]}}", ("46: item 1 of `liked` is "
     "`10.1101/2024.01.01.573829`; did you mean `doi:10.1101/2024.01.01.573829`?")),
    ("{email: a@example.org, profile: {liked: ['arXiv:24.1']}}", "46: item 1 of `liked` is `arXiv:24.1`; expected"),
    ("{email: a@example.org, profile: {liked: ['doi:11.1']}}", "46: item 1 of `liked` is `doi:11.1`; expected"),
    ("{email: a@example.org, profile: {liked: ['title: ']}}", "46: item 1 of `liked` is `title:`; expected"),
    ("{email: a@example.org, profile: {liked: [Loss of Plasticity]}}", ("46: item 1 of `liked` is `Loss of Plasticity`; "
     "expected")),
    ("{email: a@example.org, profile: {liked: [{a: b, c: d}]}}", "46: item 1 of `liked` is a mapping; expected"),
    ("{email: a@example.org, profile: {liked: ['https://a b']}}", "46: item 1 of `liked` is `https://a b`; expected"),
]  # fmt: skip


@pytest.mark.parametrize(("reader", "message"), MISTAKES)
def test_a_mistake_has_its_place_and_words(files: Any, reader: str, message: str) -> None:
    problems = files.problems(newsletter=GOOD, subscribers=f"subscribers:\n  - {reader}\n")

    assert len(problems) == 1
    assert problems[0].startswith(f"config/subscribers.yaml:2:{message}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("readers: []", "1:1: unknown key `readers`; expected `subscribers`"),
        ("people: []", "1:1: `subscribers` is missing; expected a list of readers, each with an `email`"),
        ("- email: a@example.org", "1:1: the file is a list; expected a mapping of keys to values"),
        ("subscribers: {email: a@example.org}", ("1:14: `subscribers` is a mapping; expected a list, such as `[one, "
         "another]` or lines that begin with `- `")),
    ],
)  # fmt: skip
def test_whole_files(files: Any, text: str, problem: str) -> None:
    assert f"config/subscribers.yaml:{problem}" in files.problems(newsletter=GOOD, subscribers=text)


def test_a_subscriber_twice_in_whatever_case(files: Any) -> None:
    problems = files.problems(
        newsletter=GOOD,
        subscribers="""
            subscribers:
              - email: ada@example.org
              - email: nobody
              - {email: Ada@Example.ORG, profile: {max_papers: no}}
              - email: " ada@example.org"
        """,
    )

    assert problems == [
        "config/subscribers.yaml:3:12: `email` is `nobody`; expected a mail address such as `ada@example.org`",
        "config/subscribers.yaml:4:13: `Ada@Example.ORG` is a reader already, on line 2; expected each address once",
        "config/subscribers.yaml:4:52: `max_papers` is `no`; expected a whole number",
        "config/subscribers.yaml:5:12: `ada@example.org` is a reader already, on line 2; expected each address once",
    ]


@pytest.mark.parametrize("text", ["", "# nobody yet\n", "subscribers:\n", "subscribers: []\n"])
def test_no_readers(files: Any, text: str) -> None:
    assert files.load(newsletter=GOOD, subscribers=text).readers == ()


def test_a_missing_file_means_no_readers(files: Any) -> None:
    assert files.load(newsletter=GOOD).readers == ()


def test_two_readers_need_a_postal_address(files: Any) -> None:
    without = GOOD.replace("postal_address: here\n", "")
    one, two = "subscribers: [{email: a@example.org}]", "subscribers: [{email: a@example.org}, {email: b@example.org}]"

    assert len(files.load(newsletter=without, subscribers=one).readers) == 1
    assert files.problems(newsletter=without, subscribers=two) == [
        "config/newsletter.yaml:1:1: `postal_address` is missing; expected one for the footer of mails to 2 readers"
    ]
    assert files.problems(newsletter=without + "postal_address:   ''\n", subscribers=two) == [
        "config/newsletter.yaml:4:19: `postal_address` is missing; expected one for the footer of mails to 2 readers"
    ]


def test_a_reader_in_full(files: Any) -> None:
    files.write("library.bib", "@misc{a, title = {A}}")

    settings = files.load(
        newsletter=GOOD,
        subscribers="""
            subscribers:
              - email: Ada.Lovelace+papers@Example.org
                name: Ada
                timezone: Asia/Tokyo
                schedule: {days: [mon, Wednesday], at: 8:05}
                when_empty: send
                profile:
                  interests: [no, 07:30, {text: continual learning, weight: 2}, "${ell} norms"]
                  authors: ["Zenke, F."]
                  organizations: [Pathway]
                  categories: [cs.NE]
                  liked: ["arXiv:2405.12345v2", "doi:10.1101/2024.01.01.573829", title: Loss of, https://a.example/x,
                          "file: library.bib", "ARXIV: hep-th/9901001"]
                  disliked: ["arXiv:2405.54321"]
                  muted: [blockchain]
                  muted_authors: [Eve]
                  trending: 0.25
                  max_papers: 5
                  min_score: 0.3
                  explore: 5
        """.replace("${ell}", "$${ell}"),
    )

    assert settings.readers == (
        Subscriber(
            id="",
            email="Ada.Lovelace+papers@Example.org",
            name="Ada",
            timezone="Asia/Tokyo",
            schedule=Schedule(days=frozenset({0, 2}), at=time(8, 5)),
            when_empty="send",
            owner=Owner.FILE,
            profile=ProfileSpec(
                interests=(
                    Interest("no"),
                    Interest("07:30"),
                    Interest("continual learning", 2.0),
                    Interest("${ell} norms"),
                ),
                authors=("Zenke, F.",),
                organizations=("Pathway",),
                categories=("cs.NE",),
                liked=(
                    "arXiv:2405.12345v2",
                    "doi:10.1101/2024.01.01.573829",
                    "title: Loss of",
                    "https://a.example/x",
                    "file: library.bib",
                    "ARXIV: hep-th/9901001",
                ),
                disliked=("arXiv:2405.54321",),
                muted=("blockchain",),
                muted_authors=("Eve",),
                trending=0.25,
                max_papers=5,
                min_score=0.3,
                explore=5,
            ),
        ),
    )


def test_what_a_reader_leaves_out_comes_from_newsletter_yaml(files: Any) -> None:
    settings = files.load(
        newsletter=GOOD + 'timezone: Europe/Berlin\nwhen_empty: send\nschedule: {days: weekdays, at: "07:30"}\n',
        subscribers="subscribers:\n  - email: a@example.org\n  - {email: b@example.org, schedule: {days: weekly}}\n",
    )

    first, second = settings.readers
    assert (first.timezone, first.when_empty) == ("Europe/Berlin", "send")
    assert first.schedule == Schedule(days=frozenset(range(5)), at=time(7, 30))
    assert second.schedule == Schedule(days=frozenset({0}), at=None)  # the whole schedule, not parts of it
    assert first.profile == ProfileSpec()


def test_an_address_in_another_script_becomes_what_mail_servers_know(files: Any) -> None:
    settings = files.load(newsletter=GOOD, subscribers="subscribers: [{email: ada@bücher.example}]")

    assert settings.readers[0].email == "ada@xn--bcher-kva.example"
