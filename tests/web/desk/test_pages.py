"""What the desk shows, and what is pressed there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from web.conftest import SEAL
from web.desk.conftest import Operator, text_of
from web.desk.test_entrance import LOOKED_AT

from newsletter.config.settings import Settings
from newsletter.model import Delivery, DeliveryState, Subscriber, SubscriberState
from newsletter.web.app import make_app
from newsletter.web.desk.plots import HEIGHT, WIDTH, plot

ADA = "ada@example.org"
Make = Callable[[DeliveryState], Delivery]


def everything(operator: Operator) -> list[Any]:
    """All that a page of the desk could change."""
    storage = operator.site.storage
    return [
        *operator.site.everything(), storage.deliveries.find(), storage.editions.list(), storage.suppressions.counts(),
        storage.runs.list(), len(operator.site.deployment.mails()),
    ]  # fmt: skip


def reader(operator: Operator) -> Subscriber:
    found = operator.site.storage.subscribers.by_email(ADA)
    assert found
    return found


def test_looking_changes_nothing(operator: Operator, decided_later: Make) -> None:
    decided_later(DeliveryState.UNCERTAIN)
    edition = operator.site.storage.editions.list(1)[0].id
    pages = [*LOOKED_AT, "/login", f"/editions/{edition}", f"/readers/{reader(operator).id}", "/ledger?state=uncertain"]
    before = everything(operator)
    for page in pages:
        assert operator.client.get(f"/desk{page}").status_code == (303 if page == "/login" else 200)
        operator.client.head(f"/desk{page}")
    for press in ("/deliveries/1/sent", f"/editions/{edition}/cancel", "/suppressions/lift", "/logout"):
        assert operator.client.get(f"/desk{press}").status_code == 405
    assert everything(operator) == before


@pytest.mark.parametrize("language", ["en", "he"])
def test_each_page_has_its_words_in_every_language(
    operator: Operator, with_desk: Settings, decided_later: Make, language: str
) -> None:
    for state in (DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.RETRY):
        decided_later(state)
    for state in SubscriberState:
        operator.site.storage.subscribers.save(Subscriber(id=state, email=f"{state}@example.org", state=state))
    for number, reason in enumerate(("bounced", "unsubscribed", "complained", "erased", "somebody's own word")):
        operator.site.storage.suppressions.add(f"{number}@example.org", reason, at=datetime.now(UTC))
    app = make_app(with_desk.model_copy(update={"language": language}), operator.site.storage)
    there = Operator(TestClient(app, base_url="https://papers.example.org", follow_redirects=False), operator.site)
    there.log_in()
    edition = operator.site.storage.editions.list(1)[0].id
    pages = [*LOOKED_AT, "/ledger?days=90", "/ledger?state=failed", f"/editions/{edition}"]
    pages += [f"/readers/{state}" for state in SubscriberState]
    for page in pages:
        answer = there.client.get(f"/desk{page}")
        assert answer.status_code == 200, page
        assert f'<html lang="{language}"' in answer.text
        assert "<style" not in answer.text
        assert " style=" not in answer.text
    seal = SEAL.search(there.client.get("/desk/suppressions").text)[1]
    for number in range(5):
        asked = there.client.post("/desk/suppressions", data={"seal": seal, "email": f"{number}@example.org"})
        assert asked.status_code == 200


def test_the_overview_says_what_needs_somebody(operator: Operator, decided_later: Make) -> None:
    decided_later(DeliveryState.UNCERTAIN)
    decided_later(DeliveryState.UNCERTAIN)
    operator.site.storage.subscribers.save(Subscriber(id="w", email="w@example.org", state=SubscriberState("waiting")))
    said = text_of(operator.client.get("/desk"))
    assert "2 deliveries are uncertain: did they arrive?" in said
    assert "1 reader waits for your yes" in said
    there = text_of(operator.client.get("/desk/readers?state=waiting"))
    assert [word for word in there.split() if "@" in word] == ["w@example.org"]
    assert "Sent 3" in said


@pytest.mark.parametrize(
    ("state", "decision", "becomes", "told"),
    [
        ("uncertain", "sent", "sent", "Settled."),
        ("uncertain", "failed", "failed", "Settled."),
        ("uncertain", "retry", "ready", "the next run sends it"),
        ("failed", "retry", "ready", "the next run sends it"),
        ("failed", "sent", "failed", "Nothing was changed"),
        ("retry", "retry", "retry", "Nothing was changed"),
    ],
)
def test_a_delivery_is_decided_about(
    operator: Operator,
    decided_later: Make,
    caplog: pytest.LogCaptureFixture,
    *,
    state: str,
    decision: str,
    becomes: str,
    told: str,
) -> None:
    made = decided_later(DeliveryState(state))
    page = f"/desk/ledger?state={state}"
    assert f"was {state}" in text_of(operator.client.get(page))
    assert told in operator.follow(operator.press(page, f"/desk/deliveries/{made.id}/{decision}"))
    now = operator.site.storage.deliveries.by_id(made.id)
    assert now
    assert now.state == becomes
    lines = [line for line in caplog.messages if line.startswith("desk: ")]
    assert lines == (
        [] if told == "Nothing was changed" else [f"desk: delivery {made.id}, which was {state}: {decision}"]
    )


def test_an_edition_is_held_back_let_go_and_given_up(operator: Operator, decided_later: Make) -> None:
    decided_later(DeliveryState.RETRY)
    edition = operator.site.storage.editions.list(1)[0].id
    page = f"/desk/editions/{edition}"
    assert "Paused." in operator.follow(operator.press(page, f"{page}/pause"))
    assert "1 mail waits for a paused edition" in text_of(operator.client.get("/desk"))
    assert "Resumed." in operator.follow(operator.press(page, f"{page}/resume"))
    assert "1 mail was not handed over yet" in text_of(operator.client.get(page))
    assert "given up" in operator.follow(operator.press(page, f"{page}/cancel"))
    assert operator.site.storage.deliveries.counts() == {DeliveryState.SENT: 3, DeliveryState.CANCELLED: 1}
    assert "was not handed over yet" not in text_of(operator.client.get(page))


def test_readers_are_found_by_address_state_and_owner_a_page_at_a_time(operator: Operator) -> None:
    people = [Subscriber(id=f"x{n:03}", email=f"x{n:03}@lab.example") for n in range(60)]
    operator.site.storage.subscribers.save_all(people)
    operator.site.storage.subscribers.set_state("x007", SubscriberState.LEFT)

    def found(**fields: str) -> list[str]:
        said = text_of(operator.press("/desk/readers", **fields))
        return [word for word in said.split() if "@" in word]

    assert found(beginning="ADA@") == [ADA]
    assert found(state="left") == ["x007@lab.example"]
    assert ADA in found(owner="file")
    assert not [one for one in found(owner="file") if one.startswith("x")]
    first = found(beginning="x")
    assert len(first) == 50
    assert first + found(beginning="x", after=first[-1]) == [one.email for one in people]
    assert found(beginning="nobody") == []


def test_a_reader_is_paused_and_resumed(operator: Operator) -> None:
    page = f"/desk/readers/{reader(operator).id}"
    assert "Paused." in operator.follow(operator.press(page, f"{page}/pause"))
    assert reader(operator).state is SubscriberState.PAUSED
    assert "Resumed." in operator.follow(operator.press(page, f"{page}/resume"))
    assert "Nothing was changed" in operator.follow(operator.press(page, f"{page}/resume"))
    assert reader(operator).state is SubscriberState.ACTIVE


def test_who_waits_for_it_is_approved(operator: Operator) -> None:
    operator.site.storage.subscribers.save(Subscriber(id="w", email="w@example.org", state=SubscriberState.WAITING))
    page = "/desk/readers/w"
    assert "Approved." in operator.follow(operator.press(page, f"{page}/approve"))
    assert operator.site.storage.subscribers.by_id("w").state is SubscriberState.ACTIVE
    assert "Nothing was changed" in operator.follow(operator.press(page, f"{page}/approve"))


def test_who_waits_for_it_is_declined(operator: Operator) -> None:
    operator.site.storage.subscribers.save(Subscriber(id="w", email="w@example.org", state=SubscriberState.WAITING))
    page = "/desk/readers/w"
    assert "they may sign up again" in text_of(operator.client.get(page))
    assert "Declined" in operator.follow(operator.press(page, f"{page}/decline"))
    assert operator.site.storage.subscribers.by_id("w") is None
    assert not operator.site.storage.suppressions.is_suppressed("w@example.org")
    assert [one for one in operator.site.storage.deliveries.find() if one.subscriber == "w"] == []
    reader = operator.site.storage.subscribers.by_email("ada@example.org")
    kept = operator.press(f"/desk/readers/{reader.id}", f"/desk/readers/{reader.id}/decline")
    assert "Nothing was changed" in operator.follow(kept)
    assert operator.site.storage.subscribers.by_id(reader.id) == reader


def test_a_suppression_is_looked_up_and_lifted(operator: Operator, caplog: pytest.LogCaptureFixture) -> None:
    operator.site.storage.suppressions.add(ADA, "complained", at=datetime.now(UTC))
    asked = operator.press("/desk/suppressions", email="ada@EXAMPLE.org")
    assert "Lift it only if they asked you to" in text_of(asked)
    assert operator.site.storage.suppressions.is_suppressed(ADA)
    lifted = operator.press("/desk/suppressions", "/desk/suppressions/lift", email=ADA)
    assert ADA not in lifted.headers["location"]
    assert "the address can be mailed again" in operator.follow(lifted)
    assert not operator.site.storage.suppressions.is_suppressed(ADA)
    again = operator.press("/desk/suppressions", "/desk/suppressions/lift", email=ADA)
    assert again.status_code == 404
    assert "This address is not suppressed." in again.text
    assert f"desk: suppression lifted (complained) of reader {reader(operator).id}" in caplog.messages
    assert ADA not in caplog.text


def test_a_test_mail_comes_to_the_operator_outside_of_the_ledger(operator: Operator) -> None:
    counts = operator.site.storage.deliveries.counts()
    mails = len(operator.site.deployment.mails())
    said = operator.follow(operator.press("/desk/trial", email="me@example.org"))
    assert "The provider took the mail." in said
    new = [mail for mail in operator.site.deployment.mails() if mail["To"] == "me@example.org"]
    assert len(new) == len(operator.site.deployment.mails()) - mails == 1
    assert operator.site.storage.deliveries.counts() == counts


def test_what_speaks_against_a_test_mail_is_told(operator: Operator) -> None:
    wrong = operator.press("/desk/trial", email="no address")
    assert wrong.status_code == 422
    assert "not a mail address" in wrong.text
    assert operator.press("/desk/trial", email="me@example.org", whose="<b>@example.org").status_code == 422
    codes = [operator.press("/desk/trial", email="no address").status_code for _ in range(9)]
    assert codes == [422] * 8 + [429]


@pytest.mark.parametrize(
    "page",
    ["/ledger?state=nonsense&days=x&before=²", "/ledger?before=-1", f"/ledger?before={'9' * 30}", "/ledger?said=<b>",
     "/readers?said=paused", "/ledger?state=sent&before=1"],
)  # fmt: skip
def test_what_is_asked_for_wrongly_is_left_out(operator: Operator, page: str) -> None:
    assert operator.client.get(f"/desk{page}").status_code == 200


@pytest.mark.parametrize(
    "page", ["/editions/nonsense", "/readers/nonsense", "/editions/..%2f..", "/readers/%00", "/nothing"]
)
def test_what_is_not_there_is_not_found(operator: Operator, page: str) -> None:
    assert operator.client.get(f"/desk{page}").status_code == 404


@pytest.mark.parametrize(
    "press",
    ["/deliveries/nonsense/sent", f"/deliveries/{'9' * 30}/sent", "/deliveries/999/sent", "/deliveries/1/suppressed",
     "/editions/nonsense/pause", "/editions/nonsense/resume", "/editions/nonsense/cancel", "/readers/nonsense/pause"],
)  # fmt: skip
def test_nothing_is_decided_about_what_is_not_there(operator: Operator, press: str) -> None:
    before = everything(operator)
    assert operator.press("/desk", f"/desk{press}").status_code == 404
    assert everything(operator) == before


def test_markup_of_others_is_shown_and_not_obeyed(operator: Operator, decided_later: Make) -> None:
    nasty = Subscriber(id="n", email="n@example.org", name='"><script>alert(1)</script>')
    operator.site.storage.subscribers.save(nasty)
    for page in ("/readers", "/readers/n"):
        text = operator.client.get(f"/desk{page}").text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


# -- pictures ------------------------------------------------------------------------------------------------------

DAY = date(2026, 11, 22)


def test_a_plot_has_a_bar_for_each_day_of_something_as_high_as_its_count() -> None:
    tallies = {
        DAY: {DeliveryState.SENT: 6, DeliveryState.FAILED: 1, DeliveryState.UNCERTAIN: 1},
        DAY - timedelta(days=2): {DeliveryState.SUPPRESSED: 4},
    }
    made = plot(tallies, since=DAY - timedelta(days=3), until=DAY)
    assert [day.total for day in made.days] == [0, 4, 0, 8]
    assert made.most == 8
    assert made.totals == {"sent": 6, "waiting": 0, "trouble": 2, "kept_back": 4}
    _, half, _, whole = ([bar.height for bar in day.bars] for day in made.days)
    assert (sum(whole), sum(half)) == (HEIGHT, HEIGHT / 2)
    assert [bar.group for bar in made.days[-1].bars] == ["sent", "trouble"]
    for bar in (bar for day in made.days for bar in day.bars):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT + 0.02


def test_every_state_is_in_one_group() -> None:
    made = plot({DAY: dict.fromkeys(DeliveryState, 1)}, since=DAY, until=DAY)
    assert sum(made.totals.values()) == len(DeliveryState)


def test_a_plot_of_nothing_is_empty() -> None:
    made = plot({}, since=DAY - timedelta(days=29), until=DAY)
    assert (len(made.days), made.most) == (30, 0)
    assert not any(day.bars for day in made.days)


def test_the_picture_says_in_words_what_it_shows(operator: Operator) -> None:
    page = operator.client.get("/desk/ledger").text
    assert 'role="img" aria-labelledby="ledger-title ledger-desc"' in page
    assert '<title id="ledger-title">Deliveries a day over 30 days</title>' in page
    assert "A bar a day, the highest of 3. In all: 3 sent, 0 waiting, 0 uncertain or failed" in page
    assert 'data-label="Sent" class="number">3</td>' in page
