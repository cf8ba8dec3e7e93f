"""The API as an application of its own, which the pages' application mounts at ``/api``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI

from newsletter import __version__
from newsletter.config.settings import Settings
from newsletter.pipeline.archiving import Shelf
from newsletter.pipeline.tuning import Tuner
from newsletter.pipeline.tuning_apart import TriesOut
from newsletter.storage import Storage
from newsletter.web.api import deliveries, digests, editions, readers, status, suppressions
from newsletter.web.api.access import PER_MINUTE, RANKINGS_PER_MINUTE, Deployment
from newsletter.web.api.gate import BodyLimit, LastDoor
from newsletter.web.api.problems import Problem, answer_with_problems
from newsletter.web.api.scopes import MEANINGS
from newsletter.web.throttle import Throttle

MINUTE = 60.0
_ABOUT = "Bearer tokens by scope:\n\n" + "\n".join(f"- `{one}`: {meaning}" for one, meaning in MEANINGS.items())


def make_api(
    settings: Settings,
    storage: Storage,
    *,
    tuner: TriesOut | None = None,
    shelf: Shelf | None = None,
    per_minute: int = PER_MINUTE,
    rankings: int = RANKINGS_PER_MINUTE,
) -> FastAPI:
    """The API over one deployment; at most so many requests and rankings a minute for each token.

    ``tuner`` and ``shelf`` are shared with the pages where they have them: what these keep is large.
    """
    root = urlsplit(settings.base_url or "").path.rstrip("/")
    api = FastAPI(
        title=settings.title,
        version=__version__,
        description=_ABOUT,
        servers=[{"url": f"{root}/api"}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,
    )
    api.state.deployment = Deployment(
        settings,
        storage,
        tuner or Tuner(settings, storage),
        shelf or Shelf(storage),
        requests=Throttle(per_minute, MINUTE),
        rankings=Throttle(rankings, MINUTE),
    )
    for part in (readers, digests, editions, deliveries, suppressions, status):
        api.include_router(part.router)
    answer_with_problems(api)
    api.add_middleware(BodyLimit)
    api.add_middleware(LastDoor)
    _describe_problems(api)
    return api


def _describe_problems(api: FastAPI) -> None:
    """Adds to the description the schema that all problems refer to."""
    made = api.openapi

    def describe() -> dict[str, Any]:
        described = made()
        schemas = described["components"]["schemas"]
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {**problem.pop("$defs"), "Problem": problem}
        return described

    api.openapi = describe  # type: ignore[method-assign]
