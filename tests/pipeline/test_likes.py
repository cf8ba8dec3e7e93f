"""Liked papers that no source listed, looked up while sources are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from product import MORNING
from website import site

__all__ = ["site"]

FEED = """<rss version="2.0"><channel><title>A blog</title><item><title>Tides and turbines of the north</title>
<link>https://blog.example/tides</link><description>Turbines under water.</description>
<pubDate>Mon, 23 Nov 2026 06:00:00 GMT</pubDate></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>"""
PAPER = """<entry><id>http://arxiv.org/abs/2405.12345v2</id><title>Spikes that wait</title>
<summary>Spiking networks wait for one another.</summary><author><name>Ada Byron</name></author>
<published>2024-05-20T00:00:00Z</published></entry>"""
WORK = {
    "DOI": "10.5555/brains",
    "title": ["Brains that wait"],
    "abstract": "Brains wait.",
    "author": [{"family": "Byron"}],
}


def later(**passed: float) -> str:
    at = datetime.fromisoformat(MORNING).astimezone(UTC) + timedelta(**passed)
    return at.isoformat()


@pytest.fixture
def world(deployment, site):
    """A feed on loopback, arXiv and Crossref beside it, and a reader who likes what nobody listed."""
    site.say("/feed", FEED)
    site.say("/arxiv", ATOM.format(PAPER))
    site.say("/crossref", json.dumps({"status": "ok", "message": {"items": [WORK]}}))
    arxiv = {"kind": "arxiv", "categories": ["cs.NE"], "api_url": f"{site.url}/arxiv", "disabled": True}
    deployment.write(
        sources=[{"kind": "feed", "name": "A blog", "url": f"{site.url}/feed", "backlog": "include"}, arxiv],
        network={"allow": ["127.0.0.1"]},
        lookup={"crossref_url": f"{site.url}/crossref"},
    )
    liked = ["arXiv:2405.12345", "https://journal.example/doi/10.5555/brains/full", "doi:10.5555/nobody"]
    deployment.write_readers([{"email": "ada@example.org", "profile": {"liked": liked}}])
    return deployment


def asked(site, path):
    return [one.query for one in site.asked if one.path == path]


def test_what_is_found_is_stored_ranked_by_and_never_news(world, site):
    fetched = world("fetch", "--json", "--now", MORNING)
    assert (fetched.code, fetched.json["new"]) == (0, 1)
    assert "liked paper that nobody knows: doi:10.5555/nobody" in fetched.err
    assert [query["id_list"] for query in asked(site, "/arxiv")] == [["2405.12345"]]
    assert asked(site, "/crossref")[0]["mailto"] == ["papers@example.org"]
    ranked = world("rank", "--subscriber", "ada@example.org", "--json", "--now", MORNING)
    assert [item["entry"]["title"] for item in ranked.json["items"]] == ["Tides and turbines of the north"]
    assert ranked.err.count("10.5555/") == 1
    assert "doi:10.5555/nobody" in ranked.err
    previewed = world("preview", "--now", MORNING)
    assert previewed.err.count("liked paper not found in the store: doi:10.5555/nobody") == 1


def test_nothing_is_asked_twice_and_what_is_unknown_only_after_some_days(world, site):
    world("fetch", "--now", MORNING)
    world("fetch", "--now", later(hours=20))
    assert (len(asked(site, "/arxiv")), len(asked(site, "/crossref"))) == (1, 1)
    again = world("fetch", "--now", later(days=2))
    assert [query["filter"] for query in asked(site, "/crossref")][1:] == [["doi:10.5555/nobody"]]
    assert "nobody knows" not in again.err
    world("fetch", "--now", later(days=4))
    assert len(asked(site, "/crossref")) == 2


def test_a_paper_that_was_looked_up_is_new_when_a_source_lists_it(world, site):
    world("subscribers", "add", "ben@example.org")
    world("fetch", "--now", MORNING)
    listed = FEED.replace("https://blog.example/tides", "https://arxiv.org/abs/2405.12345")
    site.forget("/feed")
    site.say("/feed", listed.replace("Tides and turbines of the north", "Spikes that wait"))
    assert world("fetch", "--now", later(hours=3)).code == 0
    ranked = world("rank", "--subscriber", "ben@example.org", "--json", "--now", later(hours=3))
    titles = {item["entry"]["title"]: item["entry"]["sources"] for item in ranked.json["items"]}
    assert titles == {"Spikes that wait": ["A blog"], "Tides and turbines of the north": ["A blog"]}


def test_a_service_that_is_away_is_said_left_alone_for_an_hour_and_asked_again(world, site):
    site.forget("/crossref")
    site.say("/crossref", status=500)
    fetched = world("fetch", "--json", "--now", MORNING)
    assert fetched.code == 0
    assert "Crossref: liked papers could not be looked up" in fetched.err
    world("fetch", "--now", later(minutes=30))
    assert len(asked(site, "/crossref")) == 1
    world("fetch", "--now", later(hours=2))
    assert len(asked(site, "/crossref")) == 2


def test_nobody_is_asked_where_that_is_not_wished_or_nothing_is_read_over_the_network(world, site):
    world.write(lookup={"services": []})
    world("fetch", "--now", MORNING)
    assert [one.path for one in site.asked] == ["/feed"]
    world.write(
        lookup={"crossref_url": f"{site.url}/crossref"},
        sources=[{"kind": "page", "name": "spikes", "path": "spikes.txt"}],
    )
    world("fetch", "--now", later(days=1))
    assert [one.path for one in site.asked] == ["/feed"]


def test_a_library_is_looked_up_where_it_brings_no_abstract(world, site):
    (world.folder / "mine.bib").write_text(
        "@misc{a, title = {Brains that wait}, doi = {10.5555/brains}}\n"
        "@misc{b, title = {Known all about}, doi = {10.5555/whole}, abstract = {All of it.}}\n"
    )
    world.write_readers([{"email": "ada@example.org", "profile": {"liked": ["file: mine.bib"]}}])
    world("fetch", "--now", MORNING)
    assert [query["filter"] for query in asked(site, "/crossref")] == [["doi:10.5555/brains"]]


def test_a_library_that_is_gone_costs_nobody_the_run(world):
    (world.folder / "mine.bib").write_text("@misc{a, title = {Brains that wait}}")
    world.write_readers([{"email": "ada@example.org", "profile": {"liked": ["file: mine.bib"]}}, {"email": "ben@example.org"}])  # fmt: skip
    (world.folder / "mine.bib").write_text("words and nothing else")
    run = world("run", "--everyone", "--json", "--now", MORNING)
    assert (run.code, run.json["sent"]) == (0, 2)
    assert "mine.bib: is no library that is known" in run.err
