"""Tiny sentence encoders in the files that real ones come in: ONNX and tokenizer.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

MEANINGS = {
    "turbines": 0,
    "windmills": 0,
    "tides": 1,
    "brain": 2,
    "cortex": 2,
    "fmri": 2,
    "spiking": 3,
    "neuromorphic": 3,
}
"""Words that mean the same have the same number; all other words mean nothing in particular."""
WIDTH = 5


def write_encoder(
    folder: Path,
    *,
    meanings: Mapping[str, int] = MEANINGS,
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    output: str = "last_hidden_state",
    kind: int = TensorProto.INT64,
    values: Mapping[str, float] | None = None,
) -> Path:
    """A folder with an encoder that knows these words; ``values`` puts numbers in the place of some words' vectors."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {"[UNK]": 0} | {word: place for place, word in enumerate(meanings, 1)}
    rows = np.full((len(words), WIDTH), 0.1, np.float32)
    for word, meaning in meanings.items():
        rows[words[word], meaning] = 1.0
    for word, value in (values or {}).items():
        rows[words[word]] = value
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    save_model(folder / "model.onnx", rows, inputs=inputs, output=output, kind=kind)
    return folder


def save_model(
    file: Path, rows: np.ndarray, *, inputs: Sequence[str], output: str, kind: int = TensorProto.INT64
) -> None:
    """A model that looks each token up in a table: by token, or as the mean of all where it gives sentences."""
    nodes = [helper.make_node("Gather", ["table", inputs[0]], ["found"], axis=0)]
    shape: list[int | str] = ["batch", "tokens", rows.shape[1]]
    if output == "last_hidden_state":
        nodes.append(helper.make_node("Identity", ["found"], [output]))
    else:
        nodes.append(helper.make_node("ReduceMean", ["found"], [output], axes=[1], keepdims=0))
        shape = ["batch", rows.shape[1]]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info(name, kind, ["batch", "tokens"]) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(rows, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(file))
