"""Write the manual pages, docs/man/*.1, from what the commands say of themselves with --help."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

import click
from click_man.core import generate_man_page

from imgpipe import __version__
from imgpipe.cli import cli

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "man")

_EXIT_STATUS = r""".SH EXIT STATUS
0 all well; 1 some inputs failed; 2 wrong usage; 3 the run could not go on (disk full and the like);
130, 143 or 129 stopped by Ctrl\-C, SIGTERM or SIGHUP.
"""
# click marks lines that stay as they are with a backspace.
_AS_THEY_ARE = re.compile("^\b\n(.*?)(?=^\\.)", re.MULTILINE | re.DOTALL)


def pages() -> Iterator[tuple[str, str]]:
    """The file name and the text of each page."""
    contexts = list(_contexts(cli, "imgpipe"))
    for context in contexts:
        context.command.short_help = (context.command.help or "").partition("\n\n")[0].replace("\n", " ").rstrip(".")
    for context in contexts:
        name = context.command_path.replace(" ", "-")
        # Of a date it says nothing: the same page on another day.
        page = generate_man_page(context, version=__version__, date=" ")
        title, _, rest = page.partition("\n")
        # A line that begins so would be a macro.
        rest = re.sub("^'", r"\\&'", rest, flags=re.MULTILINE)
        rest = _AS_THEY_ARE.sub(lambda found: f".nf\n{found[1]}.fi\n", rest)
        rest = _under_headings(rest, context.command)
        yield f"{name}.1", f"{title.replace(context.command_path.upper(), name.upper())}\n{rest}{_EXIT_STATUS}"


def _under_headings(page: str, command: click.Command) -> str:
    """The options under the headings that --help has, which its text may speak of."""
    before, mark, listed = page.partition(".SH OPTIONS\n")
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    if not any(hasattr(option, "heading") for option in options):
        return page
    blocks = listed.split(".TP\n")[1:]
    assert len(blocks) == len(options), command.name
    made, last = [before, mark], ""
    for option, block in zip(options, blocks, strict=True):
        heading = getattr(option, "heading", "Other")
        made.append(f".TP\n{block}" if heading == last else f".SS {heading}\n.TP\n{block}")
        last = heading
    return "".join(made)


def _contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    context = click.Context(command, info_name=name, parent=parent)
    below = []
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            # They are imported when they are called for, and click-man looks for them here.
            command.commands[each] = found
            below += list(_contexts(found, each, context))
    yield context
    yield from below


if __name__ == "__main__":
    written = dict(pages())
    os.makedirs(FOLDER, exist_ok=True)
    for old in os.listdir(FOLDER):
        os.unlink(os.path.join(FOLDER, old))
    for name, text in written.items():
        with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
            file.write(text)
    sys.stdout.write(f"{len(written)} pages in docs/man\n")
