"""``newsletter init``: a configuration of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.output import out
from newsletter.config.init import QUESTIONS, Question, read_answers, require_new, write_config, write_demo


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where config/ and .env are written.")] = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, take the defaults.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Copy the demo, with its example papers, instead.")] = False,
) -> None:
    """Write a commented config/ and .env for yourself; at most five questions."""
    require_new(folder, demo=demo)  # before anybody answers five questions in vain
    provider = "files"
    if demo:
        made = write_demo(folder)
    else:
        given = {} if yes else {question.field: ask(question) for question in QUESTIONS}
        answers = read_answers(given)
        provider, made = answers.provider, write_config(folder, answers)
    console = out()
    for file in made:
        console.print(f"wrote {file}", markup=False)
    where = "" if folder == Path() else f"cd {folder} && "
    first = "Next:" if provider == "files" else "Fill in what .env asks for; then"
    console.print(f"\n{first} [bold]{where}newsletter preview --open[/], send-test, run")


def ask(question: Question) -> str:
    """The answer as typed; asked again until it can be read."""
    while True:
        typed = typer.prompt(
            f"{question.prompt} ({question.hint})", default=question.default, show_default=bool(question.default)
        )
        answer = str(typed)
        try:
            question.read(answer)
        except ValueError as error:
            typer.echo(f"  {error}")
        else:
            return answer
