"""kill -9 of a run that writes shards, at random instants: each shard is whole or not there, and all end the same."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.folders import contents, paint, temporaries

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

COMMAND = [sys.executable, "-m", "imgpipe", "process"]
RECIPE = ["--resize", "50%", "--cores", "2", "-Q", "--shard-count", "7"]
ROUNDS = 6


def shards(folder):
    return {name: data for name, data in contents(folder).items() if name.endswith(".tar")}


def killed(arguments, seconds):
    """A run whose whole process group is killed after a while; whether it was still running."""
    run = subprocess.Popen([*COMMAND, *arguments], start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return True
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups to kill")
def test_shards_after_kills_are_those_of_an_undisturbed_run(tmp_path):
    for number in range(30):
        paint(tmp_path / f"in/{number % 3}/{number:02}.{('png', 'jpg', 'bmp')[number % 3]}", (450, 300), number)
    began = time.monotonic()
    subprocess.run([*COMMAND, str(tmp_path / "in"), f"{tmp_path}/expected/{{00..99}}.tar", *RECIPE], check=True)
    usual, expected = time.monotonic() - began, shards(tmp_path / "expected")
    assert sorted(expected) == [f"0{number}.tar" for number in range(5)]
    arguments = [str(tmp_path / "in"), f"{tmp_path}/out/{{00..99}}.tar", *RECIPE]
    chance = random.Random(7)
    kills = 0
    for _ in range(ROUNDS):
        kills += killed(arguments, usual * chance.uniform(0.3, 0.9))
        found = shards(tmp_path / "out") if (tmp_path / "out").exists() else {}
        assert all(data == expected[name] for name, data in found.items())
    subprocess.run([*COMMAND, *arguments], check=True)
    assert kills
    assert shards(tmp_path / "out") == expected
    assert not temporaries(tmp_path / "out")
    waiting = [name for name in contents(tmp_path / "out", hidden=True) if name.endswith((".png", ".jpg", ".new"))]
    assert not waiting
