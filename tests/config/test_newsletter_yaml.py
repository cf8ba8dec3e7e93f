"""Every mistake in newsletter.yaml: its exact place, and words that help."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

# One line each, put at line 5 of a good file; the problem's place is `config/newsletter.yaml:5:COLUMN`.
MISTAKES = [
    # unknown keys
    ("titel: x", "1: unknown key `titel`; did you mean `title`?"),
    ("sender: {email: a@example.org}", ("1: unknown key `sender`; expected `title`, `from`, `base_url`, `postal_address`, "
     "`theme`, `brand`, `language`, `timezone`, `database`, `durability`, `window`, `sources`, `enrich`, `lookup`, `ranking`, `schedule`, `when_empty`, `provider`, `bounces`, `signup`, `archive`, `desk`, `retention` or `network`")),
    ("readers: []", "1: unknown key `readers`; expected"),
    ("folder: /etc", "1: unknown key `folder`; expected"),
    ("signup: {aprove: yes}", "10: unknown key `aprove`; did you mean `approve`?"),
    ("retention: {message: 3d}", "13: unknown key `message`; did you mean `messages`?"),
    ("schedule: {day: daily}", "12: unknown key `day`; did you mean `days`?"),
    ("provider: {kind: smtp, host: smtp.example.org, passwort: x}", "48: unknown key `passwort`; did you mean `password`?"),
    ("provider: {kind: files, pth: x}", "25: unknown key `pth`; did you mean `path`?"),
    # sorts of things
    ("signup: yes", "9: `signup` is text; expected a mapping of keys to values"),
    ("provider: {kind: smtp, host: }", "30: `host` is empty; expected a host name"),
    ("windou:", "1: unknown key `windou`; did you mean `window`?"),
    ("network: {allow: 10.0.0.0/8}", ("18: `allow` is text; expected a list, such as `[one, another]` or lines that "
     "begin with `- `")),
    ("when_empty: maybe", "13: `when_empty` is `maybe`; expected `skip` or `send`"),
    ("when_empty: sned", "13: `when_empty` is `sned`; did you mean `send`? Expected `skip` or `send`"),
    ("theme: clasic", "8: `theme` is `clasic`; did you mean `classic`? Expected `classic`, `compact` or `plain`"),
    ("language: klingon", "11: `language` is `klingon`; expected a language such as `en`, `en-GB` or `he`"),
    ("brand: {color: blue}", '16: `color` is `blue`; expected a colour such as `"#0b5394"`, in quotes'),
    ("brand: {logo: http://example.org/l.png}", "15: `logo` is `http://example.org/l.png`; expected an https address"),
    ("brand: {colour: '#000000'}", "9: unknown key `colour`; did you mean `color`?"),
    ("signup: {open: perhaps}", "16: `open` is `perhaps`; expected true or false"),
    ("signup: {open: [yes]}", "16: `open` is a list; expected true or false"),
    # zones, durations, hours, days
    ("timezone: Europe/Berln", ("11: `timezone` is `Europe/Berln`; did you mean `Europe/Berlin`? Expected an IANA time "
     "zone such as `Europe/Berlin` or `UTC`")),
    ("timezone: europe/berlin", "11: `timezone` is `europe/berlin`; did you mean `Europe/Berlin`?"),
    ("timezone: +02:00", "11: `timezone` is `+02:00`; expected an IANA time zone"),
    ("timezone: ../../etc/passwd", "11: `timezone` is `../../etc/passwd`; expected an IANA time zone"),
    ("timezone: Europe", "11: `timezone` is `Europe`;"),
    ("timezone: [UTC]", "11: `timezone` is a list; expected an IANA time zone"),
    ("window: 3", "9: `window` is `3`; expected a duration such as `3d`, `12h` or `90m`"),
    ("window: 0", "9: `window` is `0`; expected a duration such as `3d`, `12h` or `90m`"),
    ("window: -3d", "9: `window` is `-3d`; expected a duration"),
    ("window: 3 days", "9: `window` is `3 days`; expected a duration"),
    ("window: 999999w", "9: `window` is `999999w`; expected a duration"),
    ("retention: {messages: forever}", "23: `messages` is `forever`; expected a duration such as `3d`, `12h`, `90m` or `0`"),
    ('schedule: {at: "24:00"}', "16: `at` is `24:00`; expected a time of day from `00:00` to `23:59`"),
    ("schedule: {at: 7.30}", "16: `at` is `7.30`; expected a time of day"),
    ("schedule: {at: 7}", "16: `at` is `7`; expected a time of day"),
    ("schedule: {at: 07:60}", "16: `at` is `07:60`; expected a time of day"),
    ("schedule: {at: 7:30 pm}", "16: `at` is `7:30 pm`; expected a time of day"),
    ("schedule: {days: workdays}", ("18: `days` is `workdays`; did you mean `weekdays`? Expected daily, weekdays, weekly, "
     "or days such as [mon, wed, fri]")),
    ("schedule: {days: [mon, wendsday]}", "24: item 2 of `days` is `wendsday`;"),
    ("schedule: {days: [mon, wedn]}", "24: item 2 of `days` is `wedn`; did you mean `wed`?"),
    ("schedule: {days: [weekdays]}", "19: item 1 of `days` is `weekdays`; expected daily, weekdays, weekly"),
    ("schedule: {days: []}", "18: `days` is an empty list; expected at least one day"),
    ("schedule: weekdays", "11: `schedule` is text; expected a mapping of keys to values"),
    # addresses of the web
    ("base_url: papers.example.org", ("11: `base_url` is `papers.example.org`; expected an address such as "
     "`https://papers.example.org`")),
    ("base_url: http://papers.example.org", ("11: `base_url` is `http://papers.example.org`; expected https (http is for "
     "this machine alone, as in `http://127.0.0.1:8000`)")),
    ("base_url: https://papers.example.org/?a=b", "11: `base_url` is `https://papers.example.org/?a=b`; expected"),
    ("base_url: https://ada:s3cret@papers.example.org", "11: `base_url` is `https://…@papers.example.org`; expected"),
    ("base_url: https://", "11: `base_url` is `https://`; expected"),
    ("base_url: https://papers.example.org:99999", "11: `base_url` is"),
    ("signup: {domains: [example]}", "20: item 1 of `domains` is `example`; expected a domain such as `example.org`"),
    ("network: {allow: [10.0.0.0/99]}", ("19: item 1 of `allow` is `10.0.0.0/99`; expected a host such as "
     "`feeds.lab.example` or a network such as `10.0.0.0/8`")),
    ("network: {allow: [10.0.0.1/8]}", "19: item 1 of `allow` is `10.0.0.1/8`; expected a host"),
    ("network: {allow: [http://x.lab]}", "19: item 1 of `allow` is `http://x.lab`; expected a host"),
    ("network: {allow: [under score!]}", "19: item 1 of `allow` is `under score!`; expected a host name"),
    # databases
    ("database: newsletter.db", ("11: `database` is `newsletter.db`; expected `sqlite:///var/newsletter.db` or "
     "`postgresql://user:password@host/name`")),
    ('database: "sqlite://"', "11: `database` is `sqlite://`; expected"),
    ('database: "sqlite:///:memory:"', "11: `database` is `sqlite:///:memory:`; expected"),
    ("database: mysql://ada:s3cret@h/d", "11: `database` is `mysql://…@h/d`; expected"),
    # providers
    ("provider: sendgrid", "11: `provider` is text; expected a mapping such as `kind: …`"),
    ("provider: {path: outbox}", ("11: `kind` is missing; expected console, files, sendgrid, smtp, or the dotted path of "
     "your own")),
    ("provider: {kind: sendgrit}", ("18: unknown kind `sendgrit`; did you mean `sendgrid`? Expected console, files, "
     "sendgrid, smtp, or the dotted path of your own")),
    ("provider: {kind: [smtp]}", "18: `kind` is a list; expected console, files"),
    ("provider: {kind: smtp}", "11: `host` is missing; expected the mail server's name, such as `smtp.example.org`"),
    ("provider: {kind: smtp, host: smtp.example.org, tls: none}", ("48: `tls: none` is for this machine alone; expected "
     "`starttls` or `implicit`")),
    ("provider: {kind: smtp, host: smtp.example.org, tls: ssl}", "53: `tls` is `ssl`;"),
    ("provider: {kind: smtp, host: 'smtp.example.org:587'}", ("30: `host` is `smtp.example.org:587`; expected a host name "
     "such as `smtp.example.org`; the port goes into `port`")),
    ("provider: {kind: smtp, host: localhost, port: 0}", "47: `port` is `0`; expected 1 or more"),
    ("provider: {kind: smtp, host: localhost, port: 65536}", "47: `port` is `65536`; expected 65535 at most"),
    ("provider: {kind: smtp, host: localhost, port: smtp}", "47: `port` is `smtp`; expected a whole number"),
    ("provider: {kind: smtp, host: localhost, timeout_seconds: .inf}", "58: `timeout_seconds` is `.inf`; expected a number"),
    ("provider: {kind: smtp, host: localhost, timeout_seconds: 0}", "58: `timeout_seconds` is `0`; expected more than 0"),
    ("provider: {kind: smtp, host: smtp.example.org, username: ada}", ("48: `username` and `password` go together; "
     "expected both or neither")),
    ("provider: {kind: smtp, host: smtp.example.org, password: pw}", ("11: `username` and `password` go together; "
     "expected both or neither")),
    ("provider: {kind: sendgrid}", "11: `api_key` is missing; expected SendGrid's key"),
    ("provider: {kind: sendgrid, api_key: ''}", "37: `api_key` is empty; expected some text"),
    ("provider: {kind: sendgrid, api_key: k, host: api.eu.sendgrid.com}", ("46: `host` is `api.eu.sendgrid.com`; expected "
     "an address such as")),
    ("provider: {kind: my.plugin.Carrier, option: {}}", "37: unknown key `option`; did you mean `options`?"),
    ("provider: {kind: my.plugin.Carrier, options: 1}", "46: `options` is text; expected a mapping of keys to values"),
]  # fmt: skip

# The same for one source in place of the good one.
SOURCE_MISTAKES = [
    ("{kind: arxv}", ("12: unknown kind `arxv`; did you mean `arxiv`? Expected arxiv, biorxiv, feed, huggingface, "
     "medrxiv, page, or the dotted path of your own")),
    ("{name: x}", "5: `kind` is missing; expected arxiv, biorxiv"),
    ("https://example.org/feed.xml", "5: item 1 of `sources` is text; expected a mapping such as `kind: …`"),
    ("", "4: item 1 of `sources` is empty; expected a mapping such as `kind: …`"),
    ("[feed]", "5: item 1 of `sources` is a list; expected a mapping such as `kind: …`"),
    ("{kind: arxiv}", "5: expected `categories`, such as [cs.LG, q-bio.NC]"),
    ("{kind: arxiv, categories: cs.LG}", "31: `categories` is text; expected a list"),
    ("{kind: arxiv, categories: [Machine Learning]}", ("32: item 1 of `categories` is `Machine Learning`; expected an arXiv "
     "category such as `cs.LG` or `q-bio.NC`")),
    ("{kind: arxiv, categories: [cs.LG], backlog: keep}", "49: `backlog` is `keep`;"),
    ("{kind: arxiv, categories: [cs.LG], every: often}", "47: `every` is `often`; expected a duration"),
    ("{kind: biorxiv, sever: medrxiv}", "21: unknown key `sever`; did you mean `server`?"),
    ("{kind: biorxiv, server: arxiv}", "29: `server` is `arxiv`;"),
    ("{kind: medrxiv, server: biorxiv}", "21: `kind: medrxiv` and `server: biorxiv` are two places; expected one of them"),
    ("{kind: huggingface, days: 0}", "31: `days` is `0`; expected 1 or more"),
    ("{kind: huggingface, days: many}", "31: `days` is `many`; expected a whole number"),
    ("{kind: huggingface, categories: [x]}", ("25: unknown key `categories`; expected `name`, `path`, `backlog`, `every`, "
     "`hold_until`, `disabled`, `kind`, `days` or `url`")),
    ("{kind: feed}", "6: expected either `url` (an address) or `path` (a local file)"),
    ("{kind: feed, url: 'https://a.example', path: here.xml}", ("44: expected either `url` (an address) or `path` (a local "
     "file)")),
    ("{kind: feed, url: ftp://a.example/x}", ("23: `url` is `ftp://a.example/x`; expected an address such as "
     "`https://example.org/feed.xml`")),
    ("{kind: feed, url: 'https://a b'}", "23: `url` is `https://a b`; expected an address"),
    ("{kind: feed, url: 'https://[::1'}", "23: `url` is `https://[::1`; expected an address"),
    ("{kind: feed, path: nowhere.xml}", ("24: `path` is `nowhere.xml`; expected a file or folder that exists (relative "
     "paths start at {folder})")),
    ("{kind: feed, path: ''}", "24: `path` is empty; expected a path"),
    ("{kind: feed, path: " + "long" * 2000 + "}", "24: `path` is `" + "long" * 14 + "lon…`; expected a file or folder"),
    ("{kind: page, path: here.xml, year: 12}", "40: `year` is `12`; expected 1991 or more"),
    ("{kind: page, path: here.xml, disabled: sure}", "44: `disabled` is `sure`; expected true or false"),
    ("{kind: my.plugin.Source, url: x}", "30: unknown key `url`; expected"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), MISTAKES)
def test_a_mistake_has_its_place_and_words(with_lines: Callable[[str], list[str]], line: str, message: str) -> None:
    problems = with_lines(line)

    assert len(problems) == 1
    assert problems[0].startswith(f"config/newsletter.yaml:5:{message}")


@pytest.mark.parametrize(("source", "message"), SOURCE_MISTAKES)
def test_a_mistake_in_a_source(files: Any, source: str, message: str) -> None:
    files.write("here.xml", "<rss/>")

    problems = files.problems(newsletter=f"title: x\nfrom: {{email: a@example.org}}\nsources:\n  - {source}\n")

    assert len(problems) == 1
    assert problems[0].startswith("config/newsletter.yaml:4:" + message.replace("{folder}", str(files.folder)))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1:1: the file is empty; expected a mapping of keys to values"]),
        ("# nothing but a comment\n", ["1:1: the file is empty; expected a mapping of keys to values"]),
        ("- title\n", ["1:1: the file is a list; expected a mapping of keys to values"]),
        ("just words", ["1:1: the file is text; expected a mapping of keys to values"]),
        ("title: [", ["2:1: expected a value here; look for a `[` or `{` above that is never closed"]),
        (
            "{}",
            [
                "1:1: `title` is missing; expected a name such as `title: Morning Papers`",
                ("1:1: `from` is missing; expected a sender such as `from: {name: Morning Papers, email: "
                "papers@example.org}`"),
                "1:1: `sources` is missing; expected a list with at least one source, such as `- {kind: huggingface}`",
            ],
        ),
        ("title: ''\nfrom: a@example.org\nsources: []\n",
            [
                "1:8: `title` is empty; expected some text",
                "2:7: `from` is text; expected a mapping of keys to values",
                "3:10: `sources` is an empty list; expected at least one",
            ],
        ),
        (
            "title: x\nfrom: {name: Ada <ada@example.org>}\nsources: [{kind: huggingface}]\n",
            ["2:7: `email` is missing; expected a mail address such as `ada@example.org`"],
        ),
        (
            "title: x\nfrom: {email: Ada <ada@example.org>}\nsources: [{kind: huggingface}]\n",
            ["2:15: `email` is `Ada <ada@example.org>`; expected a mail address such as `ada@example.org`"],
        ),
        (
            "title: x\ntitle: y\nfrom: {email: a@example.org}\nsources: [{kind: huggingface}]\n",
            ["2:1: `title` stands on line 1 already; expected each key once"],
        ),
        (
            "title: x\nfrom: &me {email: a@example.org}\nsources: *me\n",
            [
                "2:7: an anchor (`&me`) is not read; expected the value alone",
                "3:10: an alias (`*me`) is not read; expected the value itself",
            ],
        ),
    ],
)  # fmt: skip
def test_whole_files(files: Any, text: str, problems: list[str]) -> None:
    assert files.problems(newsletter=text) == [f"config/newsletter.yaml:{problem}" for problem in problems]


def test_two_sources_of_one_name(files: Any) -> None:
    sources = dedent("""\
        title: x
        from: {email: a@example.org}
        sources:
          - {kind: feed, url: "https://www.example.org/a.xml"}
          - {kind: feed, url: "https://example.org/b.xml"}
          - {kind: huggingface, name: Mine}
          - {kind: huggingface, name: Mine}
    """)
    first, second = (
        "two sources are named `example.org`; expected a `name` of its own for each",
        "two sources are named `Mine`; expected a `name` of its own for each",
    )

    assert files.problems(newsletter=sources) == [
        f"config/newsletter.yaml:5:5: {first}",
        f"config/newsletter.yaml:7:31: {second}",
    ]
    assert files.problems(newsletter=sources + "xyz: 1\n") == [
        f"config/newsletter.yaml:7:31: {second}",
        (
            "config/newsletter.yaml:8:1: unknown key `xyz`; expected `title`, `from`, `base_url`, `postal_address`, "
            "`theme`, `brand`, `language`, `timezone`, `database`, `durability`, `window`, `sources`, `enrich`, `lookup`, `ranking`, `schedule`, `when_empty`, `provider`, `bounces`, `signup`, `archive`, `desk`, `retention` or "
            "`network`"
        ),
    ]


def test_all_mistakes_of_all_files_at_once_in_their_order(files: Any) -> None:
    problems = files.problems(
        newsletter="window: 3\ntitle: x\nfrom: {email: nobody}\nsources: [{kind: arxv}]\n",
        subscribers="subscribers:\n  - {email: a@example.org, zone: UTC}\n  - {email: A@example.org}\n",
        env="FINE=1\nnot fine\n",
    )

    assert [problem.split(" ")[0] for problem in problems] == [
        "config/newsletter.yaml:1:1:",  # postal_address
        "config/newsletter.yaml:1:9:",
        "config/newsletter.yaml:3:15:",
        "config/newsletter.yaml:4:18:",
        "config/subscribers.yaml:2:28:",
        "config/subscribers.yaml:3:13:",
        ".env:2:1:",
    ]


def test_a_key_that_is_nearly_right_is_told_once(files: Any) -> None:
    problems = files.problems(newsletter="titel: x\nfrom: {emial: a@example.org}\nsources: [{kind: huggingface}]\n")

    assert problems == [
        "config/newsletter.yaml:1:1: unknown key `titel`; did you mean `title`?",
        "config/newsletter.yaml:2:8: unknown key `emial`; did you mean `email`?",
    ]
