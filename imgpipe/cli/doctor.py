"""`imgpipe doctor [OUTPUT]`: what a report of a bug should say, and whether imgpipe works here."""

from __future__ import annotations

import json
import os

import click

from imgpipe import cli
from imgpipe.cli import completing
from imgpipe.naming import printable


@click.command("doctor")
@click.argument("output", metavar="[OUTPUT]", required=False, shell_complete=completing.files)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def command(output: str | None, as_json: bool) -> int:
    """Say what is installed and what the machine allows, and process one picture as a test.

    With OUTPUT, a folder, also what its disk can do. The exit status is 1 where something is broken. Nothing of your
    pictures, names or environment is told, so it may stand in a report of a bug.
    """
    from imgpipe.checkup import checkup, is_broken
    from imgpipe.cli.process import stopping_notice
    from imgpipe.concurrency.signals import stop_signals

    # What the test has put where temporaries are is removed before a stop.
    with stop_signals(stopping_notice()) as stop:
        try:
            found = checkup(output and os.path.abspath(output))
        except KeyboardInterrupt:
            return stop.exit_status
    if stop:
        return stop.exit_status
    broken = [f"{name}: {fact}" for facts in found.values() for name, fact in facts.items() if is_broken(fact)]
    if as_json:
        click.echo(json.dumps(found | {"broken": broken}, indent=2))
    else:
        for heading, facts in found.items():
            click.echo(f"{heading}")
            for name, fact in facts.items():
                click.echo(f"  {name:<27}{printable(fact)}")
        click.echo()
        click.echo(f"{len(broken)} broken" if broken else "all is well")
    return cli.SOME_FAILED if broken else cli.OK
