"""`imgpipe filters` and `imgpipe formats`."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from imgpipe.cli import cli
from imgpipe.codecs import all_codecs
from imgpipe.errors import RecipeError
from imgpipe.filters import builtin, catalogue

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def call(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_filter_is_listed_under_its_family_with_its_first_line():
    listed, family = {}, ""
    for line in call("filters").splitlines()[:-1]:
        if line.startswith("  "):
            listed.setdefault(family, []).append(line.split()[0])
            assert len(line.split()) > 2
        elif line:
            family = line
    assert listed == {family.capitalize(): list(names) for family, names in catalogue.FAMILIES.items()}


def test_filters_of_other_packages_are_listed_without_being_imported(monkeypatch):
    monkeypatch.setattr("imgpipe.cli.filters.plugins", lambda: {"film": ("no_such_module:film",)})
    assert call("filters").splitlines()[-4:-1] == ["From other packages", "  film           no_such_module:film", ""]


def test_a_filter_is_shown_with_ranges_units_defaults_meanings_and_an_example():
    text = call("filters", "blur")
    assert text.startswith("blur: Blur with a Gaussian.\n")
    assert "\n  sigma          0 to 500 px; default 1\n                 standard deviation of the Gaussian" in text
    assert text.endswith("\nExample: -F blur:2.5\n")
    assert ">>>" not in text


def test_what_must_be_given_and_what_follows_from_the_picture_is_told_apart():
    text = call("filters", "convolve")
    assert "\n  kernel         text; must be given\n" in text
    assert "\n  divisor        1e-06 to 1000000000\n" in text
    assert "Example: -F 'convolve:0 -1 0;-1 5 -1;0 -1 0'" in text


def test_choices_and_truths_are_shown_as_they_are_written():
    assert "gaussian, uniform, salt-pepper; default gaussian\n" in call("filters", "noise")
    assert "true or false; default false\n" in call("filters", "noise")


def test_an_unknown_filter_gives_the_nearest():
    result = CliRunner().invoke(cli, ["filters", "bilatral"])
    assert isinstance(result.exception, RecipeError)
    assert str(result.exception) == "there is no filter bilatral; did you mean bilateral?"


@pytest.mark.parametrize("name", builtin())
def test_every_filter_can_be_shown_in_a_terminal(name):
    text = call("filters", name)
    assert max(map(len, text.splitlines())) <= 120
    assert all(f"\n  {option.name} " in text for option in builtin()[name].options)


def test_every_format_is_listed():
    lines = call("formats").splitlines()
    assert {line.split()[0] for line in lines[1:]} == {codec.name for codec in all_codecs()}


def test_a_filter_of_ones_own_in_this_folder_is_shown(tmp_path):
    (tmp_path / "mine.py").write_text(
        'import numpy as np\n\ndef upside(pixels: np.ndarray) -> np.ndarray:\n    "Turn it over."\n    return pixels\n'
    )
    # -P: as the installed command, which is not told where it is called.
    command = [sys.executable, "-P", "-m", "imgpipe", "filters", "mine:upside"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "upside: Turn it over.\n"), done.stderr
