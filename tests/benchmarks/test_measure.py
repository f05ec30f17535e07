import sys

import pytest

from benchmarks.measure import Contestant, Run, RunFailed, best, compete, ratio, ratio_spread, run_once
from benchmarks.model import Assignment, Command, fit


def contestant(peer, *seconds, failure=None):
    runs = [Run(taken, taken, 0.0) for taken in seconds]
    return Contestant(peer, "1.0", Command(("true",)), runs, failure=failure)


@pytest.fixture
def work(tmp_path):
    return Assignment(fit(64, 64, "jpeg", 80), tmp_path / "in", tmp_path / "out", 1, 2)


def command(program, **options):
    return Command((sys.executable, "-c", program), **options)


def test_a_peer_that_takes_twice_as_long_makes_us_twice_as_fast():
    assert ratio([2.0, 2.2, 9.0], [1.0, 1.1, 1.2]) == pytest.approx(2.0)


def test_the_codec_limit_is_a_ratio_below_one():
    assert ratio([0.9], [1.0]) == pytest.approx(0.9)


def test_the_spread_of_a_ratio_pairs_the_rounds():
    assert ratio_spread([2.0, 3.0], [1.0, 3.0]) == (1.0, 2.0)


def test_of_a_peers_commands_the_fastest_counts():
    slow, fast, other = contestant("a", 3.0, 3.1), contestant("a", 1.0, 9.0, 1.1), contestant("b", 5.0)
    assert best([slow, fast, other]) == [fast, other]


def test_a_failed_command_counts_only_where_all_failed():
    failed, slow, lost = contestant("a", failure="x"), contestant("a", 3.0), contestant("b", failure="y")
    assert best([failed, slow, lost]) == [slow, lost]


def test_a_run_starts_with_an_empty_folder(work):
    work.target.mkdir()
    (work.target / "old.jpg").touch()
    program = f"import os; assert os.listdir({str(work.target)!r}) == []"
    assert run_once(command(program), work, memory=False).wall > 0


def test_a_command_with_its_own_clock_is_believed(work):
    run = run_once(command("print('{\"seconds\": 42.5}')", own_clock=True), work, memory=False)
    assert run.seconds == 42.5
    assert run.wall < 42


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_memory_of_grandchildren_is_seen_and_their_cpu_too(work):
    busy = "import time; x = b'x' * 10**8\nwhile time.process_time() < 0.3: pass"
    program = f"import os\nif os.fork() == 0:\n exec({busy!r})\n os._exit(0)"
    run = run_once(command(program + "\nos.wait()"), work, memory=True)
    assert run.cpu >= 0.3
    assert run.peak >= 10**8
    orphaned = run_once(command(program), work, memory=False)
    assert orphaned.cpu >= 0.3


def test_a_command_that_fails_says_its_last_words(work):
    with pytest.raises(RunFailed, match="status 3: no such thing"):
        run_once(command("import sys; print('no such thing', file=sys.stderr); sys.exit(3)"), work, memory=False)


def test_outputs_that_are_missing_put_a_peer_out(work):
    work.source.mkdir()
    (work.source / "a.jpg").write_bytes(b"")
    lazy = Contestant("lazy", "1.0", command("pass"))
    compete([lazy], work, runs=2)
    assert lazy.failure == "wrong outputs: 0 of 1 pictures made, 0 files too many"
    assert lazy.runs == []
