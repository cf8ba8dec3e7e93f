"""More and less like this: only a pressed button counts, and it can be taken back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from product import PAPERS
from web.conftest import SEAL, Links, Site

from newsletter.model import SubscriberState
from newsletter.tokens import Purpose, Signer

SPIKES = [title for title, _ in PAPERS["spikes"]]


def votes(site: Site, links: Links) -> dict[str, int]:
    reader = site.storage.subscribers.by_email(links.reader)
    found = site.storage.votes.of([reader.id]).get(reader.id, [])
    return {vote.entry.title: vote.value for vote in found}


def more_of(site: Site, links: Links, title: str) -> str:
    return next(link for link in links.more if title in site.client.get(link).text)


def test_the_page_shows_the_paper_and_one_button_and_the_button_counts(site: Site, links: Links) -> None:
    link = more_of(site, links, SPIKES[0])
    page = site.client.get(link).text
    assert page.count("<button") == 1
    assert ">More like this</button>" in page
    assert votes(site, links) == {}
    for _ in range(2):
        answer = site.press(link)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            link.removeprefix("https://papers.example.org"),
        )
    assert votes(site, links) == {SPIKES[0]: 1}
    after = site.client.get(link).text
    assert "The next mails will have more like it." in after
    assert re.findall(r"<button[^>]*>([^<]+)", after) == ["Take it back"]


def test_what_several_votes_have_in_common_is_told(site: Site, links: Links) -> None:
    for title in SPIKES:
        site.press(more_of(site, links, title))
    assert re.search(
        r"From \d of your votes we learnt: more of “[^”]*spiking[^”]*”\.", site.client.get(links.more[0]).text
    )


def test_the_last_vote_counts_and_is_taken_back(site: Site, links: Links) -> None:
    more = more_of(site, links, SPIKES[0])
    less = more.removesuffix("more") + "less"
    site.press(more)
    assert "So far you asked for more like it." in site.client.get(less).text
    site.press(less)
    assert votes(site, links) == {SPIKES[0]: -1}
    for _ in range(2):
        answer = site.press(less, "/back")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            less.removeprefix("https://papers.example.org"),
        )
    assert votes(site, links) == {}
    assert ">Less like this</button>" in site.client.get(less).text


def test_a_link_is_good_for_sixty_days(site: Site, links: Links) -> None:
    reader = site.storage.subscribers.by_email(links.reader)
    signer, entry = Signer([key.get_secret_value() for key in site.settings.secret_keys]), links.more[0].split("/")[-2]
    for age, status in ((59, 200), (62, 404)):
        token = signer.sign(Purpose.FEEDBACK, reader.id, at=datetime.now(UTC).date() - timedelta(days=age))
        assert site.client.get(f"/v/{token}/{entry}/more").status_code == status


def test_who_left_teaches_nothing(site: Site, links: Links) -> None:
    seal = SEAL.search(site.client.get(links.more[0]).text)[1]
    site.client.post(links.leave)
    for answer in (site.client.get(links.more[0]), site.client.post(links.more[0], data={"seal": seal})):
        assert answer.status_code == 200
        assert "does not write to you any more" in answer.text
        assert "<button" not in answer.text
    assert votes(site, links) == {}
    assert site.storage.subscribers.by_email(links.reader).state is SubscriberState.LEFT
