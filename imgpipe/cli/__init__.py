"""The command line: one file a command; this one finds them and turns errors into exit statuses."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from imgpipe import __version__
from imgpipe.cli import complaints
from imgpipe.cli.terminal import outlive_terminals
from imgpipe.errors import ImgpipeError, RunError, UsageError

OK, SOME_FAILED, WRONG_USAGE, CANNOT_GO_ON = 0, 1, 2, 3

_COMMANDS = {
    "process": "imgpipe.cli.process",
    "filters": "imgpipe.cli.filters",
    "formats": "imgpipe.cli.formats",
    "recipe": "imgpipe.cli.recipe",
    "report": "imgpipe.cli.report",
    "bench": "imgpipe.cli.bench",
    "watch": "imgpipe.cli.watch",
    "doctor": "imgpipe.cli.doctor",
    "completion": "imgpipe.cli.completion",
}


class Commands(click.Group):
    """A group that names the nearest command where there is none of a name, and knows `help COMMAND`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; `help COMMAND` is `COMMAND --help`."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a message of our own."""
        valid = self.list_commands(ctx)
        if args[0] not in valid and not args[0].startswith("-"):
            from imgpipe.filters.option import nearest

            option = f"--{args[0]}"
            meant = any(option in param.opts for param in self.get_params(ctx))
            hint = f"did you mean {option}?" if meant else nearest(args[0], valid)
            if "process" in valid and os.path.lexists(args[0]):
                hint = "pictures are processed by imgpipe process INPUT OUTPUT"
            raise click.UsageError(f"there is no command {args[0]}; {hint}", ctx)
        return super().resolve_command(ctx, args)


class _Lazy(Commands):
    """Imports a command when it is called for, so that the others cost nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="imgpipe %(version)s")
@click.option("--verbose", "-v", is_flag=True, expose_value=False, help="Show tracebacks, if imgpipe fails itself.")
def cli() -> None:
    """The way to process a folder of pictures.

    \b
    imgpipe process photos/ web/                            a web-ready copy of a folder
    imgpipe process photos/ thumbs/ --resize 320x320 -f webp
    imgpipe process photos/ out/ -F grayscale -F sharpen:amount=0.8 --cores 4
    """  # noqa: D301 - \b is click's mark for lines that stay as they are


def run() -> int:
    """Run the command line and return its exit status."""
    outlive_terminals()
    try:
        os.getcwd()
        if empty := complaints.empty_word(sys.argv):
            raise UsageError(empty)
        status: Any = cli.main(prog_name="imgpipe", standalone_mode=False)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - a person gets one line, also of a bug
        return _complain(error)
    return status if isinstance(status, int) else OK


def _complain(error: Exception) -> int:
    """Say on stderr why the command did not come to its end; the exit status."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.message, err=True)
            return WRONG_USAGE
        case click.ClickException() | UsageError() if one_dash := complaints.one_dash(sys.argv[1:], cli):
            message, status = one_dash, WRONG_USAGE
        case click.ClickException():
            message, status = complaints.wrong_call(error), error.exit_code
        case click.Abort():
            return 130
        case ImgpipeError():
            message, status = str(error), _status(error)
        case BrokenPipeError():
            # Whoever read our output has gone; nothing more can be said, and the interpreter must not try.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return SOME_FAILED
        case OSError():
            _show_traceback()
            message, status = complaints.system_error(error), CANNOT_GO_ON
        case _:
            _show_traceback()
            message, status = complaints.bug(error), CANNOT_GO_ON
    from imgpipe.naming import printable

    shown = "\n".join(map(printable, message.split("\n")))
    click.echo(f"imgpipe: {shown}", err=True)
    return status


def _show_traceback() -> None:
    if complaints.is_verbose():
        import traceback

        traceback.print_exc()


def _status(error: ImgpipeError) -> int:
    if isinstance(error, UsageError):
        return WRONG_USAGE
    return CANNOT_GO_ON if isinstance(error, RunError) else SOME_FAILED
