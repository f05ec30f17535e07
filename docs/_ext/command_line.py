"""The directive `command`: a command of imgpipe as its help says it, with an anchor for each option.

    ```{command} process
    ```

Nothing of it is written by hand, so that the page says what `imgpipe process --help` says.
"""

import re

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from imgpipe.cli import cli


class Command(SphinxDirective):
    """All that click knows of one command; of a group also its commands."""

    optional_arguments = 10

    def run(self) -> list[nodes.Node]:
        """Write it as Markdown, and have that parsed like the rest of the page."""
        context = click.Context(cli, info_name="imgpipe")
        for name in self.arguments:
            assert isinstance(context.command, click.Group)
            command = context.command.get_command(context, name)
            if command is None:
                raise self.error(f"imgpipe has no command {' '.join(self.arguments)}")
            context = click.Context(command, info_name=name, parent=context)
        return self.parse_text_to_nodes("\n".join(_page(context)), allow_section_headings=True)


def _page(context: click.Context) -> list[str]:
    command = context.command
    usage = " ".join(command.collect_usage_pieces(context))
    lines = ["```text", f"{context.command_path} {usage}", "```", "", *_help(command.help or ""), ""]
    lines += ["```{program} " + context.command_path, "```", ""]
    heading = ""
    options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    for option in sorted(options, key=lambda option: not hasattr(option, "heading")):
        if (now := getattr(option, "heading", "Other" if heading else "")) != heading:
            heading = now
            lines += [f"**{heading}**", ""]
        lines += _option(option, context)
    return lines


def _help(text: str) -> list[str]:
    """Paragraphs; those that click leaves as they are (marked by a backspace) are examples."""
    lines = []
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith("\b\n"):
            lines += ["```text", paragraph.removeprefix("\b\n"), "```", ""]
        else:
            lines += [_escaped(paragraph), ""]
    return lines


def _option(option: click.Option, context: click.Context) -> list[str]:
    record = option.get_help_record(context)
    if record is None:
        return []
    names, text = record
    return ["```{option} " + names.replace(" / ", ", "), _escaped(text), "```", ""]


def _escaped(text: str) -> str:
    """What is markup in Markdown outside of code, as it stands."""
    return re.sub(r"([\\*_<>\[\]{}^~])", r"\\\1", text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("command", Command)
    return {"parallel_read_safe": True}
