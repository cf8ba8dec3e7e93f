"""The preview folder: one folder a reader, a gallery over them, a server that makes it anew."""

from __future__ import annotations

import functools
import http.server
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from newsletter import pipeline
from newsletter.cli.output import out, print_warning
from newsletter.config.settings import Settings
from newsletter.errors import NewsletterError, StorageError
from newsletter.model import Message
from newsletter.pipeline.looking import render_look
from newsletter.pipeline.messages import Letterhead
from newsletter.rendering.gallery import GalleryItem, render_gallery
from newsletter.rendering.inspection import find_problems
from newsletter.storage import Storage
from newsletter.text import slug

POLL_SECONDS = 0.5


def write_preview(
    settings: Settings, storage: Storage, folder: Path, *, address: str | None, now: datetime, check: bool
) -> list[str]:
    """Writes ``folder/<reader>/{index.html,message.txt,message.eml}`` and a gallery; gives what ``check`` found."""
    letterhead = Letterhead(settings)
    items, problems = [], []
    for one in pipeline.look_at_all(settings, storage, address=address, now=now):
        for reference in dict.fromkeys(one.missing):
            print_warning(f"{one.reader.email}: liked paper not found in the store: {reference}")
        message = render_look(letterhead, settings, one, now=now)
        place = slug(one.reader.email)
        write_message(folder / place, message)
        items.append(
            GalleryItem(
                recipient=message.recipient,
                subject=message.subject,
                date=message.date,
                eml=f"{place}/message.eml",
                html=f"{place}/index.html",
                text=f"{place}/message.txt",
            )
        )
        if check:
            problems += [f"{one.reader.email}: {problem}" for problem in find_problems(message)]
    write(folder / "index.html", render_gallery(items, title=settings.title).encode())
    return problems


def write_message(folder: Path, message: Message) -> None:
    """The message as a browser, a terminal and a mail program read it."""
    write(folder / "index.html", message.html.encode("utf-8", "replace"))
    write(folder / "message.txt", message.text.encode("utf-8", "replace"))
    write(folder / "message.eml", message.raw)


def write(file: Path, content: bytes) -> None:
    """The file with that content, whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(file)
    except OSError as error:
        raise StorageError(f"{file}: cannot be written: {error.strerror}") from error


def serve_folder(folder: Path, *, watched: Sequence[Path], make: Callable[[], object]) -> None:
    """Serves the folder on loopback until interrupted; makes it anew when something watched changes."""
    handler = functools.partial(_Reloading, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        out().print(f"serving http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        seen = _stamp(watched)
        try:
            while True:
                time.sleep(POLL_SECONDS)
                if (stamp := _stamp(watched)) != seen:
                    seen = stamp
                    _make_again(make)
        except KeyboardInterrupt:
            server.shutdown()


def _make_again(make: Callable[[], object]) -> None:
    try:
        make()
    except NewsletterError as error:
        print_warning(str(error))


def _stamp(watched: Iterable[Path]) -> tuple[tuple[str, int], ...]:
    files = (file for path in watched for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
    return tuple(sorted((str(file), file.stat().st_mtime_ns) for file in files))


class _Reloading(http.server.SimpleHTTPRequestHandler):
    """Serves files, and asks the browser to look again now and then."""

    def end_headers(self) -> None:
        """No caching, and a refresh for the pages."""
        self.send_header("Cache-Control", "no-store")
        if self.path.endswith(("/", ".html")):
            self.send_header("Refresh", "2")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is http.server's
        """Says nothing."""
