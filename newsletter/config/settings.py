"""What ``newsletter.yaml`` and ``subscribers.yaml`` may say: frozen pydantic models, unknown keys refused.

These classes are the one description of the configuration: validation, ``config schema`` and the reference in
``docs/configuration.md`` are all made from them.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from newsletter.model import Mailbox, Schedule, Subscriber


class Section(BaseModel):
    """A mapping of the YAML file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True)


class SourceSettings(Section):
    """What every kind of source understands."""

    name: str
    """Shown on cards and in reports; unique; made from the kind and its options when left out."""
    path: Path | None = None
    """A local file (absolute by now) read in place of the network."""
    backlog: Literal["skip", "include"]
    """What becomes of papers older than the window on the first fetch."""
    weight: float = 1.0
    disabled: bool = False


class HuggingFaceSource(SourceSettings):
    """Daily Papers by its JSON API."""

    kind: Literal["huggingface"]
    days: int = 2
    """How many list days back each fetch asks for."""
    url: str = "https://huggingface.co"


class ArxivSource(SourceSettings):
    """arXiv's announcements of some categories, completed by its query API."""

    kind: Literal["arxiv"]
    categories: tuple[str, ...] = ()
    full_records: bool = True
    """Ask the query API for comments, versions and journal references."""


class BiorxivSource(SourceSettings):
    """bioRxiv or medRxiv by their details API."""

    kind: Literal["biorxiv", "medrxiv"]
    server: Literal["biorxiv", "medrxiv"]
    category: str | None = None
    days: int = 3


class FeedSource(SourceSettings):
    """RSS, Atom, RDF or JSON Feed."""

    kind: Literal["feed"]
    url: str | None = None


class PageSource(SourceSettings):
    """A Daily Papers page saved as text or HTML."""

    kind: Literal["page"]
    url: str | None = None
    year: int | None = None
    """The page's own year, for dates that leave it out; the file's own date says it otherwise."""


class PluginSource(SourceSettings):
    """A fetcher of your own, named by its dotted path."""

    kind: str
    options: dict[str, Any] = {}


AnySource = HuggingFaceSource | ArxivSource | BiorxivSource | FeedSource | PageSource | PluginSource


class FilesProvider(Section):
    """One ``.eml`` a message into a folder, and a gallery."""

    kind: Literal["files"] = "files"
    path: Path = Path("outbox")


class ConsoleProvider(Section):
    """Messages as text on the terminal."""

    kind: Literal["console"]


class SmtpProvider(Section):
    """A mail server."""

    kind: Literal["smtp"]
    host: str
    port: int
    """587 with starttls, 465 with implicit, 25 with none when left out."""
    username: str | None = None
    password: SecretStr | None = None
    tls: Literal["starttls", "implicit", "none"]
    """``none`` only for loopback hosts, where it is the default."""
    connections: int = 1
    timeout_seconds: float = 60.0


class SendgridProvider(Section):
    """SendGrid's v3 API."""

    kind: Literal["sendgrid"]
    api_key: SecretStr
    sandbox: bool = False
    host: str = "https://api.sendgrid.com"
    timeout_seconds: float = 30.0


class PluginProvider(Section):
    """A provider of your own, named by its dotted path."""

    kind: str
    options: dict[str, Any] = {}


AnyProvider = FilesProvider | ConsoleProvider | SmtpProvider | SendgridProvider | PluginProvider


class Signup(Section):
    """Who may sign up on the web page."""

    open: bool = True
    domains: tuple[str, ...] = ()
    approve: bool = False


class Retention(Section):
    """How long things are kept."""

    messages: timedelta = timedelta(days=30)
    """0: sent messages are not kept."""


class Network(Section):
    """How sources are reached."""

    contact: str | None = None
    """An address or URL in the User-Agent; ``from.email`` when left out."""
    allow: tuple[str, ...] = ()
    """Private hosts or networks that sources may be read from, such as ``10.0.0.0/8`` or ``feeds.lab.example``."""


class Settings(Section):
    """All of ``newsletter.yaml``, with the readers of ``subscribers.yaml`` and the secrets of ``.env``."""

    title: str
    sender: Annotated[Mailbox, Field(alias="from")]
    base_url: str | None = None
    """https://… without a slash at the end; ``None``: mails carry mailto links only."""
    postal_address: str = ""
    timezone: ZoneInfo = ZoneInfo("UTC")
    database: str
    """A SQLAlchemy URL; a relative SQLite path is resolved against the deployment folder."""
    window: timedelta = timedelta(days=3)
    sources: tuple[AnySource, ...]
    schedule: Schedule = Schedule()
    when_empty: Literal["skip", "send"] = "skip"
    provider: AnyProvider = FilesProvider()
    signup: Signup = Signup()
    retention: Retention = Retention()
    network: Network = Network()
    readers: tuple[Subscriber, ...] = ()
    """Readers of subscribers.yaml: ``owner`` is FILE and ``id`` is empty, for storage knows the ids."""
    secret_keys: tuple[SecretStr, ...] = ()
    """``NEWSLETTER_SECRET_KEY``, newest first (comma-separated); signs links."""
    folder: Path
    """The deployment folder: relative paths start here."""
    templates: tuple[Path, ...] = ()
    """Template folders, the reader's own first, the shipped one last."""
