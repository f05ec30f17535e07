"""What a run costs for each picture, counted, not timed: what grows here makes imgpipe slower."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.test_startup import modules_after

FEW, MANY = 24, 120


def counts(folder, size, format, number):
    """What the parent does for so many pictures."""
    (folder / "in").mkdir(parents=True)
    samples = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)
    for n in range(number):
        Image.fromarray(samples).save(folder / "in" / f"{n:04}.{format}")
    command = [sys.executable, "-m", "tests.counting", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=110)
    told = json.loads(done.stdout)
    assert told["written"] == number
    return told


@pytest.fixture(scope="module")
def measure(tmp_path_factory):
    """What one more picture of a kind costs; what a run costs once is in both numbers."""

    def of(kind):
        picture = {"small": ((32, 24), "jpg"), "large": ((420, 300), "png")}[kind]
        few = counts(tmp_path_factory.mktemp("few"), *picture, FEW)
        many = counts(tmp_path_factory.mktemp("many"), *picture, MANY)
        return {name: (many[name] - few[name]) / (MANY - FEW) for name in few}

    return of


@pytest.fixture(scope="module")
def for_each(measure):
    """What one more picture costs, of either kind."""
    return {kind: measure(kind) for kind in ("small", "large")}


@pytest.mark.parametrize("kind", ["small", "large"])
def test_files_are_opened_and_published_once(for_each, kind):
    each = for_each[kind]
    assert each["open"] <= 2.05
    assert each["os.rename"] == 1
    assert each["os.listdir"] == 0
    assert each["os.truncate"] == 0


def test_small_pictures_share_messages(for_each):
    assert for_each["small"]["messages"] < 0.6


def test_a_large_picture_is_one_message_and_its_bytes_do_not_go_through_the_pipe(for_each):
    assert for_each["large"]["messages"] <= 1.2
    if sys.platform == "linux":
        assert for_each["large"]["sent"] < 1000


@pytest.mark.parametrize(("kind", "most"), [("small", 222), ("large", 235)])
def test_python_calls_of_the_parent(for_each, measure, kind, most):
    """Beside other processes threads wake up for nothing more often: what a picture costs is the least."""
    calls = for_each[kind]["calls"]
    for _ in range(3):
        calls = calls if calls < most else min(calls, measure(kind)["calls"])
    assert calls < most


@pytest.mark.parametrize(
    ("code", "most", "besides"), [("import imgpipe.cli.process", 282, 147), ("import imgpipe.preload", 280, 141)]
)
def test_modules_that_are_loaded_to_start(code, most, besides):
    """All of them, and those besides Python's own, of which newer versions load some more."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.split()
    assert len([name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names]) < besides
    if sys.version_info < (3, 14):
        assert len(loaded) < most


def test_few_dataclasses_are_made_to_start():
    """Each takes as long as eight named tuples: what nobody configures or changes is one of those."""
    script = (
        "import dataclasses\n"
        "made, make = [], dataclasses.dataclass\n"
        "def counted(*args, **options):\n    made.append(1)\n    return make(*args, **options)\n"
        "dataclasses.dataclass = counted\n"
        "import imgpipe.cli.process, imgpipe.engines.processes\n"
        "print(len(made))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert 0 < int(done.stdout) <= 11


def test_a_start_needs_neither_openssl_nor_what_runs_filters():
    loaded = modules_after("import imgpipe.cli.process; imgpipe.recipe.WEB_READY.digest")
    assert not {"_hashlib", "imgpipe.filters.applying"}.intersection(loaded)


def test_a_command_that_shows_something_loads_less():
    assert "multiprocessing" not in modules_after("import imgpipe.cli.filters")
