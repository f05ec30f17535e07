"""`imgpipe formats`: what this installation reads and writes."""

from __future__ import annotations

import click

from imgpipe.codecs import Codec, all_codecs, extensions


@click.command("formats")
def command() -> None:
    """List the formats that are read and written, and what each can hold."""
    click.echo(f"{'format':<10}{'read':<6}{'write':<7}{'holds':<42}extensions")
    for codec in all_codecs():
        can = "no" if codec.missing else "yes"
        written = can if codec.encode else "no"
        more = f"  (needs {codec.missing})" if codec.missing else ""
        names = " ".join(extensions(codec.name))
        click.echo(f"{codec.name:<10}{can:<6}{written:<7}{_holds(codec):<42}{names}{more}")


def _holds(codec: Codec) -> str:
    can = {"alpha": codec.alpha, "16 bit": codec.deep, "animation": codec.animation, "pages": codec.pages}
    return ", ".join(name for name, does in can.items() if does)
