from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from newsletter.config.settings import FilesProvider
from newsletter.delivery import Surroundings, open_provider
from newsletter.delivery.files import GALLERY, GALLERY_MAILS, SentFile, file_name, list_files, remove_mails
from newsletter.errors import ProviderError
from newsletter.model import Mailbox, Message, Verdict

MakeMessage = Callable[..., Message]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "outbox"


def _send(folder: Path, *messages: Message, gallery: Callable[[Sequence[SentFile]], str] | None = None) -> None:
    with open_provider(FilesProvider(path=folder), surroundings=Surroundings(gallery=gallery)) as provider:
        assert all(outcome.verdict is Verdict.SENT for outcome in provider.send(messages))


def _gallery(files: Sequence[SentFile]) -> str:
    return "\n".join(file.subject for file in files)


def test_the_very_bytes_and_the_html_are_written(folder: Path, make_message: MakeMessage) -> None:
    message = make_message()
    with open_provider(FilesProvider(path=folder)) as provider:
        (outcome,) = provider.send([message])
    assert outcome.provider_id == file_name(message)
    assert (folder / file_name(message)).read_bytes() == message.raw
    assert (folder / file_name(message)).with_suffix(".html").read_text() == message.html
    assert len(list(folder.iterdir())) == 2


def test_names_say_when_and_to_whom(make_message: MakeMessage) -> None:
    tokyo = datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=9)))
    name = file_name(make_message(to="Ada.Lovelace@example.org", date=tokyo))
    assert re.fullmatch(r"2026-11-23-ada-lovelace-example-org-[0-9a-f]{10}\.eml", name)


def test_the_same_message_is_the_same_file_and_every_other_is_another(folder: Path, make_message: MakeMessage) -> None:
    same_reader = make_message(1, message_id="<other@example.org>")
    same_slug = make_message(1, to="reader1.example@org")
    _send(folder, make_message(1), make_message(1), same_reader, same_slug)
    assert len(list(folder.glob("*.eml"))) == 3


@pytest.mark.parametrize(
    "address", ["../../etc/passwd@example.org", "/etc/passwd", "..", "a\x00b@c", "\\\\host\\share@x", "ü" * 500, "伯爵"]
)
def test_no_address_leads_out_of_the_folder(
    tmp_path: Path, folder: Path, make_message: MakeMessage, address: str
) -> None:
    _send(folder, make_message(to=address, raw=b"To: x@y\r\n\r\n"))
    (eml,) = tmp_path.rglob("*.eml")
    assert eml.parent == folder
    assert re.fullmatch(r"2026-11-22-[a-z0-9-]+\.eml", eml.name)


def test_the_gallery_lists_earlier_mails_too_newest_first(folder: Path, make_message: MakeMessage) -> None:
    _send(folder, make_message(1))
    later = b"To: =?utf-8?q?Ad=C3=A0?= <ada@example.org>\r\nSubject: =?utf-8?b?w6ku?=\r\n"
    message = make_message(
        2, date=datetime(2026, 11, 23, tzinfo=UTC), raw=later + b"Date: Mon, 23 Nov 2026 06:00 -0000"
    )
    _send(folder, message, gallery=_gallery)
    assert (folder / "index.html").read_text() == "é.\nTen papers, number 1"
    newest, oldest = list_files(folder)
    assert newest.recipient == Mailbox(email="ada@example.org", name="Adà")
    assert newest.date == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert (newest.eml, newest.html) == (file_name(message), file_name(message).replace(".eml", ".html"))
    assert oldest.date == datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


def test_the_gallery_is_written_when_nothing_was_sent_and_not_without_one(folder: Path) -> None:
    _send(folder)
    assert list(folder.iterdir()) == []
    _send(folder, gallery=_gallery)
    assert [path.name for path in folder.iterdir()] == ["index.html"]


def test_the_gallery_is_capped(folder: Path, make_message: MakeMessage) -> None:
    folder.mkdir(parents=True)
    for number in range(GALLERY_MAILS + 5):
        (folder / f"2026-11-22-reader-{number:010}.eml").write_bytes(b"Subject: x\r\n\r\n")
    assert len(list_files(folder)) == GALLERY_MAILS
    assert len(list_files(folder, limit=None)) == GALLERY_MAILS + 5


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?no-such-charset?q?x?=\r\nDate: never\r\nTo: ,,,\r\n",
        b"Subject: =?utf-8?b?broken?=\r\nDate: Sun, 99 Nov 2026 07:30:00 +0000\r\n",
        b"no colon at all",
    ],
)
def test_a_file_that_is_no_mail_does_no_harm(folder: Path, make_message: MakeMessage, head: bytes) -> None:
    _send(folder, make_message(1))
    (folder / "2026-11-21-stray-0123456789.eml").write_bytes(head)
    (folder / "notes.eml").write_text("Subject: somebody else's")
    good, stray = list_files(folder)
    assert (good.subject, stray.html, stray.date) == ("Ten papers, number 1", None, None)


def test_erasing_a_reader_leaves_no_trace_of_the_address(folder: Path, make_message: MakeMessage) -> None:
    ada = make_message(1, to="Ada@bücher.example", raw=b"To: Ada@xn--bcher-kva.example\r\n\r\nDear ada\r\n")
    _send(folder, ada, make_message(2), make_message(3), gallery=str)
    assert remove_mails(folder, "ada@BÜCHER.example") == 1
    assert not any(b"xn--bcher" in path.read_bytes() for path in folder.iterdir())
    assert len(list(folder.glob("*.eml"))) == 2
    assert remove_mails(folder, "ada@bücher.example") == 0
    assert remove_mails(folder / "missing", "ada@example.org") == 0


def test_mails_that_cannot_be_deleted_are_an_error(folder: Path, make_message: MakeMessage) -> None:
    _send(folder, make_message(1))
    (folder / file_name(make_message(1))).with_suffix(".html").unlink()
    (folder / file_name(make_message(1))).with_suffix(".html").mkdir()
    with pytest.raises(ProviderError, match="cannot be deleted"):
        remove_mails(folder, "reader1@example.org")


def test_a_folder_that_cannot_be_is_an_error_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with (
        pytest.raises(ProviderError, match="cannot be made into a folder"),
        open_provider(FilesProvider(path=tmp_path / "outbox" / "inside")),
    ):
        pass


def test_a_file_that_cannot_be_written_stops_sending_and_leaves_no_half(
    folder: Path, make_message: MakeMessage
) -> None:
    with open_provider(FilesProvider(path=folder)) as provider:
        outcomes = provider.send([make_message(1), make_message(2)])
        next(outcomes)
        (folder / file_name(make_message(2))).mkdir()
        with pytest.raises(ProviderError, match="cannot be written"):
            next(outcomes)
    assert [path.name for path in folder.glob("*.eml") if path.is_file()] == [file_name(make_message(1))]
    assert list(folder.glob(".*")) == []


def test_a_full_disk_is_told_as_one(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / f".{GALLERY}.unfinished").symlink_to("/dev/full")
    provider = open_provider(FilesProvider(path=folder), surroundings=Surroundings(gallery=lambda _: "all mails"))
    with pytest.raises(ProviderError, match=r"index\.html: cannot be written: the disk is full; free some space"):
        provider.__enter__().__exit__(None, None, None)


def test_a_folder_that_disappears_is_an_error(folder: Path) -> None:
    provider = open_provider(FilesProvider(path=folder), surroundings=Surroundings(gallery=_gallery))
    provider.__enter__()
    folder.rmdir()
    with pytest.raises(ProviderError, match="cannot be read"):
        provider.__exit__(None, None, None)
