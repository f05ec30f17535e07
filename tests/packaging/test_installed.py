"""The wheel in environments that hold nothing else and are filled from the registry, so `make dist` runs these."""

import os
import shutil
import subprocess
import sys
import tomllib

import pytest

import imgpipe

pytestmark = pytest.mark.registry

PROGRAM = """\
import imgpipe

recipe = imgpipe.Recipe(["resize:width=64"], format="webp")
report: imgpipe.Report = imgpipe.process("in", "out", recipe, cores=1)
reveal_type(report.count("written"))
"""
WRONG = "import imgpipe\n\nimgpipe.process(1, 2)\n"


def run(*command, cwd, expected=0):
    # What the tests' own environment says of modules and folders is not for one that is to be empty.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == expected, result.stdout + result.stderr
    return result.stdout


def install(folder, *wanted, by_uv=False):
    """The `bin` of a new environment with these packages and what they need, by pip; or by uv, which is faster."""
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    into = ("--python", folder / "env/bin/python")
    # The tests' environment has no pip where uv made it; the Python under it may have one.
    pythons = (sys.executable, getattr(sys, "_base_executable", sys.executable))
    for python in () if by_uv and shutil.which("uv") else pythons:
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            run(python, "-m", "pip", *into, "install", *wanted, cwd=folder)
            break
    else:
        run("uv", "pip", "install", *into, *wanted, cwd=folder)
    return folder / "env" / "bin"


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """The `bin` of an environment with the wheel and what it needs."""
    return install(tmp_path_factory.mktemp("empty"), built.wheel)


@pytest.mark.timeout(300)
def test_the_command_works_in_an_empty_environment(built, environment, tmp_path):
    for command in ("imgpipe", "imgpipe-cli"):
        assert run(environment / command, "--version", cwd=tmp_path) == f"imgpipe {imgpipe.__version__}\n"
    (tmp_path / "in").mkdir()
    shutil.copy(built.root / "sample_images" / "dunes.jpg", tmp_path / "in")
    said = run(environment / "imgpipe", "process", "in", "out", "-c", "web", "--format", "webp", cwd=tmp_path)
    assert "1 written" in said
    assert (tmp_path / "out" / "dunes.webp").read_bytes()[8:12] == b"WEBP"
    where = run(environment / "python", "-c", "import imgpipe; print(imgpipe.__file__)", cwd=tmp_path)
    assert where.startswith(str(environment.parent))


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the oldest NumPy that is allowed has wheels up to 3.12")
def test_the_command_works_with_the_oldest_libraries_that_are_allowed(built, tmp_path):
    with open(built.root / "pyproject.toml", "rb") as file:
        floors = [text.split(">=") for text in tomllib.load(file)["project"]["dependencies"]]
    # Of 8.4 the oldest is one of 8.4.*, and of 3.1.6 one of 3.1.*.
    oldest = [f"{name}~={floor}{'.0' * (floor.count('.') < 2)}" for name, floor in floors]
    imgpipe_there = install(tmp_path, built.wheel, *oldest, by_uv=True) / "imgpipe"
    samples = built.root / "sample_images"
    said = run(imgpipe_there, "process", samples, "out", "--width", "64", "-F", "blur:1", cwd=tmp_path, expected=1)
    assert "20 written, 0 unchanged, 2 failed, 2 skipped" in said
    assert run(imgpipe_there, "report", "out", cwd=tmp_path) == "imgpipe-report.html\n"
    assert run(imgpipe_there, "doctor", cwd=tmp_path).endswith("all is well\n")


def test_a_program_that_uses_the_library_is_type_checked(environment, tmp_path):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", environment / "python"]
    (tmp_path / "program.py").write_text(PROGRAM)
    assert 'Revealed type is "int"' in run(*command, "program.py", cwd=tmp_path).replace("builtins.", "")
    (tmp_path / "wrong.py").write_text(WRONG)
    assert "[arg-type]" in run(*command, "wrong.py", cwd=tmp_path, expected=1)


@pytest.mark.skipif(shutil.which("uvx") is None, reason="there is no uv here")
def test_uvx_runs_the_command(built, tmp_path):
    found_by_name = ("--find-links", built.wheel.parent, "imgpipe-cli")
    for call in (("--from", built.wheel, "imgpipe"), (built.wheel,), found_by_name):
        assert run("uvx", *call, "--version", cwd=tmp_path) == f"imgpipe {imgpipe.__version__}\n"


@pytest.mark.skipif(shutil.which("pipx") is None, reason="there is no pipx here")
def test_pipx_runs_the_command(built, tmp_path):
    found_by_name = (f"--pip-args=--find-links={built.wheel.parent}", "imgpipe-cli")
    for call in (("--spec", built.wheel, "imgpipe"), found_by_name):
        assert run("pipx", "run", "--no-cache", *call, "--version", cwd=tmp_path) == f"imgpipe {imgpipe.__version__}\n"
