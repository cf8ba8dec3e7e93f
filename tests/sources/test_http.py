"""The door to the network, against a real server that misbehaves in every way servers do."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler

import pytest
from patience import with_patience
from urllib3.exceptions import LocationParseError, SSLError
from website import drip, dripping

from newsletter.errors import SourceError
from newsletter.sources.connection import explained
from newsletter.sources.http import Http, Limits
from newsletter.sources.trouble import Refused, retry_after_seconds

LOOPBACK = ["127.0.0.1"]


@pytest.fixture
def client(pauses) -> Iterator[Callable[..., Http]]:
    made: list[Http] = []

    def make(*, allow: Sequence[str] = LOOPBACK, resolve=None, **limits) -> Http:
        more = {"resolve": resolve} if resolve else {}
        made.append(Http(contact="ada@example.org", allow=allow, limits=Limits(**limits), sleep=pauses, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def reason(http: Http, url: str) -> str:
    with pytest.raises(SourceError) as caught:
        http.get(url)
    said = str(caught.value)
    assert "\n" not in said
    return said


# -- the plain way ---------------------------------------------------------------------------------------------


def test_an_answer_comes_with_its_headers(site, http):
    url = site.say("/feed", "hello", headers={"ETag": 'W/"7"', "Content-Type": "text/plain"})
    answer = http.get(url)
    assert (answer.status, answer.body, answer.url, answer.unchanged) == (200, b"hello", url, False)
    assert (answer.headers["etag"], answer.headers["content-type"]) == ('W/"7"', "text/plain")


def test_the_user_agent_names_a_contact(site, http):
    http.get(site.say("/feed"))
    assert site.asked[0].headers["user-agent"].startswith("newsletter/")
    assert "(+ada@example.org)" in site.asked[0].headers["user-agent"]


def test_a_contact_cannot_smuggle_a_header(site):
    with Http(contact="ada\r\nX-Evil: 1", allow=LOOPBACK) as http:
        http.get(site.say("/feed"))
    assert "x-evil" not in site.asked[0].headers


def test_connections_are_used_again(site, http):
    ports = set()

    def note(handler: BaseHTTPRequestHandler) -> None:
        ports.add(handler.client_address[1])
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    url = site.play("/feed", note)
    for _ in range(3):
        http.get(url)
    assert len(ports) == 1


def test_validators_go_out_verbatim_and_304_is_no_body(site, http):
    url = site.say("/feed", status=304)
    answer = http.get(url, etag='W/"odd,tag"', last_modified="Tue, 10 Mar 2026 01:02:03 GMT")
    assert (answer.status, answer.unchanged, answer.body) == (304, True, b"")
    assert site.asked[0].headers["if-none-match"] == 'W/"odd,tag"'
    assert site.asked[0].headers["if-modified-since"] == "Tue, 10 Mar 2026 01:02:03 GMT"


def test_a_password_in_the_address_becomes_a_header_and_is_never_shown(site, http):
    site.say("/private", status=401)
    said = reason(http, site.url.replace("//", "//ada:s3cret@") + "/private?token=t0ken&page=2")
    assert site.asked[0].headers["authorization"] == "Basic YWRhOnMzY3JldA=="
    assert "s3cret" not in said
    assert "t0ken" not in said
    assert "page=2" in said


def test_a_password_stays_with_its_host(site, http):
    other = site.url.replace("127.0.0.1", "localhost")
    site.say("/here", status=302, headers={"Location": f"{other}/there"})
    site.say("/there", "ok")
    with Http(contact="x", allow=["127.0.0.1", "localhost"]) as open_http:
        answer = open_http.get(site.url.replace("//", "//ada:pw@") + "/here", headers={"X-Api-Key": "k"})
    assert answer.body == b"ok"
    assert {"authorization", "x-api-key"} <= set(site.asked[0].headers)
    assert not {"authorization", "x-api-key"} & set(site.asked[1].headers)


# -- redirects -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "for_good"), [(301, True), (308, True), (302, False), (303, False), (307, False)])
def test_redirects_are_followed_and_lasting_ones_told(site, http, status, for_good):
    url = site.say("/old", status=status, headers={"Location": "/new"})
    new = site.say("/new", "moved")
    answer = http.get(url)
    assert (answer.body, answer.url) == (b"moved", new)
    assert answer.moved_to == (new if for_good else None)


def test_one_passing_hop_makes_a_move_passing(site, http):
    url = site.say("/a", status=301, headers={"Location": "/b"})
    site.say("/b", status=302, headers={"Location": "/c"})
    site.say("/c", "end")
    assert http.get(url).moved_to is None


def test_five_redirects_are_the_most(site, http):
    for hop in range(6):
        site.say(f"/{hop}", status=302, headers={"Location": f"/{hop + 1}"})
    site.say("/6", "too far")
    assert http.get(f"{site.url}/1").body == b"too far"
    assert "redirected more than 5 times" in reason(http, f"{site.url}/0")


@pytest.mark.parametrize(
    "target", ["file:///etc/hostname", "ftp://example.org/x", "gopher://example.org", "http://[::1"]
)
def test_a_redirect_leads_to_no_other_scheme(site, http, target):
    url = site.say("/feed", status=302, headers={"Location": target})
    assert "no http(s) address" in reason(http, url)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "/etc/hostname", "http://", "http://[::1", "http://a..b/", ""])
def test_only_http_addresses_are_asked(http, url):
    assert "no http(s) address" in reason(http, url)


# -- sizes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate", "identity"])
def test_compressed_answers_are_unpacked(site, http, encoding):
    text = b"a long and dull text " * 40_000
    deflate = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "raw deflate": deflate.compress(text) + deflate.flush(),
        "identity": text,
    }[encoding]
    url = site.say("/feed", packed, headers={"Content-Encoding": encoding.removeprefix("raw ")})
    with Http(contact="x", allow=LOOPBACK, limits=Limits(ratio=2000)) as patient:
        assert patient.get(url).body == text


def test_a_bomb_is_never_held(site, client):
    bomb = gzip.compress(b"\0" * 20_000_000)
    url = site.say("/feed", bomb, headers={"Content-Encoding": "gzip"})
    assert "as only a bomb does" in reason(client(), url)
    assert "unpacks to more than 3 MB" in reason(client(plain_bytes=3_000_000, ratio=5000), url)


def test_the_wire_is_bounded(site, client):
    url = site.say("/feed", b"x" * 3000)
    assert "sends more than 0.002 MB" in reason(client(wire_bytes=2000), url)


def test_an_encoding_nobody_asked_for_is_refused(site, http):
    assert "encoding 'br'" in reason(http, site.say("/feed", b"..", headers={"Content-Encoding": "br"}))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not gzip at all", "cannot be unpacked"),
        (gzip.compress(b"x" * 5000, mtime=0)[:-12], "breaks off in the middle"),
    ],
)
def test_broken_compression_is_one_clear_line(site, http, body, said):
    assert said in reason(http, site.say("/feed", body, headers={"Content-Encoding": "gzip"}))


def test_a_short_body_is_told(site, http):
    url = site.say("/feed", b"only this", headers={"Content-Length": "5000", "Connection": "close"})

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(b"only this")
        handler.close_connection = True

    assert "broke off" in reason(http, site.play("/cut", cut))
    assert url


# -- time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Endless: ",
        b"",
    ],
    ids=["body", "chunk", "header", "status"],
)
def test_a_drip_feed_ends_at_the_deadline_wherever_it_drips(site, client, pauses, before):
    url = site.play("/feed", dripping(b"1", before=before))

    def check(seconds: float) -> None:
        assert f"took longer than {seconds:g} s" in reason(client(seconds=seconds), url)
        assert pauses.taken == []

    with_patience(check)


def test_the_deadline_holds_on_a_connection_that_is_used_again(site, client):
    first, slow = site.say("/feed", "first"), site.play("/drip", drip)

    def check(seconds: float) -> None:
        http = client(seconds=seconds)
        assert http.get(first).body == b"first"
        assert f"took longer than {seconds:g} s" in reason(http, slow)

    with_patience(check)


def test_silence_is_told(site, client):
    stop = threading.Event()
    url = site.play("/feed", lambda _: stop.wait(60))
    assert "stopped answering" in reason(client(read_seconds=0.1, attempts=1), url)
    stop.set()


def test_a_name_server_that_hangs_is_told(client):
    stop = threading.Event()

    def hang(host: str, port: int) -> Sequence[str]:
        stop.wait(60)
        return []

    said = reason(client(resolve=hang, connect_seconds=0.1, attempts=1), "http://feeds.example/")
    stop.set()
    assert "the name server does not answer" in said


@pytest.mark.parametrize("slow", ["silent", "drips", "unresolved", "unconnected"])
def test_what_took_too_long_is_not_tried_again(site, client, pauses, slow):
    """Not in the same run: it would take as long again."""
    stop, looked_up = threading.Event(), []

    def find(host: str, port: int) -> Sequence[str]:
        looked_up.append(host)
        if slow == "unresolved":
            stop.wait(60)
        return ["10.255.255.1" if slow == "unconnected" else "127.0.0.1"]

    url = site.play("/feed", drip if slow == "drips" else lambda _: stop.wait(60)).replace("127.0.0.1", "slow.example")
    allow = ["127.0.0.1", "10.0.0.0/8"]
    http = client(allow=allow, resolve=find, attempts=3, seconds=0.6, connect_seconds=0.2, read_seconds=0.2)
    said = reason(http, url)
    stop.set()
    assert any(words in said for words in ("stopped answering", "took longer", "does not answer", "no connection"))
    assert (pauses.taken, looked_up) in [([], ["slow.example"]), ([], [])]


def test_one_deadline_holds_for_all_attempts_and_the_pauses_between_them(site, client, pauses):
    """A pause that would go beyond it is not taken, and the trouble is told as it was."""
    url = site.say("/feed", status=503)
    assert "answered 503" in reason(client(seconds=20.0, attempts=9, backoff_seconds=60.0), url)
    assert (pauses.taken, len(site.asked)) == ([], 1)


def test_a_later_attempt_has_only_the_time_that_is_left(site):
    """The deadline strikes within the second attempt, and names the whole time."""

    def check(seconds: float) -> None:
        site.forget("/feed")
        site.asked.clear()
        url = site.say("/feed", status=503)
        site.play("/feed", drip)
        limits = Limits(seconds=seconds, attempts=9, backoff_seconds=seconds / 3)
        with Http(contact="x", allow=LOOPBACK, limits=limits) as http:
            assert f"took longer than {seconds:g} s" in reason(http, url)
        assert len(site.asked) == 2

    with_patience(check)


# -- trying again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(site, http, pauses, status):
    url = site.say("/feed", status=status)
    site.say("/feed", "there")
    assert http.get(url).body == b"there"
    assert len(pauses.taken) == 1
    assert 0.5 <= pauses.taken[0] <= 1.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418])
def test_other_refusals_are_final(site, http, pauses, status):
    url = site.say("/feed", "why", status=status)
    with pytest.raises(Refused) as caught:
        http.get(url)
    assert (caught.value.status, caught.value.body) == (status, b"why")
    assert str(caught.value).startswith(f"{url}: answered {status} ")
    assert pauses.taken == []
    assert len(site.asked) == 1


def test_backing_off_grows(site, client, pauses):
    reason(client(attempts=4), site.say("/feed", status=503))
    first, second, third = pauses.taken
    assert 0.5 <= first <= 1.5 <= second <= 4.5 <= third <= 13.5
    assert len(site.asked) == 4


def test_a_short_retry_after_is_kept_to(site, http, pauses):
    url = site.say("/feed", status=429, headers={"Retry-After": "7"})
    site.say("/feed", "there")
    assert http.get(url).body == b"there"
    assert pauses.taken == [7.0]


def test_a_long_retry_after_is_left_to_a_later_run(site, http, pauses):
    with pytest.raises(Refused) as caught:
        http.get(site.say("/feed", status=429, headers={"Retry-After": "3600"}))
    assert caught.value.retry_after_seconds == 3600
    assert "come back in 3600 s" in str(caught.value)
    assert pauses.taken == []


def test_a_lost_connection_is_tried_again(site, http, pauses):
    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    url = site.play("/feed", hang_up)
    site.say("/feed", "there")
    assert http.get(url).body == b"there"
    assert len(pauses.taken) == 1


def test_nobody_listening_is_one_clear_line(client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/feed"
        assert "no connection" in reason(client(), url)


def test_an_unknown_name_is_one_clear_line(client):
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert "host name is not known" in reason(client(resolve=unknown), "http://feeds.example/")


def test_talk_that_is_not_http_is_one_clear_line(site, http):
    url = site.play("/feed", lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n") and None)
    assert "the connection broke" in reason(http, url)


def test_tls_that_is_none_is_one_clear_line(site, http):
    assert "cannot be reached in private: wrong version number" in reason(
        http, site.url.replace("http:", "https:") + "/feed"
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Wed, 11 Mar 2026 09:02:00 GMT", 120.0),
        ("Wed, 11 Mar 2026 09:02:00 -0000", 120.0),
        ("Wed, 11 Mar 2026 08:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 86_400.0),
        ("9" * 40, 86_400.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_both_forms(now, value, seconds):
    assert retry_after_seconds(value, now=now) == seconds


def test_a_part_that_nobody_asked_for_is_no_answer(site, http):
    with pytest.raises(Refused, match="answered 206 Partial Content"):
        http.get(site.say("/part", "half", status=206))


def test_a_chunk_of_negative_size_is_one_clear_line(site, client):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n")
        handler.close_connection = True

    with pytest.raises(SourceError, match=r"/chunk: cannot be asked: "):
        client(attempts=1).get(site.play("/chunk", answer))


def test_a_status_that_nobody_knows_is_told(site, http):
    assert reason(http, site.say("/feed", status=599)).endswith("/feed: answered 599")


def test_an_error_whose_body_is_broken_is_still_that_error(site, http):
    url = site.say("/feed", b"not gzip", status=404, headers={"Content-Encoding": "gzip"})
    assert reason(http, url).endswith("answered 404 Not Found; check the address")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ssl.SSLCertVerificationError(1, "[SSL: X] certificate has expired (_ssl.c:1006)"),
            "cannot be trusted: certificate",
        ),
        (ssl.SSLEOFError(8, "[SSL: UNEXPECTED_EOF] EOF (_ssl.c:9)"), "cannot be reached in private: EOF"),
    ],
)
def test_trouble_with_tls(error, said):
    wrapped = SSLError("x")
    wrapped.__cause__ = error
    assert str(explained(wrapped)).startswith(said)


def test_an_address_that_the_library_refuses():
    assert str(explained(LocationParseError("x"))).startswith("cannot be asked: Failed to parse: x")


def test_a_client_without_an_answer_from_its_name_server(client):
    assert "host name is not known" in reason(client(resolve=lambda *_: []), "http://feeds.example/")


# -- addresses -------------------------------------------------------------------------------------------------


def test_loopback_is_refused_unless_it_is_listed(site, client):
    url = site.say("/feed", "secret")
    said = reason(client(allow=[]), url)
    assert "127.0.0.1, a loopback address; list it under network.allow" in said
    assert site.asked == []


@pytest.mark.parametrize("allow", [["127.0.0.0/8"], ["127.0.0.1"], ["feeds.lab.example"], ["FEEDS.lab.example."]])
def test_the_operator_may_list_hosts_and_networks(site, client, allow):
    url = site.say("/feed", "inside").replace("127.0.0.1", "feeds.lab.example")
    assert client(allow=allow, resolve=lambda host, port: ["127.0.0.1"]).get(url).body == b"inside"


def test_a_listed_host_opens_no_other(site, client):
    url = site.say("/feed", "inside").replace("127.0.0.1", "other.example")
    assert "loopback" in reason(client(allow=["feeds.lab.example"], resolve=lambda *_: ["127.0.0.1"]), url)


def test_a_redirect_to_a_private_address_is_refused(site, client):
    url = site.say("/feed", status=302, headers={"Location": site.url.replace("127.0.0.1", "inside.example") + "/x"})
    http = client(resolve=lambda host, port: ["10.0.0.7" if host == "inside.example" else "127.0.0.1"])
    assert "10.0.0.7, a private address" in reason(http, url)
    assert [asked.path for asked in site.asked] == ["/feed"]


def test_a_name_that_changes_its_answer_gains_nothing(site, client):
    """The address that was checked is the one that is connected to, and every connection is checked."""
    answers = iter([["127.0.0.1"], ["127.0.0.9"]])
    url = site.say("/feed", status=503, headers={"Connection": "close"})
    http = client(resolve=lambda *_: next(answers), attempts=2)
    said = reason(http, url.replace("127.0.0.1", "rebinding.example"))
    assert "127.0.0.9, a loopback address" in said
    assert len(site.asked) == 1


def test_of_mixed_answers_only_the_public_ones_are_tried(site, client):
    http = client(allow=["127.0.0.1"], resolve=lambda *_: ["10.0.0.7", "169.254.169.254", "127.0.0.1"])
    assert http.get(site.say("/feed", "ok").replace("127.0.0.1", "mixed.example")).body == b"ok"
