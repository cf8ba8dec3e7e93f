"""The kinds of sources and their options."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Discriminator, Field, Tag, model_validator

from newsletter.config.fields import (
    ArxivCategory,
    ClockTime,
    DottedPath,
    Duration,
    ExistingPath,
    Line,
    Link,
    Options,
    Section,
    SecureLink,
    kind_of,
    plugin_tag,
)
from newsletter.config.mistakes import clash

SOURCE_KINDS = ("arxiv", "biorxiv", "feed", "huggingface", "medrxiv", "page")


class SourceSettings(Section):
    """What every kind of source understands."""

    name: Line = ""
    """Shown on cards and in reports; unique; made from the kind and its options when left out."""
    path: ExistingPath | None = None
    """A local file that is read in place of the network."""
    backlog: Literal["skip", "include"] = "skip"
    """What becomes of papers older than ``window`` on the first fetch; ``include`` for ``huggingface`` and ``page``."""
    every: Duration = timedelta(minutes=15)
    """How often it is asked at most; a local file is read each time."""
    hold_until: ClockTime | None = None
    """While nothing new has come from it today, mails wait until that hour of the newsletter's zone at most."""
    disabled: bool = False
    """Kept in the file, and not read."""

    needs_path_or_url: ClassVar[bool] = False

    @model_validator(mode="after")
    def _fill_in(self) -> SourceSettings:
        address = getattr(self, "url", None)
        if self.needs_path_or_url and (self.path is None) == (address is None):
            raise clash("expected either `url` (an address) or `path` (a local file)", at="path" if address else "kind")
        if not self.name:
            self.__dict__["name"] = self.default_name()
        if self.path is not None:
            self._settle(every=timedelta(0))
        return self

    def default_name(self) -> str:
        """The name of a source that was given none: its file's name, or its host."""
        if self.path is not None:
            return self.path.stem
        return (urlsplit(getattr(self, "url", None) or "").hostname or "").removeprefix("www.")


class HuggingFaceSource(SourceSettings):
    """Hugging Face Daily Papers by its JSON API."""

    kind: Literal["huggingface"]
    backlog: Literal["skip", "include"] = "include"
    """What becomes of papers older than ``window`` on the first fetch."""
    days: Annotated[int, Field(ge=1, le=30)] = 2
    """How many list days back each fetch asks for."""
    url: SecureLink = "https://huggingface.co"
    """Where the API is; another address for a mirror."""

    def default_name(self) -> str:
        """``Hugging Face``."""
        return "Hugging Face"


class ArxivSource(SourceSettings):
    """arXiv's announcements of some categories, completed by its query API."""

    kind: Literal["arxiv"]
    categories: tuple[ArxivCategory, ...] = ()
    """Such as ``[cs.LG, q-bio.NC]``, or whole archives such as ``q-bio``."""
    full_records: bool = True
    """Ask the query API for comments, versions and journal references."""
    reconcile: bool = True
    """Once a night, ask OAI-PMH for what changed: late papers, versions, withdrawals, and days that were missed."""
    url: SecureLink = "https://rss.arxiv.org/rss"
    """Where the announcements are; another address for a mirror."""
    api_url: SecureLink = "https://export.arxiv.org/api/query"
    """Where the query API is."""
    oai_url: SecureLink = "https://oaipmh.arxiv.org/oai"
    """Where OAI-PMH is."""

    @model_validator(mode="after")
    def _need_categories(self) -> ArxivSource:
        if not self.categories and self.path is None:
            raise clash("expected `categories`, such as [cs.LG, q-bio.NC]", at="categories")
        return self

    def default_name(self) -> str:
        """``arXiv cs.LG, q-bio.NC``."""
        return f"arXiv {', '.join(self.categories)}".strip()


class BiorxivSource(SourceSettings):
    """bioRxiv or medRxiv by their details API."""

    kind: Literal["biorxiv", "medrxiv"]
    server: Literal["biorxiv", "medrxiv"] = "biorxiv"
    """The same as ``kind`` when left out."""
    category: Line | None = None
    """Such as ``neuroscience``; all of them when left out."""
    days: Annotated[int, Field(ge=1, le=30)] = 3
    """How many days back each fetch asks for."""

    @model_validator(mode="before")
    @classmethod
    def _follow_kind(cls, given: Any) -> Any:
        return {"server": given["kind"], **given} if isinstance(given, dict) and "kind" in given else given

    @model_validator(mode="after")
    def _one_server(self) -> BiorxivSource:
        if self.kind == "medrxiv" and self.server != "medrxiv":
            raise clash("`kind: medrxiv` and `server: biorxiv` are two places; expected one of them", at="server")
        return self

    def default_name(self) -> str:
        """``bioRxiv neuroscience``."""
        server = "bioRxiv" if self.server == "biorxiv" else "medRxiv"
        return f"{server} {self.category or ''}".strip()


class FeedSource(SourceSettings):
    """RSS, Atom, RDF or JSON Feed."""

    needs_path_or_url = True

    kind: Literal["feed"]
    every: Duration = timedelta(0)
    """How often it is asked at most; a local file is read each time."""
    url: Link | None = None
    """The feed's address; or ``path`` for a local file."""


class PageSource(SourceSettings):
    """A Daily Papers page saved as text or HTML."""

    needs_path_or_url = True

    kind: Literal["page"]
    backlog: Literal["skip", "include"] = "include"
    """What becomes of papers older than ``window`` on the first fetch."""
    every: Duration = timedelta(0)
    """How often it is asked at most; a local file is read each time."""
    url: Link | None = None
    """The page's address; or ``path`` for a saved one."""
    year: Annotated[int, Field(ge=1991, le=9999)] | None = None
    """The page's own year, for dates that leave it out; when left out the year after the newest one on the page."""


class PluginSource(SourceSettings):
    """A fetcher of your own, named by its dotted path."""

    kind: DottedPath
    options: Options = Field(default_factory=dict)
    """Handed to it as they are."""

    def default_name(self) -> str:
        """The last part of its dotted path."""
        return self.kind.rpartition(".")[2]


def _source_tag(value: Any) -> str | None:
    kind = kind_of(value)
    if kind in {"biorxiv", "medrxiv"}:
        return "biorxiv"
    return kind if kind in SOURCE_KINDS else plugin_tag(kind)


AnySource = Annotated[
    Annotated[HuggingFaceSource, Tag("huggingface")]
    | Annotated[ArxivSource, Tag("arxiv")]
    | Annotated[BiorxivSource, Tag("biorxiv")]
    | Annotated[FeedSource, Tag("feed")]
    | Annotated[PageSource, Tag("page")]
    | Annotated[PluginSource, Tag("plugin")],
    Discriminator(
        _source_tag,
        custom_error_type="unknown_kind",
        custom_error_message="expected a mapping with a known kind",
        custom_error_context={"kinds": ", ".join(SOURCE_KINDS)},
    ),
]
