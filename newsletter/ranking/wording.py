"""What of an interest stands in a paper, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from newsletter.model import Entry
from newsletter.ranking.terms import find_tokens, read_forms, tell_fields

CACHED_ENTRIES = 1 << 13


@dataclass(frozen=True, slots=True)
class Wording:
    """A phrase in its parts: each as it is written, folded, and in its stems; parts that say nothing have none."""

    text: str
    parts: Sequence[tuple[str, str, tuple[str, ...]]]

    @classmethod
    def of(cls, text: str) -> Wording:
        """The phrase in its parts."""
        return cls(text, [(part, "".join(read_forms(part).values()), stems) for part, stems in find_tokens(text)])

    def stands_in(self, entry: Entry) -> str | None:
        """The phrase where all its words stand in the paper, else those that do, as the paper has them; else ``None``.

        >>> paper = Entry(title="A network spiked")
        >>> Wording.of("spiking networks").stands_in(paper), Wording.of("deep networks").stands_in(paper)
        ('spiking networks', 'network')
        """
        forms = _read_forms(entry)
        found = [_find_form(*part, forms) for part in self.parts]
        if None not in found:
            return self.text
        telling = [form for form, (_, _, stems) in zip(found, self.parts, strict=True) if stems]
        return " ".join(filter(None, telling)) or None


@lru_cache(CACHED_ENTRIES)
def _read_forms(entry: Entry) -> dict[str, str]:
    return read_forms("\n".join(tell_fields(entry)))


def _find_form(part: str, folded: str, stems: Sequence[str], forms: Mapping[str, str]) -> str | None:
    """The part as the paper has it: in the reader's own writing where only case or accents differ."""
    if not all(stem in forms for stem in stems):
        return None
    form = forms[stems[0]] if len(stems) == 1 else folded
    return part if form == folded or not stems else form
