"""A sentence encoder in a deployment: what is encoded when, and what becomes of a run without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from encoders import write_encoder
from product import MORNING, READERS, Deployment, Said
from sqlalchemy import create_engine, text

COUNTED = re.compile(r"(\d+) texts encoded, (\d+) known")
WITHOUT_PACKAGES = """
import sys
sys.modules["onnxruntime"] = sys.modules["tokenizers"] = None
from newsletter.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def encoding(deployment: Deployment) -> Deployment:
    """The deployment with an encoder."""
    write_encoder(deployment.folder / "models" / "tiny")
    deployment.write(ranking={"encoder": "models/tiny"})
    return deployment


def in_a_process(deployment: Deployment, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, "--config", str(deployment.folder / "config"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)


def counted(said: Said) -> list[tuple[int, int]]:
    """How many texts were encoded and known, each time that any were asked for."""
    return [(int(encoded), int(known)) for encoded, known in COUNTED.findall(said.err)]


def rank(deployment: Deployment) -> Said:
    """All papers in Ada's order."""
    said = deployment("-v", "rank", "--subscriber", "ada@example.org", "--json", "--limit", "11", "--now", MORNING)
    assert said.code == 0
    return said


def test_each_text_is_encoded_once(encoding: Deployment) -> None:
    first, second = rank(encoding), rank(encoding)
    assert counted(first) == [(11, 0), (1, 0)]
    assert counted(second) == [(0, 11), (0, 1)]
    assert second.out == first.out
    assert counted(encoding("-v", "run", "--everyone", "--now", MORNING)) == [(0, 11), (4, 1)]


def test_liked_papers_are_encoded_those_of_a_library_too(encoding: Deployment) -> None:
    (encoding.folder / "mine.bib").write_text("@article{a, title={Windmills under water}, abstract={They turn.}}")
    liked = ["title: Crop yields under late frost", "file: mine.bib"]
    encoding.write_readers([{"email": "ada@example.org", "profile": {"liked": liked}}])
    said = rank(encoding)
    assert counted(said) == [(11, 0), (1, 1)]
    tides = next(item for item in said.json["items"] if item["entry"]["title"].startswith("A survey of tidal"))
    assert "Windmills under water" in {reason["label"] for reason in tides["reasons"] if reason["contribution"] > 0}


def test_another_model_encodes_anew(encoding: Deployment) -> None:
    rank(encoding)
    write_encoder(encoding.folder / "models" / "tiny", meanings={"spiking": 0})
    assert counted(rank(encoding)) == [(11, 0), (1, 0)]


def test_what_is_not_used_any_more_is_forgotten(encoding: Deployment) -> None:
    assert encoding("run", "--everyone", "--now", MORNING).code == 0
    assert encoding("run", "--now", "2027-03-01T08:00:00Z").code == 0
    engine = create_engine(f"sqlite:///{encoding.folder / 'var' / 'newsletter.db'}")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM vectors")) == 0
    engine.dispose()


def test_words_that_mean_the_same_bring_a_paper_up(encoding: Deployment) -> None:
    encoding.write_readers([{"email": "ada@example.org", "profile": {"interests": ["windmills"]}}])
    with_encoder = rank(encoding).json["items"][0]
    encoding.write(ranking={})
    assert with_encoder["entry"]["title"] == "A survey of tidal energy converters"
    assert sum(r["contribution"] for r in with_encoder["reasons"]) == pytest.approx(with_encoder["score"], abs=1e-6)
    assert all(reason["label"] != "windmills" for item in rank(encoding).json["items"] for reason in item["reasons"])


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda folder: write_encoder(folder, values={"tides": float("nan")}), "without a direction"),
        (lambda folder: write_encoder(folder, output="logits"), "gives logits"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"no model"), "no model that can be loaded"),
    ],
    ids=["NaN", "another output", "no model"],
)
def test_a_model_that_is_broken_is_a_warning(encoding: Deployment, break_it: Any, said: str) -> None:
    break_it(encoding.folder / "models" / "tiny")
    ranked = encoding("rank", "--subscriber", "ada@example.org", "--json", "--limit", "11", "--now", MORNING)
    (warning,) = ranked.err.splitlines()
    assert said in warning
    assert warning.endswith("papers are ranked without it")
    encoding.write(ranking={})
    assert rank(encoding).out == ranked.out
    encoding.write(ranking={"encoder": "models/tiny"})
    run = encoding("run", "--everyone", "--now", MORNING)
    assert (run.code, len(encoding.mails())) == (0, len(READERS))
    assert "Traceback" not in run.err


def test_without_the_packages_the_extra_is_named_and_nothing_is_touched(encoding: Deployment) -> None:
    for command in (["run", "--everyone"], ["rank", "--subscriber", "ada@example.org"], ["preview"]):
        done = in_a_process(encoding, WITHOUT_PACKAGES, *command)
        assert done.returncode == 2
        assert "pip install 'newsletter[semantic]'" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert not encoding.mails()


def test_without_an_encoder_the_packages_are_not_missed(deployment: Deployment) -> None:
    arguments = ["rank", "--subscriber", "ada@example.org", "--json", "--now", MORNING]
    blocked = in_a_process(deployment, WITHOUT_PACKAGES, *arguments)
    assert blocked.returncode == 0
    assert deployment(*arguments).out == blocked.stdout


def test_doctor_loads_the_encoder(encoding: Deployment) -> None:
    def check() -> dict[str, str]:
        return next(one for one in encoding("doctor", "--json").json["checks"] if one["name"] == "encoder")

    assert (check()["health"], check()["detail"]) == (
        "ok",
        f"{encoding.folder}/models/tiny/model.onnx: 5 numbers a text",
    )
    (encoding.folder / "models" / "tiny" / "tokenizer.json").write_text("{}")
    assert check()["health"] == "failed"
    encoding.write(ranking={})
    assert "encoder" not in {one["name"] for one in encoding("doctor", "--json").json["checks"]}


def test_backtest_uses_it_too(encoding: Deployment) -> None:
    assert encoding("run", "--everyone", "--now", MORNING).code == 0
    said = encoding("-v", "backtest", "--subscriber", "ada@example.org", "--now", MORNING)
    assert (said.code, counted(said)) == (0, [(0, 11), (0, 1)])


def test_an_encoder_that_is_not_there_is_a_mistake_in_the_file(deployment: Deployment) -> None:
    deployment.write(ranking={"encoder": "models/none"})
    said = deployment("config", "check")
    assert said.code == 2
    assert "newsletter.yaml:" in said.err
    assert f"there is no {deployment.folder / 'models' / 'none' / 'model.onnx'}" in said.err.replace("\n", "")
    file = write_encoder(deployment.folder / "models" / "tiny") / "model.onnx"
    deployment.write(ranking={"encoder": str(file)})
    assert deployment("config", "check").code == 0
    file.with_name("tokenizer.json").unlink()
    assert "tokenizer.json" in deployment("config", "check").err
