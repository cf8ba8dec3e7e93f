from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from newsletter.config.settings import SmtpProvider
from newsletter.delivery import Surroundings, open_provider
from newsletter.errors import ProviderBusy, ProviderError, ProviderRefused
from newsletter.model import Mailbox, Message, Verdict
from newsletter.testing import DROP, STALL, Certificate, SmtpSink, make_certificate

MakeMessage = Callable[..., Message]

USERS = {"ada": "geheimß"}


def _login(settings: SmtpProvider, password: str = USERS["ada"]) -> SmtpProvider:
    return settings.model_copy(update={"username": "ada", "password": SecretStr(password)})


# -- what arrives ------------------------------------------------------------------------------------------------


def test_the_very_bytes_arrive(sink: SmtpSink, make_message: MakeMessage) -> None:
    message = make_message()
    assert b"\r\n.a dot leads" in message.raw
    assert b"\r\n.\r\n..two" in message.raw
    with open_provider(sink.settings) as provider:
        outcome = next(provider.send([message]))
    (received,) = sink.messages
    assert received.raw == message.raw
    assert (received.sender, received.recipient) == ("papers@example.org", "reader1@example.org")
    assert outcome.provider_id == "SINK"


@pytest.mark.parametrize(
    ("raw", "arrives"),
    [
        (b"A: b\n\nbare\n.\nline ends\n", b"A: b\r\n\r\nbare\r\n.\r\nline ends\r\n"),
        (b"A: b\r\n\r\nalone\r.\rreturns", b"A: b\r\n\r\nalone\r\n.\r\nreturns\r\n"),
        (b".starts with a dot\r\n", b".starts with a dot\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_no_line_end_can_be_taken_for_the_end_of_the_message(
    sink: SmtpSink, make_message: MakeMessage, raw: bytes, arrives: bytes
) -> None:
    with open_provider(sink.settings) as provider:
        assert [outcome.verdict for outcome in provider.send([make_message(raw=raw)])] == [Verdict.SENT]
    assert [message.raw for message in sink.messages] == [arrives]


def test_the_size_is_announced_where_the_server_wants_to_know(sink: SmtpSink, make_message: MakeMessage) -> None:
    message = make_message()
    with open_provider(sink.settings) as provider:
        list(provider.send([message]))
    assert f"MAIL FROM:<papers@example.org> SIZE={len(message.raw)}" in sink.commands


def test_a_server_without_extensions_will_do(make_message: MakeMessage) -> None:
    with SmtpSink(extensions=False) as sink, open_provider(sink.settings) as provider:
        assert [outcome.verdict for outcome in provider.send([make_message()])] == [Verdict.SENT]
        assert "MAIL FROM:<papers@example.org>" in sink.commands


def test_a_server_that_knows_no_ehlo_will_do_on_this_machine(sink: SmtpSink, make_message: MakeMessage) -> None:
    sink.answer("EHLO", "502 5.5.1 unknown")
    with open_provider(sink.settings) as provider:
        assert [outcome.verdict for outcome in provider.send([make_message()])] == [Verdict.SENT]


def test_letters_beyond_ascii_before_the_at_need_a_server_that_takes_them(make_message: MakeMessage) -> None:
    message = make_message(to="åsa@bücher.example")
    with SmtpSink() as sink, open_provider(sink.settings) as provider:
        assert [outcome.verdict for outcome in provider.send([message])] == [Verdict.SENT]
        assert sink.messages[0].recipient == "åsa@xn--bcher-kva.example"
    with SmtpSink(extensions=False) as sink, open_provider(sink.settings) as provider:
        first, second = provider.send([message, make_message(2)])
    assert (first.verdict, first.address_is_bad, second.verdict) == (Verdict.REFUSED, False, Verdict.SENT)
    assert "non-ASCII" in first.detail


def test_a_sender_that_is_no_address_stops_everything(sink: SmtpSink, make_message: MakeMessage) -> None:
    message = make_message(sender=Mailbox(email="papers@ex\r\nample.org"), raw=b"\r\n")
    with (
        open_provider(sink.settings) as provider,
        pytest.raises(ProviderRefused, match=r"not a mail address; set from\.email"),
    ):
        list(provider.send([message]))
    assert sink.messages == []


# -- who is let in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanisms", [["PLAIN"], ["LOGIN"], ["PLAIN", "LOGIN"]])
def test_it_logs_in(make_message: MakeMessage, mechanisms: list[str]) -> None:
    with SmtpSink(users=USERS, mechanisms=mechanisms) as sink:
        with open_provider(_login(sink.settings)) as provider:
            assert [outcome.verdict for outcome in provider.send([make_message()])] == [Verdict.SENT]
        assert [message.username for message in sink.messages] == ["ada"]


@pytest.mark.parametrize("mechanisms", [["PLAIN"], ["LOGIN"]])
def test_a_wrong_password_is_a_refusal(mechanisms: list[str]) -> None:
    with SmtpSink(users=USERS, mechanisms=mechanisms) as sink:
        with pytest.raises(ProviderRefused, match="535") as caught, open_provider(_login(sink.settings, "wrong")):
            pass
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("454 4.7.0 temporary", ProviderError),
        ("535 5.7.8 no", ProviderRefused),
        ("451 Maximum credits exceeded", ProviderError),
        (DROP, ProviderError),
        ("nonsense", ProviderError),
    ],
)
def test_a_login_that_fails_for_now_is_told_from_one_that_fails_for_good(
    answer: str, error: type[ProviderError]
) -> None:
    with SmtpSink(users=USERS) as sink:
        sink.answer("AUTH", answer)
        with pytest.raises(ProviderError) as caught, open_provider(_login(sink.settings)):
            pass
        assert type(caught.value) is error


def test_a_server_that_offers_no_login_is_an_error(sink: SmtpSink) -> None:
    with pytest.raises(ProviderError, match="no login by PLAIN or LOGIN"), open_provider(_login(sink.settings)):
        pass


def test_a_server_that_wants_a_login_refuses_us_without(make_message: MakeMessage) -> None:
    with (
        SmtpSink(users=USERS) as sink,
        open_provider(sink.settings) as provider,
        pytest.raises(ProviderRefused, match="refuses us at MAIL: 530"),
    ):
        list(provider.send([make_message()]))


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("CONNECT", DROP, ProviderError),
        ("CONNECT", STALL, ProviderError),
        ("CONNECT", "421 4.3.2 come back", ProviderBusy),
        ("CONNECT", "nonsense", ProviderError),
        ("CONNECT", "554 5.7.1 not you", ProviderRefused),
        ("EHLO", DROP, ProviderError),
        ("EHLO", "421 4.3.2 come back", ProviderError),
    ],
)
def test_a_greeting_that_fails_is_an_error_before_anything_is_sent(
    sink: SmtpSink, step: str, answer: str, error: type[ProviderError]
) -> None:
    sink.answer(step, answer)
    settings = sink.settings.model_copy(update={"timeout_seconds": 1} if answer == STALL else {})
    with pytest.raises(ProviderError) as caught, open_provider(settings):
        pass
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"127.0.0.1:{sink.port}: ")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 80])
def test_a_host_that_is_none_is_an_error(host: str) -> None:
    settings = SmtpProvider.model_construct(kind="smtp", host=host, port=2525, tls="starttls", timeout_seconds=2)
    with pytest.raises(ProviderError, match="cannot be reached"), open_provider(settings):
        pass


# -- never in the clear ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_and_password_travel_encrypted(make_message: MakeMessage, certificate: Certificate, tls: str) -> None:
    with SmtpSink(tls=tls, certificate=certificate, users=USERS) as sink:  # type: ignore[arg-type]
        trust = Surroundings(trust=certificate.client_context)
        with open_provider(_login(sink.settings), surroundings=trust) as provider:
            assert [outcome.verdict for outcome in provider.send([make_message()])] == [Verdict.SENT]
        assert [message.is_encrypted for message in sink.messages] == [True]


def test_without_starttls_nothing_is_sent_in_plain() -> None:
    with SmtpSink(users=USERS) as sink:
        settings = _login(sink.settings).model_copy(update={"tls": "starttls"})
        with pytest.raises(ProviderError, match="STARTTLS extension not supported"), open_provider(settings):
            pass
    assert {command.split()[0] for command in sink.commands} == {"CONNECT", "EHLO"}


@pytest.mark.parametrize("answer", ["454 not now", "554 never", DROP, "nonsense"])
def test_a_starttls_that_fails_ends_the_connection(certificate: Certificate, answer: str) -> None:
    with SmtpSink(tls="starttls", certificate=certificate, users=USERS) as sink:
        sink.answer("STARTTLS", answer)
        trust = Surroundings(trust=certificate.client_context)
        with pytest.raises(ProviderError), open_provider(_login(sink.settings), surroundings=trust):
            pass
    assert {command.split()[0] for command in sink.commands} == {"CONNECT", "EHLO", "STARTTLS"}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_nobody_vouches_for_is_not_believed(certificate: Certificate, tls: str) -> None:
    with SmtpSink(tls=tls, certificate=certificate, users=USERS) as sink:  # type: ignore[arg-type]
        with pytest.raises(ProviderError, match="not to be trusted"), open_provider(_login(sink.settings)):
            pass
        assert not any(command.startswith(("AUTH", "MAIL")) for command in sink.commands)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_for_another_host_is_not_believed(tls: str) -> None:
    other = make_certificate("mail.example.org")
    with SmtpSink(tls=tls, certificate=other) as sink:  # type: ignore[arg-type]
        trust = Surroundings(trust=other.client_context)
        with (
            pytest.raises(ProviderError, match="not to be trusted: IP address mismatch"),
            open_provider(sink.settings, surroundings=trust),
        ):
            pass


def test_tls_with_a_server_that_speaks_none_is_an_error(sink: SmtpSink) -> None:
    settings = sink.settings.model_copy(
        update={
            "tls": "implicit",
        }
    )
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1:\d+: "), open_provider(settings):
        pass


# -- where word of it goes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipelining", [True, False])
def test_each_message_may_have_a_return_path_of_its_own(make_message: MakeMessage, pipelining: bool) -> None:
    paths = [f"bounces+{number}.{'x' * 22}@example.org" for number in range(1, 6)]
    messages = [make_message(number, return_path=path) for number, path in enumerate(paths, start=1)]
    with SmtpSink(pipelining=pipelining) as sink:
        with open_provider(sink.settings) as provider:
            assert {outcome.verdict for outcome in provider.send([*messages, make_message(6)])} == {Verdict.SENT}
        assert [message.sender for message in sink.messages] == [*paths, "papers@example.org"]
        assert sink.connections == 1
        assert b"bounces+" not in b"".join(message.raw for message in sink.messages)
