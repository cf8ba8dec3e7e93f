"""The way in: asked on a page, confirmed by a letter; and nobody learns from it who is a reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from threading import Event

import httpx
import pytest
from starlette.testclient import TestClient
from web.conftest import KEY, SEAL, Links, Site

from newsletter.config.settings import Signup
from newsletter.model import ConsentAct, Interest, LetterKind, Owner, Schedule, Subscriber, SubscriberState
from newsletter.pipeline.messages import Letterhead
from newsletter.pipeline.posting import post_letters
from newsletter.sources.references import MOST_UPLOADS, UPLOADS
from newsletter.subscriptions import Joined, confirm, forget_unconfirmed, leave
from newsletter.subscriptions.asking import MOST_INTERESTS
from newsletter.tokens import Purpose, Signer
from newsletter.web.app import make_app

NEW = "new@example.org"
NOW = datetime.now(UTC)
BIBTEX = b"@article{a, title={Naps for Networks}, doi={10.1000/naps}}\n@article{b, title={Only a title here}}"
ORCID = (
    b'{"group": [{"work-summary": [{"title": {"title": {"value": "My work"}}, "external-ids": {"external-id":'
    b' [{"external-id-type": "arxiv", "external-id-value": "2405.12345"}]}}]}]}'
)


def with_signup(site: Site, **options: object) -> Site:
    """The same deployment with other rules for signing up."""
    settings = site.settings.model_copy(update={"signup": Signup.model_validate(options)})
    client = TestClient(make_app(settings, site.storage), base_url=site.client.base_url, follow_redirects=False)
    return Site(client, settings, site.storage, site.deployment)


def ask(site: Site, email: str = NEW, **fields: str) -> httpx.Response:
    return site.press("/", **({"email": email, "cadence": "daily"} | fields))


def letters(site: Site) -> list[tuple[str, str]]:
    """Kind and address of those that wait."""
    waiting = [one for one in site.storage.deliveries.find() if one.kind != "digest" and one.state == "ready"]
    addresses = site.storage.subscribers.emails(one.subscriber for one in waiting)
    return [(one.kind, addresses[one.subscriber]) for one in waiting]


def mail_to(site: Site, email: str) -> EmailMessage:
    """The last letter to that address, once those that wait are sent; no digest, which the product's clock dates."""
    post_letters(site.settings, site.storage, Letterhead(site.settings), now=datetime.now(UTC), stop=Event())
    mails = (mail for mail in site.deployment.mails() if mail["To"].addresses[0].addr_spec == email)
    found = [mail for mail in mails if not mail["List-Archive"]]
    return max(found, key=lambda mail: mail["Date"].datetime)


def link_in(mail: EmailMessage, kind: str) -> str:
    return re.search(rf"/{kind}/[\w.-]+", mail.get_body(("plain",)).get_content())[0]


def unsealed(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, re.sub(SEAL, "", answer.text)


# -- from the page to the first mail -----------------------------------------------------------------------------


def test_a_person_signs_up_confirms_and_is_a_reader(site: Site) -> None:
    answer = ask(
        site, interests="spiking networks\nNaps, naps ;fMRI", papers="2405.12345, 10.1000/x\nA whole title, as it is",
        cadence="chosen", days="mon", at="06:30", zone="Asia/Tokyo",
    )  # fmt: skip
    assert answer.status_code == 200
    assert "inbox" in answer.text
    pending = site.storage.subscribers.by_email(NEW)
    assert (pending.state, pending.owner) == (SubscriberState.PENDING, Owner.DATABASE)
    assert site.due_tomorrow() == 3
    way = link_in(mail_to(site, NEW), "c")
    before = site.everything()
    for method in ("GET", "HEAD", "GET"):
        assert site.client.request(method, way).status_code == 200
    assert site.everything() == before
    done = site.press(way)
    assert "What I get" in done.text
    reader = site.storage.subscribers.by_email(NEW)
    assert (reader.id, reader.state, reader.timezone) == (pending.id, SubscriberState.ACTIVE, "Asia/Tokyo")
    assert reader.schedule == Schedule(days=frozenset({0}), at=datetime.strptime("06:30", "%H:%M").time())  # noqa: DTZ007
    assert reader.profile.interests == (Interest("spiking networks"), Interest("Naps"), Interest("fMRI"))
    assert reader.profile.liked == ("arXiv:2405.12345", "doi:10.1000/x", "title: A whole title, as it is")
    consents = site.storage.consents.of(reader.id)
    assert [(one.act, one.method) for one in consents] == [
        (ConsentAct.ASKED, "page"),
        (ConsentAct.CONFIRMED, "page"),
    ]
    assert all(one.words and one.source and "testclient" not in one.source for one in consents)
    welcome = mail_to(site, NEW)
    assert welcome["Subject"] == "Welcome to Morning Papers"
    assert site.client.get(link_in(welcome, "p")).status_code == 200
    again = site.press(way)
    assert "Confirmed already" in site.client.get(way).text
    assert again.status_code == 403 or "already" in again.text
    assert letters(site) == []


def test_who_presses_confirm_twice_is_told_that_it_is_done(site: Site) -> None:
    ask(site)
    way = link_in(mail_to(site, NEW), "c")
    seal = SEAL.search(site.client.get(way).text)[1]
    first, second = (site.client.post(way, data={"seal": seal}) for _ in range(2))
    assert ("Welcome" in first.text, "Confirmed already" in second.text) == (True, True)
    assert letters(site) == [(LetterKind.WELCOME, NEW)]


@pytest.mark.parametrize(
    ("library", "liked"), [(BIBTEX, ("doi:10.1000/naps", "title: Only a title here")), (ORCID, ("arXiv:2405.12345",))]
)
def test_a_library_says_what_is_liked(site: Site, library: bytes, liked: tuple[str, ...]) -> None:
    seal = SEAL.search(site.client.get("/").text)[1]
    fields = {"seal": seal, "email": NEW, "cadence": "daily"}
    assert site.client.post("/", data=fields, files={"library": ("mine.bib", library)}).status_code == 200
    assert site.storage.subscribers.by_email(NEW).profile.liked == liked


def test_no_file_of_ours_can_be_named(site: Site) -> None:
    ask(site, papers="file: ../../etc/passwd\nfile:library.bib\nhttps://papers.example.net/abs/1")
    liked = site.storage.subscribers.by_email(NEW).profile.liked
    assert not any(name.casefold().startswith("file") for name in liked)


def test_so_many_interests_and_no_more_are_kept(site: Site) -> None:
    ask(site, interests="\n".join(f"topic {number} " + "x" * 300 for number in range(200)))
    interests = site.storage.subscribers.by_email(NEW).profile.interests
    assert len(interests) == MOST_INTERESTS
    assert max(len(one.text) for one in interests) <= 120


def test_a_second_sign_up_before_the_first_is_confirmed_takes_the_new_wishes(site: Site) -> None:
    ask(site, interests="naps")
    first = site.storage.subscribers.by_email(NEW)
    site.storage.limits.forget("letters to", NEW)
    ask(site, interests="brains", at="09:00")
    second = site.storage.subscribers.by_email(NEW)
    assert second.id == first.id
    assert second.profile.interests == (Interest("brains"),)
    assert [kind for kind, _ in letters(site)] == [LetterKind.CONFIRM] * 2


def test_what_nobody_confirmed_is_forgotten_after_a_week(site: Site) -> None:
    ask(site)
    reader = site.storage.subscribers.by_email(NEW)
    assert forget_unconfirmed(site.storage, now=NOW + timedelta(days=6)) == 0
    assert forget_unconfirmed(site.storage, now=NOW + timedelta(days=8)) == 1
    assert site.storage.subscribers.by_email(NEW) is None
    assert site.storage.consents.of(reader.id) == []
    assert letters(site) == []
    assert len(site.storage.subscribers.all()) == 3


# -- nobody learns who is a reader -------------------------------------------------------------------------------


def people(site: Site) -> dict[str, tuple[str, LetterKind | None]]:
    """Somebody of every sort: what they are, their address, and the letter that they get."""
    save, suppress = site.storage.subscribers.save, site.storage.suppressions.add
    for name, state in {
        "pending": SubscriberState.PENDING, "waiting": SubscriberState.WAITING, "known": SubscriberState.ACTIVE,
        "paused": SubscriberState.PAUSED, "left": SubscriberState.LEFT, "removed": SubscriberState.REMOVED,
        "complained": SubscriberState.ACTIVE, "bounced": SubscriberState.ACTIVE,
    }.items():  # fmt: skip
        save(Subscriber(id="", email=f"{name}@example.org", state=state, created_at=NOW))
    suppress("complained@example.org", "complained", at=NOW)
    suppress("bounced@example.org", "bounced", at=NOW)
    suppress("erased@example.org", "erased", at=NOW)
    confirm, known = LetterKind.CONFIRM, LetterKind.KNOWN
    return {
        "unknown@example.org": confirm, "pending@example.org": confirm, "waiting@example.org": LetterKind.WAITING,
        "known@example.org": known, "KNOWN@Example.org": None, "paused@example.org": known,
        "left@example.org": confirm, "removed@example.org": confirm, "complained@example.org": confirm,
        "bounced@example.org": confirm, "erased@example.org": confirm, "ada@example.org": known,
    }  # fmt: skip


def test_the_answer_is_the_same_for_everybody_and_the_letter_is_not(site: Site) -> None:
    expected = people(site)
    answers = []
    for number, email in enumerate(expected):
        if number % 10 == 0:  # nobody here is to be told of asking too often
            site.storage.limits.forget("letters from", "testclient")
        answers.append(ask(site, email, interests="naps"))
    assert len({unsealed(answer) for answer in answers}) == 1
    assert sorted(letters(site)) == sorted((kind.value, email) for email, kind in expected.items() if kind)
    assert [person.state for person in site.storage.subscribers.all() if person.email == "left@example.org"] == ["left"]
    assert not site.storage.subscribers.by_email("known@example.org").profile.interests


@pytest.mark.parametrize("reason", ["unsubscribed", "complained", "erased"])
def test_only_the_person_lifts_a_suppression_and_by_confirming_they_do(site: Site, reason: str) -> None:
    site.storage.suppressions.add(NEW, reason, at=NOW)
    ask(site)
    assert site.storage.suppressions.is_suppressed(NEW)
    site.press(link_in(mail_to(site, NEW), "c"))
    assert not site.storage.suppressions.is_suppressed(NEW)
    assert site.storage.subscribers.by_email(NEW).state is SubscriberState.ACTIVE


def test_who_left_comes_back_as_they_were(site: Site, links: Links) -> None:
    site.client.post(links.leave)
    assert site.due_tomorrow() == 2
    ask(site, "ada@example.org")
    assert site.due_tomorrow() == 2
    site.press(link_in(mail_to(site, "ada@example.org"), "c"))
    assert site.due_tomorrow() == 3
    acts = [one.act for one in site.storage.consents.of(site.storage.subscribers.by_email("ada@example.org").id)]
    assert acts == [ConsentAct.LEFT, ConsentAct.ASKED, ConsentAct.CONFIRMED]


def test_an_address_gets_one_letter_at_a_time_and_three_a_day(site: Site) -> None:
    first = ask(site)
    answers = [ask(site, email) for email in (NEW, NEW.upper(), NEW)]
    assert {unsealed(answer) for answer in answers} == {unsealed(first)}
    assert letters(site) == [(LetterKind.CONFIRM, NEW)]


def test_one_place_asks_ten_times_an_hour(site: Site) -> None:
    statuses = [ask(site, f"r{number}@example.org").status_code for number in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    assert len(letters(site)) == 10


def test_a_machine_that_fills_in_everything_is_told_what_others_are(site: Site) -> None:
    before = site.everything()
    caught = ask(site, website="https://spam.example")
    assert site.everything() == before
    assert letters(site) == []
    assert unsealed(caught) == unsealed(ask(site))


# -- what is wrong is told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"email": ""}, "ada@example.org"),
        ({"email": "nobody"}, "ada@example.org"),
        ({"email": "a@b@example.org, c@example.org"}, "ada@example.org"),
        ({"email": "ada@example.org\r\nBcc: eve@example.org"}, "ada@example.org"),
        ({"email": "ada\x00@example.org"}, "inbox"),
        ({"email": '"><script>alert(1)</script>@example.org'}, "ada@example.org"),
        ({"email": "{{7*7}}@exa mple.org"}, "ada@example.org"),
        ({"email": f"{'a' * 65}@example.org"}, "ada@example.org"),
        ({"cadence": "chosen"}, "one at least"),
        ({"cadence": "never"}, "one at least"),
        ({"at": "25:00"}, "The hour is none"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"zone": "../../etc/passwd"}, "time zone"),
        ({"library": "not a file"}, "inbox"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_typed(site: Site, fields: dict[str, str], told: str) -> None:
    before = site.everything()
    answer = ask(site, **({"email": NEW, "zone": "Asia/Tokyo", "interests": "naps & <b>brains</b>"} | fields))
    assert told in answer.text
    assert "<script>alert" not in answer.text
    if told != "inbox":
        assert answer.status_code == 422
        assert "naps &amp; &lt;b&gt;brains&lt;/b&gt;" in answer.text
        assert ("zone" in fields) or answer.text.count("<option selected>Asia/Tokyo</option>") == 1
        assert site.everything() == before


def test_a_file_that_is_no_library_is_told(site: Site) -> None:
    seal = SEAL.search(site.client.get("/").text)[1]
    fields = {"seal": seal, "email": NEW, "cadence": "daily"}
    for junk in (b"\x00\x01", b"<html>", b"{]", b"words only"):
        answer = site.client.post("/", data=fields, files={"library": ("x.bib", junk)})
        assert (answer.status_code, "no library" in answer.text) == (422, True)
    large = site.client.post("/", data=fields, files={"library": ("x.bib", b"x" * 5_000_000)})
    assert large.status_code == 413


def test_a_library_of_too_many_papers_is_told_at_its_field(site: Site) -> None:
    seal = SEAL.search(site.client.get("/").text)[1]
    fields = {"seal": seal, "email": NEW, "cadence": "daily"}
    large = site.client.post("/", data=fields, files={"library": ("x.bib", b"@a{b,\n" * 100_000)})
    assert (large.status_code, "more than 3,000 papers" in large.text, 'href="#library"' in large.text) == (
        422,
        True,
        True,
    )
    for _ in range(MOST_UPLOADS):
        assert UPLOADS.acquire(blocking=False)
    try:
        busy = site.client.post("/", data=fields, files={"library": ("x.bib", BIBTEX)})
    finally:
        UPLOADS.release(MOST_UPLOADS)
    assert (busy.status_code, "retry-after" in busy.headers) == (503, True)
    assert site.storage.subscribers.by_email(NEW) is None


def test_reading_libraries_is_not_done_for_one_place_without_end(site: Site) -> None:
    seal = SEAL.search(site.client.get("/").text)[1]
    fields = {"seal": seal, "email": "nobody", "cadence": "daily"}
    answers = [site.client.post("/", data=fields, files={"library": ("x.bib", BIBTEX)}) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 2


def test_an_international_domain_is_read(site: Site) -> None:
    ask(site, "ada@bücher.example")
    assert site.storage.subscribers.by_email("ada@xn--bcher-kva.example").state is SubscriberState.PENDING


def test_who_may_sign_up_is_said(site: Site) -> None:
    lab = with_signup(site, domains=["lab.example"])
    assert "lab.example" in lab.client.get("/").text
    refused = ask(lab, NEW)
    assert (refused.status_code, "one at" in refused.text) == (422, True)
    assert ask(lab, "ada@LAB.example").status_code == 200
    assert letters(site) == [(LetterKind.CONFIRM, "ada@LAB.example")]


@pytest.mark.parametrize("lacking", [{"signup": Signup(open=False)}, {"base_url": None}, {"postal_address": ""}])
def test_where_nobody_can_sign_up_nothing_is_asked(site: Site, lacking: dict[str, object]) -> None:
    settings = site.settings.model_copy(update=lacking)
    client = TestClient(make_app(settings, site.storage), base_url=site.client.base_url)
    closed = client.get("/")
    assert (closed.status_code, "<form" in closed.text) == (200, False)
    assert "<form" not in client.post("/start", data={"email": NEW}).text
    seal = SEAL.search(site.client.get("/").text)[1]
    client.cookies = site.client.cookies
    assert client.post("/", data={"seal": seal, "email": NEW}).status_code == 403
    assert site.storage.subscribers.by_email(NEW) is None


# -- forms on other sites ----------------------------------------------------------------------------------------


def test_a_form_elsewhere_leads_to_ours_and_changes_nothing(site: Site) -> None:
    before = site.everything()
    answer = site.client.post("/start", data={"email": "new@example.org", "interests": "naps & <i>", "x": "y"})
    assert answer.status_code == 200
    assert 'value="new@example.org"' in answer.text
    assert "naps &amp; &lt;i&gt;" in answer.text
    assert site.everything() == before
    seal = SEAL.search(answer.text)[1]
    assert site.client.post("/", data={"seal": seal, "email": NEW, "cadence": "daily"}).status_code == 200
    assert letters(site) == [(LetterKind.CONFIRM, NEW)]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=%", b"email", b"email=a&" * 30, b"email=" + b"x" * 10_000])
def test_whatever_is_sent_from_elsewhere_is_answered(site: Site, body: bytes) -> None:
    answer = site.client.post("/start", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code in {200, 400}


# -- the operator's yes ------------------------------------------------------------------------------------------


def test_where_the_operator_approves_a_reader_waits_for_it(site: Site) -> None:
    lab = with_signup(site, approve=True)
    ask(lab)
    way = link_in(mail_to(lab, NEW), "c")
    told = lab.press(way)
    assert "almost there" in told.text
    assert unsealed(lab.client.get(way)) == unsealed(told)
    reader = site.storage.subscribers.by_email(NEW)
    assert reader.state is SubscriberState.WAITING
    assert mail_to(lab, NEW)["Subject"] == "Your subscription to Morning Papers waits for a yes"
    assert site.due_tomorrow() == 3
    said = site.deployment("subscribers", "approve", NEW)
    assert (said.code, said.out) == (0, f"approved {NEW}\n")
    assert site.due_tomorrow() == 4
    assert letters(site) == [(LetterKind.WELCOME, NEW)]
    acts = [one.act for one in site.storage.consents.of(reader.id)]
    assert acts == [ConsentAct.ASKED, ConsentAct.CONFIRMED, ConsentAct.APPROVED]
    again = site.deployment("subscribers", "approve", NEW)
    assert (again.code, "does not wait" in again.err) == (2, True)


def test_whom_the_operator_declines_is_forgotten_and_gets_no_letter(
    site: Site, forget: Callable[[str], list[str]]
) -> None:
    lab = with_signup(site, approve=True)
    ask(lab)
    way = link_in(mail_to(lab, NEW), "c")
    lab.press(way)
    mail_to(lab, NEW)
    said = site.deployment("subscribers", "decline", NEW)
    assert (said.code, said.out) == (0, f"declined {NEW}\n")
    assert letters(site) == []
    assert forget(NEW) == []
    assert not site.storage.suppressions.is_suppressed(NEW)
    assert lab.client.get(way).status_code == 404
    again = site.deployment("subscribers", "decline", NEW)
    assert (again.code, "no reader has this address" in again.err) == (2, True)
    refused = site.deployment("subscribers", "decline", "ada@example.org")
    assert (refused.code, "does not wait" in refused.err) == (2, True)


def test_leaving_and_confirming_again_and_again_brings_no_more_than_three_welcomes_a_day(site: Site) -> None:
    ask(site)
    reader, signer = site.storage.subscribers.by_email(NEW), Signer([KEY])
    for _ in range(6):
        asked = site.storage.subscribers.by_id(reader.id)
        assert confirm(site.settings, site.storage, asked, came_from="192.0.2.1", now=NOW) is Joined.WELCOME
        assert site.client.post(f"/u/{signer.sign(Purpose.UNSUBSCRIBE, reader.id)}").status_code == 200
    assert [kind for kind, _ in letters(site)].count(LetterKind.WELCOME) == 3


@pytest.mark.parametrize("state", [SubscriberState.PENDING, SubscriberState.WAITING])
def test_nobody_comes_round_the_operator_by_leaving(site: Site, state: SubscriberState) -> None:
    lab = with_signup(site, approve=True)
    ask(lab)
    reader = site.storage.subscribers.by_email(NEW)
    site.storage.subscribers.set_state(reader.id, state)
    assert leave(site.storage, reader.id, method="mail", now=NOW)
    assert site.storage.subscribers.by_email(NEW) is None
    assert site.deployment("subscribers", "pause", "ada@example.org").code == 0


# -- the way back ------------------------------------------------------------------------------------------------


def test_leaving_is_undone_by_one_button(site: Site, links: Links) -> None:
    site.client.post(links.leave, data={"List-Unsubscribe": "One-Click"})
    assert site.client.get(f"{links.leave}/undo").status_code in {404, 405}
    back = site.press(links.leave, "/undo")
    assert (back.status_code, "Welcome back" in back.text) == (200, True)
    assert site.due_tomorrow() == 3
    reader = site.storage.subscribers.by_email(links.reader)
    told = [(one.act, one.method) for one in site.storage.consents.of(reader.id)]
    assert told == [(ConsentAct.LEFT, "one-click"), (ConsentAct.RETURNED, "page")]


@pytest.mark.parametrize(("reason", "lifted"), [("unsubscribed", True), ("complained", False), ("bounced", False)])
def test_undoing_lifts_what_leaving_did_and_nothing_else(site: Site, links: Links, reason: str, lifted: bool) -> None:
    site.client.post(links.leave)
    site.storage.suppressions.add(links.reader, reason, at=NOW)
    site.press(links.leave, "/undo")
    assert site.storage.suppressions.is_suppressed(links.reader) is not lifted
    state = site.storage.subscribers.by_email(links.reader).state
    assert state is (SubscriberState.ACTIVE if lifted else SubscriberState.LEFT)


# -- what is held ------------------------------------------------------------------------------------------------


def test_a_reader_takes_everything_along(site: Site, links: Links) -> None:
    site.press(links.more[0])
    before = site.everything()
    answer = site.client.get(f"{links.preferences}/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    held = answer.json()
    assert held["reader"]["email"] == links.reader
    assert held["reader"]["profile"]["interests"][0]["text"] == "spiking neural networks"
    assert [vote["wish"] for vote in held["votes"]] == ["more"]
    assert [(one["kind"], one["state"]) for one in held["deliveries"]] == [("digest", "sent")]
    assert (held["consents"], held["events"], held["reader"]["suppressed"]) == ([], [], None)
    assert site.everything() == before


def test_erasing_leaves_the_address_nowhere(site: Site, forget: Callable[[str], list[str]]) -> None:
    ask(site)
    site.press(link_in(mail_to(site, NEW), "c"))
    page = link_in(mail_to(site, NEW), "p")
    assert "cannot be undone" in site.client.get(f"{page}/erase").text
    assert site.storage.subscribers.by_email(NEW) is not None
    assert "Forgotten" in site.press(f"{page}/erase").text
    assert site.client.get(page).status_code == 404
    assert forget(NEW) == []
    assert site.storage.suppressions.among([NEW], reason="erased") == {NEW}


@pytest.fixture
def forget(site: Site, caplog: pytest.LogCaptureFixture) -> Callable[[str], list[str]]:
    """Where an address is still to be found: in files of the deployment, and in what was logged."""
    caplog.set_level("DEBUG")

    def look(address: str) -> list[str]:
        files = [file for file in site.deployment.folder.rglob("*") if file.is_file()]
        found = [str(file) for file in files if address.encode() in file.read_bytes()]
        return found + (["the log"] if address in caplog.text else [])

    return look
