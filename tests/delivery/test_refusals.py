from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.refusals import find_status, judge_refusal
from newsletter.model import EventKind

HARD, SOFT, BLOCKED = EventKind.BOUNCED_HARD, EventKind.BOUNCED_SOFT, EventKind.BLOCKED


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        # by the status alone
        ("5.1.1", "", HARD),
        ("5.1.2", "", HARD),
        ("5.1.6", "", HARD),
        ("5.1.10", "", HARD),
        ("5.2.1", "", HARD),
        ("5.2.2", "", SOFT),
        ("5.2.3", "", BLOCKED),
        ("5.3.4", "", BLOCKED),
        ("5.4.4", "", SOFT),
        ("5.4.7", "", SOFT),
        ("5.6.1", "", BLOCKED),
        ("5.7.1", "", BLOCKED),
        ("5.7.606", "", BLOCKED),
        ("4.2.2", "", SOFT),
        ("4.4.1", "", SOFT),
        ("4.1.1", "", SOFT),
        ("4.7.1", "", BLOCKED),
        ("5.1.8", "", BLOCKED),
        ("5.0.0", "", HARD),
        ("5.1.1 (bad destination mailbox address)", "", HARD),
        (None, "", SOFT),
        # a general status over one that says something
        ("5.0.0", "smtp; 550 5.1.1 nobody", HARD),
        ("5.0.0", "smtp; 552 5.2.2 no room", SOFT),
        ("5.0.0", "smtp; 554 5.7.1 go away", BLOCKED),
        # a status, and words that say more
        ("5.1.0", "550 this sender is not allowed here", BLOCKED),
        ("5.4.4", "Host not found, try nothing else", HARD),
        ("5.3.0", "553 no such user here", HARD),
        ("5.7.1", "550 5.7.1 user unknown to our policy", BLOCKED),
        ("5.2.1", "550 5.2.1 this user gets mail too quickly", SOFT),
        ("4.0.0", "DNS: the name has a null MX", HARD),
        ("4.0.0", "DNS lookup failed with SERVFAIL", SOFT),
        # words alone
        (None, "550 Requested action not taken: mailbox unavailable", HARD),
        (None, "550 User unknown", HARD),
        (None, "550 No such recipient", HARD),
        (None, "The account that you wrote to does not exist", HARD),
        (None, "551 user is not local", HARD),
        (None, "Unknown host", HARD),
        (None, "550 mailbox is full", SOFT),
        (None, "User is over quota", SOFT),
        (None, "452 out of order", SOFT),
        (None, "450 user unknown, for now", SOFT),
        (None, "554 listed by a blocklist", BLOCKED),
        (None, "550 rejected as spam", BLOCKED),
        (None, "550 relaying denied", BLOCKED),
        (None, "550 DMARC check failed", BLOCKED),
        (None, "550 sender address rejected: domain not found", BLOCKED),
        (None, "550 no", HARD),
        (None, "554 no", SOFT),
        (None, "connection timed out", SOFT),
    ],
)
def test_whose_fault_it_is(status: str | None, words: str, kind: EventKind) -> None:
    assert judge_refusal(status, words) is kind


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("5.1.1", "5.1.1"),
        ("250 2.1.5 fine, then 550 5.2.2 full", "5.2.2"),
        ("5.0.0 over 5.1.1", "5.1.1"),
        ("2.1.5", "2.1.5"),
        ("192.5.1.1 and 15.1.1 and 5.1.1.4 and 6.1.1", None),
        ("", None),
    ],
)
def test_the_status_that_says_most(text: str, status: str | None) -> None:
    assert find_status(text) == status


@given(st.none() | st.text(max_size=20), st.text())
def test_anything_can_be_judged(status: str | None, words: str) -> None:
    assert judge_refusal(status, words) in {HARD, SOFT, BLOCKED}
