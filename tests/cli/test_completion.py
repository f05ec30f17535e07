"""What shells offer, asked of the shells themselves where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import imgpipe

SHELLS = {
    "bash": 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _imgpipe_completion imgpipe; printf "%s\\n" "${COMPREPLY[@]}"',
    "zsh": 'words=("$@"); CURRENT=$#; _imgpipe_completion',
    "fish": 'complete -C "$argv"',
}
BEFORE = {
    # What zsh has only at its prompt.
    "zsh": (
        "compdef() { :; }; compadd() { print -rl -- ${(@P)@[-1]}; }\n"
        '_describe() { for each in "${(@P)3}"; do print -r -- "${each%%:*}"; done }'
    ),
}
ASKED = {
    "imgpipe pro": {"process"},
    "imgpipe recipe sh": {"show"},
    "imgpipe process --resi": {"--resize"},
    "imgpipe process -F gray": {"grayscale"},
    "imgpipe process in out --filter resi": {"resize"},
    "imgpipe process -f jpe": {"jpeg", "jpeg2000"},
    "imgpipe process -c thumb": {"thumbnails"},
    "imgpipe process --fit co": {"cover", "contain"},
    "imgpipe process --gravity north": {"north", "northeast", "northwest"},
    "imgpipe watch --kernel lan": {"lanczos3"},
    "imgpipe filters sharp": {"sharpen"},
    "imgpipe completion z": {"zsh"},
}


@pytest.fixture(scope="module")
def command(tmp_path_factory) -> Path:
    """A folder with the command `imgpipe`."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "imgpipe").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m imgpipe "$@"\n')
    (folder / "imgpipe").chmod(0o755)
    return folder


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", ASKED)
def test_a_shell_completes(shell, line, command, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    script = imgpipe("completion", shell).stdout
    words = [line] if shell == "fish" else line.split()
    (tmp_path / "script").write_text(f"{BEFORE.get(shell, '')}\n{script}\n{SHELLS[shell]}\n")
    environment = os.environ | {"PATH": f"{command}:{os.environ['PATH']}", "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [shell, str(tmp_path / "script"), *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert {line.split("\t")[0] for line in done.stdout.split("\n") if line} == ASKED[line], done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_says_where_it_goes(shell):
    done = imgpipe("completion", shell)
    assert done.returncode == 0
    assert done.stdout.startswith("# ")
    assert "_IMGPIPE_COMPLETE" in done.stdout


def test_a_file_is_left_to_the_shell():
    environment = os.environ | {"COMP_WORDS": "imgpipe process pho", "COMP_CWORD": "2"}
    done = imgpipe(env=environment | {"_IMGPIPE_COMPLETE": "bash_complete"})
    assert done.stdout.split() == ["file,pho"]


def test_nothing_heavy_is_imported_to_complete():
    program = (
        "import atexit, sys; from imgpipe.__main__ import main; sys.argv = ['imgpipe'];"
        "atexit.register(lambda: print(*{name.partition('.')[0] for name in sys.modules})); main()"
    )
    for words in ("imgpipe process -F gray", "imgpipe process -f j", "imgpipe process -c w", "imgpipe process --gra"):
        environment = os.environ | {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env=environment | {"_IMGPIPE_COMPLETE": "bash_complete"},
            check=True,
        )
        offered, loaded = done.stdout.splitlines()[0], done.stdout.splitlines()[-1]
        assert offered.startswith("plain,")
        assert not set(loaded.split()) & {"numpy", "PIL", "cv2", "cykooz_resizer", "tqdm", "watchfiles", "jinja2"}
