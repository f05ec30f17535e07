"""The programs beside docs/concurrency.md: each runs, and what it prints shows its point."""

import ast
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import wait_for_exit
from tests.docs.blocks import read_blocks

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(os.name != "posix", reason="the programs use POSIX signals"),
]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "concurrency.md"
FOLDER = ROOT / "docs" / "examples" / "concurrency"
PROGRAMS = sorted(FOLDER.glob("*.py"))
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def usual_signals():
    """As a terminal would start it: whoever runs the tests may ignore some."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def command(name, *arguments, folder=FOLDER):
    return [sys.executable, "-W", "default", folder / f"{name}.py", *arguments]


def run(name, *arguments, **more):
    return subprocess.run(command(name, *arguments, **more), capture_output=True, text=True, timeout=100, check=False)


def said(name, *arguments, **more):
    result = run(name, *arguments, **more)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture
def lighter(tmp_path):
    """A folder of the same programs, two of them with less to compute: what they print differs in seconds alone."""
    for program in PROGRAMS:
        text = program.read_text(encoding="utf-8")
        lighter = re.sub(r"\b(1_)?500_000\b", "50_000", text)
        assert (lighter != text) == (program.stem in ("cpu_bound", "bottleneck"))
        (tmp_path / program.name).write_text(lighter, encoding="utf-8")
    return tmp_path


@contextmanager
def running(name, *arguments):
    """The program, and the first line that it prints."""
    settings = {"stdout": subprocess.PIPE, "text": True, "preexec_fn": usual_signals}
    with subprocess.Popen(command(name, *arguments), **settings) as process:
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def test_io_bound_work_overlaps_in_threads_and_in_processes():
    most = dict(re.findall(r"^(.*?) +\d+\.\d+ s, 20 pages, at most (\d+) at", said("io_bound"), re.MULTILINE))
    assert most["one after the other"] == "1"
    assert 2 <= int(most["5 threads"]) <= 5
    assert 2 <= int(most["5 processes"]) <= 5


def test_cpu_bound_work_has_one_answer_and_moves_to_other_processes():
    lines = said("cpu_bound", "100000").splitlines()
    assert [re.sub(r" {2,}.* s, ", ": ", line) for line in lines[:2]] == [
        "one after the other: 9592 primes, in this process",
        "5 threads: 9592 primes, in this process",
    ]
    assert re.fullmatch(r"5 processes .* 9592 primes, in [1-5] other processes", lines[2])


def test_the_measurements_are_a_table(lighter):
    lines = said("measure", "1", folder=lighter).splitlines()
    assert [line.count("|") for line in lines[:4]] == [5] * 4
    assert re.fullmatch(r"The least of 1, \d+ cores, Python 3\.\d+\.\S+", lines[-1])


@pytest.mark.parametrize(("name", "seen"), [("worker_queue_threads", 20), ("worker_queue_processes", 0)])
def test_twenty_jobs_are_done_once_each_and_a_global_is_seen_in_threads_only(name, seen):
    squares, counted = said(name).splitlines()
    assert ast.literal_eval(squares.removeprefix("squares: ")) == [job * job for job in range(20)]
    assert re.search(r"counted 20 jobs .* sees (\d+)", counted)[1] == str(seen)


def test_the_race_loses_updates_and_the_lock_loses_none():
    balance, lost = map(int, re.search(r"balance: (\d+) lost: (\d+)", said("race")).groups())
    assert lost > 0
    assert balance + lost == 1000
    assert said("race_mended") == "paid in: 1000, balance: 1000 lost: 0\n"


def test_a_plain_lock_locks_its_own_thread_out_and_a_reentrant_one_does_not():
    assert said("reentrant_lock").splitlines() == [
        "Lock: waiting for a lock that this very thread holds",
        "RLock: moved, -10 and 10",
    ]


def test_a_bounded_queue_holds_its_producer_back():
    longest = re.fullmatch(r"consumed 20 in order: True - waiting at most: (\d+)\n", said("queues"))[1]
    assert 1 <= int(longest) <= 3


def test_a_pipe_answers_in_order_and_shows_the_end_of_the_other_side():
    assert said("pipes").splitlines() == [
        *(f"parent: {word} -> {word.upper()}" for word in ("read", "resize", "write")),
        "worker: the other end has gone, so do I",
        "parent: the worker ended with 0",
    ]


def test_processes_work_on_the_same_memory():
    assert said("shared_memory_halves") == "before: 0, now: [255]\n"


def test_messages_cross_a_socket_whole():
    assert said("sockets") == "received 3000000 bytes, then: that was the picture\n"


@pytest.mark.parametrize("number", STOP_SIGNALS, ids=lambda number: number.name)
def test_a_stop_signal_finishes_what_was_begun_and_removes_the_temporary_file(number):
    with running("clean_exit") as (process, first):
        temporary = Path(first.removeprefix("working, with ").strip())
        assert temporary.exists()
        process.send_signal(number)
        begun, finished = re.fullmatch(rf"{number.name}: (\d+) begun, (\d+) finished\n", process.stdout.read()).groups()
        assert process.wait() == 128 + number
    assert begun == finished
    assert not temporary.exists()


def test_three_exceptions_disappear_and_the_program_ends_well():
    result = run("lost_exceptions")
    assert (result.returncode, result.stdout) == (0, "all is well\n")
    assert "lost in a thread" in result.stderr
    assert "lost in apply_async" not in result.stderr


def test_the_same_exceptions_are_caught_and_the_status_says_so():
    result = run("caught_exceptions")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        "hook: caught from a thread",
        "asked: caught from a future",
        "asked: caught from apply_async",
        "process: exit code 3",
    ]


@pytest.mark.parametrize("why", ["thread", "queue", "ignored"])
def test_a_program_does_not_die(why):
    with running("does_not_die", why) as (process, first):
        assert first
        if why == "ignored":
            process.send_signal(signal.SIGINT)
        assert not wait_for_exit(process.pid, 1.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM


@pytest.mark.parametrize("why", ["thread", "queue"])
def test_the_same_program_mended_ends_by_itself(why):
    assert said("dies", why)


def test_the_same_program_mended_ends_as_the_signal_ends_it():
    with running("dies", "ignored") as (process, first):
        assert first == "Ctrl-C works\n"
        process.send_signal(signal.SIGINT)
        assert process.wait() == -signal.SIGINT
        assert process.stdout.read() == "tidied up\n"


def test_a_worker_leaves_when_its_parent_is_killed():
    with running("no_orphans") as (process, first):
        worker = int(first.split()[-1])
        os.kill(worker, 0)
        process.kill()
        assert wait_for_exit(worker, 60)


def test_a_forked_child_waits_for_a_lock_that_nobody_will_release():
    assert said("fork_with_threads").splitlines() == [
        "child: threads 1 - lock taken: True",
        "child: got the lock: False",
        "parent: threads 1 - lock taken: False",
    ]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_programs_are_short_guarded_and_of_the_standard_library(program):
    text = program.read_text(encoding="utf-8")
    assert text.count("\n") < 60
    assert '\nif __name__ == "__main__":\n' in text
    imported = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names


def test_the_page_shows_every_program_and_what_it_links_to_exists():
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", PAGE.read_text(encoding="utf-8"))
    near = [link for link in links if not link.startswith("http")]
    assert [link for link in near if not (PAGE.parent / link).exists()] == []
    assert {f"examples/concurrency/{program.name}" for program in PROGRAMS} <= set(near)


def blocks(language):
    return [block.text for block in read_blocks(PAGE.read_text(encoding="utf-8")) if block.language == language]


@pytest.mark.parametrize("excerpt", blocks("python"))
def test_what_the_page_quotes_stands_in_a_program(excerpt):
    # Some lines may have been left out between, and the depth is that of the page.
    lines = [line.strip() for line in excerpt.splitlines()]
    assert any(lines == [line for line in map(str.strip, text(program)) if line in lines] for program in PROGRAMS)


def text(program):
    return program.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("session", re.split(r"^\$ python ", "".join(blocks("text")), flags=re.MULTILINE)[1:])
def test_programs_print_what_the_page_shows_but_for_figures_that_vary(session, lighter):
    name, *lines = session.splitlines()
    varies = {"race.py": r"\d+(?= lost)|\d+$", "bottleneck.py": r"[\d.]+( s|%)"}.get(name, r"(?!)")
    outputs = "\n".join(lines), run(name[:-3], folder=lighter).stdout
    shown, printed = (re.sub(varies, "_", output, flags=re.MULTILINE) for output in outputs)
    assert printed.strip() == shown.strip()
