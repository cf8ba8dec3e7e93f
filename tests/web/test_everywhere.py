"""What holds at every address, also at those that come later: the application is asked which there are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from web.conftest import KEY, MORNING, Links, Site
from web.everywhere import URL, Address, Walk

from newsletter.config.passwords import hash_password
from newsletter.config.settings import Archive, Desk, Signup
from newsletter.tokens import Purpose, Signer
from newsletter.web.app import make_app
from newsletter.web.pages import SECURITY_HEADERS
from newsletter.web.seals import _hash

EVIL = "evil.example"
SUM = "1787569"
"""What a template that was let in would make of it."""
NASTY = [
    "{{1337*1337}}", "${1337*1337}", "#{1337*1337}", "{%print(1337*1337)%}", "{{''.__class__.__mro__}}",
    "<script>alert(1337)</script>", '"><img src=x onerror=alert(1337)>', "javascript:alert(1337)",
    "a\r\nBcc: eve@example.org\r\n\r\nx", "../../../../etc/passwd", "file: ../../.env", "'; DROP TABLE subscribers; --",
    "\x00", "\u202eabc\u2066", "x" * 60_000, "9" * 400, "-1", "NaN", "0/0",
]  # fmt: skip


PASSWORD = "four words and more"


@pytest.fixture
def walk(site: Site, links: Links) -> Walk:
    """With every door open that a deployment can have, and the operator logged in."""
    opened = {
        "desk": Desk(password_hash=SecretStr(hash_password(PASSWORD, cost=16))),
        "archive": Archive(public=True),
        "signup": Signup(open=True),
    }
    settings = site.settings.model_copy(update=opened)
    client = TestClient(make_app(settings, site.storage), base_url=URL, follow_redirects=False)
    walk = Walk(replace(site, client=client, settings=settings), links)
    entered = client.post("/desk/login", data={"seal": walk.seal_of("/desk/login"), "password": PASSWORD})
    assert entered.headers["location"] == "/desk"
    return walk


def test_the_walk_finds_the_pages_that_everyone_knows(walk: Walk) -> None:
    found = {address.pattern for address in walk.addresses}
    assert {"/", "/healthz", "/u/{token}", "/p/{token}", "/a/{token}", "/v/{token}/{entry}/{wish}"} <= found
    assert sum(address.needs_seal for address in walk.addresses) >= 4
    assert {form.method for _, form in walk.forms()} >= {"post"}


def test_every_page_is_there_for_who_may_see_it(walk: Walk) -> None:
    for address in walk.addresses:
        if "GET" in address.methods and address.pattern not in {"/c/{token}", "/desk/login"}:
            assert walk.site.client.get(address.path).status_code in {200, 401}, address.pattern


# -- looking -------------------------------------------------------------------------------------------------------


def test_looking_changes_nothing_anywhere(walk: Walk) -> None:
    before = walk.dump()
    for address in walk.addresses:
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
            if method in {"GET", "HEAD"} or method not in address.methods:
                answer = walk.site.client.request(method, address.path)
                assert answer.status_code < 500, (method, address.pattern)
    assert walk.dump() == before


def test_head_answers_as_get_does(walk: Walk) -> None:
    for address in walk.addresses:
        if "GET" in address.methods:
            answers = [walk.site.client.request(method, address.path) for method in ("GET", "HEAD")]
            assert len({answer.status_code for answer in answers}) == 1, address.pattern
            assert answers[1].content == b""


# -- forms ---------------------------------------------------------------------------------------------------------


def test_a_form_without_the_seal_of_its_own_page_and_reader_is_refused(walk: Walk) -> None:
    """No seal, a damaged one, another reader's, another page's, one of yesterday, one under a key of somebody else's."""
    eve = walk.site.storage.subscribers.by_email("eve@example.org").id
    foreign, today = Signer(["somebody else's secret of thirty-two"]), datetime.now(UTC).date()
    held = walk.seal_of(f"/v/{walk.tokens[Purpose.FEEDBACK]}/{walk.parts['entry']}/more").split(".")[0]
    before = walk.dump()
    for address in [one for one in walk.addresses if one.needs_seal]:
        others = [
            f"/p/{walk.token(Purpose.PREFERENCES, reader=eve)}",
            f"/p/{walk.tokens[Purpose.PREFERENCES]}",
            f"/v/{walk.tokens[Purpose.FEEDBACK]}/{walk.parts['entry']}/less",
        ]
        token = walk.tokens[walk.purpose(address.pattern)] if address.has_token else ""
        seals = ["", "x", held, *(walk.seal_of(path) for path in others if not token or token not in path)]
        seals += [foreign.sign(Purpose.FORM, held, at=today), walk.signer.sign(Purpose.FEEDBACK, held, at=today)]
        if token:
            own = walk.seal_of(f"/{address.path.split('/')[1]}/{token}" + ("/x/more" * address.path.startswith("/v/")))
            own = own or walk.signer.sign(Purpose.FORM, _hash(token), at=today)
            long_ago = walk.signer.sign(Purpose.FORM, _hash(token), at=today - timedelta(days=3))
            seals += [own[:-1], f"{own}x", own.swapcase(), long_ago, foreign.sign(Purpose.FORM, _hash(token), at=today)]
        for seal in seals:
            client = walk.site.client
            client.cookies.clear()
            answer = client.post(address.path, data={"seal": seal})
            assert answer.status_code == 403, (address.pattern, seal)
            answer = client.post(address.path, files={"seal": (None, seal.encode())})
            assert answer.status_code == 403, (address.pattern, seal)
    assert walk.dump() == before


def test_whatever_is_typed_into_any_form_is_text(walk: Walk) -> None:
    """Every field of every form on every page, with what templates, browsers, mails, files and databases fall for."""
    client = walk.site.client
    tried = 0
    for address, form in list(walk.forms()):
        for nasty in NASTY:
            for action, name, value in form.buttons or [(form.action, "", "")]:
                fields = {one: nasty for one in form.fields if one != "seal"} | ({name: value} if name else {})
                seal = walk.seal_of(address.path)
                files = {one: (nasty[:200], nasty.encode("utf-8", "replace")) for one in form.files} or None
                send = client.get if form.method == "get" else client.post
                more = (
                    {"params": fields} if form.method == "get" else {"data": {**fields, "seal": seal}, "files": files}
                )
                answer = send(action, **more)
                assert answer.status_code < 500, (address.pattern, action, nasty[:40])
                pages = [answer.text, client.get(address.path).text]
                assert not [page for page in pages if SUM in page.replace(",", "")], (address.pattern, nasty[:40])
                for page in pages:
                    assert "<script>alert" not in page
                    assert "<img src=x" not in page
                    assert not re.search(r"""(href|src|action)=["']?\s*javascript:""", page, re.IGNORECASE)
                    assert "root:x:0:0" not in page
                    assert KEY not in page
                tried += 1
    assert tried >= len(NASTY)
    assert walk.site.storage.subscribers.by_email("eve@example.org")


BODIES = [
    (b"\xff\xfe\x00", "application/x-www-form-urlencoded"), (b"%ff=%fe&seal=%00", "application/x-www-form-urlencoded"),
    (b"a=1&" * 2_000, "application/x-www-form-urlencoded"), (b"x", "multipart/form-data"),
    (b"--b\r\n\r\n\r\n--b", "multipart/form-data; boundary=b"), (b"", "multipart/form-data; boundary="),
    (b"{", "application/json"), (b"[" * 20_000, "application/json"), (b'"\xff"', "application/json; charset=utf-16"),
    (b"a=b", "application/x-www-form-urlencoded; charset=no-such-thing"), (b"\x00" * 10, ""), (b"<a/>", "text/xml"),
]  # fmt: skip


def test_no_body_makes_a_page_fall_over(walk: Walk) -> None:
    for address in walk.addresses:
        for body, kind in BODIES:
            headers = {"content-type": kind} | ({"content-encoding": "gzip"} if body == b"{" else {})
            answer = walk.site.client.post(address.path, content=body, headers=headers)
            assert answer.status_code < 500, (address.pattern, kind)


def test_what_is_too_large_is_413_wherever_something_is_taken(walk: Walk) -> None:
    piece = b"x" * 100_000
    for address in walk.addresses:
        if address.methods & {"POST", "PUT", "PATCH"}:
            for kind in ("application/x-www-form-urlencoded", "application/json"):
                method = "POST" if "POST" in address.methods else min(address.methods & {"PUT", "PATCH"})
                said = {"content-type": kind, "content-length": "9000000000"}
                declared = walk.site.client.request(method, address.path, content=b"x", headers=said)
                streamed = walk.site.client.request(
                    method, address.path, content=iter([piece] * 90), headers={"content-type": kind}
                )
                assert {declared.status_code, streamed.status_code} <= {401, 413}, (address.pattern, kind)


def test_the_desk_is_shut_to_whoever_is_not_logged_in(walk: Walk) -> None:
    """Also to who has a seal of ours, or had a session."""
    before = walk.dump()
    client = TestClient(walk.site.client.app, base_url=URL, follow_redirects=False)
    stranger = replace(walk, site=replace(walk.site, client=client))
    seal = stranger.seal_of("/desk/login")
    for session in ("", "x" * 43):
        client.cookies.set("__Host-desk", session)
        for address in [one for one in stranger.addresses if one.pattern.startswith("/desk")]:
            if address.pattern != "/desk/login":
                if "GET" in address.methods:
                    assert client.get(address.path).headers.get("location") == "/desk/login", address.pattern
                if "POST" in address.methods:
                    answer = client.post(address.path, data={"seal": seal})
                    assert answer.status_code == 403 or answer.headers["location"] == "/desk/login", address.pattern
    assert walk.dump() == before


@pytest.mark.parametrize(
    "part", ["0", "-1", "9" * 40, "x' OR 1=1", "..%2f..%2fetc", "%00", "тест", "2026-13-45", "a" * 3_000]
)
def test_what_nobody_has_is_not_found(walk: Walk, part: str) -> None:
    """Ids of papers, editions, deliveries and readers, and dates, as anybody may type them."""
    before = walk.dump()
    for address in walk.addresses:
        for name in re.findall(r"\{(\w+)", address.pattern):
            if name != "token":
                filled = replace(walk, parts_by_hand={name: part}).fill(address.pattern)
                for method in sorted(address.methods & {"GET", "POST"}):
                    seal = walk.seal_of("/desk/trial") if address.pattern.startswith("/desk") else ""
                    answer = walk.site.client.request(method, filled, data={"seal": seal} if method == "POST" else None)
                    assert 300 < answer.status_code < 500, (method, address.pattern)
    assert walk.dump() == before


# -- answers -------------------------------------------------------------------------------------------------------


def every_answer(walk: Walk, **headers: str) -> list[tuple[str, httpx.Response]]:
    """Of each address: looked at, pressed with and without its seal, with a slash too many, asked wrongly."""
    client, answers = walk.site.client, []
    for address in walk.addresses:
        paths = [
            address.path,
            f"{address.path}/",
            f"/{address.path}",
            f"{address.path}/../x",
            f"{address.path}%0d%0aX-Evil:1",
        ]
        answers += [(address.pattern, client.get(path, headers=headers)) for path in paths]
        answers += [(address.pattern, client.request("DELETE", address.path, headers=headers))]
        answers += [(address.pattern, client.post(path, headers=headers)) for path in paths[:2]]
        large = {**headers, "content-length": "9000000000"}
        answers += [(address.pattern, client.post(address.path, content=b"x", headers=large))]
        if address.needs_seal and address.has_token:
            seal = walk.signer.sign(Purpose.FORM, _hash(walk.tokens[walk.purpose(address.pattern)]), at=MORNING.date())
            answers += [(address.pattern, client.post(address.path, data={"seal": seal}, headers=headers))]
    return [*answers, ("nothing", client.get("/nothing", headers=headers))]


def test_every_answer_has_the_headers_that_keep_it_safe(walk: Walk) -> None:
    for pattern, answer in every_answer(walk):
        assert answer.headers.keys() >= SECURITY_HEADERS.keys(), (pattern, answer.status_code)
        assert answer.headers["referrer-policy"] == "no-referrer", pattern
        assert answer.headers["x-content-type-options"] == "nosniff", pattern
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, pattern
        assert "frame-ancestors" in policy, pattern
        assert "unsafe-eval" not in policy, pattern
        sandboxed = "sandbox" in policy and "allow-scripts" not in policy
        assert "unsafe-inline" not in policy or sandboxed, pattern
        for cookie in answer.headers.get_list("set-cookie"):
            assert re.match(
                r"__Host-\w+=[^;]*; HttpOnly; Path=/; SameSite=(lax|strict); Secure$", cookie, re.IGNORECASE
            )


@pytest.mark.parametrize(
    "headers",
    [
        {"host": EVIL},
        {"host": f"papers.example.org@{EVIL}"},
        {"x-forwarded-host": EVIL, "x-forwarded-proto": "javascript", "x-forwarded-prefix": f"//{EVIL}"},
        {"forwarded": f"host={EVIL}", "x-original-url": f"//{EVIL}", "x-rewrite-url": f"//{EVIL}", "referer": f"https://{EVIL}/"},
    ],
    ids=["host", "at", "forwarded", "others"],
)  # fmt: skip
def test_no_answer_leads_where_a_header_says(walk: Walk, headers: dict[str, str]) -> None:
    for pattern, answer in every_answer(walk, **headers):
        location = answer.headers.get("location", "/")
        assert location.startswith("/"), (pattern, location)
        assert not location.startswith(("//", "/\\")), (pattern, location)
        assert EVIL not in answer.text, pattern
        assert EVIL not in str(answer.headers), pattern
        assert "x-evil" not in answer.headers, pattern


@pytest.mark.parametrize("path", [
    f"//{EVIL}", f"//{EVIL}/..", f"/\\{EVIL}", f"/%2f%2f{EVIL}", "/../../etc/passwd", "/..%2f..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/config/newsletter.yaml", "/style.css/../../../.env", "/..;/.env", "/.env", "/%00", "/a/%00",
    "/archive/..%2f..%2fvar%2fnewsletter.db", "/archive/../../config", "/templates/web/base.html.j2", "/\ufffd", "/%ff%fe",
])  # fmt: skip
def test_no_path_leads_out(walk: Walk, path: str) -> None:
    for method in ("GET", "POST"):
        answer = walk.site.client.request(method, URL + path)
        assert answer.status_code in {200, 403, 404, 405}  # what a client makes shorter by itself may be a page of ours
        assert "location" not in answer.headers
        assert "root:" not in answer.text
        assert "secret" not in answer.text.lower()


# -- links ---------------------------------------------------------------------------------------------------------


def wrong_tokens(walk: Walk, address: Address) -> dict[str, str]:
    """Tokens that must not open it, by what is wrong with them."""
    purpose = walk.purpose(address.pattern)
    token = walk.tokens[purpose]
    said, _, signature = token.rpartition(".")
    eve = walk.site.storage.subscribers.by_email("eve@example.org").id
    wrong = {
        "cut": token[:-1], "longer": f"{token}A", "unsigned": said, "no signature": f"{said}.", "signature alone": signature,
        "another signature": f"{said}.{signature[::-1]}", "other case": token.swapcase(), "another reader": token.replace(walk.reader, eve),
        "twice": f"{token}.{token}", "long": "A" * 4_000, "dots": "." * 30, "null": f"{token}%00", "newline": f"{token}%0a",
        "letters": quote("тест.שלום"), "unknown reader": walk.token(purpose, reader="0" * 16),
        "no reader": walk.token(purpose, reader="-"), "foreign key": walk.token(purpose, signer=Signer(["another secret of thirty-two chars"])),
    }  # fmt: skip
    if purpose in {Purpose.PREFERENCES, Purpose.FEEDBACK, Purpose.CONFIRM}:
        wrong["too old"] = walk.token(purpose, at=MORNING.date() - timedelta(days=90))
    wrong |= {f"for {other}": walk.tokens[other] for other in Purpose if other is not purpose}
    for number in range(0, len(token), 7):
        wrong[f"character {number}"] = token[:number] + ("A" if token[number] != "A" else "B") + token[number + 1 :]
    return {name: other for name, other in wrong.items() if other != token}


def test_wrong_tokens_of_all_kinds_open_nothing_and_look_the_same(walk: Walk) -> None:
    client = walk.site.client
    lost = client.get("/nothing")
    before = walk.dump()
    for address in [one for one in walk.addresses if one.has_token]:
        right = walk.tokens[walk.purpose(address.pattern)]
        for what, token in wrong_tokens(walk, address).items():
            path = address.with_token(right, token)
            if "GET" in address.methods:
                answer = client.get(path)
                wanted = 200 if _is_way_out(address, what) else 404
                assert answer.status_code == wanted, (address.pattern, what)
                assert wanted == 200 or answer.content == lost.content, (address.pattern, what)
            if "POST" in address.methods:
                seal = walk.signer.sign(
                    Purpose.FORM, _hash(token.replace("%00", "\0").replace("%0a", "\n")), at=MORNING.date()
                )
                answer = client.post(path, data={"seal": seal})
                assert answer.status_code in ({200} if _is_way_out(address, what) else {403, 404}), (
                    address.pattern,
                    what,
                )
                assert answer.status_code != 404 or answer.content == lost.content, (address.pattern, what)
    assert walk.dump() == before


def _is_way_out(address: Address, what: str) -> bool:
    """The way out thanks whoever has a link of ours, also when nobody has that id any more."""
    return address.pattern == "/u/{token}" and what in {"unknown reader", "no reader"}


def test_links_of_a_key_that_was_rotated_work_until_it_is_taken_away(walk: Walk) -> None:
    site, new = walk.site, "a new secret of more than thirty-two characters"
    keys = site.settings.secret_keys
    both = site.settings.model_copy(update={"secret_keys": (type(keys[0])(new), *keys)})
    alone = site.settings.model_copy(update={"secret_keys": (type(keys[0])(new),)})
    then, later = (TestClient(make_app(one, site.storage), base_url=URL) for one in (both, alone))
    assert {then.get(link).status_code for link in walk.links.all} == {200}
    assert {later.get(link).status_code for link in walk.links.all} == {404}


def test_pages_hold_no_token_but_that_of_their_own_address(walk: Walk) -> None:
    """What is shown to one who has the link to votes does not open the preferences; only who confirms is led to them."""
    for address in walk.addresses:
        if "GET" in address.methods and not address.pattern.startswith(("/p/", "/desk", "/c/")):
            page = walk.site.client.get(address.path)
            if "sandbox" in page.headers["content-security-policy"]:
                continue  # the reader's own mail, with all of its links
            for purpose in (Purpose.PREFERENCES, Purpose.FEEDBACK):
                token = walk.tokens[purpose]
                assert token not in page.text or token in address.path, (address.pattern, purpose)
            is_all_that_is_held = address.pattern == "/p/{token}/export"
            assert is_all_that_is_held or walk.links.reader not in page.text, address.pattern


def test_forms_go_nowhere_else(walk: Walk) -> None:
    patterns = [re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(one.pattern)) + "$") for one in walk.addresses]
    for address, form in walk.forms():
        for action in [form.action, *(button[0] for button in form.buttons)]:
            assert any(pattern.match(re.split("[?#]", action)[0]) for pattern in patterns), (address.pattern, action)
