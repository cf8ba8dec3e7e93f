"""The fakes that are shipped: what others' tests rely on."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from newsletter.delivery import open_provider
from newsletter.errors import ProviderRefused
from newsletter.model import Message, Outcome, Verdict
from newsletter.testing import DROP, MemoryProvider, SendgridStub, SmtpSink
from newsletter.testing.sendgrid_rules import MAX_CUSTOM_ARGS_BYTES, MAX_REQUEST_BYTES, find_faults

MakeMessage = Callable[..., Message]

GOOD: dict[str, Any] = {
    "from": {"email": "papers@example.org"},
    "personalizations": [{"to": [{"email": "ada@example.org", "name": "Ada"}]}],
    "subject": "Papers",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


def test_the_memory_provider_does_as_it_is_told(make_message: MakeMessage) -> None:
    refused = Outcome(verdict=Verdict.REFUSED)
    provider = MemoryProvider(lambda message: refused if message.delivery_id == 3 else None, idempotency_seconds=60)
    provider.answer(Outcome(verdict=Verdict.UNCERTAIN))
    with provider:
        verdicts = [outcome.verdict for outcome in provider.send([make_message(number) for number in (1, 2, 3)])]
    assert verdicts == [Verdict.UNCERTAIN, Verdict.SENT, Verdict.REFUSED]
    assert [message.delivery_id for message in provider.messages] == [1, 2]
    assert (provider.groups, provider.idempotency_seconds) == ([3], 60)


def test_the_memory_provider_raises_where_it_is_told_to(make_message: MakeMessage) -> None:
    provider = MemoryProvider()
    provider.answer(Outcome(verdict=Verdict.SENT), ProviderRefused("no"))
    with provider:
        outcomes = provider.send([make_message(1), make_message(2)])
        assert next(outcomes).verdict is Verdict.SENT
        with pytest.raises(ProviderRefused):
            next(outcomes)
    provider.refuses_connection = ProviderRefused("not you")
    with pytest.raises(ProviderRefused, match="not you"), provider:
        pass


def test_a_server_may_hang_up_once_its_answer_has_left(
    sink: SmtpSink, stub: SendgridStub, make_message: MakeMessage
) -> None:
    for server in (sink, stub):
        server.answer("AFTER", DROP)
        for number in (1, 2):
            with open_provider(server.settings) as provider:
                [outcome] = provider.send([make_message(number)])
            assert outcome.verdict is Verdict.SENT
        assert (len(server.messages), server.connections) == (2, 2)


@pytest.mark.parametrize("server", [SmtpSink(), SendgridStub()])
def test_a_step_that_does_not_exist_is_an_error(server: SmtpSink | SendgridStub) -> None:
    with pytest.raises(ValueError, match="no step 'LUNCH'"):
        server.answer("LUNCH", "250 fine")


def test_without_aiosmtpd_the_sink_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['aiosmtpd'] = None\n"
        "from newsletter.testing import SmtpSink\n"
        "try:\n    SmtpSink().__enter__()\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "SmtpSink needs aiosmtpd: pip install aiosmtpd\n"


def _with(path: str, value: Any) -> dict[str, Any]:
    """The good request with one thing changed; ``None`` takes it away."""
    payload = json.loads(json.dumps(GOOD))
    holder: Any = payload
    *steps, last = path.split("/")
    for step in steps:
        holder = holder[int(step) if step.isdecimal() else step]
    key = int(last) if last.isdecimal() else last
    if value is None:
        del holder[key]
    else:
        holder[key] = value
    return payload  # type: ignore[no-any-return]


TO = "personalizations/0/to"


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ([], ""),
        (_with("from", None), "from"),
        (_with("from/email", "no-address"), "from.email"),
        (_with("from/email", "åsa@example.org"), "from.email"),
        (_with("from/name", 3), "from.name"),
        (_with("reply_to", "editor@example.org"), "reply_to"),
        (_with("reply_to", {"email": "e@example.org"}) | {"reply_to_list": []}, "reply_to"),
        (_with("personalizations", None), "personalizations"),
        (_with("personalizations", []), "personalizations"),
        (_with("personalizations", [7]), "personalizations.0"),
        (_with("personalizations", GOOD["personalizations"] * 1001), "personalizations"),
        (_with("personalizations/0/html", "x"), "personalizations.0.html"),
        (_with(TO, None), "personalizations.0.to"),
        (_with(TO, []), "personalizations.0.to"),
        (_with(f"{TO}/0/email", "a@b@c"), "personalizations.0.to.0.email"),
        (_with(f"{TO}/0/name", "Lovelace, Ada"), "personalizations.0.to.0.name"),
        (_with(TO, [{"email": f"r{number}@example.org"} for number in range(1001)]), "personalizations"),
        (_with("personalizations/0/cc", [{"email": "ADA@example.org"}]), "personalizations.0.cc.0.email"),
        (_with("subject", None), "subject"),
        (_with("subject", ""), "subject"),
        (_with("content", None), "content"),
        (_with("content", []), "content"),
        (_with("content/0/value", ""), "content.0.value"),
        (_with("content/0/charset", "utf-8"), "content.0"),
        (_with("content/0/type", "text/plain; charset=utf-8"), "content.0.type"),
        (_with("content", [{"type": kind, "value": "x"} for kind in ("text/html", "text/plain")]), "content"),
        (_with("content", [{"type": kind, "value": "x"} for kind in ("text/calendar", "text/plain")]), "content"),
        (_with("headers", []), "headers"),
        (_with("headers", {"Subject": "x"}), "headers.Subject"),
        (_with("headers", {"X-A": 3}), "headers.X-A"),
        (_with("headers", {"X-A": "é"}), "headers.X-A"),
        (_with("headers", {"X-A": "a\r\nB: c"}), "headers.X-A"),
        (_with("headers", {"X A": "a"}), "headers.X A"),
        (_with("personalizations/0/headers", {"To": "a"}), "personalizations.0.headers.To"),
        (_with("custom_args", {"delivery_id": 7}), "custom_args"),
        (_with("custom_args", {"k": "v" * MAX_CUSTOM_ARGS_BYTES}), "custom_args"),
        (_with("tracking_settings", []), "tracking_settings"),
        (_with("tracking_settings", {"open_tracking": {"enable": "no"}}), "tracking_settings.open_tracking"),
        (_with("tracking_settings", {"mind_reading": {}}), "tracking_settings.mind_reading"),
        (_with("mail_settings", {"sandbox_mode": {"on": True}}), "mail_settings.sandbox_mode"),
        (_with("html", "<p>"), "html"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_documented_rule_is_checked(payload: Any, field: str) -> None:
    assert [fault.field for fault in find_faults(payload)] == [field]


def test_a_good_request_breaks_no_rule_unless_it_is_too_big() -> None:
    assert find_faults(GOOD) == []
    subjects = _with("subject", None)
    subjects["personalizations"][0]["subject"] = "Papers"
    assert find_faults(subjects) == []
    assert [fault.message for fault in find_faults(GOOD, size_bytes=MAX_REQUEST_BYTES)] == [
        "the total size must be less than 30MB"
    ]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 202),
        ({"data": b"{}"}, 400),
        ({"data": b"no json"}, 400),
        ({"key": "SG.other"}, 401),
        ({"path": "/v3/mail/sent"}, 404),
        ({"data": None}, 405),
        ({"type": "text/plain"}, 415),
        ({"data": b" " * MAX_REQUEST_BYTES}, 413),
    ],
)
def test_the_stub_answers_like_sendgrid(stub: SendgridStub, changes: dict[str, Any], status: int) -> None:
    data = changes.get("data", json.dumps(GOOD).encode()) if "data" in changes else json.dumps(GOOD).encode()
    request = urllib.request.Request(
        stub.url + changes.get("path", "/v3/mail/send"),
        data=data,
        headers={
            "Authorization": f"Bearer {changes.get('key', stub.api_key)}",
            "Content-Type": changes.get("type", "application/json"),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            answered = response.status
    except urllib.error.HTTPError as error:
        answered = error.code
        error.close()
    assert answered == status
    assert len(stub.messages) == (status == 202)
    assert bool(stub.faults) == (status == 400)


def test_the_sink_counts_connections_and_writes_down_the_dialogue(sink: SmtpSink, make_message: MakeMessage) -> None:
    with open_provider(sink.settings) as provider:
        list(provider.send([make_message(1), make_message(2)]))
    assert sink.connections == 1
    assert [command.split()[0] for command in sink.commands] == [
        *("CONNECT", "EHLO"),
        *("MAIL", "RCPT", "DATA") * 2,
        "QUIT",
    ]
