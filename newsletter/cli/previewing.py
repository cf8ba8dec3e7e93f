"""The preview folder: one folder a reader, a gallery over them, and what a check of the messages found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter import pipeline
from newsletter.cli.output import print_warning
from newsletter.config.settings import Settings
from newsletter.errors import StorageError
from newsletter.model import Message
from newsletter.pipeline.looking import render_look
from newsletter.pipeline.messages import Letterhead
from newsletter.rendering.gallery import GalleryItem, render_gallery
from newsletter.rendering.inspection import Inspection, inspect_message
from newsletter.rendering.schemes import for_frame, force_scheme
from newsletter.rendering.views import render_views
from newsletter.storage import Storage
from newsletter.text import slug

GALLERY = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """One reader's message as it lies in the preview folder."""

    place: str
    """The folder's name."""
    message: Message
    inspection: Inspection | None
    """``None`` where no check was asked for."""


def write_preview(
    settings: Settings, storage: Storage, folder: Path, *, address: str | None, now: datetime, check: bool
) -> list[Previewed]:
    """Writes a folder a reader and a gallery over them.

    ``folder/<reader>/`` holds ``index.html``, ``message.txt`` and ``message.eml``, which are the message itself, and
    ``views.html`` with the two pages that it frames, ``light.html`` and ``dark.html``.
    """
    made = []
    for place, message in _messages(settings, storage, address=address, now=now):
        inspection = inspect_message(message) if check else None
        write_message(folder / place, message, inspection)
        made.append(Previewed(place=place, message=message, inspection=inspection))
    gallery = render_gallery([_item(one) for one in made], title=settings.title, rest="More readers")
    write(folder / GALLERY, gallery.encode())
    return made


def write_message(folder: Path, message: Message, inspection: Inspection | None = None) -> None:
    """The message as a browser, a terminal and a mail program read it."""
    html = message.html
    write(folder / "index.html", _utf8(html))
    write(folder / "message.txt", _utf8(message.text))
    write(folder / "message.eml", message.raw)
    write(folder / "light.html", _utf8(for_frame(force_scheme(html, "light"))))
    write(folder / "dark.html", _utf8(for_frame(force_scheme(html, "dark"))))
    views = render_views(message, light="light.html", dark="dark.html", back=f"../{GALLERY}", inspection=inspection)
    write(folder / "views.html", _utf8(views))


def write(file: Path, content: bytes) -> None:
    """The file with that content, whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(file)
    except OSError as error:
        raise StorageError(f"{file}: cannot be written: {error.strerror}") from error


def _messages(
    settings: Settings, storage: Storage, *, address: str | None, now: datetime
) -> Iterator[tuple[str, Message]]:
    """Each reader's message, and the name of a folder for it."""
    letterhead = Letterhead(settings)
    taken: set[str] = set()
    for one in pipeline.look_at_all(settings, storage, address=address, now=now):
        for words in one.lost:
            print_warning(f"{one.reader.email}: {words}")
        yield _free(slug(one.reader.email), taken), render_look(letterhead, settings, one, now=now)


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered where another reader's address makes the same one."""
    number = 1
    while (free := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    taken.add(free)
    return free


def _item(one: Previewed) -> GalleryItem:
    message, inspection = one.message, one.inspection
    return GalleryItem(
        recipient=message.recipient,
        subject=message.subject,
        date=message.date,
        html=f"{one.place}/index.html",
        text=f"{one.place}/message.txt",
        eml=f"{one.place}/message.eml",
        views=f"{one.place}/views.html",
        light=f"{one.place}/light.html",
        dark=f"{one.place}/dark.html",
        problems=None if inspection is None else len(inspection.problems),
        notes=0 if inspection is None else len(inspection.notes),
    )


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
