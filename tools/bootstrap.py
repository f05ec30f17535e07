#!/usr/bin/env python3
"""Make the environment in .venv: imgpipe from this folder, editable, and the tools its developers use.

It needs the standard library alone and is called by the Makefile. It takes the first way that works:

1. uv, where it is installed;
2. `python3 -m venv` and pip;
3. `python3 -m venv --without-pip` and the pip of the Python it runs under, where ensurepip is missing (Debian and
   Ubuntu put it in a package of its own).

Up to the check of its version this file must be readable for every Python 3, so that an old one can say it is old.
"""

import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
READY = os.path.join(VENV, "imgpipe-ready")
UNFINISHED = os.path.join(VENV, "imgpipe-unfinished")
OLDEST = (3, 11)
# Called with .venv activated, `python3` is the one in it; what is to make .venv must live outside.
OUTSIDE = getattr(sys, "_base_executable", None) or sys.executable

# `compile_bytecode` does it at the end, where it must be: pip compiles one by one, also what nobody will ever load.
PIP_OPTIONS = ("--quiet", "--no-compile")

NO_WAY = """\
This Python cannot make an environment: it has neither ensurepip nor pip. One of these helps:

    apt install python3-venv      on Debian and Ubuntu, as root
    install uv                    it brings all it needs; see its documentation

Then run make again. `make PYTHON=...` takes another Python."""

NOT_INSTALLED = """\
The packages could not be installed; what the installer said stands above. Without a network, or behind a mirror, pip
and uv need their own configuration (pip.conf, uv.toml); run make again when it is there."""


def run(*command: str, quiet: bool = False) -> bool:
    """Run a command and say whether it worked."""
    # Set for a system, these would send packages elsewhere or refuse; in an environment of our own they mean nothing.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "__PYVENV_LAUNCHER__")
    }
    environment.update(PIP_USER="0", PIP_BREAK_SYSTEM_PACKAGES="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    # uv reads its own configuration, not pip's; where pip was told an index or certificates by the environment, uv
    # gets to know. What only pip.conf says it cannot know, fails, and pip has its turn.
    for pip_name, uv_name in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if pip_name in os.environ:
            environment.setdefault(uv_name, os.environ[pip_name])
    silent = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=silent, stderr=silent, check=False).returncode == 0


def requirements() -> "list[str]":
    """What pip and uv are to install. The group is read here because pip knows groups only from 25.1 on."""
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        return ["--editable", ".", *tomllib.load(file)["dependency-groups"]["dev"]]


def touch(path: str) -> None:
    """Make an empty file, or make it new."""
    with open(path, "w", encoding="ascii"):
        pass


def clear() -> None:
    """Begin with an empty .venv; what stands in it until the end says that it is not finished."""
    shutil.rmtree(VENV, ignore_errors=True)
    os.makedirs(VENV, exist_ok=True)
    touch(UNFINISHED)


def usable() -> bool:
    """Whether there is an environment one can install into: finished, here, its Python still there and new enough."""
    if os.path.exists(UNFINISHED) or not os.path.exists(PYTHON) or was_moved():
        return False
    return run(PYTHON, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST})", quiet=True)


def place() -> str:
    """The folder that the environment is in, also where .venv is a link to that of another clone."""
    return os.path.dirname(os.path.realpath(VENV))


def was_moved() -> bool:
    """Whether the environment was made for a folder of another name, by which its programs call their Python."""
    if not os.path.exists(READY):
        return False
    with open(READY, encoding="utf-8", errors="surrogateescape") as file:
        return file.read() not in ("", place())


def install_with_uv(fresh: bool) -> bool:
    """The fast way."""
    uv = shutil.which("uv")
    if not uv:
        return False
    made = not fresh or run(uv, "venv", "--quiet", "--allow-existing", "--python", OUTSIDE, VENV)
    done = made and run(uv, "pip", "install", "--quiet", "--python", PYTHON, *requirements())
    if not done:
        print("uv did not succeed (see above); trying pip.", flush=True)
    return done


def install_with_pip(fresh: bool) -> bool:
    """The way of the standard library."""
    if fresh and not run(OUTSIDE, "-m", "venv", VENV):
        return False
    return has_pip(PYTHON) and run(PYTHON, "-m", "pip", "install", *PIP_OPTIONS, *requirements())


def install_from_outside(fresh: bool) -> bool:
    """The way of a Python without ensurepip but with pip: that pip installs into an environment without one."""
    if fresh and not run(OUTSIDE, "-m", "venv", "--without-pip", VENV):
        return False
    return run(OUTSIDE, "-m", "pip", "--python", PYTHON, "install", *PIP_OPTIONS, *requirements())


def has_pip(python: str) -> bool:
    """Whether a Python has pip."""
    return run(python, "-m", "pip", "--version", quiet=True)


def has_ensurepip() -> bool:
    """Whether this Python can put pip into an environment. Debian's has a package that only says it cannot."""
    return run(OUTSIDE, "-c", "import ensurepip; ensurepip.version()", quiet=True)


def install() -> bool:
    """Fill .venv in the first way that works. One that is there is kept and brought up to date, if that works."""
    if has_ensurepip():
        pip_way = install_with_pip
    elif has_pip(OUTSIDE):
        pip_way = install_from_outside
    else:
        pip_way = None
    if not pip_way and not shutil.which("uv"):
        sys.exit(NO_WAY)
    if usable():
        touch(UNFINISHED)
        if install_with_uv(fresh=False) or (pip_way and pip_way(fresh=False)):
            return True
    for way in (install_with_uv, pip_way):
        if way:
            clear()
            if way(fresh=True):
                return True
    return False


def install_s3_server() -> None:
    """The S3 server of the tests, its content pinned; without it they skip, as on platforms for which there is none."""
    pinned = ("--quiet", "--require-hashes", "--no-deps", "-r", os.path.join("tests", "requirements-s3.txt"))
    uv = shutil.which("uv")
    if uv and run(uv, "pip", "install", "--python", PYTHON, *pinned, quiet=True):
        return
    if has_pip(PYTHON):
        run(PYTHON, "-m", "pip", "install", *pinned, quiet=True)
    elif has_pip(OUTSIDE):
        run(OUTSIDE, "-m", "pip", "--python", PYTHON, "install", *pinned, quiet=True)


def compile_bytecode() -> None:
    """Compile all modules where Python is told not to write them, as nobody would, and each start would take longer.

    Else whoever loads a module first compiles it, and the many that nobody loads cost nothing.
    """
    if not sys.dont_write_bytecode:
        return
    where = 'import sysconfig; print(sysconfig.get_path("purelib"))'
    packages = subprocess.run([PYTHON, "-c", where], stdout=subprocess.PIPE, check=True, text=True).stdout
    # Some packages carry files that are no Python on purpose; they are no failure.
    run(PYTHON, "-m", "compileall", "-qq", "-j", "0", packages.strip(), os.path.join(ROOT, "imgpipe"), quiet=True)


def main() -> None:
    """Make it, and leave the stamp by which make knows."""
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        print(f"imgpipe needs Python 3.11 or later; {sys.executable} is {version}.", file=sys.stderr)
        sys.exit("`make PYTHON=python3.12` takes another.")
    print("Making the environment in .venv ...", flush=True)
    if not install():
        sys.exit(NOT_INSTALLED)
    install_s3_server()
    compile_bytecode()
    os.remove(UNFINISHED)
    with open(READY, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(place())


if __name__ == "__main__":
    main()
