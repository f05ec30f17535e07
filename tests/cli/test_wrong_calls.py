"""What a person is told of a wrong call: one line that says what is wrong, with what, and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from imgpipe import cli
from imgpipe.cli import complaints
from tests.command import imgpipe

LONG = "a" * 300
GEOMETRY = (
    "write 800x600, 800x, x600, 50% or 2MP, with > (only shrink), < (only enlarge), ! (ignore aspect) or ^ (fill)"
)

WRONG = {
    # commands
    "proces in out": "there is no command proces; did you mean process? (imgpipe --help)",
    "help proces": "there is no command proces; did you mean process? (imgpipe --help)",
    "recipe chek": "there is no command chek; did you mean check? (imgpipe recipe --help)",
    "in out": "there is no command in; pictures are processed by imgpipe process INPUT OUTPUT (imgpipe --help)",
    "version": "there is no command version; did you mean --version? (imgpipe --help)",
    "--helo": "there is no option --helo; did you mean --help? (imgpipe --help)",
    # options
    "process in out --rezise 3": "there is no option --rezise; did you mean --resize? (imgpipe process --help)",
    "process in out --no-upscal": "there is no option --no-upscal; did you mean --no-upscale? (imgpipe process --help)",
    "process in -o out": "there is no option -o; OUTPUT stands behind INPUT, without one (imgpipe process --help)",
    "process in out --rotate 90": "there is no option --rotate; it is a filter: -F rotate (imgpipe process --help)",
    "process -i in out": "there is no option -i; INPUT stands before OUTPUT, without one (imgpipe process --help)",
    "process in out 1 2 3 4 5": (
        "too many arguments: 1 2 3 and 2 more; INPUT is one folder or file, and --include '*.jpg' chooses in it "
        "(imgpipe process --help)"
    ),
    "recipe show --out x": "there is no option --out (imgpipe recipe show --help)",
    "process in out -resize 9x9": "there is no option -resize; did you mean --resize? (imgpipe process --help)",
    "process in out -format webp": "there is no option -format; did you mean --format? (imgpipe process --help)",
    "process in out --strip -force": "there is no option -force; did you mean --force? (imgpipe process --help)",
    "process in out -cores=2": "there is no option -cores=2; did you mean --cores? (imgpipe process --help)",
    "process in out --suffix -lossless -q 200": (
        "--quality: 200 is not valid; it is a whole number, 1 to 100 (imgpipe process --help)"
    ),
    "process inn out -- -force": "too many arguments: -force; INPUT is one folder or file, and --include '*.jpg' "
    "chooses in it (imgpipe process --help)",
    "-help": "there is no option -help; did you mean --help? (imgpipe --help)",
    "recipe -help": "there is no option -help; did you mean --help? (imgpipe recipe --help)",
    "process in out -y": "there is no option -y (imgpipe process --help)",
    "process in out --cores": "--cores needs a value",
    "process in out --force=3": "--force takes no value",
    "process in out -Q=3": "-Q takes no value",
    "process in out -rq": "-q needs a value",
    "recipe show --qualty 3": "there is no option --qualty; did you mean --quality? (imgpipe recipe show --help)",
    # arguments
    "process in": "OUTPUT is missing (imgpipe process --help)",
    "recipe check": "FILE... is missing (imgpipe recipe check --help)",
    "process in/a.png in/b.png out": (
        "too many arguments: out; INPUT is one folder or file, and --include '*.jpg' chooses in it "
        "(imgpipe process --help)"
    ),
    "formats extra": "too many arguments: extra (imgpipe formats --help)",
    "filters blur extra": "too many arguments: extra (imgpipe filters --help)",
    # words and numbers
    "process in out --engine procs": "--engine: there is no procs; did you mean processes? (imgpipe process --help)",
    "process in out --fit covr": "--fit: there is no covr; did you mean cover? (imgpipe process --help)",
    "process in out --overwrite nver": "--overwrite: there is no nver; did you mean never? (imgpipe process --help)",
    "process in out --durability x": ("--durability: there is no x; valid are fsync, rename (imgpipe process --help)"),
    "process in out --cores 0": ("--cores: 0 is not valid; it is a whole number, 1 or more (imgpipe process --help)"),
    "process in out -j two": "--cores: two is not valid; it is a whole number, 1 or more (imgpipe process --help)",
    "process in out -q 200": "--quality: 200 is not valid; it is a whole number, 1 to 100 (imgpipe process --help)",
    "process in out --timeout inf": (
        "--timeout: inf is not valid; it is a number of seconds, more than 0 (imgpipe process --help)"
    ),
    "process in out --memory 3": "--memory: 3 is too little; it is 64 MB or more (imgpipe process --help)",
    "process in out --max-size lots": (
        "--max-size: 'lots' is no size; write 500MB, 1.5GB or 2GiB (imgpipe process --help)"
    ),
    "process in out --min-savings 100%": (
        "--min-savings: no output saves 100%; it is less than 100% (imgpipe process --help)"
    ),
    "process in out --max-size 0": "--max-size: 0 is too little; it is 1 byte or more (imgpipe process --help)",
    "process in out --min-savings lots": (
        "--min-savings: 'lots' is neither a share nor a size; write 10% or 100KB (imgpipe process --help)"
    ),
    "process in out --keep exfi": (
        "--keep: keep=exfi is not valid; it is one of exif, xmp, icc, iptc, all (imgpipe process --help)"
    ),
    "process in out --background rd": "--background: 'rd' is no colour; did you mean red? (imgpipe process --help)",
    # formats and their options
    "process in out -f jpg2": "there is no format jpg2; did you mean jpg?",
    "process in out -f psd": "format psd is only read, not written; choose another one, such as png",
    "process in out -f jpeg --lossless": "lossless: jpeg cannot hold every pixel exactly; choose png or webp",
    "process in out -f gif --lossless": "lossless: gif cannot hold every pixel exactly; choose png or webp",
    "process in out -f png --progressive": "png has no --progressive; formats that have it: jpeg",
    "process in out -f jpeg --palette": "jpeg has no --palette; formats that have it: png, gif",
    "process in out -f webp --subsampling 4:2:0": ("webp has no --subsampling; formats that have it: jpeg, avif, heic"),
    "process in out -f gif -q 80": (
        "gif has no --quality; formats that have it: jpeg, webp, avif, heic, jpeg2000, jxl"
    ),
    "process in out -c srcset --progressive": "webp and avif have no --progressive; formats that have it: jpeg",
    # filters and geometry
    "process in out -F reszie:3": "there is no filter reszie; did you mean resize?",
    "filters reszie": "there is no filter reszie; did you mean resize?",
    "process in out -F resize:widht=3": "filter resize has no option widht; did you mean width?",
    "process in out --kernel lancos3": ("filter resize: kernel=lancos3 is not valid; did you mean lanczos3?"),
    "process in out --gravity nort": "filter resize: gravity=nort is not valid; did you mean north?",
    "process in out --resize 9x9 --fit cover --gravity top": (
        "filter resize: gravity=top is not valid; gravity takes center, north, northeast, east, southeast, south, "
        "southwest, west, northwest, attention, entropy"
    ),
    "process in out --fit cover": (
        "resize needs a size: size, width, height, long_edge, short_edge (--resize 800x600, --width 800...)"
    ),
    "process in out --resize 800xx600": f"resize: cannot read the size '800xx600'; {GEOMETRY}",
    "process in out --resize 800*600": f"resize: cannot read the size '800*600'; {GEOMETRY}",
    "process in out -F blur:-1": "filter blur: sigma=-1 is not valid; sigma takes 0 to 500 px",
    # recipes
    "process in out -c wbe": "there is no recipe wbe, and no such file; did you mean web?",
    "recipe show web": "too many arguments: web; a recipe stands behind -c (imgpipe recipe show --help)",
    "recipe check nix.toml": "cannot read the recipe nix.toml: No such file or directory",
    "recipe check bad.toml": "bad.toml: there is no qualty; did you mean quality?",
    # names and files
    "process inn out": "there is no input inn; did you mean in?",
    "process in/a.pgn out": "there is no input in/a.pgn; did you mean in/a.png?",
    "process web in": "there is no input web, but there is in: INPUT comes first, then OUTPUT",
    "process web out": "there is no input web",
    "process web made": "there is no input web",
    "process gone/ out": "the input gone/ is a link to unmounted, which is not there",
    "process gone out": "the input gone is a link to unmounted, which is not there",
    "process - made": (
        "there is no input -; pictures come from a folder or a file, and --files-from - takes their names from "
        "standard input"
    ),
    "process in/*.png made": "there is no input in/*.png; INPUT is in then, and --include '*.png' chooses in it",
    "process *.png in": "there is no input *.png; INPUT is . then, and --include '*.png' chooses in it",
    f"process {LONG} out": f"cannot look at the input {LONG}: File name too long",
    "process in in": (
        "input and output are the same folder, {folder}/in; give another output, or --in-place to replace each picture "
        "by what is made of it"
    ),
    "process in in/a.png": "{folder}/in/a.png is no folder; OUTPUT is a folder",
    "process in/a.png in/a.png --in-place": "{folder}/in/a.png is no folder; OUTPUT is the folder of INPUT",
    "process in in --in-place --overwrite never": (
        "--in-place replaces each picture, which --overwrite never forbids: leave one of them out"
    ),
    "process in out.tar.gz": (
        "OUTPUT is a folder or a shard, and out.tar.gz would be a folder; give another, or something.tar"
    ),
    "process in out --name {stm}{ext}": "the name '{stm}{ext}': there is no {stm}; did you mean stem?",
    "process in out --suffix=/x": "the suffix '/x' cannot be part of a file name",
    "process in out -0": "--null says how the names of --files-from end: give --files-from FILE, or - for stdin",
    "process in out --files-from nix": "cannot read the names in nix: No such file or directory",
    "process in out --json nix/x": "cannot write nix/x: No such file or directory",
    "process in out --strip --keep exif": "strip and keep contradict each other: strip keeps nothing",
    "process in nfs://host/out": (
        "cannot use nfs://host/out: there is no storage for nfs:// here; give a local folder, or s3://, gs://, az://, "
        "http://, https://"
    ),
}


STANDS = [".imgpipe", "a.png", "bad.toml", "gone", "in", "made"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    (folder / "in").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "in" / "a.png")
    (folder / "made" / ".imgpipe").mkdir(parents=True)
    (folder / "gone").symlink_to("unmounted")
    (folder / "bad.toml").write_text("qualty = 3\n")
    return folder


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_call_is_answered_in_one_line_and_writes_nothing(call, folder, monkeypatch, capfd):
    """In this process: to start one takes longer than all else."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["imgpipe", *call.split()])
    status = cli.run()
    assert capfd.readouterr() == ("", f"imgpipe: {WRONG[call].replace('{folder}', str(folder))}\n")
    assert status == cli.WRONG_USAGE
    assert sorted(path.name for path in folder.rglob("*")) == STANDS


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["process", "in", ""], "behind in stands an empty word; a variable that is not set?"),
        (["process", "", "out"], "behind process stands an empty word; a variable that is not set?"),
        (
            ["process", "in", "out", "--files-from", ""],
            "behind --files-from stands an empty word; a variable that is not set?",
        ),
        (["process", "in", "out", "--recipe="], "--recipe= says nothing; a variable that is not set?"),
        (["process", "--", "in", ""], "behind in stands an empty word; a variable that is not set?"),
        (["process", "--", "--suffix", ""], "behind --suffix stands an empty word; a variable that is not set?"),
    ],
)
def test_an_empty_word_is_refused_since_it_would_mean_something_else(call, said, folder):
    done = imgpipe(*call, cwd=folder)
    assert (done.stdout, done.stderr, done.returncode) == ("", f"imgpipe: {said}\n", 2)
    assert sorted(path.name for path in folder.rglob("*")) == STANDS


@pytest.mark.parametrize("empty", [["--suffix", ""], ["--suffix="], ["--name", ""]], ids=str)
def test_an_empty_suffix_or_name_is_none(empty, folder, tmp_path):
    assert imgpipe("process", "-Q", *empty, "--", folder / "in", tmp_path / "out").returncode == 0
    assert (tmp_path / "out" / "a.png").exists()


@pytest.mark.parametrize("call", ["proces in out", "process in out --rezise 3", "process in out --name {stm}{ext}"])
def test_a_wrong_call_is_answered_so_by_the_command_itself(call, folder):
    done = imgpipe(*call.split(), cwd=folder)
    assert (done.stdout, done.stderr, done.returncode) == ("", f"imgpipe: {WRONG[call]}\n", 2)


@pytest.mark.parametrize("call", [(), ("process",), ("recipe",)])
def test_a_command_alone_shows_its_page(call):
    done = imgpipe(*call)
    assert done.stderr.startswith(f"Usage: {' '.join(('imgpipe', *call))} ")
    assert "--help" in done.stderr
    assert done.returncode == 2


def test_help_of_a_command_by_either_name():
    assert imgpipe("help", "recipe", "check").stdout == imgpipe("recipe", "check", "--help").stdout != ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--include", "x*.jpg"], "no files in in with --include 'x*.jpg'"),
        (["--exclude", "*"], "no files in in with --exclude '*'"),
        (["--files-from", os.devnull], f"no names in {os.devnull}"),
    ],
)
def test_what_matches_nothing_is_said(options, said, folder, tmp_path):
    done = imgpipe("process", "in", tmp_path / "out", "--width", 4, *options, cwd=folder)
    assert done.stdout.splitlines()[0] == said


def test_exchanged_folders_are_pointed_out(folder, tmp_path):
    (tmp_path / "out").mkdir()
    done = imgpipe("process", tmp_path / "out", folder / "made", "--width", 4, "--dry-run")
    assert done.stdout.splitlines()[0] == f"no files in {tmp_path}/out", "there are outputs, as they should"
    done = imgpipe("process", tmp_path / "out", folder / "in", "--width", 4)
    assert done.stdout.splitlines()[0] == f"no files in {tmp_path}/out, but in {folder}/in: INPUT comes first"


@pytest.mark.parametrize(
    "option", [["-f", "png", "--baseline"], ["-c", "srcset", "--subsampling", "4:4:4"], ["-q", 80]]
)
def test_an_option_that_one_of_the_outputs_may_heed_is_taken(option, folder, tmp_path):
    assert imgpipe("process", folder / "in", tmp_path / "out", *option).returncode == 0


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc to be refused by")
def test_an_output_that_cannot_be_written_ends_the_run_with_3(folder):
    done = imgpipe("process", folder / "in", "/proc/nothing", "--width", 4)
    assert done.stderr == (
        "imgpipe: cannot write to /proc/nothing: No such file or directory; mend that and run the same command again\n"
    )
    assert done.returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("call", ["formats", "process in out --width 4", "process in out2 --width 4 --json -"])
def test_a_full_disk_behind_standard_output_is_one_line(call, folder, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    words = [str(tmp_path) if word == "in" else word for word in call.split()]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "imgpipe", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            text=True,
            check=False,
        )
    assert done.stderr.splitlines()[-1] == (
        "imgpipe: standard output, or a file: No space left on device; mend that and run the same command again"
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 3


@pytest.mark.parametrize("call", ["formats", "process in out"])
def test_a_folder_that_is_gone_is_said(call, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    program = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m imgpipe {call}"
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == "imgpipe: the folder that you are in is gone; go to another one\n"
    assert done.returncode == 3


BROKEN = """
import sys
from imgpipe.cli import formats
formats.all_codecs = lambda: {}["png"]
from imgpipe.__main__ import main
sys.argv = ["imgpipe", *sys.argv[1:]]
main()
"""


def test_an_error_that_nobody_expected_is_called_a_bug_and_shown_on_request():
    command = [sys.executable, "-c", BROKEN]
    short = subprocess.run([*command, "formats"], capture_output=True, text=True, check=False)
    assert short.stderr == (
        "imgpipe: this is a bug in imgpipe: KeyError: 'png'. Please report it, with the command and what "
        "`imgpipe doctor` prints; `imgpipe -v ...` shows more\n"
    )
    assert short.returncode == 3
    long = subprocess.run([*command, "-v", "formats"], capture_output=True, text=True, check=False)
    assert long.stderr.startswith("Traceback (most recent call last):\n")
    assert "imgpipe: this is a bug in imgpipe: KeyError: 'png'." in long.stderr.splitlines()[-1]


def test_what_nobody_expected_is_told_in_one_line_however_long_its_words():
    said = complaints.bug(ValueError("first\n  second\r\nthird"))
    assert "ValueError: first second third." in said
    assert "imgpipe doctor" in said
    assert said.isprintable()
