"""The help of commands with many options."""

import click
import pytest
from click.testing import CliRunner

from imgpipe.cli import cli
from imgpipe.cli.process import command as process
from imgpipe.cli.sections import Sectioned, with_options


def call(*arguments):
    return CliRunner().invoke(cli, arguments).output


def test_every_option_of_process_is_in_its_help_under_a_heading():
    text = call("process", "--help")
    options = [param for param in process.params if isinstance(param, click.Option)]
    assert all(getattr(option, "heading", "") for option in options)
    for option in options:
        assert f"{option.heading}:\n" in text
        assert all(name in text for name in option.opts)


def test_options_keep_their_order_and_those_without_a_heading_come_last():
    sections = {"One": [click.option("--a"), click.option("--b")], "Two": [click.option("--c")]}

    @click.command(cls=Sectioned)
    @with_options(sections)
    @click.option("--d")
    def command(**given):
        click.echo(sorted(given))

    text = CliRunner().invoke(command, ["--help"]).output
    places = [text.index(word) for word in ("One:", "--a", "--b", "Two:", "--c", "Other:", "--d", "--help")]
    assert places == sorted(places)
    assert CliRunner().invoke(command, ["--a", "1"]).output == "['a', 'b', 'c', 'd']\n"


def test_options_of_one_letter_are_known_without_a_look_for_what_is_like_them(monkeypatch):
    def look(*_given, **_named):
        pytest.fail("click looked for options that are like one that there is")

    monkeypatch.setattr(click.NoSuchOption, "__init__", look)
    given = process.make_context("process", ["in", "out", "-q", "70", "-Q", "-F", "grayscale", "-q=80"]).params
    assert (given["quality"], given["quiet"], given["steps"]) == (80, True, ("grayscale",))


def test_the_options_that_a_recipe_does_not_take_are_named():
    text = " ".join(call("recipe", "show", "--help").split())
    assert "Names (--name, --suffix, --flat) and how a run is done are no part of it." in text


def test_options_of_a_recipe_are_the_same_for_process_and_show():
    shown = {line for line in call("recipe", "show", "--help").splitlines() if line.startswith("  -")}
    assert shown <= {line for line in call("process", "--help").splitlines() if line.startswith("  -")}
