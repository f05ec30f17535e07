"""`imgpipe formats`: what this installation reads and writes."""

from __future__ import annotations

import click

from imgpipe.codecs import Codec, all_codecs


@click.command("formats")
def command() -> None:
    """List the formats that are read and written, and what each can hold."""
    click.echo(f"{'format':<8}{'read':<6}{'write':<7}{'holds':<42}extensions")
    for codec in all_codecs():
        written = "yes" if codec.encode else "no"
        click.echo(f"{codec.name:<8}{'yes':<6}{written:<7}{_holds(codec):<42}{' '.join(codec.extensions)}")


def _holds(codec: Codec) -> str:
    can = {"alpha": codec.alpha, "16 bit": codec.deep, "animation": codec.animation, "pages": codec.pages}
    return ", ".join(name for name, does in can.items() if does)
