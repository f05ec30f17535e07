import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import _names
from benchmarks.install import tool
from benchmarks.measure import Contestant, Run
from benchmarks.model import PROGRAMS, ROOT, Absent, Assignment, Command, fit
from benchmarks.peers import PEERS
from benchmarks.peers.imgpipe import OF_THIS_FOLDER
from benchmarks.peers.shell import side_by_side
from benchmarks.quality import Verdict
from benchmarks.table import Outcome, page, readable, section

WORK = Assignment(fit(720, 588, "jpeg", 80), Path("/somewhere/W1/in"), Path("/somewhere/W1/out"), 200, 2)


def measured(peer, *seconds, **options):
    runs = [Run(taken, taken + 1, 2 * taken, None) for taken in seconds]
    return Contestant(peer, "1.0", Command(("tool",), **options), runs, verdict=Verdict((), 0.95, 0.94, 7e4))


def test_commands_are_shown_without_the_machines_paths():
    argv = (sys.executable, str(PROGRAMS / "x.py"), str(WORK.source), f"{WORK.target}/%s.jpg")
    shown = readable(Command(argv, {"HOME": f"{ROOT}/benchmarks"}), WORK)
    assert shown == "HOME=benchmarks python benchmarks/programs/x.py in out/%s.jpg"


def test_imgpipe_is_shown_as_a_person_calls_it():
    argv = (str(Path(sys.executable).with_name("imgpipe")), "process", str(WORK.source), str(WORK.target))
    assert readable(Command(argv, OF_THIS_FOLDER), WORK) == "imgpipe process in out"


def test_a_folder_of_programs_is_left_out_only_where_a_path_begins_with_it(monkeypatch):
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    command = Command(("sh", "-c", f"/bin/cp {WORK.source}/* {WORK.target}/ && {ROOT}/own/bin/tool '/usr/bin/x'"))
    assert readable(command, WORK) == "cp in/* out/ && own/bin/tool 'x'"


def test_a_shell_command_is_shown_as_typed():
    shown = readable(Command(side_by_side(("tool", "-o", str(WORK.target)), WORK, "THREADS=1")), WORK)
    assert shown == "find in -type f -print0 | THREADS=1 xargs -0 -P2 -n25 tool -o out"


def test_the_table_gives_ratios_of_medians_and_their_spread():
    outcome = Outcome("W1: work", "200 copies", WORK, [measured("imgpipe", 1.0, 1.0), measured("slow", 2.0, 4.0)])
    text = section(outcome)
    assert (
        "| slow | 1.0 | 3.000 (2.000–4.000) | 66.7 | 3.00 x (2.00–4.00) | 6.00 | – | 0.9500 (least 0.9400) | 70000 |"
        in text
    )


def test_who_was_not_measured_is_named_with_the_reason():
    failed = Contestant("broken", "1.0", Command(("tool",)), failure="ended with status 1: no /somewhere/W1/in/a.jpg")
    text = section(Outcome("W1: work", "200 copies", WORK, [failed], {"lost": "not found: lost"}))
    assert "- **lost** was not measured: not found: lost." in text
    assert "- **broken** was not measured: ended with status 1: no in/a.jpg." in text


def test_the_slower_ways_of_a_peer_and_own_clocks_are_remarks():
    ways = [measured("sharp", 2.0, variant="2 at a time"), measured("sharp", 1.0, variant="3 at a time")]
    text = section(Outcome("W1: work", "200 copies", WORK, [*ways, measured("limit", 1.0, own_clock=True)]))
    assert "| sharp, 3 at a time |" in text
    assert "- sharp, 2 at a time: 2.00 s." in text
    assert "the whole program took 2.00 s." in text


def test_a_workload_that_could_not_be_prepared_is_on_the_page():
    assert "## W2: photographs\n\nNot measured: no photos." in page("2 cores", 3, [], {"W2: photographs": "no photos"})


def test_imgpipe_is_always_among_the_peers():
    assert _names("sharp") == ["imgpipe", "sharp"]
    assert next(iter(PEERS)) == "imgpipe"


def test_a_tool_is_known_by_what_it_says_not_by_its_name(tmp_path, monkeypatch):
    for folder, says in (("first", "another program"), ("second", "Version: Tool 1.2")):
        (tmp_path / folder).mkdir()
        script = tmp_path / folder / "tool"
        script.write_text(f"#!/bin/sh\necho {says}\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    assert tool(("tool",), "Version: Tool") == (str(tmp_path / "second" / "tool"), "Version: Tool 1.2")
    assert tool(("other",), "x") == Absent("not found: other")


@pytest.mark.parametrize("count", [1, 6, 200])
def test_shares_cover_all_cores(count):
    work = Assignment(WORK.task, WORK.source, WORK.target, count, 2)
    share = int(side_by_side(("tool",), work)[2].split(" -n")[1].split()[0])
    assert 1 <= share <= max(1, count // 4)
