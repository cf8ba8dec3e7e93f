"""The API against its own description: bodies, queries and paths by the thousand, right and wrong ones.

``python -m benchmarks.api --examples 2000`` asks each operation so often, on SQLite, over a deployment that has sent
its first mails. What counts: no answer of 5xx, and each as the description says it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from starlette.applications import Starlette
from starlette.routing import Mount

from newsletter import pipeline
from newsletter.config import load
from newsletter.config.settings import Settings
from newsletter.model import Subscriber
from newsletter.storage import Storage
from newsletter.web.api.app import make_api
from newsletter.web.api.scopes import Scope

ROOT = Path(__file__).parent.parent
UNLIMITED = 10**9
load_all_checks()
CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
]


@dataclass
class Explorer:
    """Asks the API over one deployment what its description lets anybody ask, and counts the answers."""

    settings: Settings
    storage: Storage
    known: Mapping[str, Any]
    """Ids that are somebody's or something's, by the name that a path has for them."""
    answers: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        api = make_api(self.settings, self.storage, per_minute=UNLIMITED, rankings=UNLIMITED)
        _, secret = self.storage.api_tokens.add("explorer", list(Scope), at=datetime.now(UTC))
        self._headers = {"authorization": f"Bearer {secret}"}
        self._schema = schemathesis.openapi.from_asgi("/api/openapi.json", Starlette(routes=[Mount("/api", api)]))

    def operations(self) -> list[Any]:
        """All of the description's; what erases the known reader comes last."""
        found = [operation.ok() for operation in self._schema.get_all_operations()]
        return sorted(found, key=lambda operation: operation.label == "DELETE /v1/readers/{reader}")

    def explore(self, operation: Any, *, examples: int) -> None:
        """Asks one operation so often, with ids of its own making and with known ones."""

        @hypothesis.settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(
            case=operation.as_strategy() | operation.as_strategy(schemathesis.GenerationMode.NEGATIVE),
            is_known=st.booleans(),
        )
        def ask(case: Any, is_known: bool) -> None:
            if is_known and case.path_parameters:
                case.path_parameters.update({k: v for k, v in self.known.items() if k in case.path_parameters})
            answer = case.call_and_validate(headers=self._headers, checks=CHECKED)
            self.answers[answer.status_code] += 1

        ask()


def known_ids(storage: Storage) -> dict[str, Any]:
    """A reader of the database, and what one run has left."""
    reader = storage.subscribers.save(Subscriber(id="", email="known@example.org"))
    delivery = storage.deliveries.find(limit=1)[0]
    return {"reader": reader.id, "delivery": delivery.id, "edition": delivery.edition, "paper": delivery.shown[0]}


def main() -> None:
    """Explores all operations over the demo's papers and readers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="of each operation")
    examples = parser.parse_args().examples
    with tempfile.TemporaryDirectory() as folder:
        for name in ("config", "examples"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        settings = load(Path(folder) / "config", environ=os.environ)
        with Storage.open(settings.database, durability="process") as storage:
            pipeline.run(settings, storage, now=datetime.now(UTC), everyone=True)
            explorer = Explorer(settings, storage, known_ids(storage))
            for operation in explorer.operations():
                explorer.explore(operation, examples=examples)
                print(f"{operation.label}: conforms")
    asked = ", ".join(f"{count} of {status}" for status, count in sorted(explorer.answers.items()))
    print(f"{explorer.answers.total()} answers, each as described: {asked}")


if __name__ == "__main__":
    main()
