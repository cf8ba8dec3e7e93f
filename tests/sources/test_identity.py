"""One paper, one entry: what is joined, what is kept apart, and what becomes of it over several fetches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Entry, EntryChanges, Fetched, Signals, Tally
from newsletter.sources.identity import keys_of, reconcile, with_ids
from newsletter.sources.merging import merge

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)
WINDOW = timedelta(days=3)
LONG = "How worms learn to learn"


def listed(source: str, *entries: Entry) -> Fetched:
    return Fetched(source=source, kind="feed", entries=entries)


class Memory:
    """What storage does: entries by id, ids by key, ids that were merged away."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.keys: dict[str, set[str]] = defaultdict(set)

    def take(self, *fetched: Fetched, now: datetime = NOW, **options) -> EntryChanges:
        asked = {
            key for one in fetched for entry in one.entries for key in keys_of(replace(entry, sources=(one.source,)))
        }
        known = {key: [self.entries[name] for name in sorted(self.keys[key])] for key in asked if self.keys[key]}
        changes = reconcile(fetched, known, now=now, window=WINDOW, **options)
        for gone, kept in changes.aliases.items():
            del self.entries[gone]
            for names in self.keys.values():
                if gone in names:
                    names.discard(gone)
                    names.add(kept)
        self.entries |= {entry.id: entry for entry in changes.entries}
        for key, name in changes.keys:
            self.keys[key].add(name)
        return changes


def together(*entries: Entry, apart: bool = True) -> int:
    """How many papers the entries are, each listed by a source of its own."""
    fetched = [listed(f"s{index}" if apart else "s", entry) for index, entry in enumerate(entries)]
    if not apart:
        fetched = [listed("s", *entries)]
    changes = reconcile(fetched, {}, now=NOW, window=WINDOW)
    assert len({entry.id for entry in changes.entries}) == len(changes.entries)
    backwards = reconcile(fetched[::-1], {}, now=NOW, window=WINDOW)
    assert len(backwards.entries) == len(changes.entries)
    return len(changes.entries)


# -- keys ----------------------------------------------------------------------------------------------------------


def test_keys_name_all_that_identifies():
    entry = Entry(
        title="The {BERT}-like Model",
        link="https://lab.example/a?utm_source=x",
        arxiv_id="2405.12345",
        doi="10.5555/abc",
        openreview_id="AbC",
    )
    assert keys_of(entry) == (
        "arxiv:2405.12345",
        "doi:10.5555/abc",
        "openreview:AbC",
        "url:lab.example/a",
        "title:the bert like model",
    )
    assert keys_of(Entry(title="", guid="7", sources=("lab", "other"))) == ("guid:lab:7",)
    assert keys_of(Entry(title="", guid="tag:lab.example,2026:7", sources=("lab",))) == ("guid:tag:lab.example,2026:7",)


def test_a_doi_of_arxiv_is_an_arxiv_id():
    entry = with_ids(Entry(title="t", doi="10.48550/arxiv.2405.12345"))
    assert (entry.arxiv_id, entry.doi) == ("2405.12345", None)
    assert keys_of(Entry(title="", link="https://doi.org/10.48550/arXiv.2405.12345")) == ("arxiv:2405.12345",)


# -- what is one paper ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"arxiv_id": "2405.12345"}, {"link": "https://huggingface.co/papers/2405.12345", "title": "Renamed"}),
        ({"arxiv_id": "2405.12345", "arxiv_version": 1}, {"link": "https://arxiv.org/abs/2405.12345v2"}),
        ({"arxiv_id": "2405.12345"}, {"doi": "10.48550/arxiv.2405.12345", "title": "Renamed"}),
        ({"doi": "10.5555/abc"}, {"link": "https://doi.org/10.5555/ABC", "title": "Renamed"}),
        ({"link": "https://lab.example/a"}, {"link": "http://www.lab.example/a/?utm_source=x#y", "title": "Renamed"}),
        ({"openreview_id": "AbC"}, {"link": "https://openreview.net/forum?id=AbC", "title": "Renamed"}),
        ({"doi": "10.1101/2026.01.02.1"}, {"doi": "10.7554/elife.1"}),
        (
            {"doi": "10.1101/2026.01.02.1", "journal_doi": "10.7554/elife.1"},
            {"doi": "10.7554/elife.1", "title": "Else"},
        ),
        ({"doi": "10.1101/2026.01.02.1"}, {"doi": "10.21203/rs.3.rs-1"}),
        ({"arxiv_id": "2405.12345"}, {"doi": "10.1101/2026.01.02.1"}),
        ({"arxiv_id": "2405.12345"}, {}),
        ({"title": "How Worms Learn to $\\textbf{Learn}$!"}, {}),
        ({"doi": "10.21203/rs.3.rs-1/v1"}, {"link": "https://doi.org/10.21203/rs.3.rs-1/v2", "title": "Renamed"}),
        ({"guid": "tag:lab.example,2026:1", "link": "https://lab.example/a"}, {"guid": "tag:lab.example,2026:1"}),
    ],
)
def test_one_paper_under_two_names(one, other):
    authors = ("Ada Byron", "Mary Shelley")
    first, second = ({"title": LONG, "authors": authors, **each} for each in (one, other))
    assert together(Entry(**first), Entry(**second)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"arxiv_id": "2405.12345"}, {"arxiv_id": "2405.99999"}),
        ({"arxiv_id": "2405.12345", "doi": "10.5555/abc"}, {"arxiv_id": "2405.99999", "doi": "10.5555/abc"}),
        ({"doi": "10.5555/abc"}, {"doi": "10.5555/def"}),
        ({"doi": "10.7554/elife.1"}, {"doi": "10.1101/gr.7.1"}),
        ({"doi": "10.1101/2026.01.02.1"}, {"doi": "10.64898/2026.01.03.2"}),
        ({"doi": "10.21203/rs.3.rs-1"}, {"doi": "10.21203/rs.3.rs-2"}),
        ({"authors": ("Ada Byron",)}, {"authors": ("Jane Marcet",)}),
        ({"title": "How worms learn"}, {"title": "How worms unlearn"}),
        ({"link": "https://lab.example/"}, {"link": "https://lab.example/", "title": "Something else altogether"}),
    ],
)
def test_two_papers_that_look_alike(one, other):
    first, second = ({"title": LONG, "authors": ("Ada Byron",), **each} for each in (one, other))
    assert together(Entry(**first), Entry(**second)) == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Kevin M. Wright",), ("K. M. Wright", "A. Gaudinier"), True),
        (("Wright, K. M.",), ("Kevin Wright Jr.",), True),
        (("Wei Zhang",), ("Zhang Wei",), True),
        (("Andr\\'e Weil",), ("André Weil",), True),
        (("Wright KM",), ("Kevin Wright",), True),
        (("Kevin Wright", "Ada Byron"), ("Ada Byron", "Kevin Wright"), False),
        (("Madonna",), ("madonna",), True),
        (("María García López",), ("M. García",), True),
        (("Quoc Le",), ("Q. Le",), True),
        (("Jan van der Berg",), ("van der Berg, J.",), True),
        (("J. Robert Oppenheimer",), ("Robert Oppenheimer",), True),
        (("Wei Wang",), ("Jun Wang",), False),
        (("A. Smith",), ("J. Smith",), False),
        (("Wang Wei",), ("Wei Zhang",), False),
        (("Jing Wang",), ("Jing Wu",), False),
    ],
)
@pytest.mark.parametrize("title", [LONG, "Olmo 3"])
def test_authors_tell_papers_of_one_title_apart(one, other, same, title):
    assert together(Entry(title=title, authors=one), Entry(title=title, authors=other)) == (1 if same else 2)


def test_a_short_title_needs_more_of_a_name_than_an_initial():
    mike, michael = ({"authors": (name,)} for name in ("Mike Wright", "Michael Wright"))
    assert together(Entry(title=LONG, **mike), Entry(title=LONG, **michael)) == 1
    assert together(Entry(title="Olmo 3", **mike), Entry(title="Olmo 3", **michael)) == 2


def test_a_telling_title_is_enough_where_no_authors_are_named():
    assert together(Entry(title=LONG, author_count=3), Entry(title=LONG, arxiv_id="2405.12345", authors=("A B",))) == 1
    assert together(Entry(title=LONG), Entry(title=LONG)) == 1


def test_a_short_title_never_is():
    assert together(Entry(title="Olmo 3"), Entry(title="Olmo 3")) == 2
    assert together(Entry(title="Olmo 3"), Entry(title="Olmo 3"), Entry(title="Olmo 3")) == 3
    assert together(Entry(title="Olmo 3"), Entry(title="Olmo 3", arxiv_id="2512.00001", authors=("A B",))) == 2


def test_a_short_title_with_the_same_summary_is():
    summary = "A family of open models."
    assert together(Entry(title="Olmo 3", summary=summary), Entry(title="OLMo 3", summary=summary)) == 1


def test_weekly_posts_of_one_source_are_as_many():
    posts = [Entry(title="What we have read this week", link=f"https://lab.example/{week}") for week in range(3)]
    assert together(*posts, apart=False) == 3
    assert together(*posts, apart=True) == 1


def test_a_feed_that_gives_every_item_the_same_link():
    items = [Entry(title=f"Note number {name}", link="https://lab.example/news") for name in ("one", "two", "three")]
    assert together(*items, apart=False) == 3
    memory = Memory()
    memory.take(listed("lab", *items))
    again = memory.take(listed("lab", *items, Entry(title="Note number four", link="https://lab.example/news")))
    assert (len(memory.entries), len(again.new)) == (4, 1)


def test_chains_are_one():
    arxiv = Entry(title="Worms", arxiv_id="2405.12345", doi="10.5555/abc", authors=("Ada Byron",))
    journal = Entry(title="Worms, revised", doi="10.5555/abc", link="https://journal.example/abc")
    blog = Entry(title="Read this", link="https://journal.example/abc?utm_source=blog")
    assert together(arxiv, blog, journal) == 1


def test_a_chain_never_joins_two_arxiv_ids():
    first = Entry(title=LONG, arxiv_id="2405.12345", authors=("Ada Byron",))
    second = Entry(title=LONG, arxiv_id="2405.99999", authors=("Ada Byron",))
    assert together(first, Entry(title=LONG), second) == 2


def test_the_same_title_listed_hundreds_of_times():
    rows = [Entry(title="Editorial", authors=(f"Author Number{index}",)) for index in range(300)]
    assert together(*rows) == 300


def test_the_same_title_listed_hundreds_of_times_by_one_source():
    """Only what else is the same tells which is which."""
    rows = [Entry(title="Editorial", authors=(f"Author Number{index}",)) for index in range(50)]
    rows += [Entry(title=LONG, link=f"https://lab.example/{index}") for index in range(50)]
    memory = Memory()
    assert len(memory.take(listed("lab", *rows)).new) == 100
    assert memory.take(listed("lab", *rows)) == EntryChanges()


@pytest.mark.parametrize("same", [{"doi": "10.5555/12345678"}, {"arxiv_id": "2405.12345"}, {"guid": "tag:lab,2026:1"}])
def test_a_feed_that_gives_every_item_the_same_id(same):
    items = [Entry(title=f"A study of {name}", link=f"https://lab.example/{name}", **same) for name in ("a", "b", "c")]
    memory = Memory()
    memory.take(listed("lab", *items))
    assert (len(memory.entries), {entry.doi for entry in memory.entries.values()}) == (3, {None})
    again = memory.take(listed("lab", *items), listed("other", Entry(title="The journal as a whole", **same)))
    assert (len(memory.entries), len(again.new)) == (4, 1)


def test_a_paper_of_which_one_feed_lists_two_versions():
    versions = [Entry(title=title, doi="10.5555/abc") for title in (LONG, f"{LONG}, revised")]
    assert together(*versions, apart=False) == 1
    assert together(Entry(title="Sponges of the deep", doi="10.5555/abc"), versions[0], apart=False) == 2


@pytest.mark.parametrize(("kind", "papers"), [("feed", 2), ("biorxiv", 1)])
def test_what_speaks_against_an_id_that_was_found_in_a_feed(kind, papers):
    paper = Entry(title=LONG, doi="10.5555/abc", authors=("Ada Byron",))
    post = Entry(title="Glaciers of the north", doi="10.5555/abc", authors=("Jane Marcet",))
    memory = Memory()
    memory.take(Fetched(source="crossref", kind="biorxiv", entries=(paper,)))
    memory.take(Fetched(source="blog", kind=kind, entries=(post,)))
    assert len(memory.entries) == papers


# -- posts over several days ---------------------------------------------------------------------------------------


def over_days(*posts: Entry, source: str = "lab") -> int:
    """How many posts a source has, of which each fetch lists one."""
    memory = Memory()
    for days, post in enumerate(posts):
        memory.take(listed(source, post), now=NOW + timedelta(days=days))
        assert memory.take(listed(source, post), now=NOW + timedelta(days=days, hours=1)) == EntryChanges()
    return len(memory.entries)


MONDAY, TUESDAY = "Paper of monday about neurons in the cortex", "Wholly different paper of tuesday about glaciers"


@pytest.mark.parametrize(
    ("one", "other", "posts"),
    [
        ({"title": MONDAY, "guid": "1"}, {"title": TUESDAY, "guid": "2"}, 2),
        ({"title": MONDAY}, {"title": TUESDAY}, 2),
        ({"title": MONDAY, "guid": "1"}, {"title": f"{MONDAY} (corrected)", "guid": "2"}, 1),
        ({"title": MONDAY, "guid": "1"}, {"title": TUESDAY, "guid": "1"}, 1),
        ({"title": MONDAY, "link": "https://lab.example/a"}, {"title": TUESDAY, "link": "https://lab.example/b"}, 2),
        ({"title": "Version 1", "link": "https://lab.example/a#v1"}, {"title": "Version 2"}, 1),
        (
            {"title": "Version 1", "link": "https://lab.example/a#v1"},
            {"title": "Version 2", "link": "https://lab.example/a#v2"},
            2,
        ),
        (
            {"title": MONDAY, "guid": "1", "link": "https://lab.example/a"},
            {"title": TUESDAY, "guid": "1", "link": "https://lab.example/b"},
            2,
        ),
        ({"title": MONDAY, "guid": "1"}, {"title": MONDAY, "guid": "1", "link": "https://moved.example/a"}, 1),
        (
            {"title": MONDAY, "guid": "1", "link": None},
            {"title": f"{MONDAY} (corrected)", "guid": "1", "link": None},
            1,
        ),
        ({"title": "夜の海を泳ぐ魚の研究", "guid": "1"}, {"title": "夜の海を泳ぐ魚の研究(訂正)", "guid": "2"}, 1),
    ],
)
def test_posts_at_the_address_of_an_earlier_one(one, other, posts):
    first, second = ({"link": "https://lab.example/a", **each} for each in (one, other))
    assert over_days(Entry(**first), Entry(**second)) == posts


def test_a_guid_is_of_its_source_unless_it_is_unique():
    for guid, papers in [("17", 2), ("https://lab.example/?p=17", 1)]:
        memory = Memory()
        memory.take(listed("a", Entry(title=f"{LONG} today", link="https://lab.example/a", guid=guid)))
        memory.take(listed("b", Entry(title=LONG, link="https://other.example/b", guid=guid)))
        assert len(memory.entries) == papers


@pytest.mark.parametrize(
    "links",
    [
        ("https://lab.example/thread.php?111-release-one", "https://lab.example/thread.php?222-other"),
        ("https://lab.example/post?about=10.48550/arXiv.2405.12345", "https://arxiv.org/abs/2405.12345"),
    ],
)
def test_addresses_of_different_pages(links):
    assert over_days(*(Entry(title="", link=link, summary=link) for link in links)) == 0  # without titles nothing is
    assert over_days(*(Entry(title=title, link=link) for title, link in zip("ab", links, strict=True))) == 2


@given(st.permutations(range(6)))
def test_the_order_of_sources_changes_nothing(order):
    entries = [
        Entry(title="Worms", arxiv_id="2405.12345", authors=("Ada Byron",)),
        Entry(title="Worms!", doi="10.48550/arxiv.2405.12345"),
        Entry(title=LONG, doi="10.5555/abc", authors=("Mary Shelley",)),
        Entry(title=LONG, link="https://lab.example/a", authors=("M. Shelley",)),
        Entry(title="Other", link="https://lab.example/a"),
        Entry(title="Alone", link="https://lab.example/b"),
    ]
    fetched = [listed(f"s{index}", entries[index]) for index in order]
    changes = reconcile(fetched, {}, now=NOW, window=WINDOW)
    assert sorted(sorted(entry.sources) for entry in changes.entries) == [["s0", "s1"], ["s2", "s3", "s4"], ["s5"]]


# -- what is new ---------------------------------------------------------------------------------------------------


def test_a_second_fetch_of_the_same_is_nothing():
    memory = Memory()
    rows = [
        Entry(title=LONG, link="https://lab.example/a"),
        Entry(title="Olmo 3"),
        Entry(title="X", arxiv_id="2405.1234"),
    ]
    first = memory.take(listed("lab", *rows), listed("other", rows[0]))
    again = memory.take(listed("lab", *rows), listed("other", rows[0]), now=NOW + timedelta(days=1))
    assert len(first.new) == 3
    assert again == EntryChanges()


def test_each_source_counts_what_is_new_to_us():
    memory = Memory()
    known, both, one = (Entry(title=name, link=f"https://lab.example/{name}") for name in "abc")
    memory.take(listed("a", known))
    changes = memory.take(listed("a", known, both, one), listed("b", both, known))
    assert len(changes.new) == 2
    assert changes.tallies == {
        "a": Tally(new=2, seen=1, merged=2, first=2),
        "b": Tally(new=1, seen=1, merged=2, first=2),
    }


def test_a_late_source_does_not_make_it_new_again():
    memory = Memory()
    memory.take(listed("a", Entry(title="t", arxiv_id="2405.12345")))
    later = memory.take(listed("b", Entry(title="t", arxiv_id="2405.12345")), now=NOW + timedelta(days=9))
    (entry,) = later.entries
    assert (entry.first_seen_at, entry.sources, later.new) == (NOW, ("a", "b"), frozenset())


def old(**more) -> Entry:
    return Entry(**{"title": LONG, "link": "https://lab.example/old", "published": NOW - timedelta(days=30), **more})


def first_seen(changes: EntryChanges) -> list[datetime | None]:
    return [entry.first_seen_at for entry in changes.entries]


@pytest.mark.parametrize(
    ("entry", "backlog", "seen"),
    [
        (old(), "skip", None),
        (old(), "include", NOW),
        (old(published=NOW - timedelta(days=2)), "skip", NOW),
        (old(listed_at=NOW - timedelta(days=1)), "skip", NOW),
        (old(published=None), "skip", NOW),
        (old(published=None, updated=NOW - timedelta(days=30)), "skip", None),
        (old(announce_type="replace", listed_at=NOW), "skip", None),
        (old(announce_type="replace", listed_at=NOW), "include", NOW),
    ],
)
def test_the_backlog_of_a_first_fetch(entry, backlog, seen):
    changes = Memory().take(listed("a", entry), first_fetch={"a"}, backlog={"a": backlog})
    assert (first_seen(changes), len(changes.new)) == ([seen], 1)


def test_what_is_old_is_new_all_the_same_on_a_later_fetch():
    assert first_seen(Memory().take(listed("a", old()), first_fetch={"b"}, backlog={"a": "skip"})) == [NOW]


@pytest.mark.parametrize(
    ("published", "seen"), [(NOW - timedelta(days=30), None), (NOW - timedelta(days=1), NOW), (None, None)]
)
def test_the_revision_of_an_old_paper_is_no_news(published, seen):
    revised = Entry(title=LONG, arxiv_id="2401.00001", announce_type="replace", published=published, listed_at=NOW)
    assert first_seen(Memory().take(listed("arxiv", revised))) == [seen]


def test_backlog_becomes_new_when_another_source_lists_it():
    memory = Memory()
    memory.take(listed("a", old()), first_fetch={"a"})
    same = memory.take(listed("a", old()), now=NOW + timedelta(hours=1))
    assert same == EntryChanges()
    later = NOW + timedelta(days=2)
    changes = memory.take(listed("b", old()), now=later)
    assert (first_seen(changes), changes.new) == ([later], frozenset())


def test_backlog_of_two_sources_stays_backlog():
    memory = Memory()
    memory.take(listed("a", old()), first_fetch={"a"})
    assert first_seen(memory.take(listed("b", old()), first_fetch={"b"})) == [None]


# -- late merges ---------------------------------------------------------------------------------------------------


def test_two_stored_entries_that_turn_out_to_be_one():
    memory = Memory()
    memory.take(listed("a", Entry(title="Worms", link="https://journal.example/abc", authors=("Ada Byron",))))
    memory.take(listed("b", Entry(title="Worms at last", arxiv_id="2405.12345")), now=NOW + timedelta(days=1))
    assert len(memory.entries) == 2
    bridge = Entry(title="Worms", arxiv_id="2405.12345", link="https://journal.example/abc")
    changes = memory.take(listed("c", bridge), now=NOW + timedelta(days=2))
    (entry,) = memory.entries.values()
    assert (entry.first_seen_at, entry.sources, entry.arxiv_id) == (NOW, ("a", "b", "c"), "2405.12345")
    assert list(changes.aliases.values()) == [entry.id]
    assert changes.new == frozenset()
    assert memory.take(listed("b", Entry(title="Worms at last", arxiv_id="2405.12345"))) == EntryChanges()


def test_the_one_that_was_new_first_keeps_its_id():
    memory = Memory()
    backlog = Entry(title="A", link="https://lab.example/a", published=NOW - timedelta(days=99))
    memory.take(listed("a", backlog), first_fetch={"a"})
    memory.take(listed("b", Entry(title="B", arxiv_id="2405.12345")))
    kept = next(name for name, entry in memory.entries.items() if entry.arxiv_id)
    memory.take(listed("c", Entry(title="B", arxiv_id="2405.12345", doi="10.5555/abc")))
    memory.take(listed("d", Entry(title="B", link="https://lab.example/a", doi="10.5555/abc")))
    assert list(memory.entries) == [kept]
    assert memory.entries[kept].first_seen_at == NOW


# -- merging -------------------------------------------------------------------------------------------------------


def test_the_best_of_both_is_kept():
    page = Entry(title=LONG, summary="Short.", author_count=2, sources=("page",), signals=Signals(comments=3))
    full = Entry(
        title=LONG + ".",
        summary="A longer summary.",
        authors=("Ada Byron", "Mary Shelley"),
        arxiv_id="2405.12345",
        link="https://arxiv.org/abs/2405.12345",
        categories=("cs.NE",),
        published=NOW,
        sources=("arxiv",),
        signals=Signals(upvotes=7),
    )
    for merged in (merge(page, full), merge(full, page)):
        assert (merged.summary, merged.authors, merged.author_count) == (full.summary, full.authors, 2)
        assert (merged.arxiv_id, merged.link, merged.published) == (full.arxiv_id, full.link, NOW)
        assert merged.signals == Signals(comments=3, upvotes=7)
        assert sorted(merged.sources) == ["arxiv", "page"]
    assert merge(page, full).id == page.id


def test_figures_are_the_latest():
    first, second = (Entry(title="t", signals=Signals(upvotes=count)) for count in (9, 4))
    assert merge(first, second).signals.upvotes == 4


def test_a_newer_version_speaks_for_itself():
    first = Entry(title="Old", summary="A long summary.", authors=("A", "B"), arxiv_version=1, withdrawn=False)
    second = Entry(title="New", summary="Shorter.", authors=("A",), arxiv_version=2, withdrawn=True, comment="gone")
    for merged in (merge(first, second), merge(replace(second, id=first.id), first)):
        assert (merged.title, merged.summary, merged.authors, merged.arxiv_version) == ("New", "Shorter.", ("A",), 2)
        assert (merged.withdrawn, merged.comment) == (True, "gone")


def test_versions_that_are_told_by_their_dates_come_in_any_order():
    first = Entry(title="Old", doi="10.1101/1", updated=NOW - timedelta(days=5), sources=("bio",), withdrawn=True)
    second = Entry(title="New", doi="10.1101/1", updated=NOW, sources=("bio",))
    for merged in (merge(first, second), merge(second, first)):
        assert (merged.title, merged.withdrawn, merged.updated) == ("New", False, NOW)


def test_a_paper_that_was_taken_back():
    """Of which only the id is left in a list."""
    gone = Entry(title="", arxiv_id="2603.01234", withdrawn=True)
    memory = Memory()
    assert memory.take(listed("arxiv", gone)).entries == ()
    memory.take(listed("arxiv", Entry(title=LONG, arxiv_id="2603.01234")))
    (entry,) = memory.take(listed("arxiv", gone)).entries
    assert (entry.title, entry.withdrawn) == (LONG, True)


def test_a_source_may_correct_its_title_and_no_other_source_may():
    first = Entry(title="Typpo", link="https://lab.example/a", sources=("a",))
    assert merge(first, replace(first, title="Typo")).title == "Typo"
    assert merge(first, replace(first, title="Something", sources=("b",))).title == "Typpo"


def test_a_guid_is_that_of_the_first_source():
    first, other = Entry(title="t", sources=("a",)), Entry(title="t", guid="7", sources=("b",))
    assert merge(first, other).guid is None
    assert merge(first, replace(other, sources=("a",))).guid == "7"
    assert merge(other, first).guid == "7"


def test_the_first_announcement_counts_most():
    first, second = (Entry(title="t", announce_type=kind) for kind in ("cross", "new"))
    assert merge(first, second).announce_type == "new"
    assert merge(first, Entry(title="t", announce_type="odd")).announce_type == "cross"


def test_times_reach_from_the_earliest_to_the_latest():
    early, late = NOW - timedelta(days=1), NOW
    first = Entry(title="t", published=late, updated=early, listed_at=late, first_seen_at=late)
    second = Entry(title="t", published=early, updated=late, listed_at=early, first_seen_at=early)
    merged = merge(first, second)
    assert (merged.published, merged.updated, merged.listed_at, merged.first_seen_at) == (early, late, early, early)
