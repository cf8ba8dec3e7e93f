"""Digests read again: a reader's own by signed links, what was trending by everybody, and both for reference managers."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient
from web.conftest import KEY, MORNING, Links, Site
from web.everywhere import URL

from newsletter.model import Profile
from newsletter.ranking import Pool
from newsletter.sources.libraries.reading import MISTAKES, read_library
from newsletter.tokens import Purpose, Signer
from newsletter.web.app import make_app
from newsletter.web.archive import POLICY, digests_link
from newsletter.web.door import Door

SIGNER = Signer([KEY])


def titles_of(page: str) -> list[str]:
    return [html.unescape(title) for title in re.findall(r'<h2 dir="auto"><a href="[^"]*">([^<]*)</a>', page)]


def context_objects_of(page: str) -> list[dict[str, list[str]]]:
    spans = re.findall(r'<span class="Z3988" title="([^"]*)"', page)
    return [parse_qs(html.unescape(span), strict_parsing=True) for span in spans]


def linked_data_of(page: str) -> list[dict[str, object]]:
    said = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1])
    return [one["item"] for one in said["itemListElement"]]


def read(text: bytes) -> list[str]:
    reading = read_library(text)
    assert not reading.facts[MISTAKES]
    return [entry.title for entry in reading.entries]


def reader_of(site: Site, links: Links) -> str:
    return site.storage.subscribers.by_email(links.reader).id


def digests_of(site: Site, links: Links) -> str:
    """Where Ada's digests are, as her preferences would say."""
    reader = site.storage.subscribers.by_email(links.reader)
    return URL + digests_link(Door.to(site.settings, site.storage), reader)


# -- one digest ----------------------------------------------------------------------------------------------------


def test_a_digest_has_the_papers_of_its_mail_with_their_reasons(site: Site, links: Links) -> None:
    page = site.client.get(links.archive).text
    mail = next(mail for mail in site.deployment.mails() if links.reader in mail["To"])
    sent = mail.get_body(("html",)).get_content()
    found = titles_of(page)
    assert len(found) == len(links.more) > 0
    assert all(
        html.escape(title, quote=False) in html.unescape(sent) or title in html.unescape(sent) for title in found
    )
    assert page.count("Why this one:") == sent.count("Why this one:") > 0


def test_the_very_mail_is_beside_it_in_a_sandbox(site: Site, links: Links) -> None:
    assert f'href="{urlsplit(links.archive).path}/mail"' in site.client.get(links.archive).text
    answer = site.client.get(f"{links.archive}/mail")
    mail = next(mail for mail in site.deployment.mails() if links.reader in mail["To"])
    assert answer.text == mail.get_body(("html",)).get_content()
    assert answer.headers["content-security-policy"] == POLICY
    assert "sandbox" in POLICY
    assert "allow-scripts" not in POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_reference_managers_find_every_paper(site: Site, links: Links) -> None:
    page = site.client.get(links.archive).text
    said = context_objects_of(page)
    assert [one.get("rft.title", one.get("rft.atitle")) for one in said] == [[title] for title in titles_of(page)]
    assert [one["name"] for one in linked_data_of(page)] == titles_of(page)


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("bib", "application/x-bibtex"), ("ris", "application/x-research-info-systems")],
)
def test_its_papers_as_a_file(site: Site, links: Links, kind: str, media_type: str) -> None:
    page = site.client.get(links.archive).text
    path = f"{urlsplit(links.archive).path}.{kind}"
    assert page.count(f'href="{path}"') == 2  # for people, and for machines
    answer = site.client.get(path)
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert re.fullmatch(rf'attachment; filename="morning-papers-[\d-]+\.{kind}"', answer.headers["content-disposition"])
    assert read(answer.content) == titles_of(page)


def test_it_is_there_for_who_left(site: Site, links: Links) -> None:
    site.client.post(links.leave)
    assert site.client.get(links.archive).status_code == 200


def test_a_mail_that_is_kept_no_longer(site: Site, links: Links) -> None:
    later = datetime.now(UTC) + timedelta(days=31)
    site.storage.deliveries.prune(later, messages_older_than=timedelta(days=30), rows_older_than=timedelta(days=365))
    for address in (links.archive, f"{links.archive}/mail"):
        answer = site.client.get(address)
        assert answer.status_code == 404
        assert "is not kept, or not any more" in answer.text
    assert site.client.get(f"{links.archive}.bib").status_code == 404


def test_a_link_to_one_digest_shows_no_other(site: Site, links: Links) -> None:
    """It is handed on with the mail: it names no other day, and its token opens no list."""
    site.deployment("run", "--everyone", "--now", (MORNING + timedelta(days=1)).isoformat())
    page = site.client.get(links.archive).text
    token = urlsplit(links.archive).path.rpartition("/")[2]
    assert "/digests/" not in page
    assert site.client.get(f"/digests/{token}").status_code == 404
    own = set(re.findall(r"/a/([\w.-]+)", page))
    assert {one.removesuffix(".bib").removesuffix(".ris") for one in own} == {token}


# -- all of them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("yesterday",), ("20261122",), ("2026-13-01",), ("2026-11-22", "x")])
def test_a_link_that_our_key_signed_and_says_no_day_opens_nothing(
    site: Site, links: Links, more: tuple[str, ...]
) -> None:
    token = Signer([KEY]).sign(Purpose.ARCHIVE, reader_of(site, links), *more)
    for page in (token, f"{token}/mail", f"{token}.bib"):
        assert site.client.get(f"/a/{page}").status_code == 404


def test_all_digests_and_the_way_from_one_to_the_next(site: Site, links: Links) -> None:
    for days in (1, 2):
        site.deployment.write_page("spikes", [(f"Spiking networks of day {days}", "Spikes, and networks of them.")])
        site.deployment("run", "--everyone", "--now", (MORNING + timedelta(days=days)).isoformat())
    every = digests_of(site, links)
    listed = re.findall(r'<p class="line"><a href="([^"]*)"', site.client.get(every).text)
    first, second, third = (f"{MORNING.date() + timedelta(days=days)}" for days in range(3))
    assert [one.rpartition("/")[2] for one in listed] == [third, second, first]
    middle = site.client.get(listed[1]).text
    assert f'rel="prev" href="{listed[0]}"' in middle
    assert f'rel="next" href="{listed[2]}"' in middle
    assert 'rel="next"' not in site.client.get(listed[2]).text
    assert 'rel="prev"' not in site.client.get(listed[0]).text
    assert titles_of(site.client.get(listed[2]).text) == titles_of(site.client.get(links.archive).text)
    assert titles_of(site.client.get(listed[0]).text) == ["Spiking networks of day 2"]
    assert SIGNER.read(Purpose.ARCHIVE, re.search(r"/a/([^/\"]+)/mail", middle)[1]) == [reader_of(site, links), second]


@pytest.mark.parametrize("day", ["2020-01-01", "20261122", "2026-W47-7", "yesterday", "..", "2026-11-22T00:00:00"])
def test_a_day_without_a_digest(site: Site, links: Links, day: str) -> None:
    assert site.client.get(f"{digests_of(site, links)}/{day}").status_code == 404


def test_the_list_of_digests_ends_as_preferences_do(site: Site, links: Links) -> None:
    today = datetime.now(UTC).date()
    for age, status in ((1, 200), (90, 404)):
        token = SIGNER.sign(Purpose.DIGESTS, reader_of(site, links), at=today - timedelta(days=age))
        assert site.client.get(f"/digests/{token}").status_code == status


# -- everybody's ---------------------------------------------------------------------------------------------------


def edition_of(site: Site) -> str:
    return site.storage.editions.list()[0].id


def with_archive(site: Site, **archive: bool) -> TestClient:
    section = site.settings.archive.model_copy(update=archive)
    return TestClient(make_app(site.settings.model_copy(update={"archive": section}), site.storage), base_url=URL)


def test_it_is_not_there_unless_it_is_asked_for(site: Site) -> None:
    assert type(site.settings).model_fields["archive"].default.public is False
    client = with_archive(site, public=False)
    lost = client.get("/nothing")
    edition = edition_of(site)
    for path in ("/archive", f"/archive/{edition}", f"/archive/{edition}.bib", f"/archive/{edition}.ris"):
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (404, lost.content)


def test_an_edition_in_the_order_of_who_told_us_nothing(site: Site) -> None:
    edition = site.storage.editions.load(edition_of(site))
    ranked = Pool.build(edition.entries).rank(Profile(), now=edition.made_at)
    page = site.client.get(f"/archive/{edition.id}").text
    assert titles_of(page) == [one.entry.title for one in ranked][: len(titles_of(page))]
    assert len(context_objects_of(page)) == len(titles_of(page)) == len(linked_data_of(page)) > 0
    for kind in ("bib", "ris"):
        assert read(site.client.get(f"/archive/{edition.id}.{kind}").content) == titles_of(page)


def test_nothing_of_any_reader_is_on_public_pages(site: Site, links: Links) -> None:
    """No address, id, name, interest or token, and no cookie, whoever asks."""
    people = site.storage.subscribers.all()
    edition = edition_of(site)
    site.client.cookies.set("__Host-visit", "x" * 22)
    for path in ("/archive", f"/archive/{edition}", f"/archive/{edition}.bib", f"/archive/{edition}.ris"):
        answer = site.client.get(path, headers={"referer": links.preferences})
        said = answer.text + str(answer.headers)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        for person in people:
            assert person.email not in said
            assert person.id not in said
            assert not [one.text for one in person.profile.interests if f"matches {one.text}" in said]
        assert not re.search(r"/(?:a|c|p|u|v|f|digests)/[\w-]+\.", said)
        assert not re.search(r"[\w-]{8,}\.[\w.-]*[\w-]{22}", answer.text)  # the form of a token
        assert 'name="seal"' not in said
        assert answer.headers["cache-control"] == "public, max-age=600"


def test_search_engines_stay_away_unless_they_are_let_in(site: Site) -> None:
    for indexed, said in ((False, "noindex"), (True, "all")):
        client = with_archive(site, indexed=indexed)
        assert client.get("/archive").headers["x-robots-tag"] == said
        assert client.get(f"/archive/{edition_of(site)}").headers["x-robots-tag"] == said
        assert client.get("/").headers["x-robots-tag"] == "noindex"


def test_days_are_listed_latest_first_each_with_its_last_edition(site: Site) -> None:
    path = site.deployment.folder / "var" / "newsletter.db"
    kept = edition_of(site)
    with sqlite3.connect(path) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(editions)")]
        [row] = database.execute(f"SELECT {', '.join(columns)} FROM editions WHERE id = ?", (kept,)).fetchall()
        for days in range(40):
            for hour in ("05", "06"):
                made = f"{MORNING.date() - timedelta(days=days + 1)}T{hour}:00:00"
                other = dict(zip(columns, row, strict=True)) | {"id": f"{made}Z", "fingerprint": f"{days} {hour}"}
                other["made_at"] = row[columns.index("made_at")].replace(row[columns.index("made_at")][:10], made[:10])
                other["made_at"] = re.sub(r"(?<=[ T])\d\d:\d\d:\d\d", f"{hour}:00:00", other["made_at"])
                marks = ", ".join("?" * len(columns))
                database.execute(f"INSERT INTO editions ({', '.join(columns)}) VALUES ({marks})", list(other.values()))
    address, seen = "/archive", []
    for _ in range(9):
        page = site.client.get(address).text
        seen += re.findall(r'<h2><a href="/archive/([^"]*)"', page)
        earlier = re.search(r'rel="next" href="([^"]*)"', page)
        if earlier is None:
            break
        address = html.unescape(earlier[1])
    assert seen == [kept, *(f"{MORNING.date() - timedelta(days=days + 1)}T06:00:00Z" for days in range(40))]


@pytest.mark.parametrize(
    "name",
    [
        "2026-11-22",
        "2020-01-01T00:00:00Z",
        "%2e%2e%2fnewsletter.db",
        "x.bib",
        "2026-11-22T07:30:00Z.pdf",
        "٢٠٢٦-11-22T07:30:00Z",
    ],
)
def test_an_edition_that_is_none(site: Site, name: str) -> None:
    answer = site.client.get(f"/archive/{name}")
    assert (answer.status_code, answer.content) == (404, site.client.get("/nothing").content)


@pytest.mark.parametrize("before", ["x", "20261122", "2026-13-01", "-1", "2026-11-22' OR 1=1"])
def test_a_page_of_days_that_is_none(site: Site, before: str) -> None:
    assert site.client.get("/archive", params={"before": before}).status_code == 404


def test_the_first_of_days_is_not_too_early(site: Site) -> None:
    for before in (date.min, date.max):
        assert site.client.get("/archive", params={"before": before.isoformat()}).status_code == 200


def test_preferences_lead_to_all_digests_and_to_the_feed(site: Site, links: Links) -> None:
    page = site.client.get(links.preferences).text
    for place in ("digests", "f"):
        [address] = re.findall(rf'href="([^"]*/{place}/[^"]*)"', page)
        assert site.client.get(address).status_code == 200
