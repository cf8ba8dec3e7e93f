"""What every provider owes to the outbox, run over all of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from newsletter.config.settings import ConsoleProvider, FilesProvider
from newsletter.delivery import PROVIDERS, Provider, Surroundings, open_provider
from newsletter.errors import ProviderError
from newsletter.model import Message, Verdict
from newsletter.testing import MemoryProvider, SendgridStub, SmtpSink


@dataclass(frozen=True)
class Case:
    """A provider, and a way to see whom it brought mail to."""

    provider: Provider
    received: Callable[[], list[str]]


def _files(stack: ExitStack, folder: Path) -> Case:
    provider = open_provider(FilesProvider(path=folder / "outbox"))
    return Case(provider, lambda: [line for path in sorted(folder.rglob("*.eml")) for line in _to(path.read_text())])


def _console(stack: ExitStack, folder: Path) -> Case:
    stream = io.StringIO()
    provider = open_provider(ConsoleProvider(kind="console"), surroundings=Surroundings(stream=stream))
    return Case(provider, lambda: _to(stream.getvalue()))


def _smtp(stack: ExitStack, folder: Path) -> Case:
    sink = stack.enter_context(SmtpSink())
    return Case(open_provider(sink.settings), lambda: [message.recipient for message in sink.messages])


def _sendgrid(stack: ExitStack, folder: Path) -> Case:
    stub = stack.enter_context(SendgridStub())
    return Case(
        open_provider(stub.settings),
        lambda: [payload["personalizations"][0]["to"][0]["email"] for payload in stub.messages],
    )


def _memory(stack: ExitStack, folder: Path) -> Case:
    provider = MemoryProvider()
    return Case(provider, lambda: [message.recipient.email for message in provider.messages])


def _to(text: str) -> list[str]:
    return [line.removeprefix("To: ") for line in text.splitlines() if line.startswith("To: ")]


CASES = {"files": _files, "console": _console, "smtp": _smtp, "sendgrid": _sendgrid, "memory": _memory}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with ExitStack() as stack:
        yield CASES[request.param](stack, tmp_path)


def test_every_provider_of_the_table_is_under_this_contract() -> None:
    assert set(PROVIDERS) == CASES.keys() - {"memory"}


def test_it_has_the_shape_of_a_provider(case: Case) -> None:
    assert isinstance(case.provider, Provider)
    assert case.provider.name in CASES
    assert case.provider.idempotency_seconds >= 0


def test_a_group_arrives_in_order_with_one_outcome_a_message(case: Case, make_message: Callable[..., Message]) -> None:
    group = [make_message(number) for number in range(1, 5)]
    with case.provider as provider:
        outcomes = list(provider.send(group))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.SENT] * 4
    assert sorted(case.received()) == [message.recipient.email for message in group]


def test_groups_follow_each_other_on_one_connection(case: Case, make_message: Callable[..., Message]) -> None:
    with case.provider as provider:
        for number in (1, 2, 3):
            assert [outcome.verdict for outcome in provider.send([make_message(number)])] == [Verdict.SENT]
        assert list(provider.send([])) == []
    assert len(case.received()) == 3


def test_nothing_is_sent_before_it_is_asked_for(case: Case, make_message: Callable[..., Message]) -> None:
    with case.provider as provider:
        provider.send([make_message()])
    assert case.received() == []


def test_stopping_in_the_middle_leaves_the_rest_unsent(case: Case, make_message: Callable[..., Message]) -> None:
    with case.provider as provider:
        outcomes = provider.send([make_message(1), make_message(2)])
        assert next(outcomes).verdict is Verdict.SENT
    assert case.received() == ["reader1@example.org"]


def test_a_domain_in_letters_beyond_ascii_arrives(case: Case, make_message: Callable[..., Message]) -> None:
    with case.provider as provider:
        outcomes = list(provider.send([make_message(to="ada@bücher.example")]))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.SENT]
    assert case.received()[0] in ("ada@xn--bcher-kva.example", "ada@bücher.example")


@pytest.mark.parametrize(
    "changes",
    [
        {"to_name": "Lovelace, Ada; 伯爵夫人"},
        {"subject": "\N{GREEK SMALL LETTER ALPHA} " * 300},
        {"text": "", "html": "<p>only html</p>"},
        {"html": "", "text": "only text"},
        {"text": "\x1b[31mred\x07", "html": "<p>\ud800</p>"},
        {"delivery_id": None, "headers": ()},
    ],
)
def test_odd_messages_arrive_too(case: Case, make_message: Callable[..., Message], changes: dict[str, str]) -> None:
    with case.provider as provider:
        outcomes = list(provider.send([make_message(1, **changes)]))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.SENT]
    assert len(case.received()) == 1


@pytest.mark.parametrize(
    "address", ["no-at-sign", "a@b\r\nRCPT TO:<c@d>", "a b@example.org", "<a@b>", "a@", "\x00@b.c"]
)
@pytest.mark.parametrize("kind", ["smtp", "sendgrid"])
def test_what_is_no_address_is_refused_and_the_others_go_on(
    kind: str, address: str, make_message: Callable[..., Message], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        case = CASES[kind](stack, tmp_path)
        with case.provider as provider:
            bad, good = provider.send([make_message(1, to=address), make_message(2)])
        assert (bad.verdict, bad.address_is_bad) == (Verdict.REFUSED, True)
        assert good.verdict is Verdict.SENT
        assert case.received() == ["reader2@example.org"]


@pytest.mark.parametrize("kind", ["smtp", "sendgrid"])
def test_a_server_that_is_not_there_is_an_error_before_anything_is_sent(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        case = CASES[kind](stack, tmp_path)
        stack.close()
        with pytest.raises(ProviderError, match=r"127\.0\.0\.1:\d+: cannot be reached: [^\[]+$"), case.provider:
            pass
