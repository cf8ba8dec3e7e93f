"""A world behind a web server on loopback, and a deployment that reads from it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from product import Deployment
from weeks.life import MOST, READERS, Life, sources
from weeks.world import World

TEMPLATES = {
    "words.j2": "{% macro no() %}{% endmacro %}",
    "digest.mjml.j2": "<mjml><mj-body><mj-section><mj-column><mj-text>{{ cards|length }} papers</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>",
    "digest.txt.j2": "{% for card in cards %}{{ card.paper.title }}\n{% endfor %}",
    "digest.subject.txt.j2": "Papers",
    "digest.preheader.txt.j2": "Papers",
}
"""So short that days go by quickly."""


@pytest.fixture
def live(deployment: Deployment) -> Iterator[Callable[..., Life]]:
    """Begins a life in a world, with more readers than usual where they are named."""
    worlds: list[World] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece

        def do_GET(self) -> None:
            status, headers, body = worlds[-1].answer(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def begin(world: World, **more: dict[str, Any]) -> Life:
        worlds.append(world)
        readers = {**READERS, **more}
        deployment.write(
            sources=sources(f"http://127.0.0.1:{server.server_address[1]}"),
            network={"allow": ["127.0.0.1"]},
            window="4d",
        )
        templates = deployment.folder / "templates"
        templates.mkdir(exist_ok=True)
        for name, text in TEMPLATES.items():
            (templates / name).write_text(text, encoding="utf-8")
        deployment.write_readers(
            [{**one, "profile": {"max_papers": MOST, **one.get("profile", {})}} for one in readers.values()]
        )
        return Life(world, deployment, readers)

    yield begin
    server.shutdown()
    server.server_close()
