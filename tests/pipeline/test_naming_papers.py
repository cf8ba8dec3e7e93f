from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.model import Entry, EntryChanges
from newsletter.pipeline.learning import find_paper
from newsletter.sources.identity import keys_of
from newsletter.sources.references import reference_of
from newsletter.storage import Storage

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAPERS = (
    Entry(id="abcd000000000001", title="Tides", arxiv_id="2405.12345", doi="10.1101/2024.01.01.573829"),
    Entry(id="abcd000000000002", title="Late frost", doi="10.1101/2024.01.01.573830"),
    Entry(id="abcd100000000003", title="A survey of\ntidal energy converters"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "newsletter.yaml").write_text(
        "title: Papers\nfrom: {email: papers@example.org}\nsources: [{kind: huggingface}]\n"
    )
    return load(tmp_path / "newsletter.yaml", environ={})


def test_a_paper_is_found_by_what_it_is_called(settings: Settings) -> None:
    keys = tuple((key, entry.id) for entry in PAPERS for key in keys_of(entry))
    with Storage.open(settings.database) as storage:
        storage.entries.save(EntryChanges(entries=PAPERS, keys=keys), now=NOW)
        named = [reference_of(entry) for entry in PAPERS]
        assert named == [
            "arXiv:2405.12345",
            "doi:10.1101/2024.01.01.573830",
            "title: A survey of tidal energy converters",
        ]
        assert [find_paper(settings, storage, reference) for reference in named] == list(PAPERS)
        assert find_paper(settings, storage, "abcd1") == PAPERS[2]
        with pytest.raises(UsageError, match="more than one paper's id begins with it"):
            find_paper(settings, storage, "abcd")
        with pytest.raises(UsageError, match="no stored paper is known by it"):
            find_paper(settings, storage, "https://example.org/nowhere")
