"""7. The reader's door: pages that a mail's links lead to."""

from __future__ import annotations

from newsletter.config.settings import Settings
from newsletter.errors import UsageError
from newsletter.storage import Storage


def serve_pages(settings: Settings, storage: Storage, *, host: str, port: int) -> None:
    """Serves the pages until SIGINT or SIGTERM; UsageError where the extra is not installed."""
    try:
        import uvicorn

        from newsletter.web.app import make_app
    except ImportError as error:
        raise UsageError(f"web pages need {error.name}: pip install 'newsletter[web]', or run from cron") from error
    # No access log: request paths hold signed tokens.
    uvicorn.run(make_app(settings, storage), host=host, port=port, access_log=False, log_level="warning")
