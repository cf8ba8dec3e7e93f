"""A connection to a mail server that is greeted, encrypted as the settings say, and logged in.

TLS is never given up: without it, or with a certificate that is not to be trusted, nothing is sent. The settings see
to it that only this machine is talked to without TLS.
"""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl

from newsletter.config.settings import SmtpProvider
from newsletter.delivery import Surroundings
from newsletter.errors import ProviderBusy, ProviderError, ProviderRefused, reason_of

CLOSING = 421
"""The server takes no more for now, and closes the connection."""


def connect(settings: SmtpProvider, surroundings: Surroundings, *, place: str) -> smtplib.SMTP:
    """The connection; raises ``ProviderError`` without one, ``ProviderBusy`` where the server says 421,
    ``ProviderRefused`` where it lets us not in.
    """
    try:
        server = _greet(settings, surroundings)
        try:
            _introduce(server, settings, surroundings)
        except BaseException:
            server.close()
            raise
    except ssl.SSLCertVerificationError as error:
        raise ProviderError(f"{place}: its certificate is not to be trusted: {error.verify_message}") from error
    except smtplib.SMTPNotSupportedError as error:
        raise ProviderError(f"{place}: {error}; provider.tls and provider.port must fit the server") from error
    except smtplib.SMTPResponseException as error:
        words = f"{place}: {error.smtp_code} {_words(error.smtp_error)}"
        raise _kind_of(error.smtp_code)(words) from error
    except (OSError, UnicodeError) as error:
        raise ProviderError(f"{place}: cannot be reached: {reason_of(error)}") from error
    return server


def _kind_of(code: int) -> type[ProviderError]:
    if code == CLOSING:
        return ProviderBusy
    return ProviderRefused if code >= 500 else ProviderError


def _greet(settings: SmtpProvider, surroundings: Surroundings) -> smtplib.SMTP:
    if settings.tls == "implicit":
        return smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=settings.timeout_seconds, context=surroundings.tls
        )
    return smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_seconds)


def _introduce(server: smtplib.SMTP, settings: SmtpProvider, surroundings: Surroundings) -> None:
    if server.sock is not None:
        # The end of a message goes out by itself after its body: without this it would wait for an ACK each time.
        server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.ehlo_or_helo_if_needed()
    if settings.tls == "starttls":
        server.starttls(context=surroundings.tls)
        server.ehlo_or_helo_if_needed()
    if settings.username is not None and settings.password is not None:
        _log_in(server, settings.username, settings.password.get_secret_value())


def _log_in(server: smtplib.SMTP, username: str, password: str) -> None:
    """By PLAIN or LOGIN in UTF-8; the library's own login knows ASCII only."""
    mechanisms = server.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in mechanisms:
        code, text = server.docmd("AUTH", f"PLAIN {_base64(f'{chr(0)}{username}{chr(0)}{password}')}")
    elif "LOGIN" in mechanisms:
        code, text = server.docmd("AUTH", f"LOGIN {_base64(username)}")
        if code == 334:
            code, text = server.docmd(_base64(password))
    else:
        raise smtplib.SMTPNotSupportedError("it offers no login by PLAIN or LOGIN")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
