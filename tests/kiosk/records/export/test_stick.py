"""The stick: a file is there whole and verified, or not at all, and the line says what happened to it."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from firmware.errors import StickError, StickFullError, StickGoneError, StickReadOnlyError, StickTakenError
from kiosk.records.export.stick import put

CONTENT = os.urandom(3 << 20)


def content(file: BinaryIO) -> None:
    for start in range(0, len(CONTENT), 1 << 20):
        file.write(CONTENT[start : start + (1 << 20)])


def test_a_file_is_there_whole(tmp_path: Path) -> None:
    digest = put(tmp_path, "a.zip", content)
    assert (tmp_path / "a.zip").read_bytes() == CONTENT
    assert digest == hashlib.sha256(CONTENT).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("taken", ["file", "folder", "dangling link"])
def test_what_is_there_is_not_replaced(tmp_path: Path, taken: str) -> None:
    there = tmp_path / "a.zip"
    {"file": there.touch, "folder": there.mkdir, "dangling link": lambda: there.symlink_to("nowhere")}[taken]()
    with pytest.raises(StickTakenError, match=r"STK-04 .*a\.zip is there already"):
        put(tmp_path, "a.zip", content)


@pytest.mark.parametrize("gone", ["nowhere", "file"])
def test_a_stick_that_is_not_there(tmp_path: Path, gone: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StickGoneError):
        put(tmp_path / gone, "a.zip", content)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StickFullError),
        (errno.EFBIG, StickFullError),
        (errno.EROFS, StickReadOnlyError),
        (errno.EIO, StickGoneError),
        (errno.ENODEV, StickGoneError),
        (errno.EMLINK, StickError),
    ],
)
def test_a_write_that_fails_leaves_nothing_and_says_why(tmp_path: Path, number: int, kind: type[StickError]) -> None:
    def fails(file: BinaryIO) -> None:
        file.write(CONTENT)
        raise OSError(number, os.strerror(number))

    with pytest.raises(kind) as caught:
        put(tmp_path, "a.zip", fails)
    assert type(caught.value) is kind
    assert list(tmp_path.iterdir()) == []


def test_what_a_pulled_stick_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".phenokiosk-old.zip.part").write_bytes(b"half")
    (tmp_path / ".phenokiosk-a.zip.part").symlink_to("/dev/full")
    (tmp_path / "somebody else's.txt").touch()
    put(tmp_path, "a.zip", content)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "somebody else's.txt"]


def test_a_stick_that_does_not_keep_what_was_written(tmp_path: Path) -> None:
    """Something else changes the file between writing and reading back."""

    def content_then_changed(file: BinaryIO) -> None:
        content(file)
        with (tmp_path / ".phenokiosk-a.zip.part").open("r+b") as other:
            other.seek(1234)
            other.write(b"!!!!")

    with pytest.raises(StickError, match="did not keep"):
        put(tmp_path, "a.zip", content_then_changed)
    assert list(tmp_path.iterdir()) == []
