"""The ``newsletter`` command: one short function a command, in the order of the data."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from newsletter.cli.app import app
from newsletter.cli.documents import failed_document
from newsletter.cli.output import print_error, print_json
from newsletter.errors import NewsletterError, StorageError

log = logging.getLogger(__name__)

EXIT_INTERRUPTED = 130
EXIT_FAULT = 70
"""A fault of ours (EX_SOFTWARE of sysexits.h): never for what bad input or a bad world can cause."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and leaves the process with the documented exit code."""
    sys.exit(call(list(sys.argv[1:] if arguments is None else arguments)))


def call(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; an error is one line on stderr, and a document with ``--json``."""
    try:
        returned = get_command(app)(list(arguments), prog_name="newsletter", standalone_mode=False)
    except typer.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        # Whoever read our output went away (`| head`); without this Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 the last door: no traceback reaches a person
        return _fail(error, arguments)
    if returned == EXIT_INTERRUPTED:  # all that typer leaves of a KeyboardInterrupt
        return _fail(KeyboardInterrupt(), arguments)
    return returned if isinstance(returned, int) else 0


def _fail(error: BaseException, arguments: Sequence[str]) -> int:
    message, code = told(error)
    if "--json" in arguments:
        print_json(failed_document(arguments, message, code))
    return print_error(message, code)


def told(error: BaseException) -> tuple[str, int]:
    """What a person is told of an error, and the exit code."""
    match error:
        case NewsletterError():
            return str(error), error.exit_code
        case TyperException():
            return error.format_message().replace(": Value error, ", ": "), NewsletterError.exit_code
        case typer.Abort():
            return "not confirmed; nothing was done", NewsletterError.exit_code
        case KeyboardInterrupt():
            return "interrupted; the next run resumes", EXIT_INTERRUPTED
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or error}", StorageError.exit_code
        case _:
            log.debug("a fault of ours", exc_info=error)
            return f"{type(error).__name__}: {error} (a fault of newsletter itself; -v shows where)", EXIT_FAULT
