"""`imgpipe filters` and `imgpipe formats`."""

from click.testing import CliRunner

from imgpipe.cli import cli
from imgpipe.codecs import all_codecs
from imgpipe.filters import builtin


def call(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_filter_is_listed_with_its_first_line():
    lines = call("filters").splitlines()
    assert {line.split()[0] for line in lines[: len(builtin())]} == set(builtin())


def test_a_filter_is_shown_with_ranges_units_and_defaults():
    assert "sigma         0 to 500 px; default 1.0" in call("filters", "blur")


def test_every_format_is_listed():
    lines = call("formats").splitlines()
    assert {line.split()[0] for line in lines[1:]} == {codec.name for codec in all_codecs()}
