"""A disk that loses power: what was done to a folder is remembered, and what a cut after any step may leave is made."""

import os

from imgpipe.storage.calls import SYSTEM


class File:
    """Content now, and what of it a power loss leaves for certain."""

    def __init__(self, data=b"", durable=b""):
        self.data = data
        self.durable = durable


class Folder:
    """Entries now, and those that a power loss leaves for certain."""

    def __init__(self):
        self.entries = {}
        self.durable = {}


class Recorder:
    """System calls that are done, and remembered in their order."""

    def __init__(self):
        self.log = []
        self._paths = {}

    def open(self, path, flags, mode=0o777):
        descriptor = SYSTEM.open(path, flags, mode)
        self._paths[descriptor] = path
        if flags & os.O_CREAT:
            self.log.append(("create", path, bool(flags & os.O_TRUNC)))
        return descriptor

    def write(self, descriptor, data):
        written = SYSTEM.write(descriptor, data)
        self.log.append(("write", descriptor, self._paths[descriptor], bytes(data[:written])))
        return written

    def fsync(self, descriptor):
        SYSTEM.fsync(descriptor)
        self.log.append(("sync", descriptor, self._paths[descriptor]))

    fdatasync = fsync

    def close(self, descriptor):
        SYSTEM.close(descriptor)

    def mkdir(self, path):
        SYSTEM.mkdir(path)
        self.log.append(("mkdir", path))

    def replace(self, path, to):
        SYSTEM.replace(path, to)
        self.log.append(("replace", path, to))

    def unlink(self, path):
        SYSTEM.unlink(path)
        self.log.append(("unlink", path))


class Disk:
    """What stands below a folder after some of the remembered steps, and what a power cut then leaves.

    A file that is synced keeps its content, a folder that is synced keeps its names; nothing else is certain. The worst
    that POSIX allows, where most file systems do more.
    """

    def __init__(self, root, before):
        self._root = str(root)
        self._top = Folder()
        for name, data in before.items():
            folder = self._folder(os.path.join(self._root, os.path.dirname(name)), make=True)
            folder.entries[os.path.basename(name)] = File(data, data)
        self._settle(self._top)

    def apply(self, step):
        match step:
            case ("create", path, truncated):
                folder, name = self._place(path)
                file = folder.entries.setdefault(name, File())
                if truncated:
                    file.data = b""
            case ("write", _, path, data):
                folder, name = self._place(path)
                folder.entries[name].data += data
            case ("sync", _, path):
                self._sync(path)
            case ("mkdir", path):
                folder, name = self._place(path)
                folder.entries[name] = Folder()
            case ("replace", path, to):
                folder, name = self._place(path)
                moved = folder.entries.pop(name)
                folder, name = self._place(to)
                folder.entries[name] = moved
            case ("unlink", path):
                folder, name = self._place(path)
                del folder.entries[name]

    def cut(self, chance=None):
        """Names and contents after a power cut: only what is certain, or by chance also some of what is not."""
        return dict(self._left(self._top, "", chance))

    def _left(self, folder, prefix, chance):
        names = folder.durable
        if chance and chance.random() < 0.6:
            names = folder.entries
        for name, found in names.items():
            if isinstance(found, Folder):
                yield from self._left(found, f"{prefix}{name}/", chance)
            else:
                yield prefix + name, _left_of(found, chance)

    def _sync(self, path):
        if path == self._root:
            self._top.durable = dict(self._top.entries)
        elif path.startswith(self._root + "/"):
            folder, name = self._place(path)
            found = folder.entries[name]
            if isinstance(found, Folder):
                found.durable = dict(found.entries)
            else:
                found.durable = found.data

    def _place(self, path):
        return self._folder(os.path.dirname(path)), os.path.basename(path)

    def _folder(self, path, *, make=False):
        folder = self._top
        for part in [part for part in path[len(self._root) :].split("/") if part]:
            if make:
                folder.entries.setdefault(part, Folder())
            folder = folder.entries[part]
        return folder

    def _settle(self, folder):
        folder.durable = dict(folder.entries)
        for found in folder.entries.values():
            if isinstance(found, Folder):
                self._settle(found)


def _left_of(file, chance):
    """Content after a cut: what was synced; by chance some of what was written since, or zeros for it."""
    if not chance or not file.data.startswith(file.durable):
        return file.durable
    more = file.data[len(file.durable) :]
    kept = more[: chance.randrange(len(more) + 1)]
    return file.durable + (kept if chance.random() < 0.7 else bytes(len(kept)))
