"""What a run and a fetch tell afterwards; exit codes are decided here and nowhere else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from newsletter.errors import NewsletterError, NothingToRead
from newsletter.model import SourceReport, SourceState

EXIT_DONE = 0
EXIT_SOME_FAILED = 10
EXIT_RESUMES = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchReport:
    """What the sources gave."""

    sources: tuple[SourceReport, ...]
    entries: int
    """Rows read."""
    new: int
    """Entries not known before, after merging: the sources' own counts may add up to more."""

    @property
    def all_failed(self) -> bool:
        """Whether there was nothing that answered."""
        return bool(self.sources) and all(source.state is SourceState.FAILED for source in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Who was due in one run, and what became of them: ``due`` is the sum of the others, save in a dry run."""

    due: int = 0
    sent: int = 0
    uncertain: int = 0
    retrying: int = 0
    failed: int = 0
    suppressed: int = 0
    already_sent: int = 0

    def plus(self, more: Counts) -> Counts:
        """Both together."""
        mine, theirs = asdict(self), asdict(more)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    @classmethod
    def of(cls, **counts: int) -> Counts:
        """These outcomes, and as many who were due."""
        return cls(due=sum(counts.values()), **counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one run did."""

    run_id: str
    date: date
    """In the configuration's zone."""
    edition: str | None = None
    sources: tuple[SourceReport, ...] = ()
    candidates: int = 0
    counts: Counts = Counts()
    error: NewsletterError | None = None
    """Why the run stopped before its end."""
    dry_run: bool = False
    held: int = 0
    """Readers who are due, and whose mail waits for a source until a later run."""
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The documented code: an error's own, else 11 while work is pending, else 10 where some failed."""
        if self.error:
            return self.error.exit_code
        if self.counts.retrying:
            return EXIT_RESUMES
        return EXIT_SOME_FAILED if self.counts.failed or self.counts.uncertain else EXIT_DONE


def nothing_to_read(fetched: FetchReport) -> NothingToRead:
    """The error for a run in which no source answered and nothing was stored."""
    told = "; ".join(f"{source.name}: {source.error}" for source in fetched.sources)
    return NothingToRead(f"no source could be read and nothing is stored to send ({told})")
