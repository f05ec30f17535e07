"""The Makefiles: the repository's own, and the one its users start from."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLE = os.path.join(ROOT, "docs", "examples", "Makefile")

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here"),
]


def make(*arguments, cwd=ROOT):
    # The outer make's flags, and its variables, are not for these.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    environment |= {"LC_ALL": "C"}
    for name in ("ARGS", "WORKERS", "PHOTOS", "SITE", "CORES", "IMGPIPE"):
        environment.pop(name, None)
    return subprocess.run(["make", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def phony_targets(path):
    with open(path, encoding="utf-8") as file:
        return re.search(r"^\.PHONY: (.*)$", file.read(), re.MULTILINE)[1].split()


TARGETS = phony_targets(os.path.join(ROOT, "Makefile"))


def test_make_alone_prints_every_target_with_a_line_of_help():
    result = make()
    assert result.returncode == 0, result.stderr
    listed = dict(re.findall(r"^    (\w+) +(\S.*)$", result.stdout, re.MULTILINE))
    assert listed.keys() == set(TARGETS)
    assert max(len(line) for line in result.stdout.splitlines()) <= 110
    assert make("help").stdout == result.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_parses(target):
    result = make("-n", target)
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr


def test_the_targets_run_what_they_say():
    assert "imgpipe process sample_images out" in make("-n", "demo").stdout
    assert "-m pytest -n 3 -x" in make("-n", "test", "WORKERS=3", "ARGS=-x").stdout
    assert "-m chaos" in make("-n", "chaos").stdout
    assert "-m benchmarks --help" in make("-n", "bench", "ARGS=--help").stdout
    check = make("-n", "check").stdout
    assert all(tool in check for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports"))


@pytest.fixture
def copy(tmp_path):
    """A folder with the Makefile alone, and stand-ins for what it calls."""
    shutil.copy(os.path.join(ROOT, "Makefile"), tmp_path)
    for path in ("tools/bootstrap.py", ".venv/bin/imgpipe", "pyproject.toml", ".venv/imgpipe-ready"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path


@pytest.mark.parametrize(("status", "good"), [(0, False), (1, True), (2, False), (3, False), (130, False)])
def test_the_demo_wants_the_two_failures_and_nothing_else(copy, status, good):
    program = copy / ".venv/bin/imgpipe"
    program.write_text(f'#!/bin/sh\necho "called: $*"\nexit {status}\n')
    program.chmod(0o755)
    result = make("demo", cwd=copy)
    assert "called: process sample_images out" in result.stdout
    assert (result.returncode == 0) == good
    assert ("on purpose" in result.stdout) == good


def test_a_newer_pyproject_brings_the_environment_up_to_date(copy):
    (copy / "tools/bootstrap.py").write_text("print('bootstrapping')\n")
    os.utime(copy / "tools/bootstrap.py", (1, 1))
    os.utime(copy / "pyproject.toml", (2, 2))
    assert "bootstrapping" not in make("env", cwd=copy).stdout
    os.utime(copy / ".venv/imgpipe-ready", (1, 1))
    assert "bootstrapping" in make("env", cwd=copy).stdout


@pytest.fixture
def bootstrap():
    spec = importlib.util.spec_from_file_location("bootstrap", os.path.join(ROOT, "tools", "bootstrap.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_environment_whose_folder_was_moved_is_made_anew(copy, bootstrap, monkeypatch):
    """Its programs say where their Python was. One that does not know its folder was made when none was noted."""
    moved = copy.rename(copy.parent / "a folder, früh (2)")
    ready = moved / ".venv/imgpipe-ready"
    monkeypatch.setattr(bootstrap, "VENV", str(moved / ".venv"))
    monkeypatch.setattr(bootstrap, "READY", str(ready))
    for place, anew in (("", False), (os.path.realpath(moved), False), (str(copy), True)):
        ready.write_text(place, encoding="utf-8")
        assert ("bootstrap.py" in make("-n", "env", cwd=moved).stdout) is anew
        assert bootstrap.was_moved() is anew


@pytest.mark.parametrize("writes", [True, False])
def test_modules_are_compiled_only_where_python_will_not_do_it_itself(writes, bootstrap, monkeypatch):
    called = []
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    monkeypatch.setattr(bootstrap, "run", lambda *command, **_: called.append(command))
    monkeypatch.setattr(sys, "dont_write_bytecode", not writes)
    bootstrap.compile_bytecode()
    assert ["compileall" in command for command in called] == [True] * (not writes)


def test_clean_takes_only_what_can_be_made_again(copy):
    kept = ["photos/cat.jpg", "imgpipe/run.py", "output/result.jpg", ".venv2/mine", "docs/guide.md", "__pycache__/mine"]
    gone = ["out/dunes.jpg", "dist/imgpipe.whl", ".pytest_cache/v", ".hypothesis/x", "imgpipe/cli/__pycache__/a.pyc"]
    for path in kept + gone:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).touch()
    (copy / "elsewhere").mkdir()
    (copy / "elsewhere/precious").touch()
    (copy / ".mypy_cache").symlink_to("elsewhere")
    result = make("clean", cwd=copy)
    assert result.returncode == 0, result.stderr
    assert [path for path in kept if not (copy / path).exists()] == []
    assert [path for path in gone if (copy / path).exists()] == []
    assert not (copy / ".venv").exists()
    assert (copy / "elsewhere/precious").exists()


@pytest.mark.parametrize("target", phony_targets(EXAMPLE))
def test_the_users_makefile_parses(tmp_path, target):
    shutil.copy(EXAMPLE, tmp_path)
    (tmp_path / "photos").mkdir()
    result = make("-n", target, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr


def test_the_users_makefile_calls_imgpipe_for_every_part(tmp_path):
    shutil.copy(EXAMPLE, tmp_path)
    (tmp_path / "photos").mkdir()
    calls = re.findall(
        r"^imgpipe process (?:--cores (\d+) +)?photos (\S+)", make("-n", "CORES=3", cwd=tmp_path).stdout, re.MULTILINE
    )
    assert calls == [("3", "site/thumbs"), ("3", "site/web"), ("3", "site/square")]
    assert "--cores" not in make("-n", cwd=tmp_path).stdout
