"""What is in the wheel and in the sdist, and what they say of themselves."""

import email
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import import_module
from pathlib import PurePosixPath

import pytest

import imgpipe

# Of the registry's names these two count as one with `imgpipe`; one of them belongs to others.
TAKEN = "imgpipe"

WHERE = """
def test_where():
    import imgpipe.naming

    print(imgpipe.naming.__file__)
"""


def seen_as(name):
    """A name as PyPI compares it for likeness: without separators, and with letters merged that look the same."""
    return re.sub(r"[-_.]", "", name.lower()).translate(str.maketrans("1io", "ll0"))


@pytest.fixture(scope="session")
def files(built):
    """The wheel's files: name -> content."""
    with zipfile.ZipFile(built.wheel) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


@pytest.fixture(scope="session")
def information(files):
    """The wheel's METADATA."""
    [name] = [name for name in files if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(files[name])


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(built, files):
    there = {
        path.relative_to(built.root).as_posix()
        for path in (built.root / "imgpipe").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in files if not PurePosixPath(name).parts[0].endswith((".dist-info", ".data"))}
    assert held == there
    assert {"imgpipe/py.typed", "imgpipe/recipe/shipped/web.toml"} <= held


def test_the_manual_pages_are_where_man_looks_for_them(built, files):
    installed = {name.partition(".data/data/share/man/man1/")[2]: content for name, content in files.items()}
    pages = {path.name: path.read_bytes() for path in (built.root / "docs" / "man").iterdir()}
    assert pages
    assert {name: content for name, content in installed.items() if name} == pages


def test_the_licence_is_in_the_wheel(built, files):
    [licence] = [content for name, content in files.items() if name.endswith("/LICENSE")]
    assert licence == (built.root / "LICENSE").read_bytes()


def test_the_version_stands_in_one_place(built, information):
    assert information["Version"] == imgpipe.__version__
    project = tomllib.loads((built.root / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    assert built.wheel.name.startswith(f"imgpipe_cli-{imgpipe.__version__}-py3-none-any")


def test_the_name_is_none_that_the_registry_takes_for_anothers(information):
    assert seen_as(information["Name"]) != seen_as(TAKEN)


def test_the_command_has_its_own_name_and_that_of_the_distribution(files, information):
    [content] = [content for name, content in files.items() if name.endswith("/entry_points.txt")]
    commands = dict(re.findall(r"^(\S+) = (\S+)$", content.decode(), re.MULTILINE))
    assert commands.keys() == {"imgpipe", information["Name"]}
    for target in commands.values():
        module, _, function = target.partition(":")
        assert callable(getattr(import_module(module), function))


def test_nothing_tells_people_to_install_the_program_of_others(built):
    """`pip install imgpipe` would fetch nothing, or one day something else."""
    wrong = re.compile(r"imgpipe\[|(pip|pipx|tool) install (-U |--upgrade )?'?imgpipe(?!-cli)\b|uvx imgpipe(?!-cli)\b")
    texts = [
        *built.root.glob("*.md"),
        *(built.root / "docs").rglob("*.md"),
        *(built.root / "imgpipe").rglob("*.py"),
        *(built.root / "imgpipe").rglob("*.html*"),
    ]
    assert len(texts) > 50
    assert {path: found[0] for path in texts if (found := wrong.search(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_the_sdist_holds_all_that_is_kept_in_git(built):
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=built.root, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("this is no checkout")
    with tarfile.open(built.sdist) as sdist:
        held = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    assert set(filter(None, listing.stdout.split("\0"))) - held == set()
    assert not any(re.search(r"(^|/)(\.venv|dist|out|__pycache__)/", name) for name in held)


def test_the_tests_run_from_the_sdist(built, tmp_path):
    with tarfile.open(built.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()
    (folder / "tests" / "test_where.py").write_text(WHERE)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        folder / "tests/test_where.py",
        folder / "tests/test_naming.py",
    ]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert result.returncode == 0, result.stdout + result.stderr
    assert str(folder / "imgpipe") in result.stdout


def test_the_registry_would_take_both(built):
    pytest.importorskip("twine")
    command = [sys.executable, "-m", "twine", "check", "--strict", built.wheel, built.sdist]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("PASSED") == 2
