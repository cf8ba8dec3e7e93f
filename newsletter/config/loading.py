"""From the files to ``Settings``: every mistake of all of them at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError

from newsletter.addresses import normal_form
from newsletter.config.document import Document, KeyPath, Mistake, parse
from newsletter.config.env import Variables, api_keys, fill_in, read_variables, secret_keys
from newsletter.config.fields import Section
from newsletter.config.files import place, read_bytes, shown
from newsletter.config.readers import ReaderDefaults, ReaderSection, SubscribersFile
from newsletter.config.settings import NewsletterFile, Settings
from newsletter.config.words import mistakes_of
from newsletter.errors import ConfigError, Problem, UsageError, reason_of
from newsletter.model import Owner, Subscriber
from newsletter.shipped import shipped

CONFIG_VARIABLE = "NEWSLETTER_CONFIG"
MAX_NEWSLETTER_BYTES = 1_000_000
MAX_SUBSCRIBERS_BYTES = 16_000_000

_File = TypeVar("_File", bound=Section)


def find_config(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The ``newsletter.yaml`` that is meant: ``path``, else ``$NEWSLETTER_CONFIG``, else ``./config``.

    A folder stands for the ``newsletter.yaml`` in it, or in its ``config/``. The path is returned as it was given,
    for messages; ConfigError where there is no such file.
    """
    given = path or Path(environ.get(CONFIG_VARIABLE) or "config")
    try:
        if given.is_dir():
            below = [given / "newsletter.yaml", given / "config" / "newsletter.yaml"]
            given = next((file for file in below if file.exists()), below[0])
        if given.exists():
            return given
    except (OSError, ValueError) as error:
        raise ConfigError(Problem(str(given), f"cannot be read: {reason_of(error)}")) from error
    help_ = "there is no such file; run `newsletter init` to write one, or name yours with --config"
    raise ConfigError(Problem(str(given), help_))


def deployment_folder(newsletter_yaml: Path) -> Path:
    """Where relative paths start: the parent of ``config/``, or the file's own folder where that is named otherwise."""
    folder = Path(os.path.abspath(newsletter_yaml)).parent  # noqa: PTH100 a link named config stays one
    return folder.parent if folder.name == "config" else folder


def load(path: Path | None = None, *, environ: Mapping[str, str]) -> Settings:
    """The whole configuration; ConfigError with every mistake in newsletter.yaml, subscribers.yaml and .env."""
    newsletter_yaml = find_config(path, environ)
    folder = deployment_folder(newsletter_yaml)
    variables, env_problems = read_variables(folder / ".env", _printed(folder / ".env"), environ)
    readers = _read_subscribers(newsletter_yaml.with_name("subscribers.yaml"), variables, folder)
    keys, services, key_problems = _read_keys(variables, _printed(folder / ".env"))
    newsletter, problems = _read_newsletter(newsletter_yaml, variables, folder, readers=readers.count)
    problems += [*readers.problems, *env_problems, *key_problems]
    if newsletter is None or problems:
        raise ConfigError(*problems)
    defaults = _defaults(newsletter)
    return Settings(
        **{name: getattr(newsletter, name) for name in NewsletterFile.model_fields},
        readers=tuple(section.to_subscriber(defaults) for section in readers.sections),
        secret_keys=tuple(SecretStr(key) for key in keys),
        enrich_keys={service: SecretStr(key) for service, key in services.items()},
        folder=folder,
        has_readers_file=newsletter_yaml.with_name("subscribers.yaml").exists(),
        templates=_template_folders(folder, newsletter.theme),
    )


def read_reader(given: Mapping[str, Any], settings: Settings) -> Subscriber:
    """A reader written as in subscribers.yaml, from wherever; owned by the database. UsageError names every mistake."""
    document = Document("reader", dict(given))
    try:
        section = ReaderSection.model_validate(document.data, context={"folder": settings.folder})
    except ValidationError as error:
        found = mistakes_of(error, document, ReaderSection, filled={})
        raise UsageError("; ".join(mistake.message for mistake in found)) from None
    return replace(section.to_subscriber(_defaults(settings)), owner=Owner.DATABASE)


def _defaults(newsletter: NewsletterFile) -> ReaderDefaults:
    return ReaderDefaults(
        schedule=newsletter.schedule, timezone=newsletter.timezone.key, when_empty=newsletter.when_empty
    )


@dataclass(frozen=True, slots=True)
class _Readers:
    """What subscribers.yaml says, without the places that only messages need."""

    sections: tuple[ReaderSection, ...] = ()
    count: int = 0
    """How many readers are listed, right or wrong."""
    problems: tuple[Problem, ...] = ()


def _read_newsletter(
    file: Path, variables: Variables, folder: Path, *, readers: int
) -> tuple[NewsletterFile | None, list[Problem]]:
    try:
        document, newsletter = _read(file, NewsletterFile, variables, folder, limit=MAX_NEWSLETTER_BYTES)
    except ConfigError as error:
        return None, list(error.problems)
    data = document.data if isinstance(document.data, dict) else {}
    if data and readers > 1 and not data.get("postal_address"):
        message = f"`postal_address` is missing; expected one for the footer of mails to {readers} readers"
        _add(document, ("postal_address",), message)
    _check_source_names(document, newsletter)
    if newsletter is not None:
        _check_language(document, newsletter, folder)
    return newsletter, _problems(document)


def _read_subscribers(file: Path, variables: Variables, folder: Path) -> _Readers:
    """The readers of the file; none where there is no such file."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return _Readers()
    except OSError as error:
        return _Readers(problems=(Problem(str(file), f"cannot be read: {error.strerror}"),))
    stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    return _parse_subscribers(file, stamp, variables, folder)


@lru_cache(maxsize=2)
def _parse_subscribers(file: Path, stamp: tuple[int, ...], variables: Variables, folder: Path) -> _Readers:  # noqa: ARG001 the stamp is the cache's key
    """Thousands of readers are parsed once a change, not at each tick of a scheduler."""
    try:
        document, parsed = _read(file, SubscribersFile, variables, folder, limit=MAX_SUBSCRIBERS_BYTES)
    except ConfigError as error:
        return _Readers(problems=error.problems)
    listed = document.data.get("subscribers") if isinstance(document.data, dict) else None
    _check_addresses(document, listed if isinstance(listed, list) else [])
    sections = parsed.subscribers if parsed else ()
    return _Readers(sections, len(listed) if isinstance(listed, list) else 0, tuple(_problems(document)))


def _read(
    file: Path, model: type[_File], variables: Variables, folder: Path, *, limit: int
) -> tuple[Document, _File | None]:
    """The document, with its mistakes noted in it, and what it means where it has none that matter."""
    content = read_bytes(file, str(file), limit=limit)
    document = parse(content, str(file))
    if document.data is None and model is SubscribersFile:
        document.data = {"subscribers": []}
    filled = fill_in(document, variables) if b"${" in content else {}
    try:
        return document, model.model_validate(document.data, context={"folder": folder}, by_alias=True, by_name=False)
    except ValidationError as error:
        document.mistakes += mistakes_of(error, document, model, filled=filled)
        return document, None


def _check_addresses(document: Document, listed: list[Any]) -> None:
    """Every address once, in whatever case it is written."""
    first: dict[str, int] = {}
    for index, reader in enumerate(listed):
        email = reader.get("email") if isinstance(reader, dict) else None
        if not isinstance(email, str):
            continue
        before = first.setdefault(normal_form(email), index)
        if before != index:
            line = document.position(("subscribers", before, "email"))[0]
            message = f"`{shown(email)}` is a reader already, on line {line}; expected each address once"
            _add(document, ("subscribers", index, "email"), message)


def _check_source_names(document: Document, newsletter: NewsletterFile | None) -> None:
    """Every source its own name, given or made: memories and reports are kept by it."""
    names: list[object] = []
    if newsletter:
        names += [source.name for source in newsletter.sources]
    elif isinstance(document.data, dict) and isinstance(listed := document.data.get("sources"), list):
        names += [source.get("name") if isinstance(source, dict) else None for source in listed]
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            message = f"two sources are named `{shown(name)}`; expected a `name` of its own for each"
            _add(document, ("sources", index, "name"), message)


def _add(document: Document, path: KeyPath, message: str) -> None:
    document.mistakes.append(Mistake(document.position(path), message, path))


def _problems(document: Document) -> list[Problem]:
    ordered = sorted(document.mistakes, key=lambda mistake: mistake.position)
    return [Problem(place(document.name, *mistake.position), mistake.message) for mistake in ordered]


def _read_keys(variables: Variables, name: str) -> tuple[list[str], dict[str, str], list[Problem]]:
    """Those that sign links, and those of services by their names."""
    try:
        return secret_keys(variables), api_keys(variables), []
    except ValueError as error:
        return [], {}, [Problem(name, str(error))]


def _check_language(document: Document, newsletter: NewsletterFile, folder: Path) -> None:
    """Its words have to be in some folder; English needs no file of its own."""
    names = dict.fromkeys((newsletter.language, newsletter.language.partition("-")[0]))
    folders = _template_folders(folder, newsletter.theme)
    if "en" in names or any((one / f"words.{name}.j2").is_file() for one in folders for name in names):
        return
    known = sorted({file.name.split(".")[1] for one in folders for file in one.glob("words.*.j2")} | {"en"})
    message = (
        f"there are no words in {newsletter.language!r}; expected one of {', '.join(known)}, "
        f"or a file templates/words.{newsletter.language}.j2 of your own"
    )
    _add(document, ("language",), message)


def _template_folders(folder: Path, theme: str) -> tuple[Path, ...]:
    """The deployment's own templates, where there are any, before the shipped; before each its part for the theme."""
    own, ours = folder / "templates", shipped("templates")
    folders = (own, ours) if own.is_dir() and own.resolve() != ours.resolve() else (ours,)
    return tuple(path for one in folders for path in (one / "themes" / theme, one) if path.is_dir())


def _printed(file: Path) -> str:
    """The path as a person in the working directory would type it."""
    try:
        return str(file.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or in a folder that is gone
        return str(file)
