"""The headers of a digest, as mail systems read them."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendering.invented import DIGEST, LINKS, MESSAGE_ID, READER, SENT_AT, Render, parsed

from newsletter.model import Links, Mailbox, Message
from newsletter.rendering import Renderer, build_message, message_id
from newsletter.rendering.headers import digest_headers, system_headers
from newsletter.rendering.mime import ascii_address
from newsletter.shipped import shipped
from newsletter.text import one_line


def test_all_headers(render: Render) -> None:
    head = render().raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert head[:12] == [
        "From: Morning Papers <papers@example.org>",
        "To: Ada Beispiel <ada@example.org>",
        "Subject: Short naps keep small networks from forgetting + 1 more",
        "Date: Sun, 22 Nov 2026 06:31:00 +0000",
        "Message-ID: <20261122T063000Z.1@example.org>",
        "List-Unsubscribe: <https://papers.example.org/u/token>, <mailto:papers@example.org?subject=unsubscribe%20r1>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Id: Morning Papers <papers.example.org>",
        "List-Help: <https://papers.example.org/p/token>",
        "List-Archive: <https://papers.example.org/a/token>",
        "Feedback-ID: 2026-11-22t06-30-00z:digest:papers:exampleorg",
        "Precedence: bulk",
    ]
    assert "Auto-Submitted" not in parsed(render())


def test_a_long_link_stays_whole(render: Render) -> None:
    link = "https://papers.example.org/u/" + "t" * 400
    raw = render(links=replace(LINKS, unsubscribe=link)).raw
    assert f"\r\nList-Unsubscribe: <{link}>, <mailto:".encode() in raw
    assert parsed(render(links=replace(LINKS, unsubscribe=link)))["List-Unsubscribe"].startswith(f"<{link}>")


def test_one_click_is_promised_for_https_only(render: Render) -> None:
    plain = parsed(render(links=replace(LINKS, unsubscribe="http://127.0.0.1:8000/u/token")))
    assert plain["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/u/token>, <mailto:")
    assert plain["List-Unsubscribe-Post"] is None
    by_mail = parsed(render(links=Links(unsubscribe_mailto="leave@example.org")))
    assert by_mail["List-Unsubscribe"] == "<mailto:leave@example.org>"
    assert by_mail["List-Unsubscribe-Post"] is None
    assert by_mail["List-Help"] is None
    assert by_mail["List-Archive"] is None


@pytest.mark.parametrize(
    ("title", "phrase"),
    [("Morning Papers", "Morning Papers "), ('Ada\'s "Papers"', '"Ada\'s \\"Papers\\"" '), ("Früh, am Morgen", "")],
)
def test_list_id_has_no_encoded_words_whatever_the_title(title: str, phrase: str) -> None:
    renderer = Renderer(folders=[shipped("templates")], title=title, sender=Mailbox(email="papers@bücher.example"))
    message = renderer.render(DIGEST, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT)
    assert f"\r\nList-Id: {phrase}<papers.xn--bcher-kva.example>\r\n".encode() in message.raw


def test_date_keeps_its_zone(render: Render, renderer: Renderer) -> None:
    assert parsed(render())["Date"].datetime == SENT_AT


hostile = st.text(st.sampled_from("aZ9é=?_<>\"',;:@\\\r\n\t\x00 \u202e🧠\u05d0") | st.characters(), max_size=300)
local_parts = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}(\.[a-z0-9]{1,30}){0,1}", fullmatch=True)
domains = st.sampled_from(["example.org", "bücher.example", "a-b.c-d.example", "x" * 63 + ".example", "日本.example"])
addresses = st.builds("{}@{}".format, local_parts, domains)
mailboxes = st.builds(Mailbox, email=addresses, name=hostile)
tails = st.text("abcXYZ019-_.~/?=&%,;()'", max_size=60) | st.integers(0, 1_950).map(lambda size: "t" * size)
web = st.builds("{}papers.example.org/{}".format, st.sampled_from(["https://", "http://"]), tails)
links = st.builds(
    Links,
    unsubscribe=st.none() | web,
    unsubscribe_mailto=addresses.map(lambda to: f"mailto:{quote(to, safe='@')}?subject=unsubscribe%20r1"),
    preferences=st.none() | web,
    archive=st.none() | web,
)


def mail_with(headers: list[tuple[str, str]], sender: Mailbox, recipient: Mailbox, subject: str) -> Message:
    named = message_id(sender, "2026-11-22T06:30:00Z", recipient.email)
    return build_message(
        sender=sender, recipient=recipient, subject=subject, html="<p>h</p>", text="t", message_id=named, date=SENT_AT,
        headers=headers,
    )  # fmt: skip


def check_all(message: Message) -> None:
    """Every header reads as it was meant, and no line is too long for a relay."""
    mail = parsed(message)
    assert not mail.defects
    plain = message_from_bytes(message.raw, policy=policy.compat32)
    for name, value in message.headers:
        assert plain.get_all(name) == [value]
        assert mail.get_all(name) == [value]
    assert mail["Message-ID"] == message.message_id
    for header, mailbox in (("From", message.sender), ("To", message.recipient)):
        (name, address), *others = getaddresses([str(plain[header])])
        assert (address, others) == (ascii_address(mailbox.email), [])
        assert str(make_header(decode_header(name))) == one_line(mailbox.name)[:200].strip()
    assert str(make_header(decode_header(plain["Subject"]))) == message.subject
    head = message.raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 996
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=", head))
    for line in head.split(b"\r\n"):
        assert not (line.startswith((b"List-", b"Feedback-ID")) and re.search(rb"=\?[^?\s]+\?[bqBQ]\?", line))


@given(hostile, hostile, mailboxes, mailboxes, links)
def test_every_header_of_a_digest_survives_the_way(title, edition, sender, recipient, given_links):
    headers = digest_headers(edition=edition, title=one_line(title), sender=sender, links=given_links)
    check_all(mail_with(headers, sender, recipient, title))
    assert [header for header, _ in headers].count("List-Unsubscribe") == 1
    said = dict(headers)
    ways = re.findall(r"<([^>]*)>", said["List-Unsubscribe"])
    assert sum(way.startswith("https:") for way in ways) <= 1
    assert ways[0] in {given_links.unsubscribe, given_links.unsubscribe_mailto}
    assert ("List-Unsubscribe-Post" in said) == ways[0].startswith("https:")
    assert said["Feedback-ID"].count(":") == 3


@given(hostile, mailboxes, mailboxes, hostile)
def test_every_header_of_a_system_mail_survives_the_way(kind, sender, recipient, subject):
    message = mail_with(system_headers(kind, sender=sender), sender, recipient, subject)
    check_all(message)
    assert parsed(message)["Auto-Submitted"] == "auto-generated"
    assert parsed(message)["Precedence"] is None


def test_a_link_too_long_for_a_header_is_left_out_of_it(render: Render) -> None:
    endless = "https://papers.example.org/u/" + "t" * 1_971
    said = parsed(render(links=replace(LINKS, unsubscribe=endless, archive=endless)))
    assert said["List-Unsubscribe"] == f"<{LINKS.unsubscribe_mailto}>"
    assert (said["List-Unsubscribe-Post"], said["List-Archive"]) == (None, None)
    long = endless[:950]
    alone = parsed(render(links=replace(LINKS, unsubscribe=long)))
    assert (alone["List-Unsubscribe"], alone["List-Unsubscribe-Post"]) == (f"<{long}>", "List-Unsubscribe=One-Click")
