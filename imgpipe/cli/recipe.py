"""`imgpipe recipe check|schema|show`."""

from __future__ import annotations

import json
from typing import Any

import click

from imgpipe.cli import Commands, completing
from imgpipe.cli.sections import Sectioned, with_options
from imgpipe.cli.treatment import TREATMENT, read_recipe, unheeded
from imgpipe.naming import printable
from imgpipe.recipe import WEB_READY, Recipe


@click.group("recipe", cls=Commands, no_args_is_help=True)
def command() -> None:
    """Check recipes, show what options amount to, and print the JSON Schema.

    A recipe is a TOML file with the filters, the format and the quality of each output. To write one, begin with
    what options amount to, and change it. These come with imgpipe and go by their names: archive, ml-224,
    privacy, srcset, thumbnails, web.

    \b
    imgpipe recipe show -c srcset > mine.toml
    imgpipe process photos/ web/ -c mine.toml
    """  # noqa: D301 - \b is click's mark for lines that stay as they are


@command.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, shell_complete=completing.recipes)
def check(files: tuple[str, ...]) -> None:
    """See that recipes are valid.

    The first that is not is named, with the place and the reason; the exit status is 2 then. Of one that is, it is
    said what its formats do not heed.
    """
    for file in files:
        recipe = Recipe.load(file)
        outputs = len(recipe.renditions)
        click.echo(f"{printable(file)}: valid, {outputs} output{'s' if outputs > 1 else ''}")
        for words in unheeded(recipe):
            click.echo(f"{printable(file)}: {words}")


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of recipes.

    It is of draft 2020-12. Editors complete and check recipes by it.
    """
    from imgpipe.recipe.schema import schema

    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))


@command.command("show", cls=Sectioned)
@with_options(TREATMENT)
def show(**given: Any) -> None:
    """Print what options amount to, as TOML.

    The options are those of `process` that say what is done to each picture: filters, encoding, colour and metadata.
    Names (--name, --suffix, --flat) and how a run is done are no part of it. Without any it is what is done then.

    \b
    imgpipe recipe show -c web
    imgpipe recipe show -c srcset -q 70 -F sharpen > mine.toml
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    from imgpipe.recipe.writing import write

    click.echo(write(read_recipe(given) or WEB_READY), nl=False)
