"""Filters of one's own, by `module:function`, from Python and from a package, through worker processes."""

import json
import os
import pty
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from PIL import Image

from imgpipe.recipe import Recipe

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLUGIN = os.path.join(ROOT, "docs", "examples", "plugin")

OWN = """
import os
import sys
import numpy as np

def negative(pixels: np.ndarray) -> np.ndarray:
    "Turn it over."
    return ~pixels

def picky(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[2] == 1:
        raise ValueError("grey is not for me")
    return pixels

def leaves(pixels: np.ndarray) -> np.ndarray:
    sys.exit(3)

def interrupts(pixels: np.ndarray) -> np.ndarray:
    raise KeyboardInterrupt

def forks(pixels: np.ndarray) -> np.ndarray:
    os.fork()
    return pixels

def prints(pixels: np.ndarray) -> np.ndarray:
    print("from Python")
    sys.stdout.flush()
    os.write(1, b"from C\\n")
    return pixels
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with `own.py` in it, and pictures of several kinds in `in`."""
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "in").mkdir()
    random = np.random.default_rng(3)
    for mode, bands in (("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)):
        noise = random.integers(0, 256, (12, 16, bands), np.uint8)
        Image.frombytes(mode, (16, 12), noise.tobytes()).save(tmp_path / "in" / f"{mode}.png")
    deep = random.integers(0, 65536, (12, 16), np.uint16)
    Image.fromarray(deep).save(tmp_path / "in" / "deep.png")
    frames = [Image.new("RGB", (16, 12), (number * 90, 0, 0)) for number in range(3)]
    frames[0].save(tmp_path / "in" / "moving.webp", save_all=True, append_images=frames[1:], duration=50, lossless=True)
    return tmp_path


def call(folder, *arguments, **environment):
    command = [sys.executable, "-m", "imgpipe", *arguments]
    given = {**os.environ, "PYTHONPATH": ROOT, **environment}
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False, timeout=100)


def process(folder, *steps, out="out", **environment):
    """`imgpipe process in out`, in two worker processes; what became of each input, and the run."""
    filters = [word for step in steps for word in ("-F", step)]
    done = call(folder, "process", "in", out, "--cores", "2", "--lossless", "--json", "-", *filters, **environment)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["source"]: line for line in lines if line["type"] == "item"}, done


def samples(path):
    return np.asarray(Image.open(path))


def test_a_plain_function_is_shown_colours_at_every_depth_and_every_frame(folder):
    items, done = process(folder, "own:negative")
    assert done.returncode == 0, done.stderr
    assert {item["status"] for item in items.values()} == {"written"}
    for name in ("L.png", "RGB.png", "deep.png"):
        assert np.array_equal(samples(folder / "out" / name), ~samples(folder / "in" / name))
        assert samples(folder / "out" / name).dtype == samples(folder / "in" / name).dtype
    for name in ("LA.png", "RGBA.png"):
        before, after = samples(folder / "in" / name), samples(folder / "out" / name)
        visible = before[:, :, -1] > 0
        assert np.array_equal(after[:, :, -1], before[:, :, -1])
        assert np.array_equal(after[visible][:, :-1], ~before[visible][:, :-1])
    with Image.open(folder / "out" / "moving.webp") as moving:
        assert moving.n_frames == 3
        for number in range(3):
            moving.seek(number)
            assert moving.convert("RGB").getpixel((3, 3)) == (255 - number * 90, 255, 255)


def test_its_error_fails_that_picture_with_a_reason(folder):
    items, done = process(folder, "own:picky")
    assert done.returncode == 1
    failed = {name: item["error"]["message"] for name, item in items.items() if item["status"] == "failed"}
    assert failed == dict.fromkeys(
        ["L.png", "LA.png", "deep.png"], "filter picky failed: ValueError: grey is not for me"
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("engine", ["serial", "threads", "processes"])
def test_a_filter_that_would_leave_costs_its_pictures_only(folder, engine):
    done = call(folder, "process", "in", "out", "--engine", engine, "-F", "own:leaves")
    assert done.returncode == 1
    assert done.stderr.count("filter leaves failed: SystemExit: 3") + done.stdout.count("SystemExit: 3") == 6
    assert "Traceback" not in done.stderr


def test_an_interrupt_of_the_run_itself_is_told_as_a_ctrl_c_is(folder):
    done = call(folder, "process", "in", "out", "--engine", "serial", "-F", "own:interrupts")
    assert done.returncode == 130
    assert "6 not begun; run the same command again to go on" in done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_the_copy_of_a_filter_that_forks_does_not_go_on_with_the_run(folder, engine):
    done = call(folder, "process", "in", "out", "--engine", engine, "--cores", "2", "-F", "own:forks")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("6 inputs: 6 written, 0 unchanged, 0 failed") == 1
    assert done.stdout.count("inputs:") == 1
    assert sorted(os.listdir(folder / "out")) == sorted([".imgpipe", *os.listdir(folder / "in")])


def test_what_it_prints_does_not_come_between_the_lines_of_json(folder):
    items, done = process(folder, "own:prints")
    assert len(items) == 6
    assert done.returncode == 0
    assert done.stderr.count("from Python") >= 6
    assert done.stderr.count("from C") >= 6


def test_what_was_made_with_another_version_of_the_file_is_made_anew(folder):
    process(folder, "own:negative")
    again, _ = process(folder, "own:negative")
    assert {item["status"] for item in again.values()} == {"unchanged"}
    (folder / "own.py").write_text(OWN.replace("~pixels", "pixels"))
    changed, _ = process(folder, "own:negative")
    assert {item["status"] for item in changed.values()} == {"written"}
    assert np.array_equal(samples(folder / "out" / "RGB.png"), samples(folder / "in" / "RGB.png"))


@pytest.mark.parametrize(
    ("source", "step", "message"),
    [
        ("import no_such_thing", "own:any", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise RuntimeError('first\\nsecond')", "own:any", "RuntimeError: first second"),
        ("raise SystemExit(4)", "own:any", "SystemExit: 4"),
        ("class Odd(BaseException): ...\nraise Odd", "own:any", "no filter at own:any: Odd\n"),
        ("def any(:", "own:any", "SyntaxError: invalid syntax"),
        (OWN, "own:negativ", "own has no negativ; did you mean negative?"),
        (OWN, "own:zzz", "no filter at own:zzz: own has no zzz"),
        ("import json\njson.no_such_name", "own:any", "AttributeError: module 'json' has no attribute"),
        (OWN, "own:os", "own:os is no filter"),
        (OWN, "own:negative:strength=2", "filter negative has no option strength"),
        (OWN, "own.py:negative", "nor on Python's path; leave .py away: own\n"),
        (f"{OWN}\ndef bare(pixels: np.ndarray, by=1): ...", "own:bare", "float, bool or a Literal\n"),
        (f"{OWN}\ndef odd(pixels: np.ndarray, by: list[int] = ()): ...", "own:odd", "or a Literal, not list[int]\n"),
        (OWN, "no_such_module:any", "there is no module no_such_module in this folder, nor on"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_one_line_before_anything_is_read(folder, source, step, message):
    (folder / "own.py").write_text(source)
    done = call(folder, "process", "in", "out", "-F", step)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "out").exists()


def test_one_of_a_notebooks_cell_is_refused_with_the_way_out_where_processes_would_need_it(folder):
    # What `-c` is given stands in no file, as what a cell or a prompt is given.
    program = f"import imgpipe\n{OWN}\ntwo = imgpipe.Recipe([imgpipe.filter(negative)()])\n"
    run = "print(imgpipe.process('in', 'out', two, options=imgpipe.Options(engine='{}')))"
    command = [sys.executable, "-c"]
    settings = {"cwd": folder, "capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run([*command, program + run.format("processes")], check=False, **settings)
    assert done.stderr.count("Traceback") == 1
    # What pickle adds from Python 3.14 on stands behind it.
    said = next(line for line in done.stderr.splitlines() if "is defined in a notebook or at a prompt" in line)
    assert "define it at the top of a module" in said
    done = subprocess.run([*command, program + run.format("threads")], check=True, **settings)
    assert " 0 failed" in done.stdout


def test_one_whose_module_workers_do_not_find_is_told_as_such(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("elsewhere") / "plug.py"
    place.write_text(OWN)
    program = f"""
import importlib.util, sys, imgpipe
spec = importlib.util.spec_from_file_location("plug", {str(place)!r})
plug = sys.modules["plug"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(plug)
try:
    imgpipe.process("in", "out", imgpipe.Recipe([imgpipe.filter(plug.negative)()]))
except imgpipe.RunError as error:
    print(error)
"""
    settings = {"cwd": folder, "env": {**os.environ, "PYTHONPATH": ROOT}, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", program], check=True, timeout=60, **settings)
    assert done.stdout.startswith("a worker process cannot load what it is to do: no filter at plug:negative: there is")
    assert done.stderr == ""


@pytest.fixture
def installed(tmp_path):
    """A folder for PYTHONPATH in which the example package is installed, as pip would unpack it."""
    with open(os.path.join(PLUGIN, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)["project"]
    site = tmp_path / "site"
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    shutil.copy(os.path.join(PLUGIN, "imgpipe_print_shop.py"), site)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [f"{name} = {value}" for name, value in project["entry-points"]["imgpipe.filters"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[imgpipe.filters]", *lines, ""]))
    return os.pathsep.join([str(site), ROOT])


def test_a_packages_filters_have_names_like_any_other(folder, installed):
    items, done = process(folder, "duotone:sea", "resize:8x6", "glow:amount=0.3", PYTHONPATH=installed)
    assert done.returncode == 0, done.stderr
    assert {item["status"] for item in items.values()} == {"written"}
    with Image.open(folder / "out" / "L.png") as grey, Image.open(folder / "out" / "LA.png") as faint:
        assert (grey.mode, grey.size, faint.mode) == ("RGB", (8, 6), "RGBA")
    listed = call(folder, "filters", PYTHONPATH=installed).stdout
    assert "\nFrom other packages\n  duotone        imgpipe_print_shop:duotone\n" in listed
    shown = call(folder, "filters", "glow", PYTHONPATH=installed).stdout
    assert "  sigma          0 to 100 px; default 8\n                 standard deviation of the blur, px.\n" in shown
    assert "did you mean duotone?" in call(folder, "filters", "dutone", PYTHONPATH=installed).stderr


def test_the_same_bytes_come_from_the_engines_and_from_the_reference(folder, installed):
    process(folder, "duotone:sea", PYTHONPATH=installed)
    process(folder, "imgpipe_print_shop:duotone:sea", out="out2", PYTHONPATH=installed)
    call(folder, "process", "in", "out3", "--engine", "serial", "--lossless", "-F", "duotone:sea", PYTHONPATH=installed)
    for name in os.listdir(folder / "in"):
        made = [(folder / out / name).read_bytes() for out in ("out", "out2", "out3")]
        assert made[0] == made[1] == made[2], name


def test_the_examples_glow_leaves_no_dark_rim(monkeypatch):
    monkeypatch.syspath_prepend(PLUGIN)
    import imgpipe_print_shop

    from imgpipe.filters import apply
    from imgpipe.picture import Picture

    y, x = np.mgrid[:60, :60]
    cover = np.clip(20 - np.hypot(x - 30, y - 30), 0, 1)
    pixels = np.zeros((60, 60, 4), np.uint8)
    pixels[cover > 0, :3] = (200, 120, 60)
    pixels[:, :, 3] = np.rint(cover * 255)
    source = Picture((Image.frombytes("RGBA", (60, 60), pixels.tobytes()),), (60, 60), "png")
    result = np.asarray(apply(imgpipe_print_shop.glow(amount=1, sigma=4), source).frames[0]).astype(int)
    visible = pixels[:, :, 3] > 16
    assert np.array_equal(result[:, :, 3], pixels[:, :, 3])
    assert (result[visible][:, :3] >= np.array([200, 120, 60]) - 8).all()
    assert (result[visible][:, :3] <= np.array([243, 184, 106]) + 8).all()  # where all around is as light
    assert Recipe([imgpipe_print_shop.duotone(inks="sea")]).digest != Recipe([imgpipe_print_shop.duotone()]).digest


# By `-m` Python looks into the folder that it is called in, which the command does not.
ALONE = [sys.executable, "-P"]


@pytest.mark.parametrize(
    ("names", "steps"),
    [(("nt", "_winapi", "msvcrt", "olefile", "defusedxml"), []), (("tqdm", "colorsys"), ["-F", "own:negative"])],
    ids=["that libraries try to import", "called as libraries are"],
)
def test_files_beside_the_pictures_do_not_run(folder, names, steps):
    """On a terminal, where the progress bar's library tries to import two that are there on Windows alone."""
    for name in names:
        (folder / f"{name}.py").write_text(f"open({str(folder / 'harm')!r}, 'w')\n")
    terminal, its_end = pty.openpty()
    try:
        command = [*ALONE, "-m", "imgpipe", "process", "in", "out", *steps]
        given = {"cwd": folder, "env": os.environ | {"PYTHONPATH": ROOT}, "stdout": subprocess.DEVNULL}
        subprocess.run(command, stderr=its_end, check=True, timeout=60, **given)
    finally:
        os.close(terminal)
        os.close(its_end)
    assert not (folder / "harm").exists()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["process", "in", "out", "--dry-run"], False),
        (["process", "in", "out", "--dry-run", "-F", "own:negative"], True),
        (["process", "in", "out", "--dry-run", "-F", "owm:negative"], False),
        (["filters"], False),
        (["filters", "own:negative"], True),
        (["recipe", "check", "none.toml"], False),
        (["bench", "none"], False),
        (["watch", "none", "out"], False),
    ],
)
def test_a_folder_is_looked_for_modules_only_where_one_of_it_is_asked_for(folder, arguments, wanted):
    program = "import sys\nfrom imgpipe import cli\ncli.run()\nprint(sys.path[-1], file=sys.stderr)"
    given = {"cwd": folder, "env": os.environ | {"PYTHONPATH": ROOT}, "text": True, "timeout": 60}
    done = subprocess.run([*ALONE, "-c", program, *arguments], capture_output=True, check=True, **given)
    assert (done.stderr.splitlines()[-1] == str(folder)) == wanted
