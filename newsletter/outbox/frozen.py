"""A digest as bytes: with its edition they give the same digest again, however often it is tried."""

from __future__ import annotations

import json
from datetime import date

from newsletter.model import Digest, Edition, Ranked, Reason, SourceReport, SourceState


def freeze(digest: Digest) -> bytes:
    """The digest as bytes that, with its edition, give the same digest again."""
    return json.dumps(
        {
            "edition": digest.edition,
            "date": digest.local_date.isoformat(),
            "candidates": digest.candidates,
            "items": [_frozen(item) for item in digest.items],
            "below": [_frozen(item) for item in digest.below],
            "sources": [
                [s.name, s.kind, s.state, s.entries, s.new, s.error, s.is_partial, *s.silent] for s in digest.sources
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def thaw(payload: bytes, edition: Edition) -> Digest:
    """The digest that was frozen, its entries taken from the edition."""
    frozen = json.loads(payload)
    entries = {entry.id: entry for entry in edition.entries}

    def items(key: str) -> tuple[Ranked, ...]:
        return tuple(
            Ranked(
                entry=entries[entry_id],
                score=score,
                match=match,
                rank=rank,
                explore=bool(explore),
                reasons=tuple(Reason(kind=kind, label=label, contribution=part) for kind, label, part in reasons),
            )
            for rank, (entry_id, score, match, explore, reasons) in enumerate(frozen[key], start=1)
        )

    return Digest(
        edition=frozen["edition"],
        local_date=date.fromisoformat(frozen["date"]),
        candidates=frozen["candidates"],
        items=items("items"),
        below=items("below"),
        sources=tuple(
            SourceReport(
                name=name,
                kind=kind,
                state=SourceState(state),
                entries=entries_,
                new=new,
                error=error,
                is_partial=partial,
                silent=tuple(silent),
            )
            for name, kind, state, entries_, new, error, partial, *silent in frozen["sources"]
        ),
    )


def _frozen(item: Ranked) -> list[object]:
    reasons = [[reason.kind, reason.label, reason.contribution] for reason in item.reasons]
    return [item.entry.id, item.score, item.match, int(item.explore), reasons]
