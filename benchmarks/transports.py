"""Finished messages to whoever carries them away: our transports against what everybody uses, over the same servers.

All servers are on loopback and in processes of their own. Every way keeps its connection where it can; ``sendgrid``'s
own client cannot.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import From, Header, Mail, To

from benchmarks import messages
from benchmarks.loopback import HOST, accept_mail, accept_requests, relay, running
from newsletter.config.settings import SendgridProvider, SmtpProvider
from newsletter.delivery import Provider, Surroundings, open_provider
from newsletter.model import Message, Verdict
from newsletter.pipeline.messages import Letterhead
from newsletter.rendering import message_id
from newsletter.testing import make_certificate

ROUNDS = 5
GROUP = 20
READERS = 400
CARDS = 16
"""As many as make 50 KB of HTML."""
ROUND_TRIP_SECONDS = 0.020
FAR, NEAR, STOCK, HTTPS = 40, 500, 40, 400
"""Messages a round: over the slow line, over loopback, by the client of ``sendgrid``, and by ours."""
TOOLS_PATH = "/usr/sbin:/usr/bin:/usr/lib/postfix"

Send = Callable[[Sequence[Message]], None]
"""Sends these messages; all are accepted."""


def measure() -> list[dict[str, Any]]:
    """Messages a second of each way, medians of five rounds taken in turn, and the ratios within a run."""
    pile = digests()
    return [
        *_over_a_slow_line(pile),
        *_over_loopback(pile),
        *_over_https(pile),
        *_to_smtp_sink(pile),
    ]


def digests() -> list[Message]:
    """Digests by the product's own renderer: what they share is the same in all of them, as it is in a run."""
    letterhead = Letterhead(messages.SETTINGS)
    made = []
    for number in range(READERS):
        drawn, subscriber = messages.digest(number), messages.reader(number)
        ranked = (*drawn.items, *drawn.below)
        full = replace(drawn, items=ranked[:CARDS], below=ranked[CARDS:])
        named = message_id(messages.SENDER, full.edition, subscriber.id)
        made.append(letterhead.render(full, subscriber, message_id=named, date=messages.NOW))
    return made


# -- what is compared ----------------------------------------------------------------------------------------------


def _over_a_slow_line(pile: Sequence[Message]) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        sink = stack.enter_context(running(accept_mail))
        port = stack.enter_context(running(relay, sink, ROUND_TRIP_SECONDS))
        ways = {"smtplib": _by_smtplib(stack, port), "ours": _by_smtp(stack, port)}
        return _compare("one SMTP connection, 20 ms of latency", ways, pile, counts=dict.fromkeys(ways, FAR))


def _over_loopback(pile: Sequence[Message]) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        port = stack.enter_context(running(accept_mail))
        ways = {"smtplib": _by_smtplib(stack, port), "ours": _by_smtp(stack, port)}
        return _compare("one SMTP connection, no latency", ways, pile, counts=dict.fromkeys(ways, NEAR))


def _over_https(pile: Sequence[Message]) -> list[dict[str, Any]]:
    certificate = make_certificate(HOST)
    with ExitStack() as stack:
        url = f"https://{HOST}:{stack.enter_context(running(accept_requests, certificate))}"
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        believed = Path(folder, "believed.pem")
        believed.write_bytes(certificate.pem)
        stack.enter_context(_environment(SSL_CERT_FILE=str(believed), SSL_CERT_DIR=folder))
        settings = SendgridProvider.model_validate({"kind": "sendgrid", "api_key": "SG.key", "host": url})
        provider = open_provider(settings, surroundings=Surroundings(trust=certificate.client_context))
        ways = {"sendgrid": _by_sendgrid(url), "ours": _by_provider(stack.enter_context(provider))}
        return _compare("SendGrid over TLS", ways, pile, counts={"sendgrid": STOCK, "ours": HTTPS})


def _to_smtp_sink(pile: Sequence[Message]) -> list[dict[str, Any]]:
    sink, source = (shutil.which(tool, path=TOOLS_PATH) for tool in ("smtp-sink", "smtp-source"))
    if not sink or not source:
        print("left out: smtp-sink and smtp-source are missing (Debian has them in postfix)", file=sys.stderr)
        return []
    with ExitStack() as stack:
        port = stack.enter_context(smtp_sink(sink))
        ways = {
            "smtp-source": by_smtp_source(stack, source, port),
            "smtplib": _by_smtplib(stack, port),
            "ours": _by_smtp(stack, port),
        }
        return _compare("one SMTP connection, smtp-sink", ways, pile, counts=dict.fromkeys(ways, NEAR))


def _compare(
    line: str, ways: Mapping[str, Send], pile: Sequence[Message], *, counts: Mapping[str, int]
) -> list[dict[str, Any]]:
    """A row a way; ratios are against the first."""
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    piles = {name: [pile[number % len(pile)] for number in range(counts[name])] for name in ways}
    for name, send in ways.items():
        send(piles[name][:GROUP])  # everybody is warm
    for _ in range(ROUNDS):
        for name, send in ways.items():
            start = time.perf_counter()
            send(piles[name])
            rounds[name].append(counts[name] / (time.perf_counter() - start))
    rates = {name: statistics.median(measured) for name, measured in rounds.items()}
    first = next(iter(rates.values()))
    return [
        {"over": line, "way": name, "messages a second": rate, "us a message": 1e6 / rate, "ratio": rate / first}
        for name, rate in rates.items()
    ]


# -- the ways ------------------------------------------------------------------------------------------------------


def _by_provider(provider: Provider) -> Send:
    def send(pile: Sequence[Message]) -> None:
        for start in range(0, len(pile), GROUP):
            for outcome in provider.send(pile[start : start + GROUP]):
                assert outcome.verdict is Verdict.SENT, outcome

    return send


def _by_smtp(stack: ExitStack, port: int) -> Send:
    settings = SmtpProvider(kind="smtp", host=HOST, port=port, tls="none")
    return _by_provider(stack.enter_context(open_provider(settings)))


def _by_smtplib(stack: ExitStack, port: int) -> Send:
    server = stack.enter_context(smtplib.SMTP(HOST, port))

    def send(pile: Sequence[Message]) -> None:
        for message in pile:
            assert not server.sendmail(message.sender.email, [message.recipient.email], message.raw)

    return send


def by_smtp_source(stack: ExitStack, source: str, port: int) -> Send:
    """One message again and again, read from a file."""
    file = Path(stack.enter_context(tempfile.TemporaryDirectory()), "message")

    def send(pile: Sequence[Message]) -> None:
        file.write_bytes(pile[0].raw.replace(b"\r\n", b"\n"))
        addresses = ("-f", pile[0].sender.email, "-t", pile[0].recipient.email)
        subprocess.run([source, "-d", "-m", str(len(pile)), *addresses, "-F", file, f"{HOST}:{port}"], check=True)

    return send


def _by_sendgrid(url: str) -> Send:
    client = SendGridAPIClient("SG.key", host=url)

    def send(pile: Sequence[Message]) -> None:
        for message in pile:
            mail = Mail(
                from_email=From(message.sender.email, message.sender.name),
                to_emails=To(message.recipient.email, message.recipient.name),
                subject=message.subject,
                plain_text_content=message.text,
                html_content=message.html,
            )
            for name, value in message.headers:
                mail.add_header(Header(name, value))
            assert client.send(mail).status_code == 202

    return send


# -- surroundings --------------------------------------------------------------------------------------------------


@contextmanager
def smtp_sink(tool: str) -> Iterator[int]:
    """The port of Postfix's sink."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    somebody = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([tool, *somebody, f"{HOST}:{port}", "100"])
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("smtp-sink does not listen")


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    kept = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
