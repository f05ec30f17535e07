"""The directive `commands`: all commands of imgpipe as their help says it, with an anchor for each option.

    ```{commands}
    ```

Nothing of it is written by hand, so that the page says what `imgpipe process --help` says.
"""

import inspect
import re
from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from imgpipe.cli import cli


class Commands(SphinxDirective):
    """Written as Markdown, and parsed like the rest of the page: a section for each command."""

    def run(self) -> list[nodes.Node]:
        """The sections, as nodes."""
        lines = (line for context in _contexts(cli, "imgpipe") for line in _section(context))
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _contexts(found, each, context)


def _section(context: click.Context) -> Iterator[str]:
    command, path = context.command, context.command_path
    yield from (f"{'#' * max(2, len(path.split()))} {path}", "")
    yield from ("```text", " ".join([path, *command.collect_usage_pieces(context)]), "```", "")
    yield from (*_help(command.help or ""), "```{program} " + path, "```", "")
    heading = ""
    options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    for option in sorted(options, key=lambda option: not hasattr(option, "heading")):
        if (now := getattr(option, "heading", "Other" if heading else "")) != heading:
            heading = now
            yield from (f"**{heading}**", "")
        yield from _option(option, context)


def _help(text: str) -> Iterator[str]:
    """Paragraphs; those that click leaves as they are (marked by a backspace) are examples."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield from ("```text", paragraph.removeprefix("\b\n"), "```", "")
        else:
            yield from (_escaped(paragraph), "")


def _option(option: click.Option, context: click.Context) -> Iterator[str]:
    record = option.get_help_record(context)
    if record is not None:
        names, text = record
        yield from ("```{option} " + names.replace(" / ", ", "), _escaped(text), "```", "")


def _escaped(text: str) -> str:
    """What is markup in Markdown, as it stands; options as code."""
    parts = re.split(r"((?<![\w-])--[a-z][a-z-]*)", text)
    return "".join(
        f"`{part}`" if part.startswith("--") else re.sub(r"([\\*_<>\[\]{}^~])", r"\\\1", part) for part in parts
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
