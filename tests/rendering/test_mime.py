"""Bytes: what is parsed is what was meant, within every limit of the mail standards."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.errors import UsageError
from newsletter.model import Mailbox, Message
from newsletter.rendering import build_message, message_id
from newsletter.text import one_line

ADA = Mailbox(email="ada@example.org", name="Ada")
ENCODED_WORD = re.compile(rb"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=")

texts = st.text(max_size=400) | st.text(st.sampled_from("aé=?_ .\n\t\\≤🧠\u0301\u05d0From"), max_size=400)
names = texts.map(lambda text: one_line(text)[:200].strip())
bodies = st.lists(
    st.sampled_from(["From ", ".", "..", "=20", " ", "\t", "\n", "\r\n", "é", "🧠", "abc ", "x" * 80]) | texts
)


def build(
    subject: str = "S",
    *,
    html: str = "<p>h</p>",
    text: str = "t",
    sender: Mailbox = ADA,
    recipient: Mailbox = ADA,
    headers: tuple[tuple[str, str], ...] = (),
) -> Message:
    return build_message(
        sender=sender,
        recipient=recipient,
        subject=subject,
        html=html,
        text=text,
        message_id="<1@example.org>",
        date=datetime(2026, 11, 22, 6, 30, tzinfo=UTC),
        headers=headers,
    )


def parse(message: Message) -> EmailMessage:
    mail = message_from_bytes(message.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def part(mail: EmailMessage, subtype: str) -> str:
    found = mail.get_body((subtype,))
    assert isinstance(found, EmailMessage)
    return str(found.get_content()).replace("\r\n", "\n")


def check_limits(message: Message) -> None:
    raw = message.raw
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert not re.search(rb"[^\x09\x0a\x0d\x20-\x7e]", raw)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"(?m)^(\.|From )", body)
    assert all(len(word) <= 75 for word in ENCODED_WORD.findall(head))
    for line in head.split(b"\r\n"):
        assert len(line) <= 78 or line.startswith((b"List-", b"Feedback-ID"))


@given(texts)
@example("A title that is plain ASCII and still quite a bit longer than one line of a header may be")
@example("=?utf-8?q?looks_encoded?=")
@example("Schrödinger " * 160)
@settings(max_examples=60, deadline=None)
def test_subject_survives(subject: str) -> None:
    message = build(subject)
    check_limits(message)
    assert parse(message)["Subject"] == one_line(subject) == message.subject
    legacy = message_from_bytes(message.raw)["Subject"]
    assert str(make_header(decode_header(legacy))) == one_line(subject)


@given(names)
@example('O"Neil, \\ (PhD) <x@y>')
@example("é" * 200)
@example("a" * 60)
@settings(max_examples=60, deadline=None)
def test_names_survive(name: str) -> None:
    message = build(sender=Mailbox(email="papers@example.org", name=name), recipient=Mailbox(email="b@c.de", name=name))
    check_limits(message)
    # not by policy.default: in a display name it puts a blank between encoded words (RFC 2047 6.2 says none)
    mail = message_from_bytes(message.raw)
    for header, address in (("From", "papers@example.org"), ("To", "b@c.de")):
        phrase, addr_spec = parseaddr(mail[header].replace("\r\n", ""))
        assert (str(make_header(decode_header(phrase))), addr_spec) == (name, address)
        assert [found.addr_spec for found in parse(message)[header].addresses] == [address]


@given(bodies.map("".join), bodies.map("".join))
@example("." * 200 + "\nFrom " + "x" * 100 + "\n.\n..\n" + "." * 76, ".é" * 100)
@example("", "𐀀𐀀é\t" + "x" * 68 + "\x80\t\n." + "x" * 68 + "From From =From From \x80x\x80\n")
@example("", "." + "x" * 63 + "𐀀=\t𐀀 \tx\x80." + "x" * 10 + "éFrom From 𐀀. \n=𐀀=x")
@settings(max_examples=60, deadline=None)
def test_both_parts_survive(text: str, html: str) -> None:
    message = build(text=text, html=html)
    check_limits(message)
    mail = parse(message)
    assert part(mail, "plain") == message.text
    assert part(mail, "html") == message.html
    allowed = re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "", text.replace("\r\n", "\n").replace("\r", "\n")
    )
    assert message.text == allowed


def test_text_comes_before_html() -> None:
    mail = parse(build())
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_same_message_same_bytes_and_no_body_holds_the_boundary() -> None:
    assert build().raw == build().raw
    boundary = parse(build()).get_boundary() or ""
    assert boundary not in build(text=f"--{boundary}--\n").raw.decode().split("\r\n\r\n", 2)[2].split("\r\n--")[0]
    assert part(parse(build(text=f"--{boundary}--\n")), "plain") == f"--{boundary}--\n"


@pytest.mark.parametrize("injected", ["a\r\nBcc: x@example.org", "a\nBcc: x", "a\x00b", "a\u2028b", "a\x85b", "a\rb"])
def test_nothing_ends_a_header_line_early(injected: str) -> None:
    message = build(injected, recipient=Mailbox(email="b@example.org", name=injected))
    mail = parse(message)
    assert mail["Bcc"] is None
    assert mail["Subject"] == one_line(injected)
    assert [address.addr_spec for address in mail["To"].addresses] == ["b@example.org"]


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a@b, c@d",
        "a@b@c",
        "a b@example.org",
        "<a@example.org>",
        "a@exa mple.org",
        "a@-example.org",
        "a@example..org",
        "a@example.org\n",
        "a\x00@example.org",
        "ü@example.org",
        ".a@example.org",
        "a@" + "x" * 64 + ".org",
        "x" * 65 + "@example.org",
        "a@" + "abcdefgh." * 30 + "org",
    ],
)
def test_one_plain_address_a_message(email: str) -> None:
    with pytest.raises(UsageError, match="that mail can be sent to"):
        build(recipient=Mailbox(email=email))


def test_domains_become_ascii() -> None:
    assert parse(build(recipient=Mailbox(email="ada@Bücher.example")))["To"] == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "header",
    [
        ("X-A", "é"),
        ("X-A", "a\nb"),
        ("X-A", "a\r\nBcc: b@example.org"),
        ("X-A", "a\r\n b"),
        ("X A", "b"),
        ("", "b"),
        ("X-A", "b" * 998),
    ],
)
def test_headers_that_no_mail_may_carry(header: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="cannot stand in a mail"):
        build(headers=(header,))


def test_given_headers_are_not_folded() -> None:
    link = f"<https://papers.example.org/u/{'t' * 300}>"
    message = build(headers=(("List-Unsubscribe", link),))
    assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in message.raw
    assert message.headers == (("List-Unsubscribe", link),)


def test_message_id_is_stable_and_the_message_s_own() -> None:
    papers = Mailbox(email="papers@Example.org")
    one = message_id(papers, "2026-11-22T06:30:00Z", "r1", "2026-11-22")
    assert re.fullmatch(r"<20261122T063000Z\.[0-9a-f]{24}@example\.org>", one)
    assert one == message_id(papers, "2026-11-22T06:30:00Z", "r1", "2026-11-22")
    others = {
        message_id(papers, "2026-11-22T06:30:00Z", "r2", "2026-11-22"),
        message_id(papers, "2026-11-22T06:30:00Z", "r1", "2026-11-23"),
        message_id(papers, "2026-11-23T06:30:00Z", "r1", "2026-11-22"),
        message_id(Mailbox(email="other@example.org"), "2026-11-22T06:30:00Z", "r1", "2026-11-22"),
    }
    assert one not in others
    assert len(others) == 4
