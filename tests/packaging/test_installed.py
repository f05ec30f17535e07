"""The wheel in environments that hold nothing else; pip fills them from the registry, so `make dist` runs these."""

import os
import shutil
import subprocess
import sys

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


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """The `bin` of an environment with the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("empty")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    into = ("--python", folder / "env/bin/python")
    # The tests' environment has no pip where uv made it; the Python under it may have one.
    for python in (sys.executable, getattr(sys, "_base_executable", sys.executable)):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            run(python, "-m", "pip", *into, "install", built.wheel, cwd=folder)
            break
    else:
        run("uv", "pip", "install", *into, built.wheel, cwd=folder)
    return folder / "env" / "bin"


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
