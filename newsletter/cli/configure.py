"""``newsletter config check`` and ``config schema``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from newsletter.cli.context import Context
from newsletter.cli.output import out, print_json, print_warning
from newsletter.config.libraries import find_missing_libraries
from newsletter.config.schema import schemas

app = typer.Typer(help="Check the configuration; describe it to editors.", no_args_is_help=True)


class ConfigFile(StrEnum):
    """The configuration's files."""

    NEWSLETTER = "newsletter"
    SUBSCRIBERS = "subscribers"


@app.command()
def check(ctx: typer.Context) -> None:
    """Validate the configuration; every mistake with file, line and column."""
    context: Context = ctx.obj
    settings = context.settings
    for problem in find_missing_libraries(settings, context.config_folder / "subscribers.yaml"):
        print_warning(str(problem))
    counted = f"{len(settings.sources)} sources, {len(settings.readers)} readers"
    out().print(f"[green]ok[/]  {counted}, provider {settings.provider.kind}")


@app.command()
def schema(
    file: Annotated[ConfigFile, typer.Argument(help="Which of the two files.")] = ConfigFile.NEWSLETTER,
) -> None:
    """Print the JSON Schema of a configuration file, for editors."""
    print_json(schemas()[file.value])
