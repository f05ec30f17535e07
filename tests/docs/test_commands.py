"""Every command in README.md and docs/ is run, and does what the page says."""

import re
import shutil
from pathlib import Path

import click
import pytest

from imgpipe.cli import cli
from tests.docs.blocks import PAGES, ROOT, read_blocks, read_commands, without_blocks
from tests.docs.folder import environment, make_folder, make_programs
from tests.docs.session import run_page

TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
SHELLS = ("sh", "console")
WITH_COMMANDS = [name for name, text in TEXTS.items() if any(block.language in SHELLS for block in read_blocks(text))]

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("docs")
    make_folder(made)
    return made


@pytest.fixture
def run(folder, tmp_path):
    """Runs the text of a page in a copy of the folder."""
    shutil.copytree(folder, tmp_path / "here")
    make_programs(tmp_path / "bin")
    return lambda text: run_page(text, tmp_path / "here", environment(tmp_path / "bin"))


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_the_commands_of_a_page_do_what_it_says(name, run):
    wrong = run(TEXTS[name])
    assert not wrong, f"{name}, {wrong[0]}"


def test_what_stands_beside_the_commands_of_other_tools_works(run):
    """On docs/howto/migrate.md: two columns, and the second one is ours."""
    commands = re.findall(r"^\| `.*` \| `(imgpipe .*)` \|$", TEXTS["docs/howto/migrate.md"], re.MULTILINE)
    assert len(commands) == len(re.findall(r"^\| `[^`]+ ", TEXTS["docs/howto/migrate.md"], re.MULTILINE)) > 20
    wrong = run("```sh\ncp -r photos/2026 in\n" + "\n".join(commands) + "\n```")
    assert not wrong, wrong[0]


@pytest.mark.parametrize("name", TEXTS)
def test_no_command_stands_where_it_is_not_run(name):
    text = without_blocks(TEXTS[name])
    hidden = re.findall(r"^(?: {4}|\t)(?:\$ *)?((?:imgpipe|make|pip|python) .*)$", text, re.MULTILINE)
    assert not hidden, f"{name}: write these in a block of ```sh or ```console, so that they are run"
    languages = {block.language for block in read_blocks(TEXTS[name])}
    assert not languages & {"bash", "shell", "zsh", "shell-session"}, f"{name}: call it sh or console"


def test_most_blocks_are_run():
    blocks = [block for text in TEXTS.values() for block in read_blocks(text) if block.language in SHELLS]
    left_out = [block for block in blocks if "not-run" in block.options]
    assert len(blocks) > 40
    assert len(left_out) < len(blocks) / 4


def _options(command):
    for param in command.params:
        yield from (*param.opts, *param.secondary_opts)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _options(command.get_command(context, name))


def test_every_option_named_in_a_text_exists():
    known = {*_options(cli), "--help", "--version"}
    for name, text in TEXTS.items():
        spans = re.findall(r"`(--[^`\n]+|imgpipe [^`\n]+)`", without_blocks(text))
        named = {option for span in spans for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", span)}
        assert named <= known, name


class TestWhatTurnsRed:
    """The tests above would see it."""

    @pytest.mark.parametrize(
        ("page", "said"),
        [
            ("```sh\nimgpipe proces photos out\n```", "ended with 2 and not with 0"),
            ("```sh\ntrue\nimgpipe process photos out --resise 3\n```", "line 3"),
            ("```console exit=1\n$ imgpipe process photos out -Q\n```", "ended with 0 and not with 1"),
            ("```console\n$ imgpipe --version\nimgpope ...\n```", "printed\nimgpipe"),
            ("```console\n$ false\n$ true\n```", "$ false"),
            ("```console\n$ exit 0\n$ true\n```", "ended the shell"),
        ],
    )
    def test_a_command_that_does_not_do_as_the_page_says(self, page, said, run):
        (wrong,) = run(page)
        assert said in wrong

    def test_an_unknown_reason(self, run):
        with pytest.raises(AssertionError, match="not-run says one of"):
            run('```sh not-run="I had no time"\nfalse\n```')


class TestWhatIsRead:
    def test_files_options_and_sessions(self, run, tmp_path):
        page = (
            "```toml\n# a/recipe.toml\nquality = 3\n```\n"
            "```console exit=3\n$ cd a\n$ cat recipe.toml \\\n> recipe.toml\n# a/recipe...\nquality = 3\n...\n"
            "$ echo 1.5 s, 3 MB; (exit 3)\n27 s, 1 MB\n```\n"
            "```console any-order\n$ printf 'b\\na\\n'\na\nb\n```\n"
            "```sh needs=no-such-program\nno-such-program\n```\n"
        )
        assert run(page) == []
        assert (tmp_path / "here/a/recipe.toml").read_text() == "# a/recipe.toml\nquality = 3\n"

    def test_lines_are_counted_as_editors_do(self):
        (block,) = read_blocks("# Title\n\n- item\n\n  ```sh\n  # comment\n  true\n  ```\n")
        (command,) = read_commands(block)
        assert (command.line, command.text) == (7, "true")


def test_every_page_is_read():
    assert {Path(name).name for name in TEXTS} >= {"README.md", "tutorial.md", "recipes.md", "web.md"}
