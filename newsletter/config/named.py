"""What a setting names on this machine or in the literature: files, databases, papers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationInfo

from newsletter.config.addresses import is_web_address
from newsletter.config.mistakes import mistake

_ARXIV_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?")
_ARXIV_CATEGORY = re.compile(r"[a-z][a-z-]*(\.[A-Za-z-]+)?")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_REFERENCE = re.compile(r"(arxiv|doi|title|file)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)


def read_database(value: object, info: ValidationInfo) -> str:
    """A SQLAlchemy URL; a relative SQLite path starts at the deployment folder."""
    text = value.strip() if isinstance(value, str) else ""
    scheme, _, rest = text.partition("://")
    if scheme.split("+")[0] == "postgresql" and rest:
        return text
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and not rest.startswith("/:memory:"):
        path, query, options = rest[1:].partition("?")
        return f"sqlite:///{_settled(path, info)}{query}{options}"
    suggestion = "postgresql://…" if scheme.split("+")[0] == "postgres" else None
    raise mistake("`sqlite:///var/newsletter.db` or `postgresql://user:password@host/name`", suggestion=suggestion)


def read_path(value: object, info: ValidationInfo) -> Path:
    """A path; a relative one starts at the deployment folder."""
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise mistake("a path")
    return _settled(value, info)


def read_existing_path(value: object, info: ValidationInfo) -> Path:
    """A path to something that is there."""
    path = read_path(value, info)
    if info.context and not _is_there(path):
        raise mistake(f"a file or folder that exists (relative paths start at {info.context['folder']})")
    return path


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """A sentence encoder on this machine."""

    model: Path
    """ONNX."""
    tokenizer: Path
    """``tokenizer.json``."""

    def __str__(self) -> str:
        return str(self.model)


def read_encoder(value: object, info: ValidationInfo) -> EncoderFiles:
    """A folder with ``model.onnx`` in it, or an ONNX file; ``tokenizer.json`` lies beside the model."""
    if isinstance(value, EncoderFiles):
        return value
    path = read_path(value, info)
    model = path if path.suffix == ".onnx" else path / "model.onnx"
    files = EncoderFiles(model, model.with_name("tokenizer.json"))
    if info.context:
        for file in (files.model, files.tokenizer):
            if not (_is_there(file) and file.is_file()):
                raise mistake(f"a folder with `model.onnx` and `tokenizer.json`; there is no {file}")
    return files


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def _settled(path: str | Path, info: ValidationInfo) -> Path:
    """The path below the deployment folder; as it stands where no folder is known."""
    try:
        path = Path(path).expanduser() if str(path).startswith("~/") else Path(path)
    except RuntimeError as error:
        raise mistake("a path without `~`: this user has no home folder") from error
    return info.context["folder"] / path if info.context else path


def read_arxiv_category(value: object) -> str:
    """An arXiv category such as ``cs.LG``, or a whole archive such as ``q-bio``."""
    text = value.strip() if isinstance(value, str) else ""
    if not _ARXIV_CATEGORY.fullmatch(text):
        raise mistake("an arXiv category such as `cs.LG` or `q-bio.NC`")
    return text


def read_reference(value: object) -> str:
    """A paper: ``arXiv:…``, ``doi:…``, ``title: …``, a link, or a whole library by ``file: …``."""
    if isinstance(value, dict) and len(value) == 1:  # `title: A paper` without quotes is a mapping to YAML
        value = "{}: {}".format(*next(iter(value.items())))
    text = value.strip() if isinstance(value, str) else ""
    if _is_reference(text):
        return text
    if (file := _REFERENCE.fullmatch(text)) and file[1].casefold() == "file" and file[2]:
        return text  # whether it is there is asked when it is read: a share that is away stops nobody's mail
    expected = "`arXiv:2405.12345`, `doi:10.…`, `title: …`, `file: library.bib` or a link"
    raise mistake(expected, suggestion=_with_prefix(text))


def _is_reference(text: str) -> bool:
    found = _REFERENCE.fullmatch(text)
    if not found:
        return text.startswith(("http://", "https://")) and is_web_address(text)
    kind, rest = found[1].casefold(), found[2].strip()
    match kind:
        case "arxiv":
            return bool(_ARXIV_ID.fullmatch(rest))
        case "doi":
            return bool(_DOI.fullmatch(rest))
        case _:
            return kind == "title" and bool(rest)


def _with_prefix(text: str) -> str | None:
    if _ARXIV_ID.fullmatch(text):
        return f"arXiv:{text}"
    return f"doi:{text}" if _DOI.fullmatch(text) else None
