"""What these tests need of the machine."""

from __future__ import annotations

import ctypes.util
import shutil
from pathlib import Path

import pytest


def _can_mount() -> bool:
    library = ctypes.util.find_library("fuse3") or ctypes.util.find_library("fuse")
    return bool(Path("/dev/fuse").exists() and shutil.which("fusermount3") and library)


fuse = pytest.mark.skipif(not _can_mount(), reason="no file system can be mounted here (apt install fuse3)")
