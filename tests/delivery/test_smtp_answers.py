from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.delivery.smtp_answers import Stage, outcome_of, read_reply, refuses_us
from newsletter.model import Message, Verdict


def _outcome(stage: Stage, line: str, message: Message):  # type: ignore[no-untyped-def]
    return outcome_of(read_reply(stage, int(line[:3]), line[4:]), message)


@pytest.mark.parametrize(
    ("line", "is_bad"),
    [
        ("550 5.1.1 <reader1@example.org>: no such user here", True),
        ("550-5.1.1 the account you tried does not exist", True),
        ("553 5.1.3 malformed", True),
        ("550 5.1.10 recipient not found", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 user unknown", True),
        ("551 not here any more", True),
        ("550 5.0.0 unknown user", True),
        ("550 #5.1.0 address rejected", True),
        ("550 5.1.0 192.0.2.1 may not send for example.org, says SPF", False),
        ("550 5.2.2 mailbox full", False),
        ("552 mailbox is over its quota", False),
        ("550 5.7.1 banned, your address 192.0.2.1 is on a list", False),
        ("550 5.7.26 unauthenticated mail is not let in", False),
        ("550 mail from this IP is blocked", False),
        ("550 DMARC check failed", False),
        ("550 relaying denied", False),
        ("554 delivery error", False),
        ("550 5.1.8 sender's domain does not exist", False),
        ("550 The from address does not match a verified identity", False),
        ("500 what?", False),
        ("450 5.1.1 not yet", False),
    ],
)
def test_only_what_is_surely_about_the_address_bars_it(
    line: str, is_bad: bool, make_message: Callable[..., Message]
) -> None:
    assert _outcome(Stage.RCPT, line, make_message()).address_is_bad is is_bad


def test_a_refusal_of_the_message_bars_the_address_only_if_it_says_so(make_message: Callable[..., Message]) -> None:
    assert not _outcome(Stage.END, "550 no", make_message()).address_is_bad
    assert _outcome(Stage.END, "550 5.1.1 nobody there", make_message()).address_is_bad


def test_a_daily_quota_is_no_refusal(make_message: Callable[..., Message]) -> None:
    outcome = _outcome(Stage.END, "550 5.4.5 Daily sending limit exceeded", make_message())
    assert outcome.verdict is Verdict.DEFERRED


@pytest.mark.parametrize(
    ("stage", "line", "refuses"),
    [
        (Stage.MAIL, "550 5.7.1 this sender may not", True),
        (Stage.MAIL, "501 5.1.7 bad sender", True),
        (Stage.MAIL, "552 5.3.4 too big", False),
        (Stage.MAIL, "554 5.3.4 too big", False),
        (Stage.MAIL, "451 later", False),
        (Stage.RCPT, "530 5.7.0 log in first", True),
        (Stage.END, "538 encrypt first", True),
        (Stage.RCPT, "550 5.7.1 no", False),
    ],
)
def test_what_concerns_all_mail_is_told_from_what_concerns_one(stage: Stage, line: str, refuses: bool) -> None:
    assert refuses_us(read_reply(stage, int(line[:3]), line[4:])) is refuses


@pytest.mark.parametrize(
    ("words", "queue_id"),
    [("2.0.0 Ok: queued as 4F3A1C", "4F3A1C"), ("OK id=1tXy-0001", "1tXy-0001"), ("2.0.0 fine", None)],
)
def test_the_queue_id_is_kept(words: str, queue_id: str | None, make_message: Callable[..., Message]) -> None:
    outcome = _outcome(Stage.END, f"250 {words}", make_message())
    assert (outcome.verdict, outcome.provider_id) == (Verdict.SENT, queue_id)


def test_details_are_short_and_hold_no_address(make_message: Callable[..., Message]) -> None:
    outcome = _outcome(Stage.RCPT, "550 5.1.1 <READER1@example.org>\nis gone" + "!" * 1000, make_message())
    assert outcome.detail.startswith("550 5.1.1 <[recipient]> is gone!!!")
    assert len(outcome.detail) == 300
