"""What comes in by a form: its size, its characters, how often."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from newsletter.web.forms import clean, read_form
from newsletter.web.throttle import Throttle

MOST = 10_000


async def echo(request: Request) -> Response:
    form = await read_form(request, most=MOST)
    upload = form.file("library")
    library = None if upload is None else [upload.name, upload.raw.decode("latin-1")]
    return JSONResponse({"email": form.text("email"), "days": form.texts("day"), "library": library})


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=[Route("/", echo, methods=["POST"])]))


def test_fields_that_come_several_times_and_a_file(client: TestClient) -> None:
    data = {"email": " ada@example.org\r\n", "day": ["mon", "wed"]}
    sent = client.post("/", data=data, files={"library": ("my.bib", b"@article{a}")})
    assert sent.json() == {"email": "ada@example.org", "days": ["mon", "wed"], "library": ["my.bib", "@article{a}"]}


def test_a_file_that_was_not_chosen_is_none(client: TestClient) -> None:
    assert client.post("/", files={"library": ("", b"")}).json()["library"] is None


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"email=" + b"x" * MOST, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % number for number in range(1000)), "application/x-www-form-urlencoded", 400),
        (b"email=%ff%00%zz&=&&==", "application/x-www-form-urlencoded", 200),
        (b"\xff\xfe", "text/plain", 200),
        (b"x", "multipart/form-data", 400),
        (b"--b\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b", 400),
        (b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nx', "multipart/form-data; boundary=b", 200),
    ],
)
def test_a_body_that_is_too_large_or_nonsense_is_the_senders_mistake(
    client: TestClient, body: bytes, kind: str, status: int
) -> None:
    assert client.post("/", content=body, headers={"content-type": kind}).status_code == status


def test_so_much_text_is_taken_beside_a_file_and_no_more() -> None:
    app = Starlette(routes=[Route("/", echo_large, methods=["POST"])])
    client, file = TestClient(app), b"@article{a}" * 100_000
    files = {"library": ("my.bib", file)}
    sent = client.post("/", data={"email": "ada@example.org"}, files=files)
    assert sent.json() == [len("ada@example.org"), len(file)]
    assert client.post("/", data={"email": "x" * 250_000, "b": "x" * 251_000}, files=files).status_code == 413
    assert client.post("/", data={"email": "x" * 501_000}, files=files).status_code == 413
    assert client.post("/", data={"email": "x" * 501_000}).status_code == 413


async def echo_large(request: Request) -> Response:
    form = await read_form(request, most=4_000_000)
    upload = form.file("library")
    return JSONResponse([len(form.text("email")), len(upload.raw) if upload else 0])


@given(st.text())
def test_what_was_typed_has_no_control_characters(text: str) -> None:
    cleaned = clean(text)
    assert {c for c in cleaned if unicodedata.category(c) == "Cc"} <= {"\n", "\t"}
    assert cleaned == clean(cleaned)
    assert cleaned.encode().decode() == cleaned


def test_a_throttle_counts_each_key_by_itself() -> None:
    throttle = Throttle(2, 3600)
    assert [throttle.allows(key) for key in "aababb"] == [True, True, True, False, True, False]


def test_a_throttle_forgets_what_is_long_ago() -> None:
    throttle = Throttle(1, 0)
    assert [throttle.allows("a") for _ in range(3)] == [True, True, True]


def test_a_pile_of_marks_is_cut_before_it_is_put_in_order() -> None:
    """Which would take its length squared, so that one small form would hold up everybody for hours."""
    assert len(clean("a" + "\u0300\u0316" * 1_000_000)) <= 31
    assert clean("Phở, naïve, \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd") == unicodedata.normalize(
        "NFC", "Phở, naïve, \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd"
    )
