"""7. The reader's door: pages that a mail's links lead to."""

from __future__ import annotations

import socket
from collections.abc import Callable

from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.storage import Storage


def serve_pages(
    settings: Settings,
    storage: Storage,
    *,
    host: str,
    port: int,
    on_listening: Callable[[int], None],
    post: Callable[[], None],
) -> None:
    """Serves the pages until SIGINT or SIGTERM, and says at which port; UsageError where the extra is not installed.

    ``post`` has waiting letters sent at once.
    """
    try:
        import uvicorn

        from newsletter.web.app import make_app
    except ImportError as error:
        raise UsageError(f"web pages need {error.name}: pip install 'newsletter[web]', or run from cron") from error
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise UsageError(f"{host}:{port}: cannot listen there: {error.strerror}; choose another --port") from error
    on_listening(listening.getsockname()[1])
    # No access log: request paths hold signed tokens.
    config = uvicorn.Config(make_app(settings, storage, post=post), access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])
