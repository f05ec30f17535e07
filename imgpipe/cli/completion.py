"""`imgpipe completion bash|zsh|fish`."""

from __future__ import annotations

import click

from imgpipe.cli.values import OneOf

_INSTALL = {
    "bash": 'eval "$(imgpipe completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(imgpipe completion zsh)"    # in ~/.zshrc, after compinit',
    "fish": "imgpipe completion fish > ~/.config/fish/completions/imgpipe.fish",
}


@click.command("completion", no_args_is_help=True)
@click.argument("shell", type=OneOf(list(_INSTALL)))
def command(shell: str) -> None:
    """Print a script that lets a shell complete commands, options and their values.

    \b
    eval "$(imgpipe completion bash)"    # in ~/.bashrc
    eval "$(imgpipe completion zsh)"     # in ~/.zshrc, after compinit
    imgpipe completion fish > ~/.config/fish/completions/imgpipe.fish
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    from click.shell_completion import get_completion_class

    from imgpipe import cli

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click knows no completion for {shell}; update it")
    click.echo(f"# {_INSTALL[shell]}")
    click.echo(found(cli.cli, {}, "imgpipe", "_IMGPIPE_COMPLETE").source())
