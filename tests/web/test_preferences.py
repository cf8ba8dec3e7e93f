"""A reader's page: what they get, a pause, their votes, the way out."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from web.conftest import SEAL, Links, Site

from newsletter.model import Interest, ProfileSpec, Schedule, SubscriberState


def page(site: Site, links: Links) -> str:
    answer = site.client.get(links.preferences)
    assert answer.status_code == 200
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def press(site: Site, links: Links, action: str) -> None:
    answer = site.press(links.preferences, f"/{action}")
    back = links.preferences.removeprefix("https://papers.example.org")
    assert (answer.status_code, answer.headers["location"]) == (303, back)


def test_the_form_holds_all_that_is_known_and_leads_out(site: Site, links: Links) -> None:
    reader = site.storage.subscribers.by_email(links.reader)
    kept = replace(reader, schedule=Schedule(days=frozenset({0, 4}), at=time(7, 30)), timezone="Asia/Tokyo")
    site.storage.subscribers.save(kept)
    text = site.client.get(links.preferences).text
    for shown in ("ada@example.org", "spiking neural networks</textarea>", 'value="07:30"', 'value="Asia/Tokyo"'):
        assert shown in text
    assert re.findall(r'name="days" value="(\d)" checked', text) == ["0", "4"]
    leave = re.search(r'href="([^"]+)">Unsubscribe', text)[1]
    assert leave == links.leave.removeprefix("https://papers.example.org")


def test_a_pause_of_two_weeks_and_its_end(site: Site, links: Links) -> None:
    press(site, links, "pause")
    reader = site.storage.subscribers.by_email(links.reader)
    assert reader.state is SubscriberState.PAUSED
    assert timedelta(days=13) <= reader.paused_until - datetime.now(UTC).date() <= timedelta(days=15)
    assert "the next mail comes on" in page(site, links)
    assert site.due_tomorrow() == 2
    press(site, links, "resume")
    assert "Pause for two weeks" in page(site, links)
    assert site.due_tomorrow() == 3


def test_votes_are_listed_and_taken_back(site: Site, links: Links) -> None:
    for link in (*links.more[:2], links.less[4]):
        site.press(link)
    buttons = re.findall(r'action="[^"]+/p/[^"]+/([0-9a-f]+)/back"', site.client.get(links.preferences).text)
    buttons = buttons or re.findall(r"/([0-9a-f]{16})/back", site.client.get(links.preferences).text)
    assert sorted(buttons) == sorted(link.split("/")[-2] for link in (*links.more[:2], links.less[4]))
    press(site, links, f"{buttons[0]}/back")
    assert buttons[0] not in site.client.get(links.preferences).text
    assert buttons[1] in site.client.get(links.preferences).text


@pytest.mark.parametrize("state", [SubscriberState.LEFT, SubscriberState.REMOVED])
def test_who_gets_no_mail_is_told_so_and_no_button_brings_it_back(
    site: Site, links: Links, state: SubscriberState
) -> None:
    reader = site.storage.subscribers.by_email(links.reader)
    seal = SEAL.search(site.client.get(links.preferences).text)[1]
    site.storage.subscribers.set_state(reader.id, state)
    shown = page(site, links)
    assert "You get no mails from us any more." in shown
    assert "Pause" not in shown
    for action in ("pause", "resume"):
        assert site.client.post(f"{links.preferences}/{action}", data={"seal": seal}).status_code == 303
    assert site.storage.subscribers.by_email(links.reader).state is state


def test_who_has_not_confirmed_has_no_page(site: Site, links: Links) -> None:
    reader = site.storage.subscribers.by_email(links.reader)
    site.storage.subscribers.set_state(reader.id, SubscriberState.PENDING)
    assert site.client.get(links.preferences).status_code == 404


def test_what_readers_wrote_stays_text(site: Site, links: Links) -> None:
    reader = site.storage.subscribers.by_email(links.reader)
    wishes = ProfileSpec(interests=(Interest("<script>alert(1)</script>"),), liked=('title: "a" & b',), muted=("<b>",))
    site.storage.subscribers.save(replace(reader, profile=wishes))
    text = site.client.get(links.preferences).text
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "title: &#34;a&#34; &amp; b" in text


def test_only_so_many_libraries_are_read_for_one_reader(site: Site, links: Links) -> None:
    seal = SEAL.search(site.client.get(links.preferences).text)[1]

    def send(action: str) -> int:
        files = {"library": ("one.bib", b"@article{a, title={Loss of plasticity in deep learning}}")}
        return site.client.post(f"{links.preferences}/{action}", data={"seal": seal}, files=files).status_code

    statuses = [send("save") for _ in range(12)]
    assert 429 not in statuses[:10]
    assert (statuses[10:], send("preview"), send("backtest")) == ([429, 429], 429, 429)
