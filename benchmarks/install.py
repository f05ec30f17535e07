"""Finding the peers on this machine, and installing those that their ecosystem's client can bring."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.model import INSTALLED, Absent


def tool(names: tuple[str, ...], proof: str, version_option: str = "--version") -> tuple[str, str] | Absent:
    """Path and first version line of the first tool of these names whose version text contains `proof`.

    Every folder of PATH is tried: a name alone proves nothing, other programs are called `convert` too.
    """
    for name in names:
        for folder in os.get_exec_path():
            path = os.path.join(folder, name)
            said = output((path, version_option)) if os.access(path, os.X_OK) else None
            if said and proof in said:
                return path, said.splitlines()[0]
    return Absent(f"not found: {' or '.join(names)}")


def output(argv: tuple[str, ...], env: dict[str, str] | None = None) -> str | None:
    """What a command printed, None where it is not there or failed."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=60, check=True, env=os.environ | (env or {})
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def npm_package(name: str) -> Path | Absent:
    """The `node_modules` folder that holds an npm package, installed there if need be."""
    modules = INSTALLED / "node_modules"
    if (modules / name).is_dir():
        return modules
    INSTALLED.mkdir(exist_ok=True)
    failure = _install(("npm", "install", "--no-audit", "--no-fund", "--prefix", str(INSTALLED), name))
    return failure or modules


def python_with(*packages: str, proof: str = "") -> Path | Absent:
    """A Python in a private environment that holds these packages, made if need be.

    Args:
        packages: names on the registry; the first is also the environment's.
        proof: the module that can be imported where they are there; the first package's by default.
    """
    home = INSTALLED / packages[0]
    python = home / "bin" / "python"
    if output((str(python), "-c", f"import {proof or packages[0]}")) is not None:
        return python
    failure = _install((sys.executable, "-m", "venv", "--clear", str(home))) or _install(
        (str(python), "-m", "pip", "install", "--quiet", *packages)
    )
    return failure or python


def _install(argv: tuple[str, ...]) -> Absent | None:
    name = Path(argv[0]).name
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    except FileNotFoundError:
        return Absent(f"cannot be installed: {name} is not there")
    except subprocess.TimeoutExpired:
        return Absent(f"cannot be installed: {name} took more than 10 minutes")
    return Absent(f"cannot be installed: {name} ended with status {done.returncode}") if done.returncode else None
