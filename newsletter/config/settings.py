"""What ``newsletter.yaml`` may say: frozen pydantic models, unknown keys refused.

These classes (with those of ``readers``) are the one description of the configuration: validation, ``config schema``
and the check that ``docs/configuration.md`` leaves nothing out are all made from them. In Python the models take
finished values as well (a ``timedelta`` for ``3d``, a ``Mailbox`` for ``from``).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr, ValidationInfo

from newsletter.config import values
from newsletter.config.bounce_settings import Bounces, Imap
from newsletter.config.fields import (
    Address,
    ClockTime,
    Color,
    Database,
    Domain,
    Duration,
    Encoder,
    Language,
    Line,
    NetworkRange,
    PictureLink,
    Section,
    SecureLink,
    SomeTime,
    Text,
    Zone,
)
from newsletter.config.mistakes import mistake
from newsletter.config.passwords import read_password_hash
from newsletter.config.provider_settings import (
    PROVIDER_KINDS,
    AnyProvider,
    ConsoleProvider,
    DomainRate,
    FilesProvider,
    PluginProvider,
    Rate,
    SendgridProvider,
    SmtpProvider,
    WarmUp,
)
from newsletter.config.source_settings import (
    SOURCE_KINDS,
    AnySource,
    ArxivSource,
    BiorxivSource,
    FeedSource,
    HuggingFaceSource,
    PageSource,
    PluginSource,
    SourceSettings,
)
from newsletter.model import Mailbox, Schedule, Subscriber

__all__ = [
    "PROVIDER_KINDS",
    "SOURCE_KINDS",
    "AnyProvider",
    "AnySource",
    "Archive",
    "ArxivSource",
    "BiorxivSource",
    "Bounces",
    "Brand",
    "ConsoleProvider",
    "Desk",
    "DomainRate",
    "FeedSource",
    "FilesProvider",
    "HuggingFaceSource",
    "Imap",
    "Lookup",
    "Network",
    "NewsletterFile",
    "PageSource",
    "PluginProvider",
    "PluginSource",
    "Ranking",
    "Rate",
    "Retention",
    "SendgridProvider",
    "Settings",
    "Signup",
    "SmtpProvider",
    "SourceSettings",
    "WarmUp",
]


class MailboxSection(Section):
    """Who the mails come from."""

    name: Line = ""
    """Shown in place of the address."""
    email: Address
    """The address that mails are sent from and that answers go to."""


def read_mailbox(value: object, info: ValidationInfo) -> Mailbox:
    """A name and an address."""
    if isinstance(value, Mailbox):
        return value
    section = MailboxSection.model_validate(value, context=info.context)
    return Mailbox(email=section.email, name=section.name)


_DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS = Literal["daily", "weekdays", "weekly"] | _DayName | Annotated[list[_DayName], Field(min_length=1)]


class ScheduleSection(Section):
    """On which days, and from what local hour on, a digest is wanted."""

    days: Annotated[Any, PlainValidator(values.read_days, json_schema_input_type=_DAYS)] = frozenset(range(7))
    """``daily`` (default), ``weekdays``, ``weekly`` (Monday), or a list such as ``[mon, wed, fri]``."""
    at: ClockTime | None = None
    """Not before this hour of the reader's own day, such as ``"07:30"``; any time when left out."""


def read_schedule(value: object, info: ValidationInfo) -> Schedule:
    """Days, and perhaps an hour."""
    if isinstance(value, Schedule):
        return value
    section = ScheduleSection.model_validate(value, context=info.context)
    return Schedule(days=section.days, at=section.at)


ScheduleSetting = Annotated[Schedule, PlainValidator(read_schedule, json_schema_input_type=ScheduleSection)]


class Signup(Section):
    """Who may sign up on the web page."""

    open: bool = True
    """Whether anybody may."""
    domains: tuple[Domain, ...] = ()
    """Only addresses of these domains, such as ``[example.org]``; all when empty."""
    approve: bool = False
    """The operator says yes to each one."""


class Archive(Section):
    """Which pages are there for everybody."""

    public: bool = False
    """Whether anybody may read at ``/archive`` what was trending: papers of all sources, private ones too."""
    indexed: bool = False
    """Whether search engines may list these pages."""


def _see_that_it_is_a_hash(value: SecretStr) -> SecretStr:
    try:
        read_password_hash(value.get_secret_value())
    except ValueError as error:
        raise mistake("a hash as `newsletter desk password` prints it") from error
    return value


class Desk(Section):
    """The operator's pages."""

    password_hash: Annotated[SecretStr, AfterValidator(_see_that_it_is_a_hash)] | None = None
    """As `newsletter desk password` prints it; belongs into ``.env``: ``"${NEWSLETTER_DESK_HASH}"``. Without it there
    is no desk."""


class Retention(Section):
    """How long things are kept."""

    messages: Duration = timedelta(days=30)
    """Sent messages, for ``replay``; 0: none are kept."""


class Network(Section):
    """How sources are reached, and visitors through a proxy."""

    contact: Text | None = None
    """An address or link in the User-Agent, so that sources can reach you; ``from.email`` when left out."""
    allow: tuple[NetworkRange, ...] = ()
    """Private hosts or networks that sources may be read from, such as ``10.0.0.0/8`` or ``feeds.lab.example``."""
    trusted_proxies: tuple[NetworkRange, ...] = ()
    """Proxies before ``serve``, beside those on this machine, that are believed where visitors come from."""


class Lookup(Section):
    """How papers that readers name, and no source listed, are looked up."""

    services: tuple[Literal["arxiv", "crossref"], ...] = ("arxiv", "crossref")
    """Who is asked, where any source is read over the network; ``[]``: nobody."""
    crossref_url: SecureLink = "https://api.crossref.org/works"
    """Where Crossref's works are; another address for a mirror. arXiv has its own at ``api_url`` of an arXiv source."""


class Brand(Section):
    """What makes mails look like their sender's."""

    color: Color = "#0b5394"
    """Of links and lines, as in ``"#0b5394"``; text takes a shade of it that can be read on light and on dark."""
    logo: PictureLink | None = None
    """The https address of a picture for the top of each mail; it is shown 40 pixels high."""
    logo_alt: Line = ""
    """What the logo says, for those who do not see it; the title when left out."""


class Ranking(Section):
    """What ranking may use beside the words of papers."""

    encoder: Encoder | None = None
    """A folder with a sentence encoder, ``model.onnx`` and ``tokenizer.json``; needs the extra ``semantic``."""


class NewsletterFile(Section):
    """All of ``newsletter.yaml``."""

    title: Text
    """The newsletter's name, in subjects and at the top of each mail."""
    sender: Annotated[Mailbox, PlainValidator(read_mailbox, json_schema_input_type=MailboxSection), Field(alias="from")]
    """Who the mails come from: ``{name: Morning Papers, email: papers@example.org}``."""
    base_url: SecureLink | None = None
    """Where the web pages are; mails link there. When left out mails carry mailto links only."""
    postal_address: Line = ""
    """Stands in each mail's footer, as the law of many countries wants; required with more than one reader."""
    theme: Literal["classic", "compact", "plain"] = "classic"
    """How mails look: ``compact`` has titles and reasons alone, ``plain`` reads like a letter."""
    brand: Brand = Brand()
    """A colour and a logo of your own."""
    language: Language = "en"
    """What mails are written in: ``en`` and ``he``, with a country as ``en-US`` for its dates, or one of your own."""
    timezone: Zone = ZoneInfo("UTC")
    """An IANA time zone: the default for readers, and the zone of a run's date."""
    database: Database = Field(default="sqlite:///var/newsletter.db", validate_default=True, repr=False)
    """``sqlite:///`` and a file, or ``postgresql://…``."""
    durability: Literal["power", "process"] = "power"
    """What a mail's record on SQLite survives: a power cut, or only our own death; that is several times quicker."""
    window: SomeTime = timedelta(days=3)
    """How far back papers are looked for, by when they were first seen."""
    sources: Annotated[tuple[AnySource, ...], BeforeValidator(values.read_some)]
    """Where papers come from."""
    enrich: tuple[Literal["openalex", "semantic_scholar", "crossref"], ...] = ()
    """Who is asked for citations, venues and articles of new papers: ``[openalex, semantic_scholar, crossref]``."""
    lookup: Lookup = Lookup()
    """How liked papers are looked up that no source listed."""
    ranking: Ranking = Ranking()
    """What ranking may use beside the words of papers."""
    schedule: ScheduleSetting = Schedule()
    """The default for readers: a reader's own schedule takes its place as a whole."""
    when_empty: Literal["skip", "send"] = "skip"
    """``send``: a mail that says so when there is nothing new; the default for readers."""
    provider: AnyProvider = Field(default={"kind": "files"}, validate_default=True)
    """Who carries the mails."""
    bounces: Bounces = Bounces()
    """Where mails that come back go, and where they are read."""
    signup: Signup = Signup()
    """Who may sign up on the web page."""
    archive: Archive = Archive()
    """Which pages are there for everybody."""
    desk: Desk = Desk()
    """The operator's pages."""
    retention: Retention = Retention()
    """How long things are kept."""
    network: Network = Network()
    """How sources are reached, and visitors through a proxy."""


class Settings(NewsletterFile):
    """All of ``newsletter.yaml``, with the readers of ``subscribers.yaml`` and the secrets of ``.env``."""

    readers: tuple[Subscriber, ...] = ()
    """Readers of subscribers.yaml: ``owner`` is FILE and ``id`` is empty, for storage knows the ids."""
    has_readers_file: bool = True
    """Whether there is a subscribers.yaml; where all readers are in the database there need be none."""
    secret_keys: tuple[SecretStr, ...] = ()
    """``NEWSLETTER_SECRET_KEY``, newest first (comma-separated); signs links."""
    enrich_keys: dict[str, SecretStr] = Field(default_factory=dict)
    """``OPENALEX_API_KEY`` and ``SEMANTIC_SCHOLAR_API_KEY``, by the name that ``enrich`` knows them by."""
    folder: Path
    """The deployment folder: relative paths start here."""
    templates: tuple[Path, ...] = ()
    """Template folders, the reader's own first, the shipped one last."""
