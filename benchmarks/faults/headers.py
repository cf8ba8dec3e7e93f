"""T19: mails of random words, read as mail programs do: what was meant is read, within the limits of the wire."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses

from benchmarks.faults.rows import Row
from benchmarks.faults.world import NOW
from newsletter.model import Links, Mailbox, Message
from newsletter.rendering import build_message
from newsletter.rendering.headers import digest_headers
from newsletter.text import one_line

ALPHABETS = (
    "abcdefghij klmnopqrst uvwxyz",
    "ABC 0123456789 .,;:!?()[]<>\"'@\\/=_",
    "äöüß éèêç ñøå ŁŚŻ",
    "αβγδε ∑∫∂√∞≤≥ ℝℂ 𝔼𝕍",
    "深层网络 学习 ニューラル 신경망",
    "אבגד هوز שלום",
    "🧠🔬📄 👩‍🔬 ",
    "\u202e\u200f\u00a0\t",
)
LONGEST_TITLE = 2_000
ENCODED_WORD = re.compile(rb"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=")
UNTOUCHED = ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Help", "Feedback-ID")
Read = tuple[str, bool]


def read_random_mails(*, mails: int, seed: int = 0) -> Row:
    """So many mails, each written and read again."""
    chance, wrong = random.Random(seed), dict[str, int]()
    for _ in range(mails):
        for name, is_true in _check(chance):
            if not is_true:
                wrong[name] = wrong.get(name, 0) + 1
    broken = tuple(f"{count} mails: not true: {name}" for name, count in wrong.items())
    return Row(scenario="T19 headers", recipients=mails, sent=mails, broken=broken, remark="random subjects and names")


def _check(chance: random.Random) -> Iterator[Read]:
    subject, name, text, link = (
        _words(chance, LONGEST_TITLE),
        _words(chance, 80),
        _words(chance, 500),
        "t" * chance.randint(1, 600),
    )
    links = Links(
        unsubscribe=f"https://papers.example.org/u/{link}",
        unsubscribe_mailto="mailto:papers@example.org?subject=unsubscribe%20r1",
        preferences=f"https://papers.example.org/p/{link}",
    )
    sender = Mailbox(email="papers@example.org", name=name)
    headers = digest_headers(edition="2026-11-23T08:00:00Z", title=name, sender=sender, links=links)
    message = build_message(
        sender=sender,
        recipient=Mailbox(email="ada@example.org", name=_words(chance, 80)),
        subject=subject,
        text=text,
        html=f"<p>{text}</p>",
        headers=headers,
        message_id="<m@example.org>",
        date=NOW,
    )
    yield from _look(message, subject, name, dict(headers))


def _look(message: Message, subject: str, name: str, headers: dict[str, str]) -> Iterator[Read]:
    head, _, body = message.raw.partition(b"\r\n\r\n")
    read = message_from_bytes(message.raw, policy=policy.compat32)
    yield "the subject is read as it was meant", _decoded(read["Subject"]) == one_line(subject)
    [(shown, email)] = getaddresses([read["From"]])
    yield (
        "the sender's name is read as it was meant",
        _decoded(shown) == one_line(name) and email == "papers@example.org",
    )
    yield "no line is longer than 998", max(map(len, message.raw.split(b"\r\n"))) <= 998
    yield "no encoded word is longer than 75", all(len(word) <= 75 for word in ENCODED_WORD.findall(head))
    yield "no line of the body is longer than 76", max(map(len, body.split(b"\r\n"))) <= 76
    yield "lines end as they should", not re.search(rb"(?<!\r)\n|\r(?!\n)", message.raw)
    for header in UNTOUCHED:
        if header in headers:
            line = f"\r\n{header}: {headers[header]}".encode()
            yield f"{header} is left as it is, on one line", line + b"\r\n" in head + b"\r\n"


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", ""))))


def _words(chance: random.Random, longest: int) -> str:
    letters = chance.choice(ALPHABETS) + chance.choice(ALPHABETS)
    return "x" + "".join(chance.choices(letters, k=chance.randint(1, chance.choice((20, 100, longest))))) + "x"
