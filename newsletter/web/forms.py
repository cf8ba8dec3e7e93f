"""What was typed into a form, with a limit to its size, and nothing in it that no keyboard has."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from newsletter.text import thin

MAX_FORM_BYTES = 128_000
MAX_UPLOAD_BYTES = 4_000_000
"""Of a form that takes a file: a library of some thousand papers with their abstracts."""
MAX_TEXT_BYTES = 500_000
"""Of all fields together but files: twice of what a full form of preferences holds."""
MAX_FIELDS, MAX_FILES = 200, 2
QUICK_BYTES = 16_000
"""A body that may be taken apart while everybody else waits."""
_UNTYPED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but line ends and tabs, and halves of characters."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was chosen in a form."""

    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Sequence[Upload]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What the field says, without space around it; empty where it is missing."""
        return next(iter(self.fields.get(name, ())), "")

    def texts(self, name: str) -> list[str]:
        """What each of the fields of that name says, as of several boxes that were ticked."""
        return list(self.fields.get(name, ()))

    def flag(self, name: str) -> bool:
        """Whether the box is ticked."""
        return bool(self.text(name))

    def file(self, name: str) -> Upload | None:
        """The file that was chosen; ``None`` where none was."""
        return next((upload for upload in self.files.get(name, ()) if upload.raw), None)


async def read_body(request: Request, *, most: int) -> bytes:
    """The raw body; HTTPException 413 as soon as it is known to be larger, 400 where its sender hangs up."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most:
        raise HTTPException(413)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise HTTPException(413)
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return bytes(body)


async def read_form(request: Request, *, most: int) -> Form:
    """The form of the request; HTTPException 413 for one that is too large, 400 for one that cannot be read."""
    body = await read_body(request, most=most)
    has_files = request.headers.get("content-type", "").lower().startswith("multipart/")
    if len(body) > MAX_TEXT_BYTES and not has_files:
        raise HTTPException(413)
    if len(body) <= QUICK_BYTES:
        return await _take_apart(request, body)
    return await run_in_threadpool(lambda: asyncio.run(_take_apart(request, body)))


async def _take_apart(request: Request, body: bytes) -> Form:
    """The form of that body; waits for nothing."""

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    limits = {"max_files": MAX_FILES, "max_fields": MAX_FIELDS, "max_part_size": len(body)}
    try:
        async with Request(request.scope, replay).form(**limits) as sent:
            typed = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
            _require_short(value for _, value in typed)
            files = {
                name: [Upload(value.filename or "", await value.read()) for value in _files(sent.getlist(name))]
                for name in sent
            }
            fields: dict[str, list[str]] = {name: [] for name in sent}
            for name, value in typed:
                fields[name].append(clean(value))
            return Form(fields, files)
    except HTTPException:
        raise
    except Exception as error:  # whatever a parser falls over: it is the request that is wrong
        raise HTTPException(400) from error


def _require_short(typed: Iterable[str]) -> None:
    """HTTPException 413 where it is more than anybody types: to clean it would take long."""
    if sum(map(len, typed)) > MAX_TEXT_BYTES:
        raise HTTPException(413)


def clean(text: str) -> str:
    """The text in its normal form, with plain line ends and without control characters, and no space around it."""
    lines = _UNTYPED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", thin(lines)).strip()


def _files(values: Iterable[UploadFile | str]) -> list[UploadFile]:
    return [value for value in values if isinstance(value, UploadFile)]
