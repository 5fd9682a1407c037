"""The disk as a real file system (FUSE), so that SQLite, Python and the kernel use it as they use any other."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.faults.disk import Disk, Node

UNCACHED: Final = {"direct_io": True, "attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0}
"""The kernel keeps nothing: what it remembers would survive a cut."""
ROOM: Final = 1 << 18


class Losing:
    """FUSE's calls on a Disk. pid: says who calls."""

    use_ns = True

    def __init__(self, disk: Disk, pid: Callable[[], int]) -> None:
        self.disk = disk
        self._pid = pid
        self._open: dict[int, tuple[int, Node]] = {}
        self._handles = itertools.count(1)

    def init(self, _path: str) -> None:
        """Nothing is to be made ready."""

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """What stat says; an open file is asked by its handle, since it may have no name any more."""
        node = self._node(fh) if fh else self.disk.find(path)
        size, links = len(node.data), 2 if node.is_folder else 1
        return {"st_mode": node.mode, "st_size": size, "st_nlink": links, "st_uid": os.getuid(), "st_gid": os.getgid()}

    def readdir(self, path: str, _fh: int) -> list[str]:
        return [".", "..", *self.disk.find(path).entries]

    def statfs(self, _path: str) -> dict[str, int]:
        return {
            "f_bsize": 4096,
            "f_frsize": 4096,
            "f_blocks": ROOM,
            "f_bfree": ROOM,
            "f_bavail": ROOM,
            "f_namemax": 255,
        }

    def create(self, path: str, mode: int, _fi: object = None) -> int:
        self._step("create", path)
        folder, name = self.disk.parent(path)
        folder.entries[name] = Node(stat.S_IFREG | mode & 0o7777)
        return self._handle(folder.entries[name])

    def open(self, path: str, flags: int) -> int:
        node = self.disk.find(path)
        if flags & os.O_TRUNC:
            self._step("truncate", path)
            node.data.clear()
        return self._handle(node)

    def opendir(self, path: str) -> int:
        return self._handle(self.disk.find(path))

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        self.disk.look(path, offset)
        return bytes(self._node(fh).data[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._step("write", path)
        content = self._node(fh).data
        content.extend(bytes(max(offset - len(content), 0)))
        content[offset : offset + len(data)] = data
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        self._step("truncate", path)
        content = (self._node(fh) if fh else self.disk.find(path)).data
        del content[length:]
        content.extend(bytes(length - len(content)))
        return 0

    def fsync(self, path: str, _datasync: int, fh: int) -> int:
        self._step("fsync", path)
        node = self._node(fh)
        node.durable = bytes(node.data)
        return 0

    def fsyncdir(self, path: str, _datasync: int, fh: int) -> int:
        self._step("fsyncdir", path)
        node = self._node(fh)
        node.durable_entries = dict(node.entries)
        return 0

    def symlink(self, path: str, to: str) -> int:
        self._step("symlink", path)
        folder, name = self.disk.parent(path)
        folder.entries[name] = Node(stat.S_IFLNK | 0o777, bytearray(to.encode()), to.encode())
        return 0

    def readlink(self, path: str) -> str:
        return self.disk.find(path).data.decode()

    def unlink(self, path: str) -> int:
        self._step("unlink", path)
        folder, name = self.disk.parent(path)
        del folder.entries[name]
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        self._step("mkdir", path)
        folder, name = self.disk.parent(path)
        folder.entries[name] = Node(stat.S_IFDIR | mode & 0o7777)
        return 0

    def rmdir(self, path: str) -> int:
        self._step("rmdir", path)
        folder, name = self.disk.parent(path)
        if folder.entries[name].entries:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
        del folder.entries[name]
        return 0

    def rename(self, old: str, new: str, *_flags: int) -> int:
        self._step("rename", new)
        (source, name), (target, wanted) = self.disk.parent(old), self.disk.parent(new)
        target.entries[wanted] = source.entries.pop(name)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        node = self.disk.find(path)
        node.mode = stat.S_IFMT(node.mode) | mode & 0o7777
        return 0

    def utimens(self, _path: str, _times: object = None) -> int:
        return 0

    def release(self, _path: str, fh: int) -> int:
        self._open.pop(fh, None)
        return 0

    releasedir = release

    def _handle(self, node: Node) -> int:
        fh = next(self._handles)
        self._open[fh] = (self.disk.generation, node)
        return fh

    def _node(self, fh: int | None) -> Node:
        """An open file; one that was opened before the power went is gone."""
        generation, node = self._open.get(fh or 0, (-1, self.disk.root))
        if generation != self.disk.generation:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return node

    def _step(self, what: str, path: str) -> None:
        self.disk.step(what, path, self._pid())


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Disk]:
    """A fresh disk at `folder`, served by a thread of this process; no call on it may come from this process."""
    import mfusepy  # here, since it cannot be imported where there is no libfuse

    disk = Disk()
    calls = Losing(disk, lambda: int(mfusepy.fuse_get_context()[2]))
    options = {"foreground": True, "nothreads": True, **UNCACHED}
    serve = threading.Thread(target=lambda: mfusepy.FUSE(calls, str(folder), **options), daemon=True)
    serve.start()
    _until_mounted(folder, serve)
    try:
        yield disk
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(folder)], check=True)
        serve.join(10)


def _until_mounted(folder: Path, serve: threading.Thread) -> None:
    """The kernel's own list says when it is there."""
    while f" {folder} fuse" not in Path("/proc/self/mounts").read_text(encoding="utf-8"):
        if not serve.is_alive():
            raise OSError("the file system did not start")
        time.sleep(0.005)
