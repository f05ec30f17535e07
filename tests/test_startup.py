"""What is imported when: start-up is counted, not timed."""

import os
import subprocess
import sys

HEAVY = {"numpy", "PIL", "cv2", "cykooz_resizer", "tqdm", "click", "multiprocessing", "distributed", "dask"}


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_imgpipe_imports_nothing_heavy():
    assert not modules_after("import imgpipe") & HEAVY


def test_version_imports_no_library_of_pictures():
    code = "from imgpipe import cli\nsys.argv = ['imgpipe', '--version']\ncli.run()"
    assert not modules_after(code) & (HEAVY - {"click"})


def test_what_is_loaded_before_the_fork_server_is_forked_is_what_every_run_needs():
    """It is loaded on one core while the others wait; the odd run loads the rest when it comes to it."""
    assert not modules_after("import imgpipe.steps") & {"ctypes", "difflib", "hashlib", "logging", "traceback"}


def test_reading_a_recipe_imports_no_library_of_pictures():
    code = "import imgpipe\nimgpipe.Recipe(['resize:800x600', 'sharpen'], format='webp')\nimport imgpipe.cli.process"
    assert not modules_after(code) & {"numpy", "PIL", "cv2", "cykooz_resizer", "tqdm"}


def test_a_run_imports_no_library_of_pictures_in_the_parent(tmp_path):
    from PIL import Image

    (tmp_path / "in").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "in" / "a.png")
    code = (
        "import imgpipe\n"
        f"report = imgpipe.process({str(tmp_path / 'in')!r}, {str(tmp_path / 'out')!r}, cores=1)\n"
        "assert report.count('written') == 1, report"
    )
    unwanted = {"numpy", "PIL", "cv2", "cykooz_resizer", "distributed", "dask", "obstore", "configparser"}
    unwanted |= {"ctypes", "difflib", "logging", "traceback"}
    assert not modules_after(code) & unwanted


def test_all_public_names_exist():
    import imgpipe

    for name in imgpipe.__all__:
        assert getattr(imgpipe, name) is not None


def test_a_script_without_a_main_guard_is_told_so_once(tmp_path):
    from PIL import Image

    (tmp_path / "in").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "in" / "a.png")
    script = tmp_path / "script.py"
    folders = f"{str(tmp_path / 'in')!r}, {str(tmp_path / 'out')!r}"
    script.write_text(f"import imgpipe\nimgpipe.process({folders}, cores=2)\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("Traceback") <= 3
    assert 'needs `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]


PIPED = """
import sys, imgpipe
if __name__ == "__main__":
    print(imgpipe.process(*sys.argv[1:], cores=1), __file__)
"""


def test_a_script_from_standard_input_has_workers(tmp_path):
    """As of a here-document. There is no file for them to import, which is all that tells it from a prompt."""
    from PIL import Image

    (tmp_path / "in").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "in" / "a.png")
    done = subprocess.run(
        [sys.executable, "-", tmp_path / "in", tmp_path / "out"],
        input=PIPED, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("1 written, 0 unchanged, 0 failed, 0 skipped <stdin>\n", "")


COLLECTING = """
import gc, sys
from imgpipe import __main__, cli
run = cli.run
cli.run = lambda: (run(), print("collecting", gc.isenabled(), gc.get_freeze_count() > 10_000))[0]
__main__.main()
"""


def collecting(folder, *words):
    """The exit status of a command, and what is said of the garbage collection at its end."""
    words = [words[0], "in", "out", *words[1:]]
    command = [sys.executable, "-c", COLLECTING, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=60)
    return done.returncode, done.stdout.splitlines()[-1]


def test_garbage_is_collected_once_the_workers_and_the_command_have_started_but_not_among_what_was_loaded(tmp_path):
    from PIL import Image

    (tmp_path / "in").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "in" / "a.png")
    (tmp_path / "collecting.py").write_text(
        "import gc\nimport numpy as np\n\n"
        "def check(pixels: np.ndarray) -> np.ndarray:\n    assert gc.isenabled()\n    return pixels\n"
    )
    assert collecting(tmp_path, "process", "-F", "collecting:check") == (0, "collecting True True")


def test_garbage_is_collected_while_a_folder_is_watched_which_may_take_months(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    # It ends with the first failure, and needs no word of the system.
    assert collecting(tmp_path, "watch", "--fail-fast", "--poll", "60") == (1, "collecting True True")


def test_workers_load_nothing_of_the_network_and_nothing_more_with_the_first_picture():
    """Each worker would load it anew, and every run waits for it."""
    code = (
        "import io, imgpipe.preload\n"
        "from PIL import Image\n"
        "from imgpipe.recipe import Recipe\n"
        "file = io.BytesIO(); Image.new('RGB', (64, 48)).save(file, 'jpeg')\n"
        "recipe = Recipe(['resize:32x32'], format='jpeg')\n"
        "before = set(sys.modules)\n"
        "recipe.apply(file.getvalue())\n"
        "network = [name for name in ('ssl', 'http', 'email', 'urllib.request') if name in sys.modules]\n"
        "print('MORE', *sorted(set(sys.modules) - before), 'NETWORK', *network)"
    )
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["MORE", "NETWORK"]


def test_a_run_from_folder_to_folder_imports_nothing_for_shards(tmp_path):
    from PIL import Image

    (tmp_path / "in").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "in" / "a.png")
    code = (
        "import imgpipe\n"
        f"imgpipe.process({str(tmp_path / 'in')!r}, {str(tmp_path / 'out')!r}, cores=1)\n"
        "assert not {name for name in sys.modules if 'shard' in name or 'packing' in name}"
    )
    assert not modules_after(code) & {"tarfile"}


def test_in_workers_libraries_have_one_thread_each_but_where_the_person_says_how_many():
    """Several workers with one thread each are faster than one with several."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    code = f"import os, imgpipe.preload\nprint(*(os.environ[name] for name in {names}))"
    given = {name: value for name, value in os.environ.items() if name not in names}
    for asked, wanted in (({}, "1 1 1\n"), ({names[1]: "3"}, "1 3 1\n")):
        command = [sys.executable, "-c", code]
        assert (
            subprocess.run(command, env=given | asked, stdout=subprocess.PIPE, text=True, check=True).stdout == wanted
        )
