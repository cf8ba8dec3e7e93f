from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from newsletter.config.settings import ConsoleProvider
from newsletter.delivery import Surroundings, open_provider
from newsletter.delivery.console import RULE, show
from newsletter.errors import ProviderError
from newsletter.model import Message

MakeMessage = Callable[..., Message]


def test_headers_and_text_are_shown_as_a_person_reads_them(make_message: MakeMessage) -> None:
    message = make_message(to="ada@example.org", to_name="Ada", headers=(("List-Id", "<p.x>"),), text="Hello\nAda\n")
    assert show(message) == (
        "From: Morning Papers <papers@example.org>\n"
        "To: Ada <ada@example.org>\n"
        "Subject: Ten papers, number 1\n"
        "Date: Sun, 22 Nov 2026 07:30:00 +0000\n"
        "Message-ID: <d1.1@example.org>\n"
        "List-Id: <p.x>\n"
        f"\nHello\nAda\n{RULE}\n"
    )


def test_nothing_in_a_mail_commands_the_terminal(make_message: MakeMessage) -> None:
    shown = show(make_message(subject="a\x1b[2Jb\nc", text="x\x1b]0;evil\x07\u00a0y\r\n\tz"))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u00a0y\n\tz" in shown


def test_a_terminal_without_the_letters_shows_question_marks(make_message: MakeMessage) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with open_provider(ConsoleProvider(kind="console"), surroundings=Surroundings(stream=stream)) as provider:
        list(provider.send([make_message(text="ℓ₂")]))
    assert b"\n??\n" in raw.getvalue()


def test_standard_output_is_the_default(make_message: MakeMessage, capsys: pytest.CaptureFixture[str]) -> None:
    with open_provider(ConsoleProvider(kind="console")) as provider:
        list(provider.send([make_message()]))
    assert "Subject: Ten papers, number 1\n" in capsys.readouterr().out


def test_a_terminal_that_is_gone_is_an_error(make_message: MakeMessage) -> None:
    stream = io.StringIO()
    stream.close()
    with (
        open_provider(ConsoleProvider(kind="console"), surroundings=Surroundings(stream=stream)) as provider,
        pytest.raises(ProviderError, match="cannot be written to"),
    ):
        list(provider.send([make_message()]))
