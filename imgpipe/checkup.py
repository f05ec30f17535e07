"""What a report of a bug should say of an installation and its machine, and whether it works at all."""

from __future__ import annotations

import importlib.metadata
import locale
import os
import platform
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from typing import TypeAlias

from imgpipe import __version__, codecs
from imgpipe.api import process
from imgpipe.concurrency.launch import default_start_method, stop_signals_blocked
from imgpipe.engines.free_memory import half_of_free_memory
from imgpipe.engines.workforce import Workforce, usable_cores
from imgpipe.errors import ImgpipeError, install_advice
from imgpipe.options import Options
from imgpipe.recipe import Recipe
from imgpipe.storage.listing import TEMPORARY_PREFIX

Facts: TypeAlias = Mapping[str, str]
"""What -> how it is, in words."""

_LIBRARIES = (
    "pillow", "numpy", "cykooz-resizer", "opencv-python-headless", "click", "msgspec", "tqdm", "jinja2",
)  # fmt: skip
_INSIDE_PILLOW = ("libjpeg_turbo", "zlib", "libtiff", "jpg_2000", "webp", "avif", "littlecms2", "freetype2", "raqm")
_EXTRAS = {
    "heif": "pillow_heif",
    "jxl": "pillow_jxl",
    "raw": "rawpy",
    "watch": "watchfiles",
    "cloud": "obstore",
    "cluster": "distributed",
}
_BROKEN = "BROKEN: "
_NO = "no"


def checkup(output: str | None = None) -> dict[str, Facts]:
    """Facts under headings; those that begin as `is_broken` knows keep imgpipe from working.

    No names of pictures, users or hosts, and nothing of the environment's variables.

    Args:
        output: a folder to be written to, which is tried out.
    """
    found: dict[str, Facts] = {
        "versions": dict(_versions()),
        "formats": dict(_formats()),
        "extras": {extra: "yes" if find_spec(name) else install_advice(extra) for extra, name in _EXTRAS.items()},
        "machine": dict(_machine()),
    }
    if output is not None:
        found["output"] = dict(_output(output))
    return found | {"self test": {"a picture through a worker": self_test()}}


def is_broken(fact: str) -> bool:
    """Whether a fact keeps imgpipe from working."""
    return fact.startswith(_BROKEN)


def self_test() -> str:
    """Decode, resize and encode one picture in a worker process, with files read and written around it."""
    try:
        from PIL import Image

        with ExitStack() as leaving:
            # A Ctrl-C in the midst of its making would leave the folder behind.
            with stop_signals_blocked():
                folder = leaving.enter_context(tempfile.TemporaryDirectory(prefix="imgpipe-doctor-"))
            os.mkdir(os.path.join(folder, "in"))
            Image.radial_gradient("L").convert("RGB").save(os.path.join(folder, "in", "test.png"))
            options = Options(workforce=Workforce(cores=1, timeout=60.0))
            recipe = Recipe(["resize:width=64", "blur:1"], format="jpeg")
            report = process(f"{folder}/in", f"{folder}/out", recipe, options=options)
            for failure in report.errors.values():
                return _BROKEN + failure
            with Image.open(os.path.join(folder, "out", "test.jpg")) as made:
                made.load()
                return "works" if made.size == (64, 64) else f"{_BROKEN}the output has {made.size} px"
    except (ImgpipeError, OSError, ImportError) as error:
        return f"{_BROKEN}{error}"


def _versions() -> Iterator[tuple[str, str]]:
    yield "imgpipe", __version__
    yield "Python", f"{platform.python_version()} {platform.python_implementation()}"
    yield "system", platform.platform()
    for name in _LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, f"{_BROKEN}not installed"
    try:
        from PIL import features
    except ImportError as error:
        yield "in Pillow", f"{_BROKEN}{error}"
        return
    for name in _INSIDE_PILLOW:
        yield f"{name} in Pillow", str(features.version(name) or _NO)


def _formats() -> Iterator[tuple[str, str]]:
    for codec in codecs.all_codecs():
        yield codec.name, codec.missing or ("read, write" if codec.encode else "read")


def _machine() -> Iterator[tuple[str, str]]:
    yield "cores", f"{usable_cores()} usable of {os.cpu_count()}"
    yield "memory for pictures", f"{half_of_free_memory() / 1e9:.1f} GB, half of what is free (--memory)"
    yield "start of workers", default_start_method()
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = (
            "unlimited" if limit == resource.RLIM_INFINITY else limit
            for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
        )
        yield "open files", f"{soft}, at most {hard} (ulimit -n)"
    yield "temporary files", _writable(tempfile.gettempdir())
    yield "encodings", f"file names {sys.getfilesystemencoding()}, locale {locale.getencoding()}"
    yield "terminal", f"{'yes' if sys.stderr.isatty() else _NO}, {shutil.get_terminal_size().columns} columns"


def _writable(folder: str) -> str:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=TEMPORARY_PREFIX):
            return "can be written"
    except OSError as error:
        return f"{_BROKEN}cannot be written: {error.strerror}"


def _output(folder: str) -> Iterator[tuple[str, str]]:
    if not os.path.isdir(folder):
        yield "folder", f"{_BROKEN}there is no such folder; give one that is there"
        return
    yield "folder", _writable(folder)
    with suppress(OSError):
        yield "free", f"{shutil.disk_usage(folder).free / 1e9:.1f} GB"
    with suppress(OSError, ValueError, AttributeError):
        yield "longest name", f"{os.pathconf(folder, 'PC_NAME_MAX')} bytes"
    with suppress(OSError):
        yield from _tried(folder)


def _tried(folder: str) -> Iterator[tuple[str, str]]:
    """What a file system does can only be seen by doing it; with names that are swept if this is killed."""
    path = os.path.join(folder, f"{TEMPORARY_PREFIX}{secrets.token_hex(4)}")
    try:
        for name in (path, f"{path}x"):
            with open(name, "xb"):
                pass
        same = os.path.exists(os.path.join(folder, os.path.basename(path).upper()))
        yield "names that differ in case", "are one" if same else "are two"
        os.replace(f"{path}x", path)
        yield "rename over a file", "works"
    except OSError as error:
        yield "rename over a file", f"{_BROKEN}{error.strerror}"
    finally:
        for name in (path, f"{path}x"):
            with suppress(OSError):
                os.unlink(name)
