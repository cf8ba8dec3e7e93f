"""Every answer SendGrid may give; the truth is what the server took."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable

import pytest
from patience import with_patience
from pydantic import SecretStr

from newsletter.delivery import Surroundings, open_provider
from newsletter.delivery.groups import UNCLEAR_IN_A_ROW
from newsletter.errors import ProviderBusy, ProviderError, ProviderRefused, UsageError
from newsletter.model import Mailbox, Message, Outcome, Verdict
from newsletter.testing import DROP, STALL, Certificate, SendgridAnswer, SendgridStub, make_certificate

MakeMessage = Callable[..., Message]

SENT, REFUSED, DEFERRED, UNCERTAIN = Verdict.SENT, Verdict.REFUSED, Verdict.DEFERRED, Verdict.UNCERTAIN


def _answer(status: int, words: str = "", **headers: str) -> SendgridAnswer:
    return SendgridAnswer(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=words.encode()
    )


def _recipients(stub: SendgridStub) -> list[str]:
    return [payload["personalizations"][0]["to"][0]["email"] for payload in stub.messages]


def _send(stub: SendgridStub, messages: list[Message], *, timeout_seconds: float = 60) -> list[Outcome]:
    settings = stub.settings.model_copy(update={"timeout_seconds": timeout_seconds})
    with open_provider(settings) as provider:
        return list(provider.send(messages))


def test_accepted_mail_has_sendgrids_id_and_one_connection_carries_it_all(
    stub: SendgridStub, make_message: MakeMessage
) -> None:
    outcomes = _send(stub, [make_message(number) for number in range(1, 21)])
    assert [outcome.provider_id for outcome in outcomes] == [f"stub-{number}" for number in range(1, 21)]
    assert (stub.connections, stub.faults) == (1, [])


@pytest.mark.parametrize(
    ("answer", "verdict", "taken"),
    [
        (_answer(202), SENT, True),
        (_answer(200), SENT, True),
        (_answer(400, '{"errors":[{"message":"bad","field":"content.0","help":null}]}'), REFUSED, False),
        (_answer(400, "<html>what?"), REFUSED, False),
        (_answer(413, '{"errors":[{"message":"content too large","field":"null"}]}'), REFUSED, False),
        (_answer(422), REFUSED, False),
        (_answer(408), DEFERRED, False),
        (_answer(500, '{"errors":[{"message":"internal"}]}'), DEFERRED, False),
        (_answer(503, "busy"), DEFERRED, False),
        (SendgridAnswer(status=502, headers={"Connection": "close"}, closes=True), DEFERRED, False),
        (_answer(503, "x" * 200_000), DEFERRED, False),
        (DROP, UNCERTAIN, True),
        ("garbage\r\n\r\n", UNCERTAIN, True),
        ("HTTP/1.1 2", UNCERTAIN, True),
        ("HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nab", SENT, True),
    ],
    ids=lambda value: str(getattr(value, "status", value))[:24],
)
def test_the_table_is_followed_and_the_group_goes_on(
    stub: SendgridStub, make_message: MakeMessage, answer: SendgridAnswer | str, verdict: Verdict, taken: bool
) -> None:
    stub.answer("ANSWER", answer)
    first, second = _send(stub, [make_message(1), make_message(2)])
    assert (first.verdict, second.verdict) == (verdict, SENT)
    assert _recipients(stub) == (["reader1@example.org"] if taken else []) + ["reader2@example.org"]


def test_silence_after_a_request_is_no_answer(make_message: MakeMessage) -> None:
    def check(seconds: float) -> None:
        with SendgridStub() as stub:
            stub.answer("ANSWER", STALL)
            first, second = _send(stub, [make_message(1), make_message(2)], timeout_seconds=seconds)
            assert (first.verdict, second.verdict) == (UNCERTAIN, SENT)
            assert _recipients(stub) == ["reader1@example.org", "reader2@example.org"]

    with_patience(check)


@pytest.mark.parametrize(
    "answer",
    [
        _answer(401, '{"errors":[{"message":"The grant is revoked","field":null,"help":null}]}'),
        _answer(403, '{"errors":[{"message":"The from address is not verified","field":"from","help":null}]}'),
        _answer(400, '{"errors":[{"message":"no valid address","field":"from.email","help":null}]}'),
        _answer(404),
        _answer(405),
        _answer(301, Location="https://example.org/"),
    ],
    ids=lambda answer: str(answer.status),
)
def test_what_concerns_all_mail_ends_the_group_and_hands_nothing_over(
    stub: SendgridStub, make_message: MakeMessage, answer: SendgridAnswer
) -> None:
    stub.answer("ANSWER", _answer(202), answer)
    with open_provider(stub.settings) as provider:
        outcomes = provider.send([make_message(1), make_message(2), make_message(3)])
        assert next(outcomes).verdict is SENT
        with pytest.raises(ProviderRefused, match=rf"{stub.url}: refuses us: {answer.status}"):
            next(outcomes)
    assert _recipients(stub) == ["reader1@example.org"]
    assert stub.requests == 2


def test_a_wrong_key_is_a_refusal_and_stands_in_no_message(stub: SendgridStub, make_message: MakeMessage) -> None:
    settings = stub.settings.model_copy(update={"api_key": SecretStr("SG.wrong-key")})
    with open_provider(settings) as provider, pytest.raises(ProviderRefused) as caught:
        list(provider.send([make_message()]))
    assert "grant is invalid" in str(caught.value)
    assert "SG.wrong-key" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "two words", "line\r\nX-Evil: 1", "schlüssel"])
def test_a_key_that_is_none_is_an_error_at_once(stub: SendgridStub, key: str) -> None:
    settings = stub.settings.model_copy(update={"api_key": SecretStr(key)})
    with pytest.raises(UsageError, match=r"provider\.api_key") as caught:
        open_provider(settings)
    assert not key or key not in str(caught.value)


def test_a_refusal_of_the_recipient_bars_the_address(stub: SendgridStub, make_message: MakeMessage) -> None:
    words = '{"errors":[{"message":"no valid address: reader1@example.org","field":"personalizations.0.to.0.email"}]}'
    stub.answer("ANSWER", _answer(400, words))
    first, _ = _send(stub, [make_message(1), make_message(2)])
    assert (first.verdict, first.address_is_bad) == (REFUSED, True)
    assert first.detail == "400 no valid address: [recipient] (personalizations.0.to.0.email)"


def test_a_mistake_of_ours_bars_no_address(stub: SendgridStub, make_message: MakeMessage) -> None:
    words = '{"errors":[{"message":"Invalid type","field":"personalizations.0.to.0.email"}]}'
    stub.answer("ANSWER", _answer(400, words))
    (outcome,) = _send(stub, [make_message(1)])
    assert (outcome.verdict, outcome.address_is_bad) == (REFUSED, False)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"errors":["Maximum credits exceeded"],"message":"error"}', "503 Maximum credits exceeded"),
        ('{"errors":[{"message":"one","field":"null"},{"message":"two"}]}', "503 one; two"),
        ('{"errors":[{"field":"x"}]}', "503 {'field': 'x'} (x)"),
        ('{"errors":{"a":1}}', "503 a"),
        ('{"errors":[1]}', '503 {"errors":[1]}'),
        ("[]", "503 []"),
        ("upstream\ngone", "503 upstream gone"),
        ("", "503"),
    ],
)
def test_the_words_are_read_in_any_shape(stub: SendgridStub, make_message: MakeMessage, body: str, detail: str) -> None:
    stub.answer("ANSWER", _answer(503, body))
    assert _send(stub, [make_message()])[0].detail == detail


# -- waiting -----------------------------------------------------------------------------------------------------

NOON = email.utils.format_datetime(email.utils.parsedate_to_datetime("Sun, 22 Nov 2026 12:00:00 GMT"), usegmt=True)
NOON_STAMP = int(email.utils.parsedate_to_datetime(NOON).timestamp())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Date": NOON, "X_RateLimit_Reset": str(NOON_STAMP + 42)}, 42.0),
        ({"Date": NOON, "X_RateLimit_Reset": str(NOON_STAMP - 5)}, 0.0),
        ({"Date": NOON, "Retry_After": "Sun, 22 Nov 2026 12:01:00 GMT"}, 60.0),
        ({"Retry_After": "17"}, 17.0),
        ({"Date": NOON, "X_RateLimit_Reset": "soon", "Retry_After": "9"}, 9.0),
        ({"Retry_After": "9" * 20}, 86_400.0),
        ({"X_RateLimit_Reset": "9" * 30}, 86_400.0),
        ({"Retry_After": "9" * 400}, 86_400.0),
        ({"Retry_After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
        ({"Retry_After": "later"}, None),
        ({}, None),
    ],
)
def test_too_many_requests_ends_the_group_and_says_how_long_to_wait(
    stub: SendgridStub, make_message: MakeMessage, headers: dict[str, str], seconds: float | None
) -> None:
    stub.answer("ANSWER", _answer(429, '{"errors":[{"message":"too many requests","field":null}]}', **headers))
    with open_provider(stub.settings) as provider:
        outcomes = provider.send([make_message(1), make_message(2)])
        first = next(outcomes)
        assert (first.verdict, first.retry_after_seconds) == (DEFERRED, seconds)
        with pytest.raises(ProviderBusy, match="asks to come back later: 429 too many requests") as caught:
            next(outcomes)
    assert caught.value.retry_after_seconds == seconds
    assert stub.requests == 1


def test_without_a_date_the_machines_clock_counts(stub: SendgridStub, make_message: MakeMessage) -> None:
    stub.answer("ANSWER", _answer(503, "", X_RateLimit_Reset=str(int(time.time()) + 1000)))
    (outcome,) = _send(stub, [make_message()])
    assert outcome.retry_after_seconds is not None
    assert 900 < outcome.retry_after_seconds <= 1000


# -- connections -------------------------------------------------------------------------------------------------


def test_a_connection_closed_while_idle_is_opened_anew(stub: SendgridStub, make_message: MakeMessage) -> None:
    stub.answer("ANSWER", SendgridAnswer(closes=True))
    with open_provider(stub.settings) as provider:
        outcomes = provider.send([make_message(1), make_message(2)])
        assert next(outcomes).verdict is SENT
        assert stub.closed.acquire(timeout=300)
        assert next(outcomes).verdict is SENT
    assert stub.connections == 2
    assert _recipients(stub) == ["reader1@example.org", "reader2@example.org"]


def _big(make_message: MakeMessage) -> Message:
    return make_message(1, html="x" * 25_000_000)


def test_a_request_that_never_left_whole_is_tried_once_more(stub: SendgridStub, make_message: MakeMessage) -> None:
    stub.answer("HEAD", DROP)
    (outcome,) = _send(stub, [_big(make_message)])
    assert outcome.verdict is SENT
    assert (stub.requests, len(stub.messages)) == (2, 1)


def test_a_request_that_never_leaves_whole_is_certainly_no_delivery(
    stub: SendgridStub, make_message: MakeMessage
) -> None:
    stub.answer("HEAD", DROP, DROP)
    first, second = _send(stub, [_big(make_message), make_message(2)])
    assert (first.verdict, second.verdict) == (DEFERRED, SENT)
    assert first.detail == "connection lost inside the request"
    assert _recipients(stub) == ["reader2@example.org"]


def test_a_provider_that_never_answers_is_given_only_so_many_messages(make_message: MakeMessage) -> None:
    with SendgridStub(lambda step, path: DROP if step == "ANSWER" else None) as stub:
        with open_provider(stub.settings) as provider:
            outcomes = provider.send([make_message(number) for number in range(1, 21)])
            assert [next(outcomes).verdict for _ in range(UNCLEAR_IN_A_ROW)] == [UNCERTAIN] * UNCLEAR_IN_A_ROW
            with pytest.raises(ProviderError, match="without a clear answer; the last: connection lost after"):
                next(outcomes)
        assert stub.requests == UNCLEAR_IN_A_ROW


def test_a_server_that_goes_away_ends_the_group(make_message: MakeMessage) -> None:
    with SendgridStub() as stub:
        stub.answer("ANSWER", SendgridAnswer(closes=True))
        provider = open_provider(stub.settings)
        provider.__enter__()
        outcomes = provider.send([make_message(1), make_message(2)])
        assert next(outcomes).verdict is SENT
        assert stub.closed.acquire(timeout=300)
    with pytest.raises(ProviderError, match="cannot be reached"):
        next(outcomes)
    provider.__exit__(None, None, None)


def test_mail_travels_encrypted_over_one_connection(make_message: MakeMessage, certificate: Certificate) -> None:
    with SendgridStub(certificate=certificate) as stub:
        surroundings = Surroundings(trust=certificate.client_context)
        with open_provider(stub.settings, surroundings=surroundings) as provider:
            outcomes = [next(provider.send([make_message(number)])) for number in (1, 2, 3)]
        assert [outcome.verdict for outcome in outcomes] == [SENT] * 3
        assert (stub.connections, stub.faults) == (1, [])


@pytest.mark.parametrize("name", ["127.0.0.1", "api.example.org"])
def test_a_certificate_that_is_not_to_be_trusted_is_an_error(name: str) -> None:
    other = make_certificate(name)
    trust = make_certificate("127.0.0.1").client_context if name == "127.0.0.1" else other.client_context
    with SendgridStub(certificate=other) as stub:
        with (
            pytest.raises(ProviderError, match="CERTIFICATE_VERIFY_FAILED"),
            open_provider(stub.settings, surroundings=Surroundings(trust=trust)),
        ):
            pass
        assert stub.requests == 0


def test_addresses_that_sendgrid_cannot_take_are_refused_here(stub: SendgridStub, make_message: MakeMessage) -> None:
    first, second = _send(stub, [make_message(1, to="åsa@example.org"), make_message(2)])
    assert (first.verdict, first.address_is_bad, second.verdict) == (REFUSED, False, SENT)
    assert stub.requests == 1


@pytest.mark.parametrize("address", ["åsa@example.org", "nowhere"])
def test_a_sender_that_sendgrid_cannot_take_stops_everything(
    stub: SendgridStub, make_message: MakeMessage, address: str
) -> None:
    message = make_message(sender=Mailbox(email=address))
    with open_provider(stub.settings) as provider, pytest.raises(ProviderRefused, match=address):
        list(provider.send([message]))
    assert stub.requests == 0
