"""Folders of small pictures, what stands in a folder, and calls that fail or are watched at the Nth time."""

import os
import random
from contextlib import suppress

from PIL import Image

from imgpipe.storage.calls import SYSTEM

CHANGING = ("open", "write", "close", "replace", "mkdir", "fsync", "fdatasync")


def paint(path, size=(24, 16), seed=0):
    """Write a small picture of noise; its format is that of the extension, PNG where there is none."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    noise = random.Random(f"{seed} {size}").randbytes(size[0] * size[1] * 3)
    image = Image.frombytes("RGB", size, noise)
    extension = os.path.splitext(path)[1]
    if extension:
        image.save(path)
    else:
        image.save(path, "png")


def paint_all(folder, names, size=(24, 16)):
    """Write a small picture under each name, no two of them alike; the folder."""
    for seed, name in enumerate(names):
        paint(folder / name, size, seed)
    return folder


def write(path, data=b""):
    """Write a file of any content."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def three_and_a_bad_one(folder):
    """Write three pictures and a file that is none: what to expect of a run is then easily said."""
    for number in range(3):
        paint(folder / f"{number}.png", seed=number)
    write(folder / "bad.jpg", b"no picture")
    return folder


def opened_below(folder):
    """How many descriptors of this process are files below a folder: others come and go beside a test."""
    links = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            links.append(os.readlink(os.path.join("/proc/self/fd", descriptor)))
    return sum(link.startswith(os.fspath(folder) + os.sep) for link in links)


def contents(root, *, hidden=False):
    """Every file below a folder and its bytes; hidden files and folders only where asked for."""
    found = {}
    for folder, folders, files in os.walk(root):
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if hidden or not name.startswith("."):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, root)] = file.read()
    return found


def traces(root):
    """Inode, size and times of every file and folder below a folder: the same where nothing was touched."""
    paths = [os.path.join(folder, name) for folder, folders, files in os.walk(root) for name in [*folders, *files]]
    status = {path: os.lstat(path) for path in [root, *paths]}
    return {path: (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) for path, found in status.items()}


def temporaries(root):
    return [name for _, folders, files in os.walk(root) for name in [*folders, *files] if name.startswith(".imgpipe-")]


class WatchedCalls:
    """Stands for the system calls of a storage: `before(call)` is called with the number of each changing call."""

    real = SYSTEM

    def __init__(self, before, names=CHANGING):
        self._before = before
        self._names = names
        self.calls = 0

    def __getattr__(self, name):
        real = getattr(self.real, name)
        if name not in self._names:
            return real

        def watched(*arguments, **more):
            self.calls += 1
            try:
                self._before(self.calls)
            except OSError:
                if name == "close":
                    real(*arguments)  # Linux frees the descriptor also where close reports an error
                raise
            return real(*arguments, **more)

        return watched


class WatchedOs(WatchedCalls):
    """Stands for the module `os` in one module that reads."""

    real = os


def failing_calls(error, first, *, for_good=False, names=CHANGING):
    """Calls of which number `first` fails with this errno, and all that follow where it fails for good."""

    def before(call):
        if call == first or (for_good and call > first):
            raise OSError(error, os.strerror(error))

    return WatchedCalls(before, names)
