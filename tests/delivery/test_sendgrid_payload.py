from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from newsletter.delivery import open_provider
from newsletter.delivery.sendgrid_payload import Unsendable, build_payload
from newsletter.model import Mailbox, Message
from newsletter.testing import SendgridStub
from newsletter.testing.sendgrid_rules import find_faults

MakeMessage = Callable[..., Message]


def test_the_whole_request(make_message: MakeMessage) -> None:
    message = make_message(7, to="ada@example.org", to_name="Lovelace, Ada; Countess", headers=(("List-Id", "<p.x>"),))
    assert build_payload(message) == {
        "from": {"email": "papers@example.org", "name": "Morning Papers"},
        "personalizations": [{"to": [{"email": "ada@example.org", "name": "Lovelace Ada Countess"}]}],
        "subject": "Ten papers, number 7",
        "content": [
            {"type": "text/plain", "value": message.text},
            {"type": "text/html", "value": message.html},
        ],
        "headers": {"Message-ID": "<d7.1@example.org>", "List-Id": "<p.x>"},
        "custom_args": {"delivery_id": "7"},
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }


def test_a_trial_is_asked_for_in_the_request_and_answered_with_200(
    stub: SendgridStub, make_message: MakeMessage
) -> None:
    with open_provider(stub.settings.model_copy(update={"sandbox": True})) as provider:
        (outcome,) = provider.send([make_message()])
    assert stub.messages[0]["mail_settings"] == {"sandbox_mode": {"enable": True}}
    assert outcome.detail == "200"


def test_what_sendgrid_keeps_says_nothing_of_the_reader(make_message: MakeMessage) -> None:
    payload = build_payload(make_message(7, to="ada@example.org", to_name="Ada"))
    assert set(payload["custom_args"]) == {"delivery_id"}
    assert "categories" not in payload
    assert "ada@example.org" not in json.dumps([payload["custom_args"], payload["headers"]])


def test_reserved_headers_stay_out_and_reply_to_becomes_a_field(make_message: MakeMessage) -> None:
    headers = (
        ("Reply-To", "Editor <editor@example.org>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "multipart/alternative"),
        ("DKIM-Signature", "v=1"),
        ("Feedback-ID", "e:k:l:s"),
    )
    payload = build_payload(make_message(headers=headers))
    assert payload["reply_to"] == {"email": "editor@example.org", "name": "Editor"}
    assert payload["headers"] == {"Message-ID": "<d1.1@example.org>", "Feedback-ID": "e:k:l:s"}


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"html": ""},
        {"headers": (("X-Title", "Frühstück"), ("Reply-To", "editor@example.org"))},
        {"sender": Mailbox(email="papers@bücher.example")},
        {"to": "ada@bücher.example", "to_name": ";,"},
        {"subject": "伯爵夫人 \ud800"},
        {"delivery_id": None},
    ],
)
def test_no_request_breaks_a_documented_rule(make_message: MakeMessage, changes: dict[str, object]) -> None:
    assert find_faults(json.loads(json.dumps(build_payload(make_message(**changes))))) == []


def test_a_message_that_begins_with_a_key_is_refused_alone(make_message: MakeMessage) -> None:
    with pytest.raises(Unsendable, match="SendGrid key"):
        build_payload(make_message(text="SG.abc.def and more"))
