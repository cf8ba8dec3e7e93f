"""Texts as vectors of what they say, by a sentence encoder in a file. Needs the extra ``semantic``; loads nothing else.

Any ONNX export of a sentence encoder will do that takes ``input_ids`` and gives ``sentence_embedding`` or
``last_hidden_state``, with the ``tokenizer.json`` it came with.
"""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from newsletter.errors import EncoderError, UsageError

Vector: TypeAlias = NDArray[np.float16]
"""Of length 1, or all zeros for a text without a single token; halves, for that is how they are kept."""

MAX_TOKENS = 256
MAX_CHARACTERS = 10_000
"""More than any 256 tokens have."""
RECIPE = b"mean of 256 tokens, 1"
"""Part of an encoder's name: to be changed with whatever else here changes its vectors."""
PACKAGES = ("onnxruntime", "tokenizers")
_SILENT = 4
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


def require_packages() -> None:
    """UsageError where the extra is not installed."""
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        needed = " and ".join(f"`{package}`" for package in missing)
        raise UsageError(f"ranking.encoder needs {needed}: pip install 'newsletter[semantic]'")


def open_encoder(model: Path, tokenizer: Path) -> Encoder:
    """The encoder of these files, the same as long as they stay as they are; EncoderError where they cannot be read."""
    try:
        beside = {file for file in model.parent.iterdir() if file.name.startswith(model.name) and file.is_file()}
        files = sorted({model, tokenizer} | beside)  # weights may lie in a file of their own: model.onnx_data
        stamps = tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
        return _open(model, tokenizer, stamps)
    except OSError as error:
        raise EncoderError(f"{error.filename}: cannot be read: {error.strerror}") from error


@lru_cache(maxsize=1)
def _open(model: Path, tokenizer: Path, stamps: tuple[tuple[Path, int, int], ...]) -> Encoder:
    named = hashlib.blake2b(RECIPE, digest_size=16)
    for file, _, _ in stamps:
        with file.open("rb") as content:
            named.update(hashlib.file_digest(content, "blake2b").digest())
    return Encoder(model, tokenizer, name=named.hexdigest())


class Encoder:
    """A sentence encoder, loaded with the first text that it is given."""

    def __init__(self, model: Path, tokenizer: Path, *, name: str) -> None:
        self.name = name
        """Another one for other files: vectors of two encoders do not compare."""
        self._model, self._tokenizer_file = model, tokenizer
        self._width = 0

    def encode(self, text: str) -> Vector:
        """The text's vector; EncoderError where the model gives none.

        There is no way to encode many at once: in a batch, quantised models let the vectors depend on each other.
        """
        try:
            tokens = self._tokenizer.encode(text[:MAX_CHARACTERS].encode("utf-8", "replace").decode())
            ids, mask = tokens.ids or [0], tokens.attention_mask or [0]
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": tokens.type_ids or [0]}
            feed = {name: np.array([given[name]], kind) for name, kind in self._inputs.items()}
            (found,) = self._session.run([self._output], feed)
            return self._checked(_pooled(np.asarray(found, np.float32), np.array(mask, np.float32)))
        except EncoderError as error:
            raise EncoderError(f"{self._model}: {error}") from error.__cause__
        except Exception as error:  # what either library raises is nobody's promise
            raise EncoderError(f"{self._model}: cannot encode: {_first_line(error)}") from error

    def _checked(self, vector: Vector) -> Vector:
        self._width = self._width or len(vector)
        if len(vector) != self._width:
            raise EncoderError(f"gives vectors of {self._width} numbers and of {len(vector)}")
        return vector

    @cached_property
    def _tokenizer(self) -> Any:
        import tokenizers

        try:
            tokenizer = tokenizers.Tokenizer.from_file(str(self._tokenizer_file))
        except Exception as error:  # the library raises bare Exceptions
            raise EncoderError(f"{self._tokenizer_file.name} is no tokenizer: {_first_line(error)}") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = _SILENT
        try:
            return onnxruntime.InferenceSession(str(self._model), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # as above
            raise EncoderError(f"is no model that can be loaded: {_first_line(error)}") from error

    @cached_property
    def _inputs(self) -> dict[str, Any]:
        """Name and type of what the model takes."""
        wanted = {one.name: _TYPES.get(one.type) for one in self._session.get_inputs()}
        known = {"input_ids", "attention_mask", "token_type_ids"}
        if "input_ids" not in wanted or not wanted.keys() <= known or None in wanted.values():
            raise EncoderError(
                f"takes {', '.join(wanted)}; expected whole numbers as input_ids, attention_mask and token_type_ids"
            )
        return wanted

    @cached_property
    def _output(self) -> str:
        given = [one.name for one in self._session.get_outputs()]
        for name in ("sentence_embedding", "last_hidden_state"):
            if name in given:
                return name
        raise EncoderError(f"gives {', '.join(given)}; expected sentence_embedding or last_hidden_state")


def _pooled(found: NDArray[np.float32], mask: NDArray[np.float32]) -> Vector:
    """The sentence's vector, or the mean over its tokens, at length 1."""
    if found.ndim == 3 and found.shape[:2] == (1, len(mask)):
        found = np.einsum("btd,t->bd", found, mask) / max(float(mask.sum()), 1.0)
    if found.ndim != 2 or len(found) != 1 or not found.size:
        raise EncoderError(f"gives an array of shape {found.shape} for a text of {len(mask)} tokens")
    if not mask.any():
        return np.zeros(found.shape[1], np.float16)
    length = float(np.linalg.norm(found.astype(np.float64)))
    if not 0 < length < np.inf:
        raise EncoderError("gives vectors without a direction (all zeros, NaN or infinite)")
    return np.asarray(found[0] / length, np.float16)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
