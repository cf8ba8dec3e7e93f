"""Where mails that come back go, and where they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, model_validator

from newsletter.addresses import is_loopback
from newsletter.config.fields import Address, AnyPath, Host, Line, Section
from newsletter.config.mistakes import clash, mistake

MAX_LOCAL_PART = 28
"""Of 64 characters; ``+``, a number of up to twelve digits and its signature stand behind it."""
IMAP_PORTS = {"implicit": 993, "starttls": 143, "none": 143}


class Imap(Section):
    """A folder on a mail server."""

    host: Host
    """Such as ``imap.example.org``."""
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    """993 with ``implicit``, 143 otherwise when left out."""
    username: Annotated[Line, Field(min_length=1)]
    """The account to log in with."""
    password: Annotated[SecretStr, Field(min_length=1)]
    """Belongs into ``.env``: ``"${IMAP_PASSWORD}"``."""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    """How the connection is encrypted; ``none`` is for this machine alone, where it is the default."""
    folder: Annotated[Line, Field(min_length=1)] = "INBOX"
    """Whose mails are read, each once."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    """How long the server may take for an answer."""

    @model_validator(mode="after")
    def _settle_tls(self) -> Imap:
        local = is_loopback(self.host)
        self._settle(tls="none" if local else "implicit")
        self._settle(port=IMAP_PORTS[self.tls])
        if self.tls == "none" and not local:
            raise clash("`tls: none` is for this machine alone; expected `implicit` or `starttls`", at="tls")
        return self


def _see_that_it_is_no_file(path: Path, info: ValidationInfo) -> Path:
    if info.context and path.is_file():
        raise mistake(f"a folder, and {path} is a file")
    return path


class Bounces(Section):
    """Where mails that come back go, and where they are read."""

    address: Address | None = None
    """Mails leave with ``bounces+…`` of it as their return path, each with its own; needs ``NEWSLETTER_SECRET_KEY``."""
    maildir: Annotated[AnyPath, AfterValidator(_see_that_it_is_no_file)] | None = None
    """A Maildir folder that reports are delivered to, and nothing else; each mail is read once."""
    imap: Imap | None = None
    """The same on a mail server."""

    @model_validator(mode="after")
    def _see_that_all_fits(self) -> Bounces:
        if self.address is not None and len(self.address.rpartition("@")[0]) > MAX_LOCAL_PART:
            raise clash(
                f"too long to sign: expected at most {MAX_LOCAL_PART} characters before the @, "
                "for 36 more are put behind them",
                at="address",
            )
        if self.maildir is not None and self.imap is not None:
            raise clash("`maildir` and `imap` are two places to read; expected one of them", at="imap")
        return self
