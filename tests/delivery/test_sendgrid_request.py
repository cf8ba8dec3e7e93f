"""What we write is what the ``sendgrid`` package would have written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery.groups import Unsendable
from newsletter.delivery.sendgrid_payload import build_payload
from newsletter.delivery.sendgrid_request import MOST_KEPT_BYTES, RequestBodies
from newsletter.errors import ProviderRefused
from newsletter.model import Mailbox, Message
from newsletter.rendering import build_message

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
def _messages(draw: st.DrawFn) -> Message:
    """Rendered messages; their pieces are cut between the parts, and where nobody would cut."""
    message = build_message(
        sender=Mailbox(email="papers@example.org"),
        recipient=Mailbox(email="reader@example.org"),
        subject=draw(HOSTILE),
        html="".join(draw(st.lists(HOSTILE, max_size=9))),
        text="".join(draw(st.lists(HOSTILE, max_size=9))),
        message_id="<d1.1@example.org>",
        date=DATE,
    )
    between = {*message.text_at, *message.html_at} if draw(st.booleans()) else set()
    anywhere = draw(st.sets(st.integers(0, len(message.raw)), max_size=5))
    bounds = sorted({0, *between, *anywhere, len(message.raw)})
    return replace(
        message,
        sender=Mailbox(email=draw(ADDRESSES), name=draw(NAMES)),
        recipient=Mailbox(email=draw(ADDRESSES), name=draw(NAMES)),
        headers=tuple(draw(HEADERS)),
        cut=lambda: [message.raw[start:end] for start, end in pairwise(bounds)],
        delivery_id=draw(st.none() | st.integers(0, 2**63 - 1)),
    )


@pytest.mark.parametrize("sandbox", [False, True])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_our_json_says_what_the_package_says(sandbox: bool, data: st.DataObject) -> None:
    message = data.draw(_messages())
    bodies = RequestBodies(sandbox=sandbox)
    try:
        expected = json.loads(json.dumps(build_payload(message, sandbox=sandbox)))
    except (Unsendable, ProviderRefused) as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            bodies.write(message)
        return
    assert json.loads(bodies.write(message)) == expected
    assert json.loads(bodies.write(message)) == expected  # now that all pieces are known


def _is_ours(message: Message) -> bool:
    """Whether the body was put together here: the package's is all ASCII and in an order of its own."""
    return RequestBodies(sandbox=False).write(message).endswith(b'"}]}')


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({}, True),
        ({"html": "<p>“é”</p>" * 200, "to_name": "Ada"}, True),
        ({"delivery_id": None, "headers": ()}, True),
        ({"headers": (("Reply-To", "editor@example.org"),)}, False),
        ({"headers": (("X-Title", "Frühstück"),)}, False),
        ({"text": ""}, False),
        ({"html": ""}, False),
        ({"text": "SG.not a key"}, False),
        ({"to": "a(b),c@example.org"}, True),
    ],
)
def test_the_ordinary_is_written_here_and_the_rest_by_the_package(
    make_message: MakeMessage, changes: dict[str, Any], is_ours: bool
) -> None:
    message = make_message(**changes)
    assert _is_ours(message) is is_ours
    assert json.loads(RequestBodies(sandbox=False).write(message)) == build_payload(message)


def test_a_message_without_pieces_is_left_to_the_package(make_message: MakeMessage) -> None:
    message = replace(make_message(), cut=None)
    assert not _is_ours(message)
    assert json.loads(RequestBodies(sandbox=False).write(message)) == build_payload(message)


def test_what_is_remembered_has_an_end(make_message: MakeMessage) -> None:
    bodies = RequestBodies(sandbox=False)
    for number in range(3):
        message = make_message(number, html=str(number) * (MOST_KEPT_BYTES // 3))
        assert json.loads(bodies.write(message)) == build_payload(message)
        kept = sum(len(piece) + len(value or b"") for piece, value in bodies._known.items())
        assert kept <= MOST_KEPT_BYTES
