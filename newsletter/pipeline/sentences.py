"""What papers and interests say as vectors, made once by the operator's sentence encoder and kept in the store."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from newsletter.config.settings import Settings
from newsletter.errors import EncoderError
from newsletter.model import Entry, Interest, Profile
from newsletter.ranking import Pool
from newsletter.ranking.sentences import NO_SENTENCES, Sentences
from newsletter.semantic import Encoder, Vector, open_encoder, require_packages
from newsletter.storage import Storage
from newsletter.storage.engine import in_chunks
from newsletter.text import readable

SAVED_AT_ONCE = 64
"""Vectors made between two writes: what is lost where a run is stopped."""
REMEMBERED = 4_096
"""Vectors of what was typed and is not saved."""
KEPT_UNUSED = timedelta(days=60)

log = logging.getLogger(__name__)


class SentenceMaker:
    """The encoder of the settings and what it made before; makes nothing where there is none, or after it failed."""

    def __init__(self, settings: Settings, storage: Storage, *, now: datetime, keeps: bool = True) -> None:
        """UsageError where an encoder is set and its packages are not installed.

        ``keeps``: whether what is made is written into the store; else this process remembers it for a while.
        """
        self._keeps = keeps
        self._files, self._storage, self._today = settings.ranking.encoder, storage, now.date()
        if self._files:
            require_packages()

    def make(self, papers: Iterable[Entry], interests: Iterable[str] = ()) -> Sentences:
        """The vectors of these papers and interests."""
        if self._files is None:
            return NO_SENTENCES
        said = {paper.id: _said_by(paper) for paper in papers}
        named = set(interests)
        try:
            encoder = open_encoder(self._files.model, self._files.tokenizer)
            made = self._vectors({*said.values(), *named}, encoder)
        except EncoderError as error:
            log.warning("%s; papers are ranked without it", error)
            self._files = None
            return NO_SENTENCES
        return Sentences({name: made[text] for name, text in said.items()}, {text: made[text] for text in named})

    def add_to(self, pool: Pool, profiles: Iterable[Profile]) -> Pool:
        """The pool with the vectors of what these readers like."""
        if self._files is None:
            return pool
        liked: dict[str, Entry] = {}
        interests: set[str] = set()
        for profile in profiles:
            voted = (vote.entry for vote in profile.votes if vote.value > 0)
            liked.update((entry.id, entry) for entry in (*profile.liked, *voted))
            interests.update(Interest.of(interest).text for interest in profile.interests)
        return pool.with_sentences(self.make(liked.values(), interests))

    def _vectors(self, texts: Collection[str], encoder: Encoder) -> dict[str, Vector]:
        """Text -> its vector, from the store or made now; what is made is kept at once."""
        keys = {text: _key(text) for text in texts}
        kept = self._storage.vectors.known(keys.values(), encoder.name, on=self._today)
        found = {text: np.frombuffer(kept[key], np.float16) for text, key in keys.items() if key in kept}
        for chunk in in_chunks(sorted(keys.keys() - found.keys()), SAVED_AT_ONCE):
            if self._keeps:
                made = {text: encoder.encode(text) for text in chunk}
                self._storage.vectors.save(
                    encoder.name, {keys[text]: vector.tobytes() for text, vector in made.items()}, on=self._today
                )
            else:
                made = {text: _encode(encoder, text) for text in chunk}
            found |= made
        log.info("%d texts encoded, %d known", len(keys) - len(kept), len(kept))
        return found


def probe_encoder(settings: Settings) -> str:
    """What the configured encoder is like; UsageError where its packages are missing, EncoderError where it fails."""
    files = settings.ranking.encoder
    if files is None:
        return "none"
    require_packages()
    width = len(open_encoder(files.model, files.tokenizer).encode("A sentence."))
    return f"{files.model}: {width} numbers a text"


def forget_unused(storage: Storage, *, now: datetime) -> None:
    """Drops vectors of texts that nothing asked for in a long time."""
    storage.vectors.prune(unused_since=(now - KEPT_UNUSED).date())


@lru_cache(maxsize=REMEMBERED)
def _encode(encoder: Encoder, text: str) -> Vector:
    return encoder.encode(text)


def _said_by(entry: Entry) -> str:
    return f"{readable(entry.title)}. {entry.summary}"


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
