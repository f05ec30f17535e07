"""The command line: one file a command; this one finds them and turns errors into exit statuses."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from imgpipe import __version__
from imgpipe.errors import ImgpipeError, RunError, UsageError

OK, SOME_FAILED, WRONG_USAGE, CANNOT_GO_ON = 0, 1, 2, 3

_COMMANDS = {
    "process": "imgpipe.cli.process",
    "filters": "imgpipe.cli.filters",
    "formats": "imgpipe.cli.formats",
    "recipe": "imgpipe.cli.recipe",
    "report": "imgpipe.cli.report",
}


class _Commands(click.Group):
    """Imports a command when it is called for, so that the others cost nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            from imgpipe.filters.option import nearest

            raise click.UsageError(f"there is no command {args[0]}; {nearest(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="imgpipe %(version)s")
def cli() -> None:
    """The way to process a folder of pictures.

    \b
    imgpipe process photos/ web/                            a web-ready copy of a folder
    imgpipe process photos/ thumbs/ --resize 320x320 -f webp
    imgpipe process photos/ out/ -F grayscale -F sharpen:amount=0.8 --cores 4
    """  # noqa: D301 - \b is click's mark for lines that stay as they are


def run() -> int:
    """Run the command line and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # File names may hold what a terminal's encoding cannot.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        status: Any = cli.main(standalone_mode=False)
    except click.ClickException as error:
        return _complain(error.format_message(), error.exit_code, _hint(error))
    except click.Abort:
        return 130
    except ImgpipeError as error:
        return _complain(str(error), _status(error))
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said, and the interpreter must not try.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED
    return status if isinstance(status, int) else OK


def _complain(message: str, status: int, hint: str = "") -> int:
    from imgpipe.naming import printable

    shown = "\n".join(map(printable, message.split("\n")))
    click.echo(f"imgpipe: {shown}{hint}", err=True)
    return status


def _hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f" (imgpipe {context.info_name} --help)" if context is not None and context.parent is not None else ""


def _status(error: ImgpipeError) -> int:
    if isinstance(error, UsageError):
        return WRONG_USAGE
    return CANNOT_GO_ON if isinstance(error, RunError) else SOME_FAILED
