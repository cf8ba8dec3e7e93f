"""The kinds of mail providers and their options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationInfo,
    model_validator,
)

from newsletter.addresses import ascii_domain, is_loopback
from newsletter.config.fields import (
    AnyPath,
    Domain,
    DottedPath,
    Host,
    Options,
    Section,
    SecureLink,
    kind_of,
    plugin_tag,
)
from newsletter.config.mistakes import clash, mistake
from newsletter.config.signing_keys import read_signing_key, read_verification_key

PerSecond = Annotated[float, Field(ge=1 / 86_400, le=100_000)]
PROVIDER_KINDS = ("console", "files", "sendgrid", "smtp")
_SELECTOR = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
SMTP_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


class DomainRate(Section):
    """How many messages may go to one recipients' domain."""

    per_second: PerSecond | None = None
    """Any number when left out; less than one is a pause: ``0.2`` is one in five seconds, and one a day is least."""
    per_day: Annotated[int, Field(ge=1)] | None = None
    """Of the newsletter's ``timezone``; any number when left out."""


class WarmUp(Section):
    """A provider or an address that is new at sending: few messages on the first days, then more and more."""

    first_day: Annotated[int, Field(ge=1)]
    """How many on the first day on which anything is sent."""
    double_every: Annotated[int, Field(ge=1, le=365)] = 1
    """After so many days on which anything was sent, twice as many, up to ``per_day``."""


def _see_that_each_says_something(value: Any) -> Any:
    names = set()
    for name, rate in value.items() if isinstance(value, dict) else ():
        domain = ascii_domain(str(name).strip().removeprefix("@")).casefold()
        if domain in names:
            raise clash(f"`{name}` is there twice; expected one entry a domain", at=name)
        if isinstance(rate, dict) and all(limit is None for limit in rate.values()):
            raise clash(f"`{name}` has no limit; expected `per_second` or `per_day`", at=name)
        names.add(domain)
    return value


class Rate(DomainRate):
    """How many messages may leave; what is over waits."""

    per_domain: Annotated[
        dict[Domain, DomainRate],
        BeforeValidator(_see_that_each_says_something, json_schema_input_type=dict[Domain, DomainRate]),
    ] = Field(default_factory=dict)
    """Recipients' domains with limits of their own: ``{gmail.com: {per_second: 2}}``."""
    warm_up: WarmUp | None = None
    """Fewer on the first days: ``{first_day: 50}``."""


class Paced(Section):
    """A provider that may be given a rate."""

    rate: Rate | None = None
    """How many messages may leave a second and a day; any number when left out."""


class FilesProvider(Paced):
    """One ``.eml`` a message into a folder, and a gallery to look at."""

    kind: Literal["files"] = "files"
    path: AnyPath = Field(default=Path("outbox"), validate_default=True)
    """The folder, made when it is missing."""


class ConsoleProvider(Paced):
    """Messages as text on the terminal."""

    kind: Literal["console"]


def _read_selector(value: str) -> str:
    if not _SELECTOR.fullmatch(value):
        raise mistake("a name of letters, digits and hyphens, such as `s2026`")
    return value


class DkimKey(Section):
    """A key that mails are signed with, for receivers to see that they are the sender's."""

    selector: Annotated[str, AfterValidator(_read_selector)]
    """The name of the key: its public half is the TXT record of ``selector._domainkey.domain``."""
    key: AnyPath
    """The private half, RSA of 2048 bits or more, or Ed25519: a PEM file that only its owner can read."""
    domain: Domain | None = None
    """Who signs; the domain of ``from.email`` when left out, and receivers want it to be that."""

    @model_validator(mode="after")
    def _see_that_it_can_sign(self, info: ValidationInfo) -> DkimKey:
        if info.context:
            try:
                read_signing_key(self.key)
            except ValueError as error:
                raise clash(f"`key`: {error}", at="key") from error
        return self


def _as_several(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class SmtpProvider(Paced):
    """A mail server."""

    kind: Literal["smtp"]
    host: Host
    """Such as ``smtp.example.org``."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """587 with ``starttls``, 465 with ``implicit``, 25 with ``none`` when left out."""
    username: Annotated[str, Field(min_length=1)] | None = None
    """The account to log in with; goes with ``password``."""
    password: SecretStr | None = None
    """Belongs into ``.env``: ``"${SMTP_PASSWORD}"``."""
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """How the connection is encrypted; ``none`` is for this machine alone, where it is the default."""
    connections: Annotated[int, Field(ge=1, le=50)] = 1
    """How many at the same time."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """How long the server may take for an answer."""
    dkim: Annotated[
        tuple[DkimKey, ...], BeforeValidator(_as_several, json_schema_input_type=DkimKey | list[DkimKey])
    ] = ()
    """What mails are signed with, where the server does not sign itself: a key, or a list of them."""

    @model_validator(mode="after")
    def _settle_tls(self) -> SmtpProvider:
        local = is_loopback(self.host)
        self._settle(tls="none" if local else "implicit" if self.port == SMTP_PORTS["implicit"] else "starttls")
        self._settle(port=SMTP_PORTS[self.tls])
        if self.tls == "none" and not local:
            raise clash("`tls: none` is for this machine alone; expected `starttls` or `implicit`", at="tls")
        if (self.username is None) != (self.password is None):
            raise clash("`username` and `password` go together; expected both or neither", at="username")
        return self


def _see_that_it_is_a_key(value: str, info: ValidationInfo) -> str:
    if info.context:
        try:
            read_verification_key(value)
        except ValueError as error:
            raise mistake(
                "the verification key that SendGrid shows: base64 of a public key on the curve P-256"
            ) from error
    return value


class SendgridProvider(Paced):
    """SendGrid's v3 API."""

    kind: Literal["sendgrid"]
    api_key: Annotated[SecretStr, Field(min_length=1)]
    """Belongs into ``.env``: ``"${SENDGRID_API_KEY}"``."""
    sandbox: bool = False
    """SendGrid checks the mails and delivers none."""
    host: SecureLink = "https://api.sendgrid.com"
    """``https://api.eu.sendgrid.com`` for accounts in the EU."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long an answer may take."""
    webhook_key: Annotated[str, Field(min_length=1), AfterValidator(_see_that_it_is_a_key)] | None = None
    """The verification key that SendGrid shows with a signed Event Webhook; without it no events are believed."""


class PluginProvider(Paced):
    """A provider of your own, named by its dotted path."""

    kind: DottedPath
    options: Options = Field(default_factory=dict)
    """Handed to it as they are."""


def _provider_tag(value: Any) -> str | None:
    kind = kind_of(value)
    return kind if kind in PROVIDER_KINDS else plugin_tag(kind)


AnyProvider = Annotated[
    Annotated[FilesProvider, Tag("files")]
    | Annotated[ConsoleProvider, Tag("console")]
    | Annotated[SmtpProvider, Tag("smtp")]
    | Annotated[SendgridProvider, Tag("sendgrid")]
    | Annotated[PluginProvider, Tag("plugin")],
    Discriminator(
        _provider_tag,
        custom_error_type="unknown_kind",
        custom_error_message="expected a mapping with a known kind",
        custom_error_context={"kinds": ", ".join(PROVIDER_KINDS)},
    ),
]
