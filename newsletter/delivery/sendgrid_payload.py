"""What a request to SendGrid's v3 mail/send says, built by the ``sendgrid`` package."""

from __future__ import annotations

import re
from email.header import Header as EncodedHeader
from email.utils import parseaddr
from typing import Any

from sendgrid.helpers.mail import (
    ClickTracking,
    CustomArg,
    From,
    Header,
    Mail,
    MailSettings,
    OpenTracking,
    ReplyTo,
    SandBoxMode,
    SubscriptionTracking,
    To,
    TrackingSettings,
)
from sendgrid.helpers.mail.exceptions import SendGridException

from newsletter.addresses import wire_address
from newsletter.delivery.groups import Unsendable
from newsletter.errors import ProviderRefused
from newsletter.model import Message

DELIVERY_ARGUMENT = "delivery_id"
"""Under this name events tell us which delivery they are about."""
RESERVED_HEADERS = frozenset(
    {
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
        "mime-version",
    }
)
"""SendGrid answers 400 to these, but for the last, which it writes itself."""

TRACKING: dict[str, Any] = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}
TRIAL: dict[str, Any] = {"sandbox_mode": {"enable": True}}

_NOT_IN_NAMES = re.compile(r"\s*[,;]+\s*")


def build_payload(message: Message, *, sandbox: bool = False) -> dict[str, Any]:
    """The JSON of the request that sends the message; raises ``Unsendable``.

    Nothing in it tracks the reader, and the only thing of ours that SendGrid keeps is the delivery's number.
    """
    try:
        mail = Mail(
            from_email=_mailbox(From(), sender_address(message), message.sender.name),
            to_emails=_mailbox(To(None), recipient_address(message), recipient_name(message)),
            subject=message.subject,
            plain_text_content=message.text or None,
            html_content=message.html or None,
        )
    except SendGridException as error:
        raise Unsendable("the message begins with what looks like a SendGrid key") from error
    _add_headers(mail, message)
    if message.delivery_id is not None:
        mail.custom_arg = CustomArg(DELIVERY_ARGUMENT, str(message.delivery_id))
    mail.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False),
        open_tracking=OpenTracking(enable=False),
        subscription_tracking=SubscriptionTracking(enable=False),
    )
    if sandbox:
        mail.mail_settings = MailSettings(sandbox_mode=SandBoxMode(enable=True))
    payload: dict[str, Any] = mail.get()
    return payload


def _add_headers(mail: Mail, message: Message) -> None:
    for name, value in (("Message-ID", message.message_id), *message.headers):
        if name.lower() == "reply-to":
            reply_name, reply_address = parseaddr(value)
            mail.reply_to = _mailbox(ReplyTo(), reply_address, reply_name)
        elif name.lower() not in RESERVED_HEADERS:
            mail.add_header(Header(name, value if value.isascii() else EncodedHeader(value, "utf-8").encode()))


def _mailbox(kind: Any, address: str, name: str | None) -> Any:
    """The address as it is: given at once, without a name, the package would take it for a header and read it."""
    kind.email, kind.name = address, name or None
    return kind


def sender_address(message: Message) -> str:
    """The address of the sender; raises ``ProviderRefused`` for what SendGrid takes from nobody."""
    try:
        address = wire_address(message.sender.email)
    except ValueError as error:
        raise ProviderRefused(f"the sender {message.sender.email!r} is {error}; set from.email") from error
    if not address.isascii():
        raise ProviderRefused(f"SendGrid takes no sender with a non-ASCII local part: {message.sender.email}")
    return address


def recipient_address(message: Message) -> str:
    """The address of the reader; raises ``Unsendable`` for what is none, or none that SendGrid takes."""
    try:
        address = wire_address(message.recipient.email)
    except ValueError as error:
        raise Unsendable(str(error), address_is_bad=True) from error
    if not address.isascii():
        raise Unsendable("SendGrid takes no address with a non-ASCII local part")
    return address


def recipient_name(message: Message) -> str | None:
    """The reader's name without what SendGrid takes in no name; ``None`` where nothing is left."""
    return _NOT_IN_NAMES.sub(" ", message.recipient.name).strip() or None
