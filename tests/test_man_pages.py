"""The manual pages say what --help says, and are no other than `make man` writes."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("click_man", reason="click-man is not installed")
ROOT = Path(__file__).parent.parent
COMMITTED = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "man").iterdir())}


def test_they_are_up_to_date():
    # In a process of its own: writing them changes the commands.
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import man; print(dict(man.pages()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ast.literal_eval(done.stdout) == COMMITTED, "run `make man`"


def test_every_command_has_one_that_names_its_options():
    assert {"imgpipe.1", "imgpipe-process.1", "imgpipe-recipe-check.1", "imgpipe-watch.1"} <= COMMITTED.keys()
    assert r"\-\-no\-upscale" in COMMITTED["imgpipe-process.1"]
    assert "EXIT STATUS" in COMMITTED["imgpipe-process.1"]


def test_options_stand_under_the_headings_of_which_the_text_speaks():
    page = COMMITTED["imgpipe-process.1"]
    assert "the first four sections below" in page
    headings = [line.removeprefix(".SS ") for line in page.splitlines() if line.startswith(".SS ")]
    assert headings[:5] == ["What to do", "Encoding", "Orientation and colour", "Metadata", "Which files"]
    assert page.index(".SS Metadata") < page.index("\\-\\-strip\\fP") < page.index(".SS Which files")


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
@pytest.mark.parametrize("name", COMMITTED)
def test_groff_finds_nothing_wrong_with_it(name):
    command = ["groff", "-man", "-ww", "-Tutf8", ROOT / "docs" / "man" / name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith(name.removesuffix(".1").upper())
