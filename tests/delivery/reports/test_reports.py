"""Mails that come back, of every shape that mail systems are known to write them in; made up here."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from textwrap import dedent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.delivery.reports import MAX_BYTES, Marks, read_report
from newsletter.delivery.reports.parts import MAX_ENCODED_WORDS, MAX_FIELD, read_headers, readable_header
from newsletter.model import Event, EventKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = ["a secret of thirty-two characters", "an older one of thirty-two characters"]
MARKS = Marks(KEYS, address="bounces@papers.example")

HARD, SOFT, BLOCKED = EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT, EventKind.BLOCKED

OURS = """\
Return-Path: <papers@papers.example>
From: Morning Papers <papers@papers.example>
To: ada@reader.example
Message-ID: <20261122T073000Z.00112233445566778899aabb@papers.example>
Subject: Ten papers
List-Unsubscribe: <https://papers.example/u/TOKEN>,
 <mailto:papers@papers.example?subject=unsubscribe%20ada1>

Ten papers and a secret address: other@reader.example
"""


def mail(text: str, *, line_end: str = "\n") -> bytes:
    return text.replace("\n", line_end).encode()


def read(text: str, **options: str) -> list[tuple[EventKind, str | None]]:
    return [(event.kind, event.recipient) for event in read_report(mail(text, **options), now=NOW, marks=MARKS)]


def report(
    fields: str, *, spoken: str = "It could not be delivered.", returned: str = OURS, close: str = "--b--\n"
) -> str:
    return (
        "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: papers@papers.example\n"
        "Date: Sun, 22 Nov 2026 10:00:00 +0100\nMessage-ID: <report1@mx.example>\nSubject: Undelivered Mail\n"
        "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=b\n\n"
        f"Not MIME? Sorry.\n--b\nContent-Type: text/plain\n\n{spoken}\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\nArrival-Date: Sun, 22 Nov 2026\n\n"
        f"{fields}\n--b\nContent-Type: message/rfc822\n\n{returned}\n{close}"
    )  # fmt: skip


FAILED = "Final-Recipient: rfc822; ada@reader.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <ada@reader.example>\n  nobody of that name\n"

# -- delivery status reports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (FAILED, HARD),
        ("Final-Recipient: RFC822;<ada@reader.example>\nAction: Failed\nStatus: 5.2.2", SOFT),
        ("Original-Recipient: rfc822;ada@reader.example\nAction: failed (really)\nStatus: 5.7.1 (no)", BLOCKED),
        (
            "Final-Recipient: ada@reader.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.2.1 off",
            HARD,
        ),
        (
            "Final-Recipient: rfc822; ada@reader.example\nAction: failed\nStatus:\nDiagnostic-Code: smtp; 552 mailbox full",
            SOFT,
        ),
        ("Final-Recipient: rfc822; ada@reader.example\nAction: failed\nStatus: 4.4.7", SOFT),
        ("Final-Recipient: rfc822; ada@reader.example\nAction: expired\nStatus: ", SOFT),
        ("Final-Recipient: rfc822; ada@reader.example\nAction: delayed\nStatus: 4.4.1", EventKind.DEFERRED),
        ("Final-Recipient: rfc822; ada@reader.example\nAction: delivered\nStatus: 2.1.5", EventKind.DELIVERED),
        ("Final-Recipient: rfc822; ada@reader.example\nStatus: 2.0.0", EventKind.DELIVERED),
        ("Final-Recipient: rfc822; ada@reader.example\nAction: relayed\nStatus: 2.0.0", EventKind.SENT),
        ("Final-Recipient: rfc822; ada@reader.example\nAction: expanded\nStatus: 2.0.0", EventKind.SENT),
        ("Final-Recipient: rfc822; ada@reader.example\nStatus: 5.1.1", HARD),
        ("final-recipient:rfc822;ada@reader.example\naction:failed\nstatus:5.1.1", HARD),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_status_reports(fields: str, kind: EventKind, line_end: str) -> None:
    assert read(report(fields), line_end=line_end) == [(kind, "ada@reader.example")]


def test_a_report_may_tell_of_several_recipients() -> None:
    late = FAILED.replace("ada", "bob").replace("failed", "delayed")
    several = [(HARD, "ada@reader.example"), (EventKind.DEFERRED, "bob@reader.example")]
    assert read(report(FAILED + "\n" + late)) == several
    assert read(report(FAILED + late)) == several  # without a blank line between them


def test_a_forwarded_mail_has_two_recipients() -> None:
    (event,) = read_report(
        mail(report("Original-Recipient: rfc822; ada@reader.example\n" + FAILED.replace("ada@", "ada.l@"))), now=NOW
    )
    assert event.recipients == ("ada.l@reader.example", "ada@reader.example")


def test_the_last_boundary_may_be_missing() -> None:
    assert read(report(FAILED, close="")) == [(HARD, "ada@reader.example")]


def test_the_boundaries_may_all_be_missing() -> None:
    """What some programs leave of a report: a header that promises parts, and text."""
    flat = report(FAILED).replace("\n--b--", "").replace("\n--b\n", "\n").replace("message/rfc822\n", "message/rfc822")
    assert read(flat) == [(HARD, "ada@reader.example")]


def test_the_part_for_machines_may_be_marked_as_text() -> None:
    plain = report(FAILED).replace("message/delivery-status", "text/plain").replace("report-type=delivery-status;", "")
    assert read(plain.replace("multipart/report", "multipart/mixed")) == [(HARD, "ada@reader.example")]


def test_the_part_for_machines_may_be_missing() -> None:
    text = report("", spoken="<ada@reader.example>: user unknown").replace("message/delivery-status", "text/x-nothing")
    assert read(text) == [(HARD, "ada@reader.example")]


def test_the_part_for_machines_may_be_encoded() -> None:
    encoded = base64.encodebytes(f"Reporting-MTA: dns; x\n\n{FAILED}".encode()).decode()
    head, _, rest = report(FAILED).partition("Content-Type: message/delivery-status\n")
    returned = rest[rest.index("--b\nContent-Type: message/rfc822") :]
    status = f"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n{encoded}\n"
    assert read(head + status + returned) == [(HARD, "ada@reader.example")]


def test_what_it_says_to_people_counts_where_it_says_nothing_else() -> None:
    bare = "Final-Recipient: rfc822; ada@reader.example\nAction: failed\nStatus: 5.0.0"
    assert read(report(bare, spoken="The mailbox is full.")) == [(SOFT, "ada@reader.example")]
    assert read(report(bare, spoken="It looked like spam.")) == [(BLOCKED, "ada@reader.example")]


def test_a_report_on_a_report_is_about_our_mail_alone() -> None:
    """Someone forwards a report to us: it lies in a mail within the mail, and the post has nothing to say."""
    forwarded = (
        "From: Bob <bob@reader.example>\nTo: papers@papers.example\nSubject: Fwd: Undelivered Mail\n"
        f"Content-Type: multipart/mixed; boundary=f\n\n--f\n\nLook!\n--f\nContent-Type: message/rfc822\n\n{report(FAILED)}\n--f--\n"
    )
    assert read(forwarded) == []


# -- complaints ----------------------------------------------------------------------------------------------------


def complaint(fields: str, *, kind: str = "message/feedback-report", returned: str = OURS) -> str:
    return (
        "From: fbl@provider.example\nTo: abuse@papers.example\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n"
        "Message-ID: <c1@provider.example>\nSubject: FW: Ten papers\n"
        'Content-Type: multipart/report; boundary="=_c"; report-type="feedback-report"\n\n'
        "--=_c\nContent-Type: text/plain\n\nThis is an email abuse report.\n"
        f"--=_c\nContent-Type: {kind}\n\n{fields}\n--=_c\nContent-Type: message/rfc822\n\n{returned}\n--=_c--\n"
    )


@pytest.mark.parametrize(
    ("fields", "kind", "recipient"),
    [
        ("Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <eve@reader.example>", EventKind.COMPLAINED, "eve@reader.example"),
        ("Version: 1\nFeedback-Type: Abuse\nOriginal-Mail-From: <papers@papers.example>", EventKind.COMPLAINED, "ada@reader.example"),
        ("Feedback-Type: fraud", EventKind.COMPLAINED, "ada@reader.example"),
        ("Feedback-Type: something-new", EventKind.COMPLAINED, "ada@reader.example"),
        ("Feedback-Type: opt-out\nRemoval-Recipient: eve@reader.example", EventKind.UNSUBSCRIBED, "eve@reader.example"),
        ("Feedback-Type: auth-failure\nAuth-Failure: dmarc", EventKind.UNKNOWN, "ada@reader.example"),
        ("Feedback-Type: not-spam", EventKind.UNKNOWN, "ada@reader.example"),
        ("Content-Type: text/plain\nMIME-Version: 1.0\n\nFeedback-Type: abuse\nRedacted-Address: redacted", EventKind.COMPLAINED, "ada@reader.example"),
        ("", EventKind.COMPLAINED, "ada@reader.example"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", ["message/feedback-report", "text/plain"])
def test_feedback_reports(fields: str, kind: EventKind, recipient: str, part: str) -> None:
    assert read(complaint(fields, kind=part)) == [(kind, recipient)]


def test_a_complaint_may_come_without_a_part_for_machines() -> None:
    hotmail = OURS.replace("Return-Path", "X-HmXmrOriginalRecipient: eve@reader.example\nReturn-Path")
    text = (
        "From: staff@provider.example\nTo: abuse@papers.example\nSubject: complaint about message from 192.0.2.7\n"
        f"Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n{hotmail}\n--c--\n"
    )
    assert read(text) == [(EventKind.COMPLAINED, "eve@reader.example")]


def test_a_complaint_may_be_text_alone() -> None:
    text = (
        "From: fbl@provider.example\nTo: abuse@papers.example\nSubject: your mail\n\n"
        f"This is an email abuse report for an email message received from IP 192.0.2.7.\n\n{OURS}"
    )
    (event,) = read_report(mail(text), now=NOW, marks=MARKS)
    assert (event.kind, event.subscriber) == (EventKind.COMPLAINED, "ada1")


def test_the_fields_may_lie_in_a_text_of_a_mixed_mail() -> None:
    fields = "User-Agent: FBL/1.0\nVersion: 1\nFeedback-Type: abuse\nOriginal-Rcpt-To: eve@reader.example"
    mixed = complaint(fields, kind="text/plain").replace(
        'multipart/report; boundary="=_c"; report-type="feedback-report"', "multipart/mixed; boundary==_c"
    )
    assert read(mixed) == [(EventKind.COMPLAINED, "eve@reader.example")]
    assert read("From: bob@reader.example\nSubject: a form\n\nFeedback-Type: abuse is a field of RFC 5965.\n") == []


def test_a_mail_program_may_ask_to_unsubscribe() -> None:
    text = "From: ada@reader.example\nTo: papers@papers.example\nX-Apple-Unsubscribe: true\nSubject: unsubscribe\n\nLet me go.\n"
    assert read(text) == [(EventKind.UNSUBSCRIBED, "ada@reader.example")]


# -- bounces in plain English --------------------------------------------------------------------------------------

POST = "From: MAILER-DAEMON@mx.example\nTo: papers@papers.example\nSubject: failure notice\n\n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            (
                "Hi. This is the qmail-send program. I wasn't able to deliver your message to these addresses.\n"
                "This is a permanent error; I've given up.\n\n<ada@reader.example>:\n192.0.2.1 said: 550 no such user (#5.1.1)\n\n"
                "--- Below this line is a copy of the message.\n\n"
            ),
            HARD,
        ),
        (
            (
                "A message that you sent could not be delivered. The following address(es) failed:\n\n  ada@reader.example\n"
                "    mailbox is full: retry timeout exceeded\n\n------ This is a copy of the message, with all headers. ------\n\n"
            ),
            SOFT,
        ),
        (
            (
                "Delivery to the following recipient failed permanently:\n\n     ada@reader.example\n\n554 5.7.1 blocked\n\n"
                "----- Original message -----\n\n"
            ),
            BLOCKED,
        ),
        (
            (
                "Delivery to the following recipient has been delayed:\n\n     ada@reader.example\n\n"
                "You do not need to resend it. We will retry for 2 more days.\n\n----- Original message -----\n\n"
            ),
            EventKind.DEFERRED,
        ),
        (
            (
                "** THIS IS A WARNING MESSAGE ONLY **\n- These addresses had transient non-fatal errors -\n<ada@reader.example>\n\n"
                "Message could not be delivered for 4 hours\n\n--- Original message follows ---\n\n"
            ),
            EventKind.DEFERRED,
        ),
        (
            (
                "Your message\n\n  To: ada@reader.example\n\ndid not reach the following:\n\nada@reader.example on Sunday\n"
                "    The recipient name is not recognized\n\n"
            ),
            HARD,
        ),
        ("Unable to deliver mail.\nUser's mailbox is full: <ada@reader.example>\n\n", SOFT),
        ("Unable to deliver your message to ada@reader.example: unknown user\n\n", HARD),
        ("Your message was not delivered: 550 5.1.1 nobody\n\nReturned message follows\n\n", HARD),
    ],
)
def test_bounces_in_plain_english(text: str, kind: EventKind) -> None:
    assert read(POST + text + OURS) == [(kind, "ada@reader.example")]


def test_exim_names_them_in_a_header() -> None:
    text = POST.replace("\n\n", "\nX-Failed-Recipients: ada@reader.example,\n bob@reader.example\n\n")
    told = "The following failed:\n\n  ada@reader.example\n    Unrouteable address\n  bob@reader.example\n    552 over quota\n\n"
    assert read(text + told) == [(HARD, "ada@reader.example"), (SOFT, "bob@reader.example")]


# -- what is none --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "From: ada@reader.example\nTo: papers@papers.example\nSubject: Re: Ten papers\n\nThank you, it could not be better.\n",
        "Return-Path: <>\nFrom: ada@reader.example\nAuto-Submitted: auto-replied\nSubject: Out of office: Ten papers\n\nI am away. Mail will not be delivered to me at ada@reader.example.\n",
        "Return-Path: <>\nFrom: ada@reader.example\nAuto-Submitted: auto-replied (vacation)\nSubject: Ten papers\n\nBack on Monday.\n",
        "From: postmaster@reader.example\nSubject: Automatic reply: Ten papers\n\nThis mailbox is no longer read; mail was not delivered to a person.\n",
        "From: challenge@reader.example\nSubject: Please confirm your message\n\nada@reader.example wants to know that you are a person. It was not delivered yet.\n",
        "From: bob@reader.example\nSubject: Re: Undelivered Mail\n\n> <ada@reader.example>: user unknown\n\nWhat is this?\n",
        "From: bob@reader.example\nSubject: Undelivered mail is a nice title for a paper\n\nIt was returned to sender.\n",
        "From: postmaster@reader.example\nSubject: Planned downtime\n\nThe mail server restarts on Monday.\n",
        'From: ada@reader.example\nSubject: Read: Ten papers\nContent-Type: multipart/report; boundary=b; report-type=disposition-notification\n\n--b\n\nRead.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ada@reader.example\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n',
        "From: noreply@dmarc.example\nSubject: Report domain: papers.example Submitter: x Report-ID: 1\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\nUEsDBBQ=\n",
        "",
        "\n\n",
        "Subject\n",
    ],
)  # fmt: skip
def test_what_is_no_report(text: str) -> None:
    assert read(text) == []


# -- which message it is about -------------------------------------------------------------------------------------


def path_of(delivery: int, keys: list[str] = KEYS) -> str:
    path = Marks(keys, address="bounces@papers.example").return_path(delivery)
    assert path is not None
    return path


@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
@pytest.mark.parametrize("keys", [KEYS, KEYS[1:]])
def test_the_return_path_names_the_delivery(spelling: type[str], keys: list[str]) -> None:
    path = spelling(path_of(42, keys))
    assert MARKS.find_delivery(f"Delivered-To: {path}") == 42
    (event,) = read_report(mail(report(FAILED).replace("papers@papers.example", path, 1)), now=NOW, marks=MARKS)
    assert event.delivery_id == 42


def test_the_return_path_is_found_in_what_came_back() -> None:
    ours = OURS.replace("<papers@papers.example>", f"<{path_of(7)}>", 1)
    (event,) = read_report(mail(report(FAILED, returned=ours)), now=NOW, marks=MARKS)
    assert event.delivery_id == 7


def test_nobody_else_can_make_a_return_path() -> None:
    forged = path_of(42).replace("+42.", "+43.")
    assert MARKS.find_delivery(forged) is None
    assert MARKS.find_delivery(path_of(42, ["somebody else's secret"])) is None
    assert Marks(KEYS).find_delivery(path_of(42)) is None
    assert Marks(KEYS).return_path(42) is None
    assert Marks(address="bounces@papers.example").return_path(42) == "bounces@papers.example"


@given(st.integers(0, 2**63 - 1))
def test_any_delivery_fits_into_a_return_path(delivery: int) -> None:
    path = path_of(delivery)
    assert len(path.rpartition("@")[0]) <= 64
    assert MARKS.find_delivery(f"x{path}>") == delivery


def test_a_return_path_that_would_be_too_long_is_done_without() -> None:
    address = f"{'b' * 30}@papers.example"
    assert Marks(KEYS, address=address).return_path(10**10) == address


def test_the_returned_headers_name_message_and_reader() -> None:
    (event,) = read_report(mail(report(FAILED)), now=NOW)
    assert event.message_id == "<20261122T073000Z.00112233445566778899aabb@papers.example>"
    assert event.subscriber == "ada1"


def test_a_signed_link_names_the_reader() -> None:
    from newsletter.tokens import Purpose, Signer

    link = Signer(KEYS[1:]).sign(Purpose.UNSUBSCRIBE, "eve2")
    way_out = f"<https://papers.example/u/{link}>"
    assert MARKS.find_reader(way_out) == "eve2"
    assert MARKS.find_reader(way_out.replace("/u/eve2", "/u/bob3")) is None


EVE, ADA = "00112233445566ff", "8899aabbccddee00"


@pytest.mark.parametrize(
    "subject",
    [
        f"unsubscribe {EVE}",
        f" Unsubscribe  {EVE.upper()} ",
        f"[EXTERNAL] unsubscribe+{EVE}",
        f"=?utf-8?q?unsubscribe_{EVE}?=",
    ],
)
@pytest.mark.parametrize("more", ["", "X-Apple-Unsubscribe: true\n", "Auto-Submitted: no\n"])
def test_who_leaves_by_mail_is_whom_the_subject_names(subject: str, more: str) -> None:
    """And nobody whose mail is quoted below it."""
    quoted = f"> List-Unsubscribe: <mailto:papers@papers.example?subject=unsubscribe%20{ADA}>\n> {path_of(7)}\n{OURS}"
    event = read_one(f"From: eve@reader.example\n{more}Subject: {subject}\n\nLet me go.\n{quoted}")
    assert (event.kind, event.subscriber) == (EventKind.UNSUBSCRIBED, EVE)
    assert (event.delivery_id, event.message_id, event.recipients) == (None, None, ())


@pytest.mark.parametrize(
    "head",
    [
        f"Subject: Re: unsubscribe {EVE}",
        "Subject: unsubscribe instructions",
        f"Subject: how to unsubscribe {EVE}",
        f"Subject: unsubscribe {EVE}\nAuto-Submitted: auto-replied",
        f"Subject: unsubscribe {EVE}\nReturn-Path: <>",
    ],
)
def test_who_does_not_ask_to_leave_stays(head: str) -> None:
    assert read(f"From: eve@reader.example\n{head}\n\nHello.\n{OURS}") == []


def test_a_bounce_is_a_bounce_whatever_its_subject() -> None:
    told = report(FAILED).replace("Subject: Undelivered Mail", f"Subject: unsubscribe {EVE}")
    assert [kind for kind, _ in read(told)] == [HARD]


def test_nobody_vouches_for_the_addresses_in_a_mail() -> None:
    assert not read_one(report(FAILED)).is_vouched_for


def test_the_reader_is_the_one_it_was_for_where_the_report_names_none() -> None:
    assert read(report("Action: failed\nFinal-Recipient: rfc822; <>\nStatus: 5.1.1")) == [(HARD, "ada@reader.example")]


# -- what an event says --------------------------------------------------------------------------------------------


def read_one(text: str) -> Event:
    (event,) = read_report(mail(text), now=NOW)
    return event


def test_an_event_is_dated_by_the_report_and_never_in_the_future() -> None:
    assert read_one(report(FAILED)).at == NOW - timedelta(hours=3)
    for date in ("Sun, 22 Nov 2099 10:00:00 +0000", "yesterday", "Sun, 99 Nov 2026 10:00:00 +0000", ""):
        assert read_one(report(FAILED).replace("Sun, 22 Nov 2026 10:00:00 +0100", date)).at == NOW


def test_the_same_report_has_the_same_id_and_another_another() -> None:
    once, again = read_one(report(FAILED)), read_one("Received: by another way\n" + report(FAILED))
    assert once.id == again.id
    assert once.id != read_one(report(FAILED).replace("report1", "report2")).id
    nameless = report(FAILED).replace("Message-ID: <report1@mx.example>\n", "")
    crlf = read_report(mail(nameless, line_end="\r\n"), now=NOW)[0]
    assert read_one(nameless).id == crlf.id


def test_an_event_says_why_without_naming_anybody() -> None:
    event = read_one(report(FAILED))
    assert event.detail == "smtp; 550 5.1.1 <…> nobody of that name"
    assert "@" not in event.id
    assert "reader.example" not in repr(event).replace("papers.example", "")


# -- whatever the bytes --------------------------------------------------------------------------------------------

DEEP = "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(3000))
NASTY = [
    b"Content-Type: multipart/mixed; boundary=b0\n\n" + DEEP.encode(),
    b'Content-Type: multipart/report; boundary=""; report-type=delivery-status\n\nFinal-Recipient: \xff\x00',
    b"Content-Type: text/plain; charset=punycode\nX-Failed-Recipients: a@b\n\n" + b"-" * 3000,
    b"Content-Type: text/plain; charset=\x00\nFrom: mailer-daemon@x\nSubject: bounce\n\nundeliverable a@b.example",
    b"Subject: =?utf-8?b?!!!?= =?nothing?q?=ff?=\nReturn-Path: <>\n\nundeliverable a@b.example",
    b"Return-Path: <>\nSubject: bounced\n\nundeliverable " + b"=" * 5000 + b"@",
    b":\n:\n \n",
    "Return-Path: <>\nSubject: =?ýtf-8?q?undeliverable?=\n\nundeliverable a@b.example".encode(),
    "Return-Path: <>\nSubject: bounced\n\nundeliverable a@b.example ­\u200b󠀁".encode(),
]
WORDS = st.sampled_from(
    [
        *report(FAILED).split(),
        *complaint("Feedback-Type: abuse").split(),
        "\n",
        "\n\n",
        "\r\n",
        ":",
        "--b",
        "--b--",
        "\x00",
        "é",
    ]
)


@given(
    st.binary(max_size=400)
    | st.lists(WORDS, max_size=80).map(lambda words: " ".join(words).encode())
    | st.tuples(st.sampled_from([report(FAILED), complaint("Feedback-Type: abuse"), POST + OURS]), st.integers(0, 1500), st.binary(max_size=9)).map(
        lambda cut: cut[0].encode()[: cut[1]] + cut[2] + cut[0].encode()[cut[1] + 5 :]
    )
)  # fmt: skip
@settings(max_examples=400, deadline=None)
@example(b"")
def test_nothing_makes_it_fall_over(raw: bytes) -> None:
    for event in read_report(raw, now=NOW, marks=MARKS):
        assert event.at <= NOW
        assert "@" not in event.detail + event.id
        assert event.detail.isprintable()


def test_no_mail_tells_of_more_than_a_few_recipients() -> None:
    several = "\n".join(FAILED.replace("ada@", f"ada{number}@") for number in range(60))
    assert len(read(report(several))) == 20
    fields = "".join(f"Original-Rcpt-To: ada{number}@reader.example\n" for number in range(60))
    (event,) = read_report(mail(complaint("Feedback-Type: abuse\n" + fields)), now=NOW)
    assert len(event.recipients) == 20


def test_headers_are_looked_into_as_far_as_sane_ones_reach() -> None:
    assert [len(value) for _, value in read_headers("To: " + "a" * 99_999 + "\n more").fields] == [MAX_FIELD]
    many = "=?utf-8?q?a?= " * (MAX_ENCODED_WORDS + 1)
    assert readable_header(many) == many
    assert readable_header("=?utf-8?q?a?= " * MAX_ENCODED_WORDS).strip() == "a" * MAX_ENCODED_WORDS


@pytest.mark.parametrize("raw", NASTY, ids=range(len(NASTY)))
def test_nastiness_is_borne(raw: bytes) -> None:
    assert len(read_report(raw, now=NOW, marks=MARKS)) <= 1


def test_a_report_may_return_a_large_mail() -> None:
    large = dedent(OURS) + "x" * MAX_BYTES
    assert read(report(FAILED, returned=large)) == [(HARD, "ada@reader.example")]
