"""Golden mails: what a message is compared by, and the files that hold it.

``tests/rendering/golden/<case>/`` holds ``headers.txt``, ``message.txt`` and ``message.html``, in which every tag has a
line, and styles are left out but in the case ``one``; of ``fifty`` papers there is an ``outline.txt`` in its place.
``python tests/renew_golden.py`` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from newsletter.rendering.page import HEADINGS, Element, read_page

FOLDER = Path(__file__).with_name("golden")
WITH_STYLES = frozenset({"one"})
OUTLINED = frozenset({"fifty"})

_TOKEN = re.compile(r"(/[upvac]/)[\w.~%-]+")
_READER = re.compile(r"(unsubscribe%20)[0-9a-f]{16}")
_VOLATILE = {"Date": "DATE", "Message-ID": "MESSAGE-ID", "Content-Type": 'multipart/alternative; boundary="BOUNDARY"'}
_HEAD = re.compile(r"<head>.*?</head>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LOOKS = re.compile(r"\s(?:style|align|bgcolor|border|cellpadding|cellspacing|valign|width|height)=\"[^\"]*\"")
_TAG = re.compile(r"\s*(<[^>]+>)\s*")


def masked(raw: bytes, *, case: str) -> dict[str, str]:
    """File name -> what must not change unnoticed; whatever differs from run to run is masked here and nowhere else."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    headers = "".join(f"{name}: {_VOLATILE.get(name, value)}\n" for name, value in mail.items())
    plain, html = (_part(mail, kind) for kind in ("plain", "html"))
    shown = {"outline.txt": outline(html)} if case in OUTLINED else {"message.html": readable(html, case=case)}
    parts = {"headers.txt": headers, "message.txt": plain, **shown}
    return {name: _READER.sub(r"\1READER", _TOKEN.sub(r"\1TOKEN", text)) for name, text in parts.items()}


def readable(html: str, *, case: str) -> str:
    """A line a tag; without the head, comments and looks, but in one case."""
    if case not in WITH_STYLES:
        html = _LOOKS.sub("", _COMMENT.sub("", _HEAD.sub("", html)))
    return re.sub(r"\n{2,}", "\n", _TAG.sub(r"\n\1\n", html)).strip() + "\n"


def outline(html: str) -> str:
    """Headings with the number of links under each."""
    page = read_page(html)
    headings = [element for element in page.walk() if element.tag in HEADINGS]
    links = [element for element in page.walk() if element.tag == "a"]
    counted = [(heading, sum(link.heading is heading for link in links)) for heading in headings]
    return "".join(_outlined(heading, count) for heading, count in counted)


def stored(case: str) -> dict[str, str]:
    """What the case's files say."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted((FOLDER / case).iterdir())}


def store(case: str, parts: dict[str, str]) -> None:
    """The case's files with that content."""
    folder = FOLDER / case
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for name, text in parts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def _outlined(heading: Element, links: int) -> str:
    return f"{heading.tag} {heading.text} ({links} links)\n"
