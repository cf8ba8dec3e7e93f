"""7. The reader's door: pages that a mail's links lead to."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable

from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.pipeline.tuning_apart import TriesOut
from newsletter.storage import Storage

LOOPBACK = ("127.0.0.1", "::1")
"""A proxy on this machine says where visitors come from."""
LAST_ANSWERS_SECONDS = 10
"""How long a visitor may hold up the end."""


def serve_pages(
    settings: Settings,
    storage: Storage,
    *,
    host: str,
    port: int,
    on_listening: Callable[[int], None],
    post: Callable[[], None],
    tuner: TriesOut,
) -> None:
    """Serves the pages until SIGINT or SIGTERM, and says at which port; UsageError where the extra is not installed.

    ``post`` has waiting letters sent at once, ``tuner`` tries profiles out.
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
    app = make_app(settings, storage, post=post, tuner=tuner)
    gc.freeze()  # what is there by now stays: there is no garbage in it to look for while visitors wait
    on_listening(listening.getsockname()[1])
    config = uvicorn.Config(
        app,
        http="h11",  # refuses headers that never end, unlike the quicker parser
        access_log=False,  # request paths hold signed tokens
        log_config=None,  # what it says goes through our own logs, which hold no address and no secret
        log_level="warning",
        server_header=False,
        forwarded_allow_ips=[*LOOPBACK, *settings.network.trusted_proxies],
        timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])
