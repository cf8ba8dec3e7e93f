from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encoders import WIDTH, save_model, write_encoder
from onnx import TensorProto

from newsletter.errors import EncoderError
from newsletter.semantic import MAX_TOKENS, Encoder, open_encoder


def opened(folder: Path) -> Encoder:
    return open_encoder(folder / "model.onnx", folder / "tokenizer.json")


def test_a_text_is_the_mean_of_its_tokens_at_length_one(tmp_path: Path) -> None:
    encoder = opened(write_encoder(tmp_path))
    vector = encoder.encode("Turbines tides")
    expected = np.array([1.1, 1.1, 0.2, 0.2, 0.2]) / np.linalg.norm([1.1, 1.1, 0.2, 0.2, 0.2])
    assert vector.dtype == np.float16
    assert vector.astype(float) == pytest.approx(expected, abs=1e-3)
    assert (encoder.encode("turbines") == encoder.encode("windmills")).all()


@pytest.mark.parametrize(
    "shape",
    [
        {"inputs": ("input_ids",)},
        {"inputs": ("input_ids", "attention_mask", "token_type_ids")},
        {"inputs": ("input_ids", "attention_mask"), "kind": TensorProto.INT32},
        {"output": "sentence_embedding"},
    ],
    ids=["ids alone", "token types", "32 bits", "pooled by the model"],
)
def test_models_of_other_shapes_give_the_same(tmp_path: Path, shape: dict[str, object]) -> None:
    usual = opened(write_encoder(tmp_path / "usual")).encode("turbines and tides")
    assert opened(write_encoder(tmp_path / "other", **shape)).encode("turbines and tides") == pytest.approx(usual)


def test_what_comes_after_the_last_token_that_is_read_changes_nothing(tmp_path: Path) -> None:
    encoder = opened(write_encoder(tmp_path))
    full = " ".join(["brain"] * MAX_TOKENS)
    assert (encoder.encode(f"{full} tides") == encoder.encode(full)).all()
    assert (encoder.encode(f"tides {full}") != encoder.encode(full)).any()


def test_texts_that_are_hardly_texts(tmp_path: Path) -> None:
    encoder = opened(write_encoder(tmp_path))
    assert encoder.encode("").tolist() == [0.0] * WIDTH
    assert np.isfinite(encoder.encode("half a character \ud835, \0, " + "很长" * 100_000)).all()


def test_an_encoder_is_another_one_when_a_file_of_it_changes(tmp_path: Path) -> None:
    first = opened(write_encoder(tmp_path))
    assert opened(tmp_path) is first
    write_encoder(tmp_path, meanings={"tides": 1})
    second = opened(tmp_path)
    (tmp_path / "model.onnx_data").write_bytes(b"weights")
    third = opened(tmp_path)
    write_encoder(tmp_path / "copy")
    assert len({first.name, second.name, third.name}) == 3
    assert opened(tmp_path / "copy").name == first.name


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        ({"inputs": ("pixels",)}, "takes pixels; expected whole numbers as input_ids"),
        ({"inputs": ("input_ids", "position_ids")}, "takes input_ids, position_ids; expected"),
        ({"output": "logits"}, "gives logits; expected sentence_embedding or last_hidden_state"),
        ({"values": {"tides": np.nan}}, "without a direction"),
        ({"values": {"tides": 0.0}}, "without a direction"),
        ({"values": {"tides": np.inf}}, "without a direction"),
    ],
)
def test_a_model_that_will_not_do_says_why(tmp_path: Path, shape: dict[str, object], complaint: str) -> None:
    with pytest.raises(EncoderError, match=complaint) as caught:
        opened(write_encoder(tmp_path, **shape)).encode("tides")
    assert str(caught.value).startswith(f"{tmp_path / 'model.onnx'}: ")
    assert "\n" not in str(caught.value)


def test_a_table_too_small_for_the_tokenizer(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    save_model(
        tmp_path / "model.onnx", np.ones((2, WIDTH), np.float32), inputs=["input_ids"], output="last_hidden_state"
    )
    with pytest.raises(EncoderError, match="cannot encode: "):
        opened(tmp_path).encode("neuromorphic")


@pytest.mark.parametrize(("file", "complaint"), [("model.onnx", "no model"), ("tokenizer.json", "no tokenizer")])
def test_files_that_are_something_else(tmp_path: Path, file: str, complaint: str) -> None:
    write_encoder(tmp_path)
    (tmp_path / file).write_bytes(b"version https://git-lfs.github.com/spec/v1\nsize 90868376\n")
    with pytest.raises(EncoderError, match=complaint):
        opened(tmp_path).encode("tides")


def test_files_that_are_gone(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"tokenizer\.json: cannot be read"):
        opened(tmp_path)
