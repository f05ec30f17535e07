"""Every system call on the side of the output fails in turn: nothing partial, the right end, and the run can go on."""

import errno
import itertools
import json
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from imgpipe.errors import OutputError
from imgpipe.recipe import Recipe
from tests.folders import WatchedCalls, contents, failing_calls, paint, paint_all, temporaries, write
from tests.runs import ends, killed_at, run, run_with

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

NAMES = ["a.png", "x/b.png", "x/y/c.png"]
ALL = ("open", "write", "close", "replace", "mkdir", "fsync", "fdatasync", "unlink")
ERRORS = [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS]
OTHER = Recipe(["resize:width=11"], format="png")


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", NAMES)


def fail_everywhere(pictures, tmp_path, error, *, for_good, engine="serial", **more):
    """How each run ended whose Nth call failed, from the first call to the last."""
    run(pictures, tmp_path / "undisturbed")
    expected = contents(tmp_path / "undisturbed")
    endings = []
    for call in itertools.count(1):
        out = tmp_path / f"out{call}"
        failing = failing_calls(error, call, for_good=for_good, names=ALL)
        try:
            report = run_with(failing, pictures, out, engine=engine, durability="fsync", **more)
        except OutputError as raised:
            endings.append("stopped" if os.strerror(error) in str(raised) else f"stopped: {raised}")
        else:
            endings.append("failed" if report.errors else "done")
        # What fails for good cannot be removed either; the next run does it.
        assert not temporaries(out) or for_good
        assert contents(out).items() <= expected.items(), "a partial file stands under a final name"
        assert set(ends(run(pictures, out)).values()) <= {"written", "unchanged"}
        assert contents(out) == expected
        assert not temporaries(out)
        if failing.calls < call:
            return endings[:-1]
    return endings


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for-good"])
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
def test_a_failing_call_leaves_whole_files_and_a_run_that_can_go_on(pictures, tmp_path, error, for_good):
    endings = fail_everywhere(pictures, tmp_path, error, for_good=for_good)
    assert len(endings) > 12 * len(NAMES)
    # One file without permission fails; the journal, which cannot be written, stops the run, as any other error does.
    one_may_fail = error == errno.EACCES and not for_good
    assert set(endings) == ({"stopped", "failed"} if one_may_fail else {"stopped"})


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("engine", ["threads", "processes"])
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for-good"])
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
def test_the_same_with_several_at_work(pictures, tmp_path, error, for_good, engine):
    for number in range(12):
        paint(pictures / f"more/{number}.png", seed=number)
    fail_everywhere(pictures, tmp_path, error, for_good=for_good, engine=engine)


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
def test_a_failing_call_leaves_the_output_of_the_recipe_before_or_the_new_one(pictures, tmp_path, error):
    run(pictures, tmp_path / "old", OTHER)
    run(pictures, tmp_path / "new")
    old, new = contents(tmp_path / "old"), contents(tmp_path / "new")
    for call in itertools.count(1):
        out = tmp_path / f"out{call}"
        run(pictures, out, OTHER)
        failing = failing_calls(error, call, names=ALL)
        with suppress(OutputError):
            run_with(failing, pictures, out)
        there = contents(out)
        assert all(data in (old[name], new[name]) for name, data in there.items())
        assert there.keys() == old.keys()
        run(pictures, out)
        assert contents(out) == new
        if failing.calls < call:
            break
    assert call > 5 * len(NAMES)


def test_when_the_disk_is_full_the_message_names_the_file_and_the_way_out(pictures, tmp_path):
    with pytest.raises(OutputError, match=r"No space left on device.*run the same command again"):
        run_with(failing_calls(errno.ENOSPC, 1, for_good=True, names=("write",)), pictures, tmp_path / "out")


def test_a_torn_line_does_not_take_the_next_one_with_it(pictures, tmp_path):
    """Half a line was written when the disk was full; then there was room again."""
    out = tmp_path / "out"
    torn = []

    class Tearing(WatchedCalls):
        def write(self, descriptor, data):
            if bytes(data).startswith(b'{"done"') and not torn:
                torn.append(os.write(descriptor, bytes(data[:30])))
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return os.write(descriptor, data)

    with pytest.raises(OutputError):
        run_with(Tearing(lambda call: None), pictures, out)
    lines = (out / ".imgpipe/journal.jsonl").read_bytes().split(b"\n")
    assert sum(line.startswith(b'{"undone"') for line in lines) == len(NAMES) - 1, "each on a line of its own"
    assert len(ends(run(pictures, out))) == len(NAMES)
    run(pictures, tmp_path / "undisturbed")
    assert contents(out) == contents(tmp_path / "undisturbed")


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 2 MB; only root may mount one, and not everywhere."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if not hasattr(os, "geteuid") or os.geteuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("durability", ["rename", "fsync"])
def test_a_disk_of_two_megabytes_that_is_full_ends_the_command_with_3_and_one_line(tmp_path, small_disk, durability):
    for number in range(40):
        paint(tmp_path / f"in/{number:02}.png", size=(160, 160), seed=number)
    command = [sys.executable, "-m", "imgpipe", "process", tmp_path / "in", small_disk / "out", "--cores", "2"]
    command = [*map(str, command), "-f", "bmp", "--durability", durability, "--json", "-"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 3
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("imgpipe: ")]
    assert "No space left on device" in line
    assert "run the same command again" in line
    summary = json.loads(ended.stdout.splitlines()[-1])
    assert summary["discovered"] == 40 == summary["written"] + summary["skipped"]
    run(tmp_path / "in", tmp_path / "undisturbed", Recipe(format="bmp"))
    expected = contents(tmp_path / "undisturbed")
    assert contents(small_disk / "out").items() < expected.items()
    assert not temporaries(small_disk)
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert subprocess.run(command, capture_output=True, timeout=100, check=False).returncode == 0
    assert contents(small_disk / "out") == expected


def test_a_compaction_that_fails_at_any_call_loses_nothing(pictures, tmp_path):
    out = tmp_path / "out"
    run(pictures, out)
    path = out / ".imgpipe/journal.jsonl"
    whole = path.read_bytes() + b"{}\n" * 1100
    stopped = 0
    for call in itertools.count(1):
        write(path, whole)
        failing = failing_calls(errno.ENOSPC, call, names=ALL)
        try:
            report = run_with(failing, pictures, out)
        except OutputError:
            stopped += 1
            report = run(pictures, out)
        assert set(ends(report).values()) == {"unchanged"}
        assert not os.path.exists(out / ".imgpipe/journal.new")
        if failing.calls < call:
            break
    assert len(path.read_bytes()) < 3000, "compacted"
    assert call > 6
    assert stopped == 3, "only where the lock or the journal itself, the old one or the new one, cannot be opened"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_compaction_that_is_killed_at_any_call_loses_nothing(pictures, tmp_path):
    out = tmp_path / "out"
    run(pictures, out)
    path = out / ".imgpipe/journal.jsonl"
    whole = path.read_bytes() + b"{}\n" * 1100 + b'{"begun":"x/b.png","outputs":["x/b.png"]}\n'
    for call in itertools.count(1):
        write(path, whole)
        ended = killed_at(call, pictures, out)
        report = run(pictures, out)
        assert {name: end for name, end in ends(report).items() if name != "x/b.png"} == {
            "a.png": "unchanged",
            "x/y/c.png": "unchanged",
        }
        assert ends(report)["x/b.png"] in ("written", "unchanged"), "its claim is kept too"
        if ended:
            break
    assert call > 8
