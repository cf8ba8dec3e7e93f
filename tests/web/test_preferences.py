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


def test_it_says_what_the_reader_gets_and_how_to_leave(site: Site, links: Links) -> None:
    shown = page(site, links)
    for text in (
        "ada@example.org",
        "At most 10\N{NO-BREAK SPACE}new papers, every day (UTC).",
        "spiking neural networks",
        "Nothing yet.",
    ):
        assert text in shown
    leave = re.search(r'href="([^"]+)">Unsubscribe', site.client.get(links.preferences).text)[1]
    assert leave == links.leave.removeprefix("https://papers.example.org")


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(), "every day (UTC)"),
        (Schedule(days=frozenset(range(5)), at=time(7, 30)), "on weekdays, from 07:30 on (UTC)"),
        (Schedule(days=frozenset({0})), "on Mondays (UTC)"),
        (Schedule(days=frozenset({4, 0, 2}), at=time(8)), "on Mondays, Wednesdays and Fridays, from 08:00 on (UTC)"),
    ],
)
def test_a_schedule_in_words(site: Site, links: Links, schedule: Schedule, words: str) -> None:
    reader = site.storage.subscribers.by_email(links.reader)
    site.storage.subscribers.save(replace(reader, schedule=schedule))
    assert f"At most 10\N{NO-BREAK SPACE}new papers, {words}." in page(site, links)


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
