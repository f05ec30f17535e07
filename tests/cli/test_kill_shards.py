"""kill -9 of a run that writes shards, wherever it is: each shard is whole or not there, and all end the same."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import remove_sockets_of_the_killed
from tests.folders import contents, paint, temporaries

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

COMMAND = [sys.executable, "-m", "imgpipe", "process"]
RECIPE = ["--resize", "50%", "--cores", "2", "-Q", "--shard-count", "7"]
ROUNDS = 6


def shards(folder):
    return {name: data for name, data in contents(folder).items() if name.endswith(".tar")}


def noted(output):
    """How many lines the journal has."""
    try:
        return (output / ".imgpipe" / "{}" / ".imgpipe" / "journal.jsonl").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def killed(arguments, output, lines):
    """A run whose whole process group is killed when it has noted so many lines; whether it was still running."""
    end = noted(output) + lines
    run = subprocess.Popen([*COMMAND, *arguments], start_new_session=True, stderr=subprocess.DEVNULL)
    while run.poll() is None and noted(output) < end:
        time.sleep(0.001)
    os.killpg(run.pid, signal.SIGKILL)
    status = run.wait()
    remove_sockets_of_the_killed()
    return status == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups to kill")
def test_shards_after_kills_are_those_of_an_undisturbed_run(tmp_path):
    for number in range(30):
        paint(tmp_path / f"in/{number % 3}/{number:02}.{('png', 'jpg', 'bmp')[number % 3]}", (450, 300), number)
    subprocess.run([*COMMAND, str(tmp_path / "in"), f"{tmp_path}/expected/{{00..99}}.tar", *RECIPE], check=True)
    expected = shards(tmp_path / "expected")
    assert sorted(expected) == [f"0{number}.tar" for number in range(5)]
    arguments = [str(tmp_path / "in"), f"{tmp_path}/out/{{00..99}}.tar", *RECIPE]
    chance = random.Random(7)
    kills = 0
    for _ in range(ROUNDS):
        kills += killed(arguments, tmp_path / "out", chance.randint(1, 12))
        found = shards(tmp_path / "out") if (tmp_path / "out").exists() else {}
        assert all(data == expected[name] for name, data in found.items())
    subprocess.run([*COMMAND, *arguments], check=True)
    assert kills >= 3
    assert shards(tmp_path / "out") == expected
    assert not temporaries(tmp_path / "out")
    waiting = [name for name in contents(tmp_path / "out", hidden=True) if name.endswith((".png", ".jpg", ".new"))]
    assert not waiting
