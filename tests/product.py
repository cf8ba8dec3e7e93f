"""A whole deployment in a temporary folder, and the command line over it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from newsletter.cli import call

MORNING = "2026-11-23T08:00:00Z"
"""A Monday."""

PAPERS = {
    "spikes": [
        ("Spiking neural networks that learn with local errors",
         "We train spiking neural networks with errors that every layer computes by itself. Neuromorphic chips run them."),
        ("Surrogate gradients for spiking neurons on neuromorphic hardware",
         "Spikes have no slope. We choose surrogate gradients for spiking networks so that deep ones learn quickly."),
        ("Event cameras meet spiking networks",
         "An event camera speaks in spikes. Spiking networks read it without frames, and save nine tenths of the energy."),
    ],
    "brains": [
        ("Decoding speech from fMRI recordings of the cortex",
         "Brain decoding from fMRI turns slow blood signals into words. Our decoder reads speech from the cortex."),
        ("Aligning fMRI responses across subjects for brain decoding",
         "Every brain is folded in its own way. We align fMRI responses so that a decoder moves between subjects."),
        ("Visual imagery reconstructed from brain activity",
         "Pictures that people imagine are reconstructed from brain activity measured by fMRI."),
    ],
    "pruning": [
        ("Lottery tickets in pruned language models",
         "Pruning finds lottery tickets: sparse subnetworks that train as well as the whole language model."),
        ("Pruning at initialisation, revisited",
         "We prune networks before training. The lottery ticket hypothesis says why some sparse masks work."),
        ("Sparse training without a dense phase",
         "Sparse networks are trained from scratch with masks that grow and prune connections."),
    ],
    "others": [
        ("A survey of tidal energy converters", "Turbines under water turn tides into current. We compare forty designs."),
        ("Crop yields under late frost", "Late frost costs orchards a third of their yield. We model it by altitude."),
    ],
}  # fmt: skip
READERS = {
    "ada@example.org": ["spiking neural networks"],
    "ben@example.org": ["brain decoding", "fMRI"],
    "eve@example.org": ["pruning", "lottery tickets"],
}


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Deployment:
    """A folder with config/, and the commands over it."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    def write(self, **changes: Any) -> None:
        """newsletter.yaml with these settings in place of the last ones."""
        self.settings.update(changes)
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "config" / "newsletter.yaml").write_text(yaml.safe_dump(self.settings), encoding="utf-8")

    def write_readers(self, readers: Sequence[Mapping[str, Any]]) -> None:
        """subscribers.yaml with these readers."""
        text = yaml.safe_dump({"subscribers": [dict(reader) for reader in readers]})
        (self.folder / "config" / "subscribers.yaml").write_text(text, encoding="utf-8")

    def write_plain_look(self) -> None:
        """A template in place of the shipped one, for tests that look at no HTML: it is put together in no time."""
        (self.folder / "templates").mkdir()
        (self.folder / "templates" / "digest.mjml.j2").write_text(
            "<mjml><mj-body><mj-section><mj-column><mj-text>{{ cards|length }} papers</mj-text>"
            "</mj-column></mj-section></mj-body></mjml>",
            encoding="utf-8",
        )

    def write_page(self, name: str, papers: Sequence[tuple[str, str]]) -> None:
        """A saved listing, as a person copies it out of the browser."""
        lines = ["Get trending papers in your email inbox once a day!", "Get trending papers in your email inbox!"]
        text = "\n".join([*lines, "Subscribe" + "\n".join(f"{title}\n{abstract}" for title, abstract in papers), ""])
        (self.folder / f"{name}.txt").write_text(text, encoding="utf-8")

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        """Runs ``newsletter`` with the deployment's config."""
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = call(["--config", str(self.folder / "config"), *arguments])
            out.flush()
        return Said(code, out.buffer.getvalue().decode("utf-8"), err.getvalue())

    def mails(self) -> list[EmailMessage]:
        """The mails of the ``files`` provider, by name."""
        return [parse(file.read_bytes()) for file in sorted(self.outbox.glob("*.eml"))]


def parse(raw: bytes) -> EmailMessage:
    """The mail as a mail program reads it."""
    return BytesParser(policy=policy.default).parsebytes(raw)


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Three readers with different interests, four saved listings, the ``files`` provider."""
    monkeypatch.delenv("NEWSLETTER_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return deploy(tmp_path)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Deployment, Callable[[], object]], None]:
    """Does to a deployment what is done the first time, and is copied from there for the module's other tests."""
    kept = tmp_path_factory.mktemp("once") / "deployment"

    def bring(deployment: Deployment, play: Callable[[], object]) -> None:
        if kept.exists():
            shutil.copytree(kept, deployment.folder, dirs_exist_ok=True)
            deployment.write(**yaml.safe_load((kept / "config" / "newsletter.yaml").read_text(encoding="utf-8")))
        else:
            play()
            shutil.copytree(deployment.folder, kept)

    return bring


def deploy(folder: Path) -> Deployment:
    """The same in a folder."""
    made = Deployment(folder)
    for name, papers in PAPERS.items():
        made.write_page(name, papers)
    made.write(
        title="Morning Papers",
        **{"from": {"name": "Morning Papers", "email": "papers@example.org"}},
        postal_address="1 Example Street, 12345 Example",
        sources=[{"kind": "page", "name": name, "path": f"{name}.txt"} for name in PAPERS],
        provider={"kind": "files", "path": "outbox"},
    )
    made.write_readers([{"email": email, "profile": {"interests": likes}} for email, likes in READERS.items()])
    return made
