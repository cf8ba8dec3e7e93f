"""Lists that answer and mislead: told apart by ids, over days, through the whole product."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from failures.conftest import CULPRIT, RSS, STEADY, Product
from website import Site

WORKDAYS = ["2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13"]
"""Monday to Friday, none of them a holiday of arXiv's."""
MONDAY = "2026-11-16"
SILENT = "Silent for longer than usual: "
TO_COME = "Still to come today: "
NOTHING = "Nothing new from "
FAILED = "Could not be read this time: "


# -- arXiv ---------------------------------------------------------------------------------------------------------


def announcements(*ids: str, day: str, category: str = "cs.NE") -> bytes:
    """The feed of one day; an id may name its category: ``2611.00001 cs.LG``."""
    items = []
    for name in ids:
        number, _, own = name.partition(" ")
        items.append(
            f"<item><title>Announced as {number}</title><link>https://arxiv.org/abs/{number}</link>"
            f"<description>arXiv:{number}v1 Announce Type: new \nAbstract: It is about letters.</description>"
            f'<guid isPermaLink="false">oai:arXiv.org:{number}v1</guid><category>{own or category}</category>'
            f"<pubDate>{day}T00:00:00-05:00</pubDate><arxiv:announce_type>new</arxiv:announce_type></item>"
        )
    return (
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" version="2.0"><channel><title>cs updates on arXiv.org</title>'
        f"<lastBuildDate>{day}T05:00:00+00:00</lastBuildDate>{''.join(items)}</channel></rss>"
    ).encode()


def arxiv(site: Site, *categories: str, **options: object) -> dict[str, object]:
    addresses = {"url": f"{site.url}/rss", "api_url": f"{site.url}/api", "oai_url": f"{site.url}/oai"}
    plain = {"full_records": False, "reconcile": False, "backlog": "include"}
    return {"kind": "arxiv", "categories": list(categories or ("cs.NE",)), **addresses, **plain, **options}


def say(site: Site, path: str, *bodies: bytes) -> None:
    """These answers from now on, in their order."""
    site.forget(path)
    for body in bodies:
        site.say(path, body)


@pytest.fixture
def announced(product: Product, site: Site):
    """An arXiv list of one category, with new papers at eight on each of five workdays."""
    product.reads(arxiv(site))
    for number, day in enumerate(WORKDAYS):
        say(site, "/rss/cs.NE", announcements(f"2611.0000{number}", day=day))
        assert product.fetch(f"{day}T08:00:00Z")["state"] == "fresh"


YESTERDAYS = announcements("2611.00004", day=MONDAY)
"""What is served before the new list is out, under today's date."""


def test_a_list_before_its_hour_is_waited_for(product: Product, site: Site, announced):
    say(site, "/rss/cs.NE", YESTERDAYS)
    day = product.run(f"{MONDAY}T03:00:00Z")
    assert (day.code, day.culprit["state"], day.culprit["new"], day.culprit["error"]) == (0, "waiting", 0, None)
    assert day.status["state"] == "waiting"
    assert f"{TO_COME}{CULPRIT}." in day.text
    assert "Announced as" not in day.text


def test_yesterdays_list_after_its_hour_is_told_and_the_late_one_reaches_the_reader_once(
    product: Product, site: Site, announced
):
    product.run("2026-11-13T09:00:00Z")  # all of the week
    say(site, "/rss/cs.NE", YESTERDAYS)
    monday = product.run(f"{MONDAY}T09:00:00Z")
    assert (monday.code, monday.culprit["state"], monday.status["state"]) == (0, "stalled", "stalled")
    assert monday.culprit["error"] == "nothing new since 2026-11-13, where there always was"
    assert f"{SILENT}{CULPRIT}" in monday.text
    assert "Announced as" not in monday.text
    say(site, "/rss/cs.NE", announcements("2611.00005", "2611.00006", day=MONDAY))
    assert product.fetch(f"{MONDAY}T11:00:00Z")["new"] == 2
    tuesday = product.run("2026-11-17T00:30:00Z")
    assert tuesday.text.count("Announced as 2611.00005") == tuesday.text.count("Announced as 2611.00006") == 1
    assert "Announced as" not in product.run("2026-11-18T00:30:00Z").text


def test_dates_that_lag_by_a_day_hide_nothing(product: Product, site: Site, announced):
    say(site, "/rss/cs.NE", announcements("2611.00005", day="2026-11-13"))
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert (day.culprit["state"], day.culprit["new"], day.culprit["error"]) == ("fresh", 1, None)
    assert "Announced as 2611.00005" in day.text


def test_one_category_that_stands_still_is_told_however_much_the_others_bring(product: Product, site: Site):
    product.reads(arxiv(site, "cs.NE", "cs.LG"))
    path = "/rss/cs.NE+cs.LG"
    for number, day in enumerate(WORKDAYS):
        say(site, path, announcements(f"2611.0000{number} cs.NE", f"2611.0010{number} cs.LG", day=day))
        product.fetch(f"{day}T08:00:00Z")
    say(site, path, announcements("2611.00004 cs.NE", "2611.00105 cs.LG", day=MONDAY))
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert (day.code, day.culprit["state"], day.culprit["new"]) == (0, "stalled", 1)
    assert day.culprit["error"] == "nothing new in cs.NE since 2026-11-13, where there always was"
    assert day.status["error"] == day.culprit["error"]
    assert f"{SILENT}{CULPRIT}" in day.text
    assert "cs.NE" in day.text.partition(SILENT)[2]
    assert "Announced as 2611.00105" in day.text


@pytest.mark.parametrize("day", ["2026-11-15", "2026-11-27"], ids=["a Sunday", "the day after Thanksgiving"])
def test_a_day_off_is_quiet(product: Product, site: Site, announced, day):
    if day > MONDAY:  # the week goes on until the evening of the holiday
        for number, workday in enumerate(("16", "17", "18", "19", "20", "23", "24", "25", "26")):
            say(site, "/rss/cs.NE", announcements(f"2611.0100{number}", day=f"2026-11-{workday}"))
            product.fetch(f"2026-11-{workday}T08:00:00Z")
    say(site, "/rss/cs.NE", announcements(day=day))
    said = product.run(f"{day}T12:00:00Z")
    assert (said.code, said.culprit["state"], said.culprit["error"]) == (0, "quiet", None)
    assert said.status["state"] == "quiet"
    assert SILENT not in said.text
    assert FAILED not in said.text


def test_an_error_that_comes_as_a_feed_is_told_in_its_words(product: Product, site: Site):
    product.reads(arxiv(site))
    error = b'<rss version="2.0"><channel><title>Feed error for query: cs.NE</title><description>try later</description></channel></rss>'
    site.say("/rss/cs.NE", error, status=400)
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert (day.code, day.culprit["state"]) == (0, "failed")
    assert "answered 400" in day.culprit["error"]
    assert f"{FAILED}{CULPRIT}." in day.text


def test_an_empty_page_against_its_total_is_asked_for_three_times_and_told(product: Product, site: Site):
    product.reads(arxiv(site, full_records=True))
    site.say("/rss/cs.NE", announcements("2611.00001", day=MONDAY), headers={"ETag": '"1"'})
    site.say(
        "/api",
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/"><id>x</id>'
        "<o:totalResults>1</o:totalResults></feed>",
    )
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert [asked.path for asked in site.asked] == ["/rss/cs.NE", "/api", "/api", "/api"]
    assert (day.code, day.culprit["state"], day.culprit["new"]) == (0, "fresh", 1)
    assert "3 times with an empty page, against its own total" in day.culprit["error"]
    assert (day.status["state"], day.status["failures"]) == ("fresh", 1)
    assert "Announced as 2611.00001" in day.text


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_arxiv_is_not_pressed(product: Product, site: Site, status):
    """The feed answers; what would complete its papers does not, and says no word of when."""
    product.reads(arxiv(site, full_records=True, reconcile=True))
    product.limits[CULPRIT] = {"attempts": 1}
    site.say("/rss/cs.NE", announcements("2611.00001", day=MONDAY))
    site.say("/api", status=status)
    product.run(f"{MONDAY}T09:00:00Z")
    asked = len(site.asked)
    product.run(f"{MONDAY}T09:01:00Z")  # asks again at once, after a first failure
    day = product.run(f"{MONDAY}T09:02:00Z")  # and then no more for a while
    assert (asked, len(site.asked)) == (2, 4)
    assert f"answered {status}" in day.culprit["error"]
    assert "asked again after" in day.culprit["error"]


# -- Hugging Face --------------------------------------------------------------------------------------------------


def daily(*names: str) -> str:
    return json.dumps([{"paper": {"id": name, "title": f"Listed as {name}", "summary": "Letters."}} for name in names])


def play_days(site: Site, days: dict[str, tuple[int, str]]) -> dict[str, object]:
    """The list of each day, with its status; a page beyond the first is empty."""

    def answer(query: dict[str, list[str]]) -> tuple[int, str]:
        return days[query["date"][0]] if query["p"] == ["0"] else (200, "[]")

    site.answer_queries("/api/daily_papers", answer)
    return {"kind": "huggingface", "url": site.url}


def test_a_list_of_a_day_that_is_still_to_come_is_no_failure(product: Product, site: Site):
    future = (400, '{"error":"date is in the future"}')
    product.reads(play_days(site, {MONDAY: future, "2026-11-15": (200, daily("2611.00001"))}))
    day = product.run(f"{MONDAY}T00:05:00Z")
    assert (day.code, day.culprit["state"], day.culprit["new"], day.culprit["error"]) == (0, "fresh", 1, None)
    assert "Listed as 2611.00001" in day.text
    assert FAILED not in day.text


def test_empty_lists_of_a_weekend_are_quiet(product: Product, site: Site):
    product.reads(play_days(site, {"2026-11-14": (200, "[]"), "2026-11-15": (200, "[]")}))
    day = product.run("2026-11-15T12:00:00Z")
    assert (day.code, day.culprit["state"], day.culprit["error"]) == (0, "quiet", None)
    assert day.status["state"] == "quiet"
    assert f"{NOTHING}{CULPRIT}." in day.text


def test_a_day_that_cannot_be_read_costs_no_other(product: Product, site: Site):
    product.reads(play_days(site, {MONDAY: (404, ""), "2026-11-15": (200, daily("2611.00001"))}))
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert (day.code, day.culprit["state"], day.culprit["new"]) == (0, "fresh", 1)
    assert "answered 404" in day.culprit["error"]
    assert "Listed as 2611.00001" in day.text


def test_items_without_sense_cost_no_other(product: Product, site: Site):
    odd = [None, 7, {"paper": None}, {"paper": {"id": None, "title": ["x"]}}, {"paper": {"id": "2611.00002"}}]
    body = json.dumps([*odd, *json.loads(daily("2611.00001"))])
    product.reads(play_days(site, {MONDAY: (200, body), "2026-11-15": (200, "[]")}))
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert (day.culprit["state"], day.culprit["new"], day.culprit["error"]) == ("fresh", 1, None)


# -- bioRxiv -------------------------------------------------------------------------------------------------------

DETAILS = f"/details/biorxiv/2026-11-14/{MONDAY}"


def preprints(numbers: Iterable[int], **message: object) -> str:
    found = [
        {
            "doi": f"10.64898/2026.11.16.{700000 + number}", "title": f"Preprint {number}", "authors": "Byron, A.",
            "date": "2026-11-6" if number % 2 else "2026-11-16", "version": str(number % 3 + 1), "abstract": "Worms.",
            "category": "neuroscience", "server": "bioRxiv", "type": "new results", "published": "NA",
        }
        for number in numbers
    ]  # fmt: skip
    return json.dumps({"messages": [{"status": "ok", "count": len(found), **message}], "collection": found})


def test_pages_of_any_size_and_numbers_in_any_form_are_read_to_their_end(product: Product, site: Site):
    """Thirty a page, a total as a string that is never reached, dates without their zeros."""
    product.reads({"kind": "biorxiv", "backlog": "include"})
    site.say(f"{DETAILS}/0/json", preprints(range(30), total="75", cursor="0"))
    site.say(f"{DETAILS}/30/json", preprints(range(30, 44), total="75", cursor="30"))
    site.say(f"{DETAILS}/44/json", preprints((), total="75", cursor="44"))
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert [asked.path.split("/")[-2] for asked in site.asked] == ["0", "30", "44"]
    assert (day.code, day.culprit["state"], day.culprit["new"], day.culprit["error"]) == (0, "fresh", 44, None)
    assert f"{CULPRIT} (44)" in day.text
    assert "6 Nov 2026" in day.text


def test_no_posts_at_all_are_quiet(product: Product, site: Site):
    product.reads({"kind": "biorxiv"})
    site.say(f"{DETAILS}/0/json", '{"messages": [{"status": "no posts found"}], "collection": []}')
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert (day.code, day.culprit["state"], day.culprit["error"]) == (0, "quiet", None)
    assert f"{NOTHING}{CULPRIT}." in day.text


def test_an_empty_first_page_against_its_total_is_no_quiet_day(product: Product, site: Site):
    product.reads({"kind": "biorxiv"})
    site.say(f"{DETAILS}/0/json", preprints((), total="75"))
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert (day.code, day.culprit["state"]) == (0, "failed")
    assert "an empty page, against its own total of 75" in day.culprit["error"]
    assert f"{FAILED}{CULPRIT}." in day.text


def test_a_page_that_is_lost_costs_none_before_it(product: Product, site: Site):
    product.reads({"kind": "biorxiv", "backlog": "include"})
    site.say(f"{DETAILS}/0/json", preprints(range(30), total=60))
    site.say(f"{DETAILS}/30/json", status=503, headers={"Retry-After": "600"})
    first = product.run(f"{MONDAY}T09:00:00Z")
    assert (first.code, first.culprit["state"], first.culprit["new"]) == (0, "fresh", 30)
    assert "asks us to come back in 600 s" in first.culprit["error"]
    assert first.status["retry_at"] is not None
    asked = len(site.asked)
    second = product.run("2026-11-17T09:00:00Z")
    assert (len(site.asked), second.code) == (asked, 0)


# -- the same paper from several places ----------------------------------------------------------------------------


def test_a_paper_that_three_sources_list_comes_once_and_names_them(product: Product, site: Site):
    """By its arXiv id, by its page on Hugging Face, and by arXiv's DOI for it."""
    link = "https://doi.org/10.48550/arXiv.2611.00001"
    blog = RSS.format(f"<item><title>Announced as 2611.00001</title><link>{link}</link></item>")
    product.reads(
        arxiv(site),
        {**play_days(site, {MONDAY: (200, daily("2611.00001")), "2026-11-15": (200, "[]")}), "name": "Listers"},
        {"kind": "feed", "name": "Bloggers", "url": site.say("/blog", blog), "backlog": "include"},
    )
    site.say("/rss/cs.NE", announcements("2611.00001", day=MONDAY))
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert day.report["candidates"] == 2
    assert day.text.count("Announced as 2611.00001") == 1
    assert all(name in day.text for name in (CULPRIT, "Listers", "Bloggers", STEADY))


def test_titles_and_names_in_tex_are_read_as_people_write_them(product: Product, site: Site):
    body = announcements("2611.00001", day=MONDAY).decode()
    body = body.replace("Announced as 2611.00001", r"Letters by Erd\H{o}s, with $\ell_2$ &lt;b&gt;norms&lt;/b&gt;")
    product.reads(arxiv(site))
    site.say("/rss/cs.NE", body)
    day = product.run(f"{MONDAY}T09:00:00Z")
    assert "Letters by Erdős, with ℓ₂" in day.text
