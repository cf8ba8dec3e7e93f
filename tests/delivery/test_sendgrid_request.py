"""What we write is what the ``sendgrid`` package would have written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery.groups import Unsendable
from newsletter.delivery.sendgrid_payload import build_payload
from newsletter.delivery.sendgrid_request import write_request
from newsletter.errors import ProviderRefused
from newsletter.model import Mailbox, Message
from newsletter.rendering.mime import Body, put_together
from newsletter.rendering.quoted import encode

MakeMessage = Callable[..., Message]

LETTERS = st.characters(exclude_categories=["Cs"])
HOSTILE = st.text(LETTERS, max_size=60) | st.sampled_from(
    ["SG.abc.def", "=", "=3D", '"\\', "\r\n.\r\n", "</script>", "\x00\x1f\x7f", "\u2028\u202e", "𝔘🇩🇪é", " ", "{{x}}"]
)
NAMES = st.text(LETTERS, max_size=20) | st.sampled_from(["Lovelace, Ada; Countess", ";,", '"Ada"', "Ada <x@y.z>"])
ADDRESSES = st.sampled_from(
    [
        *("ada@example.org", "a.b+c@bücher.example", "o'brien@example.org", "a..b@example.org", ".a@b.c", "a@b"),
        *('"a,b"@example.org', "a(b)c@example.org", "a,b@example.org", "a@b@example.org", '"@x"@example.org'),
    ]
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["List-Id", "X-A", "x-a", "Reply-To", "MIME-Version", "DKIM-Signature", "Feedback-ID", "To"]),
        st.sampled_from(["", "<p.x>", "Editor <e@example.org>", "e@example.org", "Frühstück", '"\\', "x" * 900]),
    ),
    max_size=5,
)


DATE = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


@st.composite
def _bodies(draw: st.DrawFn) -> Body:
    """In one piece, or a few frames with something in their gaps."""
    if draw(st.booleans()):
        return Body.saying("".join(draw(st.lists(HOSTILE, max_size=9))))
    values = draw(st.lists(st.lists(HOSTILE.map(encode), min_size=1, max_size=3), max_size=3))
    frames = [[encode(draw(HOSTILE)).replace(b"%", b"%%") for _ in range(len(inside) + 1)] for inside in values]
    return Body.of([(b"%b".join(frame), tuple(inside)) for frame, inside in zip(frames, values, strict=True)])


@st.composite
def _messages(draw: st.DrawFn) -> Message:
    """Rendered messages, and whatever may stand in them."""
    message = put_together(
        sender=Mailbox(email="papers@example.org"),
        recipient=Mailbox(email="reader@example.org"),
        subject=draw(HOSTILE),
        html=draw(_bodies()),
        text=draw(_bodies()),
        message_id="<d1.1@example.org>",
        date=DATE,
    )
    return replace(
        message,
        sender=Mailbox(email=draw(ADDRESSES), name=draw(NAMES)),
        recipient=Mailbox(email=draw(ADDRESSES), name=draw(NAMES)),
        headers=tuple(draw(HEADERS)),
        delivery_id=draw(st.none() | st.integers(0, 2**63 - 1)),
    )


@pytest.mark.parametrize("sandbox", [False, True])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_our_json_says_what_the_package_says(sandbox: bool, data: st.DataObject) -> None:
    message = data.draw(_messages())
    try:
        expected = json.loads(json.dumps(build_payload(message, sandbox=sandbox)))
    except (Unsendable, ProviderRefused) as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            write_request(message, sandbox=sandbox)
        return
    assert json.loads(write_request(message, sandbox=sandbox)) == expected


def _is_ours(message: Message) -> bool:
    """Whether the request was written here: the package's has spaces in it."""
    return b'": ' not in write_request(message, sandbox=False)


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({}, True),
        ({"html": "<p>“é”</p>" * 200, "to_name": "Ada", "subject": "伯爵夫人"}, True),
        ({"delivery_id": None, "headers": ()}, True),
        ({"to": "a(b),c@example.org"}, True),
        ({"headers": (("Reply-To", "editor@example.org"),)}, False),
        ({"headers": (("X-Title", "Frühstück"),)}, False),
        ({"text": ""}, False),
        ({"html": ""}, False),
        ({"text": "SG.not a key"}, False),
        ({"subject": "half a \ud83d letter"}, False),
        ({"to_name": "half a \ud83d name"}, False),
    ],
)
def test_the_ordinary_is_written_here_and_the_rest_by_the_package(
    make_message: MakeMessage, changes: dict[str, Any], is_ours: bool
) -> None:
    message = make_message(**changes)
    assert _is_ours(message) is is_ours
    assert json.loads(write_request(message, sandbox=False)) == build_payload(message)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"\r", b"\n", b"=\r\n", b"=0D", b"=C3", b"=A9", b"x"])).map(b"".join)
)
def test_contents_are_read_as_the_message_reads_them(part: bytes) -> None:
    message = Message(
        sender=Mailbox(email="papers@example.org"),
        recipient=Mailbox(email="reader@example.org"),
        subject="Papers",
        message_id="<d1.1@example.org>",
        date=DATE,
        raw=b"x" + part,
        text_at=(0, 1 + len(part)),
        html_at=(0, 1 + len(part)),
    )
    assert json.loads(write_request(message, sandbox=False)) == build_payload(message)
