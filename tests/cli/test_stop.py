"""Ctrl-C at any instant, twice, and kill -9: nothing half-written, nothing left running."""

import io
import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from imgpipe import cli
from imgpipe.cli import process as processing

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

COMMAND = [sys.executable, "-m", "imgpipe", "process"]
CTRL_C = b"\x03"

# As `python -m imgpipe`, from the moment when the interpreter itself has started and comes to imgpipe: what a Ctrl-C
# does before is not ours to say.
_STARTED = "@"
_AS_COMMAND = f"""
import os, runpy, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.write(1, {_STARTED.encode()!r})
runpy.run_module("imgpipe", run_name="__main__", alter_sys=True)
"""


# The same, with a Ctrl-C when the module that is named first has been begun and holds nothing yet.
_WHILE_LOADING = """
import os, runpy, signal, sys
from importlib.machinery import PathFinder
signal.signal(signal.SIGINT, signal.default_int_handler)
wanted = sys.argv.pop(1)

class Finder:
    def find_spec(self, name, path, target=None):
        if name != wanted:
            return None
        spec = PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (os.kill(os.getpid(), signal.SIGINT), load(module))
        return spec

sys.meta_path.insert(0, Finder())
runpy.run_module("imgpipe", run_name="__main__", alter_sys=True)
"""


# The same, with a signal when so many inputs were looked at, the listing of names included.
_AT_AN_INPUT = """
import os, runpy, sys
import imgpipe.discovery
number, left = int(sys.argv.pop(1)), int(sys.argv.pop(1))
find = imgpipe.discovery.find

def found(*args):
    global left
    for each in find(*args):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
        yield each

imgpipe.discovery.find = found
runpy.run_module("imgpipe", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    picture = Image.effect_noise((700, 500), 60).convert("RGB")
    file = io.BytesIO()
    picture.save(file, "jpeg")
    for number in range(60):
        (folder / f"{number:03}.jpg").write_bytes(file.getvalue())
    return folder


def in_terminal(*arguments: object) -> tuple[int, int]:
    """Start imgpipe with a terminal of its own, and wait until it begins: its pid, and our end of the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", _AS_COMMAND, "process", *map(str, arguments)])
    assert os.read(terminal, 1) == _STARTED.encode()
    return pid, terminal


def read_until_end(pid: int, terminal: int, *, presses: list[float], began: float) -> tuple[int, str]:
    """Press Ctrl-C at the given instants, and wait for the end: exit status as a shell counts, and all output."""
    said = b""
    while True:
        wait = max(0.0, began + presses[0] - time.monotonic()) if presses else 30.0
        ready, _, _ = select.select([terminal], [], [], wait)
        if not ready:
            assert presses, "it hangs"
            presses.pop(0)
            os.write(terminal, CTRL_C)
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # EIO: the other end is closed
            part = b""
        if not part:
            break
        said += part
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    code = os.waitstatus_to_exitcode(status)
    return (128 - code if code < 0 else code), said.decode(errors="replace")


def processes_of(output: Path) -> list[str]:
    """Command lines of processes that belong to a run: those with the output's name in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if f"IMGPIPE_TEST={output}".encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text())
            except OSError:
                pass
    return found


def wait_until_gone(output: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := processes_of(output)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left, left


def check_outputs(output: Path) -> int:
    """Every output decodes, and there is no temporary."""
    files = [path for path in output.rglob("*") if path.is_file() and ".imgpipe" not in path.parent.name]
    assert not [path for path in files if path.name.startswith(".imgpipe-")]
    for path in files:
        with Image.open(path) as image:
            image.load()
    return len(files)


def one_stop(pictures: Path, output: Path, presses: list[float], monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The exit status of a run with Ctrl-C at these instants, and how many outputs there are then.

    A Ctrl-C discards what stands unread in a terminal, so a run may have ended well without our reading its summary.
    """
    monkeypatch.setenv("IMGPIPE_TEST", str(output))
    pid, terminal = in_terminal(pictures, output, "--width", 300, "--cores", 2)
    began = time.monotonic()
    status, said = read_until_end(pid, terminal, presses=presses, began=began)
    assert "Traceback" not in said, said
    assert "Error" not in said, said
    wait_until_gone(output, 2.0)
    return status, check_outputs(output)


def stop_at_random_instants(times: int, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    status, _ = one_stop(pictures, tmp_path / "undisturbed", [], monkeypatch)
    whole = time.monotonic() - began
    assert status == 0
    chance = random.Random(4)
    for number in range(times):
        instant = chance.uniform(0.0, whole)
        presses = [instant, instant + chance.uniform(0.05, 0.3)] if number % 3 == 2 else [instant]
        status, outputs = one_stop(pictures, tmp_path / str(number), presses, monkeypatch)
        assert status == 130 or (outputs == 60 and status == 0), (instant, status, outputs)


def test_ctrl_c_at_random_instants_leaves_nothing_half_done(pictures, tmp_path, monkeypatch):
    stop_at_random_instants(5, pictures, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "module", ["imgpipe.steps", "imgpipe.concurrency.launch", "imgpipe.cli", "imgpipe.cli.process"]
)
def test_ctrl_c_while_a_module_is_loaded_ends_the_command_without_a_word(module, pictures, tmp_path):
    command = [sys.executable, "-c", _WHILE_LOADING, module, "process", pictures, tmp_path / "out"]
    run = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (130, b"", b"")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("number", "option", "inputs", "told"),
    [(signal.SIGINT, "-n", 20, 0), (signal.SIGTERM, "-n", 100, 39), (signal.SIGTERM, "-Q", 20, 0)],
)
def test_a_stop_while_inputs_are_looked_at_is_heeded_at_once(number, option, inputs, told, pictures, tmp_path):
    """Each of the 60 is counted and then, with `-n`, told of, in groups of a few."""
    call = ["process", pictures, tmp_path / "out", option, "--width", "9", "--json", tmp_path / "lines"]
    command = [sys.executable, "-c", _AT_AN_INPUT, str(int(number)), str(inputs), *call]
    run = subprocess.run(command, check=False, capture_output=True, timeout=60, text=True)
    assert (run.returncode, run.stderr) == (128 + number, "")
    assert len(run.stdout.splitlines()) <= told
    assert (tmp_path / "lines").exists() is (told > 0)
    assert not (tmp_path / "out").exists()


def test_the_status_of_a_second_signal_is_that_of_the_first_also_before_the_work(pictures, tmp_path, monkeypatch):
    @contextmanager
    def nobody_reads(path):
        """As a named pipe that waits for its reader."""
        os.kill(os.getpid(), signal.SIGTERM)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(processing, "json_file", nobody_reads)
    monkeypatch.setattr(sys, "argv", ["imgpipe", "process", str(pictures), str(tmp_path / "out"), "-Q"])
    assert cli.run() == 143


@pytest.mark.chaos
def test_ctrl_c_at_many_random_instants_leaves_nothing_half_done(pictures, tmp_path, monkeypatch):
    stop_at_random_instants(30, pictures, tmp_path, monkeypatch)


def slow_run(pictures: Path, output: Path, **environment: str) -> subprocess.Popen:
    """A run that lasts for many seconds, as it has two cores and a heavy filter; ended by the test."""
    command = [*COMMAND, pictures, output, "--cores", "2", "-F", "resize:1800x", "-F", "blur:20"]
    return subprocess.Popen(
        [*map(str, command), "--json", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # `communicate` would not see what `readline` has read ahead
        env=os.environ | {"IMGPIPE_TEST": str(output)} | environment,
        start_new_session=True,
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_first_signal_finishes_what_was_begun(number, status, pictures, tmp_path):
    output = tmp_path / "out"
    run = slow_run(pictures, output)
    first = run.stdout.readline()
    os.killpg(run.pid, number)
    rest, errors = run.communicate(timeout=60)
    assert run.returncode == status
    *items, summary = map(json.loads, [first, *rest.splitlines()])
    assert b"Traceback" not in errors
    assert summary["interrupted"] is True
    assert summary["discovered"] == 60 == summary["written"] + summary["skipped"]
    written = [item for item in items if item["status"] == "written"]
    assert summary["written"] == len(written) == check_outputs(output) < 20
    wait_until_gone(output, 2.0)


def test_the_second_ctrl_c_is_out_at_once(pictures, tmp_path):
    output = tmp_path / "out"
    run = slow_run(pictures, output)
    with run:
        run.stdout.readline()
        os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.1)  # a second press within 20 ms is the same one
        os.killpg(run.pid, signal.SIGINT)
        pressed = time.monotonic()
        _, errors = run.communicate(timeout=30)
    assert time.monotonic() - pressed < 1.5  # a second, and what a busy machine adds
    assert run.returncode == 130
    assert b"Traceback" not in errors
    wait_until_gone(output, 2.0)
    check_outputs(output)


def test_closing_the_terminal_is_a_stop_like_any_other(pictures, tmp_path):
    output = tmp_path / "out"
    pid, terminal = in_terminal(pictures, output, "--cores", "2", "-F", "resize:1800x", "-F", "blur:20", "-v")
    journal, record = output / ".imgpipe/journal.jsonl", output / ".imgpipe/last-run.jsonl"
    while not (journal.exists() and b'"done"' in journal.read_bytes()):
        if select.select([terminal], [], [], 0.01)[0]:
            os.read(terminal, 65536)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    done = sum(b'"done"' in line for line in journal.read_bytes().splitlines())
    summary = json.loads(record.read_bytes().splitlines()[-1])
    assert done == summary["written"] == check_outputs(output) < 20
    assert summary["interrupted"] is True


def test_an_ignored_sigint_stays_ignored(pictures, tmp_path):
    command = " ".join(map(str, [*COMMAND, pictures, tmp_path / "out", "--width", 100]))
    run = subprocess.Popen(["sh", "-c", f"trap '' INT; exec {command}"], start_new_session=True, stdout=subprocess.PIPE)
    while not (tmp_path / "out" / ".imgpipe").exists():
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    assert b"60 written" in said


def test_after_kill_9_no_process_stays_and_the_next_run_completes_the_work(pictures, tmp_path):
    expected, output = tmp_path / "expected", tmp_path / "out"
    recipe = ["--width", "300", "--cores", "2", "-Q"]
    subprocess.run([*COMMAND, pictures, expected, *recipe], check=True, timeout=60)
    run = subprocess.Popen([*COMMAND, pictures, output, *recipe], env=os.environ | {"IMGPIPE_TEST": str(output)})
    while len(list(output.glob("*.jpg"))) < 10:
        time.sleep(0.005)
    run.kill()
    run.wait()
    wait_until_gone(output, 2.0)
    made = {path.name: path.stat().st_mtime_ns for path in output.glob("*.jpg")}
    for path in output.glob("*.jpg"):
        assert path.read_bytes() == (expected / path.name).read_bytes()
    command = [*COMMAND, pictures, output, *recipe, "--json", "-"]
    again = subprocess.run(command, capture_output=True, timeout=60, check=True)
    summary = json.loads(again.stdout.splitlines()[-1])
    assert summary["discovered"] == summary["written"] + summary["unchanged"] == 60
    assert summary["unchanged"] >= len(made) - 64
    assert {path.name: path.read_bytes() for path in output.glob("*.jpg")} == {
        path.name: path.read_bytes() for path in expected.glob("*.jpg")
    }
    assert check_outputs(output) == 60
