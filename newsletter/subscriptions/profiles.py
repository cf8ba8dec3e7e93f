"""What readers' profiles mean for ranking: the papers that they name, and their votes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.config.settings import Settings
from newsletter.model import Entry, Profile, ProfileSpec, Subscriber, Vote
from newsletter.sources.references import Reference, read_references
from newsletter.storage import Storage


@dataclass(frozen=True, slots=True)
class ResolvedProfile:
    """A profile ready for ranking, and what of the liked and disliked papers could not be had."""

    profile: Profile
    missing: tuple[str, ...] = ()
    """Papers that neither the store nor a library knows."""
    unread: tuple[str, ...] = ()
    """Libraries that cannot be read, with the reason."""


def resolve_profiles(people: Sequence[Subscriber], storage: Storage, settings: Settings) -> list[ResolvedProfile]:
    """What each of them is ranked by: their votes, and the papers they name looked up in the store; all at once.

    A vote goes before what the profile says of the same paper.
    """
    named = {text for person in people for text in (*person.profile.liked, *person.profile.disliked)}
    references = {text: read_references(text, settings.folder) for text in named}
    keys = {key for found in references.values() for reference in found for key in reference.keys}
    papers = _Papers(references, storage.entries.known(keys) if keys else {})
    votes = storage.votes.of([person.id for person in people])
    return [_resolved(person.profile, papers, votes.get(person.id, ())) for person in people]


@dataclass(frozen=True, slots=True)
class _Papers:
    """What references stand for."""

    references: Mapping[str, Sequence[Reference]]
    known: Mapping[str, Sequence[Entry]]

    def find(self, texts: Iterable[str]) -> tuple[dict[str, Entry], list[Reference]]:
        """The papers by id, as the store has them or as they were written, and the references to unknown ones."""
        found: dict[str, Entry] = {}
        missing: list[Reference] = []
        for text in texts:
            for reference in self.references[text]:
                entry = self._paper(reference)
                if entry is None:
                    missing.append(reference)
                else:
                    found.setdefault(entry.id, entry)
        return found, missing

    def _paper(self, reference: Reference) -> Entry | None:
        """As the store has it, with the summary of the reader's library where it has none."""
        known, own = first_known(reference.keys, self.known), reference.entry
        if known and own and not known.summary:
            return replace(known, summary=own.summary)
        return known or own


def _resolved(spec: ProfileSpec, papers: _Papers, votes: Sequence[Vote]) -> ResolvedProfile:
    liked, missing = papers.find(spec.liked)
    disliked, missing_too = papers.find(spec.disliked)
    lost = (*missing, *missing_too)
    said = {(known_id, 1) for known_id in liked} | {(known_id, -1) for known_id in disliked}
    unsaid = {(vote.entry.id, -vote.value) for vote in votes}
    profile = Profile(
        interests=spec.interests,
        authors=spec.authors,
        organizations=spec.organizations,
        categories=spec.categories,
        liked=tuple(entry for entry in liked.values() if (entry.id, 1) not in unsaid),
        disliked=tuple(entry for entry in disliked.values() if (entry.id, -1) not in unsaid),
        votes=tuple(vote for vote in votes if (vote.entry.id, vote.value) not in said),
        muted=spec.muted,
        muted_authors=spec.muted_authors,
        trending=spec.trending,
        max_papers=spec.max_papers,
        min_score=spec.min_score,
        explore=spec.explore,
    )
    return ResolvedProfile(
        profile,
        missing=tuple(one.text for one in lost if not one.trouble),
        unread=tuple(f"{one.text}: {one.trouble}" for one in lost if one.trouble),
    )


def first_known(keys: Iterable[str], known: Mapping[str, Sequence[Entry]]) -> Entry | None:
    """The stored paper that carries the first of these keys which any does."""
    return next((known[key][0] for key in keys if known.get(key)), None)
