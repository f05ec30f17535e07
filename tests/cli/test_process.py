"""`imgpipe process` as a person calls it, each call a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from imgpipe import cli
from tests.command import imgpipe
from tests.folders import contents, paint

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    Image.effect_noise((300, 200), 40).convert("RGB").save(folder / "a.jpg")
    Image.effect_noise((200, 300), 40).convert("RGBA").save(folder / "deep" / "b.png")
    return folder


def test_keeps_the_tree_and_says_what_it_did(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", "--resize", "100x100", "-f", "webp", "--cores", 2)
    assert done.returncode == 0, done.stderr
    assert size(tmp_path / "out" / "a.webp") == (100, 67)
    assert size(tmp_path / "out" / "deep" / "b.webp") == (67, 100)
    assert done.stdout.startswith("2 inputs: 2 written, 0 unchanged, 0 failed, 0 skipped;")
    assert done.stderr == ""


def test_without_a_recipe_makes_web_ready_copies_and_says_so_first(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out")
    assert done.stdout.splitlines()[0].startswith("No filter or format was asked for: making web-ready copies")
    assert (tmp_path / "out" / "deep" / "b.png").exists()


def test_one_bad_file_costs_one_file_and_is_named_with_its_reason(pictures, tmp_path):
    (pictures / "text.jpg").write_text("this is no picture")
    done = imgpipe("process", pictures, tmp_path / "out")
    assert done.returncode == 1
    assert "2 written, 0 unchanged, 1 failed" in done.stdout
    assert "text.jpg: not a picture" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_verbose_shows_the_traceback_of_a_failure(pictures, tmp_path):
    (pictures / "text.jpg").write_text("this is no picture")
    assert "Traceback" in imgpipe("process", pictures, tmp_path / "out", "-v").stdout


def test_verbose_ends_with_where_the_time_went_and_nothing_else_does(pictures, tmp_path):
    shown = imgpipe("process", pictures, tmp_path / "out", "-v").stdout.splitlines()
    assert shown[-5].split() == ["stage", "hands", "worked", "waited", "for", "input", "for", "room", "starting"]
    assert [line.split()[0] for line in shown[-4:-1]] == ["read", "process", "write"]
    assert shown[-1].startswith(("start-up: ", "CPU-bound: ", "too short"))
    assert "hands" not in imgpipe("process", pictures, tmp_path / "again").stdout
    up_to_date = imgpipe("process", pictures, tmp_path / "out", "-v").stdout
    assert up_to_date.splitlines()[-1] == "nothing had to be done, so nothing limited it"


def test_a_file_that_is_no_picture_is_skipped_and_named(pictures, tmp_path):
    (pictures / "README.md").write_text("hello")
    done = imgpipe("process", pictures, tmp_path / "out")
    assert done.returncode == 0
    assert "1 skipped" in done.stdout
    assert "README.md: no picture" in done.stdout


def test_a_second_run_does_nothing(pictures, tmp_path):
    imgpipe("process", pictures, tmp_path / "out")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*") if ".imgpipe" not in str(path)}
    done = imgpipe("process", pictures, tmp_path / "out")
    assert "0 written, 2 unchanged" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_json_lines_tell_each_item_and_the_sums(pictures, tmp_path):
    (pictures / "text.jpg").write_text("this is no picture")
    done = imgpipe("process", pictures, tmp_path / "out", "--json", "-", "--width", 50)
    *items, summary = map(json.loads, done.stdout.splitlines())
    by_source = {item["source"]: item for item in items}
    assert by_source["deep/b.png"]["outputs"] == [
        {"path": "deep/b.png", "bytes": (tmp_path / "out/deep/b.png").stat().st_size, "width": 50, "height": 75}
    ]
    assert by_source["text.jpg"]["error"]["type"] == "NotAPicture"
    assert summary["discovered"] == 3 == summary["written"] + summary["unchanged"] + summary["failed"]
    assert summary["interrupted"] is False
    assert "3 inputs" in done.stderr


def test_dry_run_says_what_would_be_done_and_writes_nothing(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", "-n", "-f", "webp")
    assert "a.jpg -> a.webp" in done.stdout
    assert "deep/b.png -> deep/b.webp" in done.stdout
    assert not (tmp_path / "out").exists()


def test_dry_run_says_it_to_programs_too(pictures, tmp_path):
    out = tmp_path / "out"
    imgpipe("process", pictures, out, "-f", "webp", "--include", "a.jpg")
    (tmp_path / "in/text.jpg").write_text("no picture")
    done = imgpipe("process", pictures, out, "-n", "-f", "webp", "--json", "-")
    lines = {line.get("source"): line for line in map(json.loads, done.stdout.splitlines())}
    assert lines["a.jpg"]["status"] == "unchanged"
    assert lines["deep/b.png"] | {"bytes": 0} == {
        "type": "planned",
        "source": "deep/b.png",
        "bytes": 0,
        "outputs": ["deep/b.webp"],
    }
    assert lines[None] == {"type": "plan", "discovered": 3, "planned": 2}
    assert "deep/b.png -> deep/b.webp" in done.stderr
    assert not (out / "deep").exists()


def test_a_wrong_call_leaves_the_lines_of_the_last_run_alone(pictures, tmp_path):
    (tmp_path / "lines").write_text("kept")
    done = imgpipe("process", tmp_path / "missing", tmp_path / "out", "--json", tmp_path / "lines")
    assert (done.returncode, (tmp_path / "lines").read_text()) == (2, "kept")


def test_a_run_that_is_refused_leaves_the_lines_of_the_other_one_alone(pictures, tmp_path):
    call = ["process", pictures, tmp_path / "out", "--width", 9, "--json", tmp_path / "lines"]
    assert imgpipe(*call).returncode == 0
    lines = (tmp_path / "lines").read_text()
    fcntl = pytest.importorskip("fcntl")
    with open(tmp_path / "out/.imgpipe/lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert imgpipe(*call).returncode == 2
    assert (tmp_path / "lines").read_text() == lines
    assert imgpipe(*call).returncode == 0
    assert '"unchanged":2' in (tmp_path / "lines").read_text()
    assert '"written":2' not in (tmp_path / "lines").read_text()


def answered(call, folder, monkeypatch):
    """The exit status of a wrong call, in this process: to start one takes longer than all else."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["imgpipe", *call.split()])
    return cli.run()


@pytest.mark.parametrize(
    "call",
    [
        "process in out --json in/a.jpg",
        "process in out -n --json in/a.jpg",
        "process in out --json in/named",
        "process in out --report in/a.jpg",
        "process in out --json new.png",
        "bench in --json in/a.jpg",
        "report done -o in/a.jpg",
    ],
)
def test_nothing_is_written_over_a_picture(call, pictures, tmp_path, monkeypatch, capfd):
    shutil.copy(pictures / "a.jpg", pictures / "named")
    before = contents(pictures)
    assert answered(call, tmp_path, monkeypatch) == 2
    assert "is a picture, or called like one" in capfd.readouterr().err
    assert contents(pictures) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("call", ["process in -", "process in out --report -", "report done -o -"])
def test_a_file_or_folder_is_not_called_as_the_standard_output(call, pictures, tmp_path, monkeypatch, capfd):
    assert answered(call, tmp_path, monkeypatch) == 2
    assert "write ./-" in capfd.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_report_may_go_into_an_output_that_the_run_makes(pictures, tmp_path):
    assert imgpipe("process", pictures, "out", "--width", 9, "--report", "out/r.html", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out/r.html").exists()


def test_prune_says_what_it_would_remove_and_then_removes_it_and_tells(pictures, tmp_path):
    command = ["process", pictures, tmp_path / "out", "--width", 50, "--prune"]
    imgpipe(*command)
    (pictures / "deep/b.png").unlink()
    would = imgpipe(*command, "-n")
    assert "pruned: deep/b.png: deep/b.png is gone" in would.stdout
    assert (tmp_path / "out/deep/b.png").exists()
    done = imgpipe(*command, "--json", "-")
    item, _, summary = map(json.loads, done.stdout.splitlines())
    assert (item["status"], [output["path"] for output in item["outputs"]]) == ("pruned", ["deep/b.png"])
    assert (summary["discovered"], summary["unchanged"], summary["pruned"]) == (1, 1, 1)
    assert "; 1 pruned" in done.stderr
    assert not (tmp_path / "out/deep/b.png").exists()
    (pictures / "a.jpg").unlink()
    done = imgpipe(*command)
    assert "nothing is pruned, for there is no input" in done.stdout
    assert (tmp_path / "out/a.jpg").exists()


def test_in_place_replaces_pictures_once(pictures):
    refused = imgpipe("process", pictures, pictures, "--resize", "50%")
    assert refused.returncode == 2
    assert "--in-place" in refused.stderr
    for result in ("2 written, 0 unchanged", "0 written, 2 unchanged"):
        done = imgpipe("process", pictures, pictures, "--in-place", "--resize", "50%")
        assert result in done.stdout
        assert (size(pictures / "a.jpg"), size(pictures / "deep/b.png")) == ((150, 100), (100, 150))


def test_collisions_are_found_before_anything_is_written(pictures, tmp_path):
    Image.new("RGB", (9, 9)).save(pictures / "a.png")
    done = imgpipe("process", pictures, tmp_path / "out", "-f", "webp")
    assert done.returncode == 2
    assert "a.webp <- a.jpg, a.png" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_folder_inside_the_input_is_never_read(pictures):
    for _ in range(2):
        done = imgpipe("process", pictures, pictures / "out", "--force")
        assert "2 inputs: 2 written" in done.stdout


def test_an_empty_folder_is_no_error(tmp_path):
    (tmp_path / "in").mkdir()
    done = imgpipe("process", tmp_path / "in", tmp_path / "out", "-f", "png")
    assert done.returncode == 0
    assert done.stdout.startswith("no files in ")


def test_one_file_may_be_the_input(pictures, tmp_path):
    done = imgpipe("process", pictures / "deep" / "b.png", tmp_path / "out", "--width", 20)
    assert done.returncode == 0
    assert [path.name for path in (tmp_path / "out").glob("*.*") if path.is_file()] == ["b.png"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["process", "IN", "OUT", "--rezise", "3"], 2, "--resize"),
        (["process", "IN/missing", "OUT"], 2, "there is no input"),
        (["process", "IN", "IN"], 2, "the same folder"),
        (["process", "IN", "IN/a.jpg"], 2, "is no folder"),
        (["process", "IN", "/proc/imgpipe"], 3, "cannot write to /proc/imgpipe"),
        (["process", "IN", "OUT", "-F", "blurr:3"], 2, "did you mean blur?"),
        (["process", "IN", "OUT", "-F", "blur:sigma=-3"], 2, "0 to 500 px"),
        (["process", "IN", "OUT", "-f", "wepb"], 2, "did you mean webp?"),
        (["process", "IN", "OUT", "-q", "200"], 2, "a whole number, 1 to 100"),
        (["process", "IN", "OUT", "--resize", "large"], 2, "large"),
        (["process", "ftp://bucket", "OUT"], 2, "no storage for ftp://"),
        (["proces", "IN", "OUT"], 2, "did you mean process?"),
    ],
)
def test_wrong_calls_get_one_clear_line_and_the_right_status(arguments, status, said, pictures, tmp_path):
    places = [word.replace("IN", str(pictures), 1).replace("OUT", str(tmp_path / "out")) for word in arguments]
    done = imgpipe(*places)
    assert done.returncode == status
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_fail_fast_stops_with_status_1(pictures, tmp_path):
    (pictures / "0.jpg").write_text("this is no picture")
    done = imgpipe("process", pictures, tmp_path / "out", "--fail-fast", "--engine", "serial")
    assert done.returncode == 1
    assert "0.jpg: not a picture" in done.stdout
    assert "0 written" in done.stdout


def test_what_was_in_flight_at_the_first_failure_is_finished_and_counted(tmp_path, monkeypatch, capsys):
    for number in range(12):
        paint(tmp_path / "in" / f"{number:02}.png", (120, 80), seed=number)
    (tmp_path / "in" / "01.png").write_text("this is no picture")
    arguments = ["process", "in", "out", "--fail-fast", "--engine", "threads", "-j", "3", "--json", "told.jsonl"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["imgpipe", *arguments])
    assert cli.run() == cli.SOME_FAILED
    *items, sums = map(json.loads, Path("told.jsonl").read_text().splitlines())
    assert contents("out").keys() == {item["source"] for item in items if item["status"] == "written"}
    assert sums["written"] + sums["failed"] + sums["skipped"] == 12
    assert "01.png: not a picture" in capsys.readouterr().out


def test_a_reader_that_goes_away_gets_no_traceback(pictures, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "imgpipe", "process", pictures, tmp_path / "out", "--json", "-"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_names_that_are_no_utf8_or_hold_control_characters_are_processed_and_printed_safely(tmp_path):
    folder = os.fsencode(tmp_path / "in")
    os.mkdir(folder)
    for name in (b"\xff\xfe.png", b"new\nline.png", b"\x1b[31mred.png"):
        Image.new("RGB", (8, 8)).save(os.path.join(folder, name).decode(errors="surrogateescape"))
    with open(os.path.join(folder, b"\x1b[2J\xff.jpg"), "wb") as file:
        file.write(b"no picture")
    done = imgpipe("process", tmp_path / "in", tmp_path / "out")
    assert "3 written, 0 unchanged, 1 failed" in done.stdout
    assert r"\x1b[2J\xff.jpg" in done.stdout
    assert "\x1b" not in done.stdout
    written = {name for name in os.listdir(os.fsencode(tmp_path / "out")) if name != b".imgpipe"}
    assert written == {b"\xff\xfe.png", b"new\nline.png", b"\x1b[31mred.png"}


def test_a_filter_of_ones_own_is_found_in_the_current_folder(pictures, tmp_path):
    (tmp_path / "my_filters.py").write_text(
        "import numpy as np\n"
        "def sepia(pixels: np.ndarray, strength: float = 1.0) -> np.ndarray:\n"
        "    'Brown.'\n"
        "    return np.full_like(pixels, round(100 * strength))\n"
    )
    command = Path(sys.executable).with_name("imgpipe")
    done = subprocess.run(
        [command, "process", pictures, tmp_path / "out", "-F", "my_filters:sepia:strength=0.5", "-f", "png"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.getpixel((5, 5)) == (50, 50, 50)


def test_a_palette_is_stored_and_a_size_kept_to(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "few", "-f", "png", "--palette", 8)
    assert done.returncode in (0, 1)
    with Image.open(tmp_path / "few" / "a.png") as made:
        assert made.mode in ("P", "L")
        assert len(made.convert("RGB").getcolors(256)) <= 8
    done = imgpipe("process", pictures, tmp_path / "small", "-f", "webp", "--max-size", "0.3KB")
    assert (tmp_path / "small" / "a.webp").stat().st_size <= 300


def test_the_background_is_seen_where_the_format_has_no_alpha(tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(tmp_path / "in" / "clear.png")
    imgpipe("process", tmp_path / "in", tmp_path / "out", "-f", "bmp", "--background", "teal")
    with Image.open(tmp_path / "out" / "clear.bmp") as made:
        assert made.convert("RGB").getpixel((5, 5)) == (0, 128, 128)
    for wrong, said in (("#00000000", "is transparent itself"), ("teel", "did you mean teal")):
        done = imgpipe("process", tmp_path / "in", tmp_path / "out", "--background", wrong)
        assert done.returncode == 2
        assert said in done.stderr


def test_quiet_says_only_what_failed(pictures):
    out = pictures.parent / "out"
    (pictures / "readme.txt").write_text("no picture")
    Image.new("CMYK", (8, 8)).save(pictures / "warned.jpg")
    done = imgpipe("process", pictures, out, "-Q", "--exclude", "bad.jpg")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (pictures / "bad.jpg").write_text("no picture")
    for more in ([], ["--json", "-"]):
        done = imgpipe("process", pictures, out, "--force", "-Q", *more)
        assert done.returncode == 1
        assert done.stderr == "failed:\n  bad.jpg: not a picture: it is text\n"
    assert imgpipe("process", pictures, out, "-Q").stdout == ""


def test_a_long_path_of_temporaries_is_no_matter(tmp_path):
    """As batch systems have them: a fork server's socket would not fit."""
    paint(tmp_path / "in/a.png")
    (long := tmp_path / ("x" * 120)).mkdir()
    done = imgpipe("process", tmp_path / "in", tmp_path / "out", "-Q", env={**os.environ, "TMPDIR": str(long)})
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert list(contents(tmp_path / "out")) == ["a.png"]
    assert not list(long.iterdir())
