"""``docs/configuration.md`` and the sample files leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from newsletter.config import fields, provider_settings, readers, settings, source_settings
from newsletter.config.env import SECRET_KEY
from newsletter.config.settings import PROVIDER_KINDS, SOURCE_KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
DOCUMENTED = set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", PROSE))
SECTIONS = [
    section
    for module in (settings, source_settings, provider_settings, readers)
    for section in vars(module).values()
    if isinstance(section, type)
    and issubclass(section, fields.Section)
    and section not in (fields.Section, settings.Settings)
]
FIELDS = sorted({(s.__name__, f.alias or name) for s in SECTIONS for name, f in s.model_fields.items()})


@pytest.mark.parametrize(("section", "field"), FIELDS)
def test_every_setting_is_documented(section: str, field: str) -> None:
    within = {
        "Signup": "signup.",
        "Archive": "archive.",
        "Desk": "desk.",
        "Retention": "retention.",
        "Network": "network.",
    }.get(section, "")

    assert within + field in DOCUMENTED


@pytest.mark.parametrize("kind", [*SOURCE_KINDS, *PROVIDER_KINDS, SECRET_KEY, "NEWSLETTER_CONFIG"])
def test_every_kind_is_documented(kind: str) -> None:
    assert kind in DOCUMENTED


def test_the_sections_are_all_there() -> None:
    assert {section.__name__ for section in SECTIONS} >= {"ReaderSection", "SmtpProvider", "PageSource", "Signup"}
    assert all(issubclass(section, BaseModel) and section.__doc__ for section in SECTIONS)


def test_links_in_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", PROSE, re.MULTILINE)
    }

    for target in re.findall(r"\]\(([^)]+)\)", PROSE):
        found: Any = (
            target.removeprefix("#") in headings if target.startswith("#") else (ROOT / "docs" / target).exists()
        )
        assert found, target


def test_the_errors_in_the_page_are_the_ones_that_are_printed(files: Any) -> None:
    printed = files.problems(
        newsletter="\n" * 11 + "title: x\nfrom: {email: a@example.org}\nsources: [{kind: arxv}]\n",
        subscribers="\n" * 4 + "subscribers:\n  - email: a@example.org\n    profile: {intrests: []}\n",
    )

    for problem in printed:
        assert problem.split(": ", 1)[1] in PAGE
