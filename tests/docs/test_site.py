"""The docs site can be made, without the network and without a warning."""

import html
import os
import re
import subprocess
import sys

import click
import pytest

from imgpipe.cli import cli
from tests.docs.blocks import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, by the options with which `make docs` makes it."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    recipe = re.search(r"sphinx-build (.*) docs docs/_build/html$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"-W", "-n"} <= set(recipe[1].split())
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *recipe[1].split(), str(ROOT / "docs"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return folder


def text_of(page):
    """What a page shows, without its markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def commands(command, name="imgpipe"):
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            yield from commands(command.get_command(context, each), f"{name} {each}")


def test_every_command_and_every_option_is_in_the_reference(site):
    page = site / "reference" / "cli.html"
    markup, text = page.read_text(encoding="utf-8"), text_of(page)
    for name, command in commands(cli):
        assert f"\n{name}¶\n" in text, name
        for option in command.params:
            if isinstance(option, click.Option):
                # By its anchor: others speak of it too.
                anchor = "-".join(["cmdoption", *name.split(), option.opts[0].lstrip("-")])
                assert f'id="{anchor}"' in markup, f"{name} {option.opts[0]}"


def test_every_public_name_is_in_the_reference(site):
    import imgpipe

    page = text_of(site / "reference" / "library.html")
    for name in imgpipe.__all__:
        assert f"imgpipe.{name}" in page, name


def test_what_an_attribute_means_is_in_the_reference(site):
    page = " ".join(text_of(site / "reference" / "library.html").split())
    assert "chroma subsampling of JPEG, AVIF and HEIC" in page
    assert "worker processes; by default as many as the cores that this process may use" in page
