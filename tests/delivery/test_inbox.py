"""Where mails that come back lie, and that each is read once."""

from __future__ import annotations

import mailbox
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
from patience import with_patience
from pydantic import SecretStr

from newsletter.config.settings import Bounces, Imap
from newsletter.delivery import Surroundings
from newsletter.delivery.inbox import Inbox, open_inbox
from newsletter.delivery.inbox.wary import WaryClient
from newsletter.delivery.reports import MAX_BYTES
from newsletter.errors import InboxError
from newsletter.testing import Certificate, ImapSink, make_certificate

FIRST, SECOND = b"Subject: one\r\n\r\nfirst\r\n", b"Subject: two\r\n\r\nsecond \xff\r\n"
OpenInbox = Callable[..., AbstractContextManager[Inbox]]


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return make_certificate()


def maildir_of(folder: Path, *mails: bytes) -> Path:
    """A folder as the library's own writer makes it."""
    made = mailbox.Maildir(folder / "Maildir", create=True)
    for mail in mails:
        made.add(mail)
    return folder / "Maildir"


def imap_settings(sink: ImapSink, **changes: object) -> Imap:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": sink.port,
        "username": "reports",
        "password": SecretStr("secret"),
    }
    return Imap.model_validate(values | changes)


def opened(settings: Bounces, **surroundings: object) -> AbstractContextManager[Inbox]:
    inbox = open_inbox(settings, surroundings=Surroundings(**surroundings))
    assert inbox is not None
    return inbox


@pytest.fixture(params=["maildir", "imap"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenInbox]:
    """Opens an inbox of two mails, as often as it is called."""
    if request.param == "maildir":
        folder = maildir_of(tmp_path, FIRST, SECOND)
        yield lambda: opened(Bounces(maildir=folder))
    else:
        with ImapSink([FIRST, SECOND]) as sink:
            yield lambda: opened(Bounces(imap=imap_settings(sink)))


def read(inbox: Inbox) -> dict[str, bytes]:
    return {found.key: found.raw.replace(b"\r\n", b"\n") for found in inbox.unread()}


def test_mails_are_found_until_they_are_marked(reopen: OpenInbox) -> None:
    with reopen() as inbox:
        assert sorted(read(inbox).values()) == [FIRST.replace(b"\r\n", b"\n"), SECOND.replace(b"\r\n", b"\n")]
    with reopen() as inbox:
        key = next(key for key, raw in read(inbox).items() if b"first" in raw)
        inbox.mark_read([key])
    with reopen() as inbox:
        assert list(read(inbox).values()) == [SECOND.replace(b"\r\n", b"\n")]
        inbox.mark_read(read(inbox))
        inbox.mark_read([])
    with reopen() as inbox:
        assert read(inbox) == {}


def test_no_inbox_where_none_is_set() -> None:
    assert open_inbox(Bounces()) is None


# -- Maildir -------------------------------------------------------------------------------------------------------


def test_a_mail_that_is_read_stays_readable_for_others(tmp_path: Path) -> None:
    folder = maildir_of(tmp_path, FIRST)
    (mail,) = (folder / "new").iterdir()
    mail.rename(folder / "cur" / f"{mail.name}:2,F")
    (folder / "new" / ".hidden").write_bytes(b"")
    with opened(Bounces(maildir=folder)) as inbox:
        inbox.mark_read(read(inbox))
    (folder / "new" / ".hidden").unlink()
    (kept,) = mailbox.Maildir(folder)
    assert (kept.get_flags(), kept.get_subdir(), kept["subject"]) == ("FS", "cur", "one")


def test_a_mail_that_somebody_takes_away_is_passed_over(tmp_path: Path) -> None:
    folder = maildir_of(tmp_path, FIRST, SECOND)
    with opened(Bounces(maildir=folder)) as inbox:
        waiting = inbox.unread()
        first = next(waiting)
        for mail in (folder / "new").iterdir():
            mail.unlink()
        assert list(waiting) == []
        inbox.mark_read([first.key])


def test_what_is_no_mail_or_cannot_be_renamed_stops_no_other(tmp_path: Path) -> None:
    folder = maildir_of(tmp_path)
    new = folder / "new"
    os.mkfifo(new / "1")
    (new / "2").mkdir()
    (tmp_path / "elsewhere").write_bytes(SECOND)
    (new / "3").symlink_to(tmp_path / "elsewhere")
    (new / "4").symlink_to("nowhere")
    (new / ("5" * 254)).write_bytes(SECOND)
    Path(os.fsdecode(os.fsencode(new) + b"/6\xff")).write_bytes(FIRST)
    with opened(Bounces(maildir=folder)) as inbox:
        found = read(inbox)
        assert list(found.values()) == [FIRST.replace(b"\r\n", b"\n")]
        inbox.mark_read(["new/3", *found, "new/1/nothing"])
    assert sorted(os.fsencode(file.name) for file in (folder / "cur").iterdir()) == [b"3:2,S", b"6\xff:2,S"]


def test_no_mail_takes_the_place_of_another(tmp_path: Path) -> None:
    folder = maildir_of(tmp_path)
    (folder / "new" / "k").write_bytes(FIRST)
    (folder / "cur" / "k:2,S").write_bytes(SECOND)
    with opened(Bounces(maildir=folder)) as inbox:
        inbox.mark_read(read(inbox))
    assert {file.name: file.read_bytes() for file in (folder / "cur").iterdir()} == {"k:2,S": SECOND, "k_1:2,S": FIRST}
    assert list((folder / "new").iterdir()) == []


def test_only_the_beginning_of_a_large_mail_is_read(tmp_path: Path) -> None:
    large = b"Subject: x\r\n\r\n" + b"y" * MAX_BYTES
    folder = maildir_of(tmp_path, large)
    with opened(Bounces(maildir=folder)) as inbox:
        assert [len(found.raw) for found in inbox.unread()] == [MAX_BYTES]
    with ImapSink([large]) as sink, opened(Bounces(imap=imap_settings(sink))) as inbox:
        assert [len(found.raw) for found in inbox.unread()] == [MAX_BYTES]


def test_a_folder_that_is_no_maildir_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(InboxError, match=r"is no Maildir folder, for it has no `new`; see bounces.maildir"),
        opened(Bounces(maildir=tmp_path)),
    ):
        pass


# -- IMAP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [True, False])
def test_it_logs_in_either_way(plain: bool) -> None:
    with ImapSink([FIRST], plain=plain) as sink, opened(Bounces(imap=imap_settings(sink))) as inbox:
        assert len(read(inbox)) == 1
        assert ("AUTHENTICATE" if plain else "LOGIN") in sink.commands


def test_a_password_may_be_beyond_ascii() -> None:
    with ImapSink(users={"ada": "geheimß"}) as sink:
        given = imap_settings(sink, username="ada", password=SecretStr("geheimß"))
        with opened(Bounces(imap=given)) as inbox:
            assert read(inbox) == {}


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_connections_are_encrypted_and_certificates_checked(certificate: Certificate, tls: str) -> None:
    with ImapSink([FIRST], certificate=certificate, tls=tls) as sink:  # type: ignore[arg-type]
        settings = Bounces(imap=imap_settings(sink, tls=tls))
        with opened(settings, trust=certificate.client_context) as inbox:
            assert len(read(inbox)) == 1
        with pytest.raises(InboxError, match=r"its certificate is not to be trusted"), opened(settings):
            pass


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": SecretStr("wrong")}, r"does not let us in; check bounces\.imap: .*wrong name or password"),
        ({"folder": "Reports"}, r"there is no folder 'Reports'"),
        ({"tls": "implicit"}, r"cannot be read"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(changes: dict[str, object], told: str) -> None:
    with ImapSink() as sink:
        with pytest.raises(InboxError, match=told) as caught, opened(Bounces(imap=imap_settings(sink, **changes))):
            pass
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_server_that_is_away_is_told() -> None:
    with ImapSink() as sink:
        settings = imap_settings(sink)
    with pytest.raises(InboxError, match=r"127.0.0.1:\d+: cannot be read"), opened(Bounces(imap=settings)):
        pass


@contextmanager
def cut(sink: ImapSink, command: str) -> Iterator[None]:
    sink.breaks_at = command
    with pytest.raises(InboxError, match=r"cannot be read"):
        yield


@pytest.mark.parametrize("command", ["CAPABILITY", "AUTHENTICATE", "SELECT", "SEARCH", "FETCH", "STORE"])
def test_a_connection_may_break_anywhere(command: str) -> None:
    with ImapSink([FIRST]) as sink, cut(sink, command), opened(Bounces(imap=imap_settings(sink))) as inbox:
        inbox.mark_read([found.key for found in inbox.unread()])


def test_folders_have_names_of_any_kind() -> None:
    with ImapSink([FIRST], folder="Lists/bounced mail") as sink:
        settings = Bounces(imap=imap_settings(sink, folder="Lists/bounced mail"))
        with opened(settings) as inbox:
            assert len(read(inbox)) == 1


@pytest.mark.parametrize(
    ("command", "lie"),
    [
        ("SEARCH", b"* SEARCH {99999999999}\r\nx"),
        ("SEARCH", b"* 1 EXISTS\r\n" * 100_001),
        ("FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {4000000000}\r\n"),
        ("FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {" + b"9" * 5000 + b"}\r\n"),
        ("SELECT", b"* " + b"x" * 1_100_000),
        ("LOGOUT", b"* 1 FETCH (UID 1 BODY[]<0> {4000000000}\r\n"),
    ],
)
def test_a_server_that_lies_is_told_and_no_more(command: str, lie: bytes) -> None:
    with ImapSink([FIRST]) as sink:
        sink.lies[command] = lie
        expected = nullcontext() if command == "LOGOUT" else pytest.raises(InboxError, match=r"cannot be read")
        with expected, opened(Bounces(imap=imap_settings(sink))) as inbox:
            inbox.mark_read(read(inbox))


@pytest.mark.parametrize(
    ("command", "lie"),
    [
        ("SEARCH", b"* SEARCH " + b"9" * 5000 + b"\r\n"),
        ("FETCH", b"* 1 FETCH (UID " + b"1" * 6000 + b" BODY[]<0> {1}\r\nx)\r\n"),
    ],
)
def test_numbers_that_are_none_are_passed_over(command: str, lie: bytes) -> None:
    with ImapSink([FIRST]) as sink, opened(Bounces(imap=imap_settings(sink))) as inbox:
        sink.lies[command] = lie
        assert set(read(inbox)) <= {"1"}


def test_a_server_that_never_comes_to_an_end_is_left_at_the_deadline() -> None:
    def check(seconds: float) -> None:
        with ImapSink([FIRST]) as sink:
            client = type("Hasty", (WaryClient,), {"deadline_seconds": seconds})("127.0.0.1", sink.port, timeout=120)
            assert client.readline() == b""
            assert client.is_overdue
            client.shutdown()

    with_patience(check)
