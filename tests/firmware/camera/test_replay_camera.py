"""The replay camera on real files: photos that the test writes, a video that OpenCV writes."""

from __future__ import annotations

import errno
import logging
import os
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import pytest
from PIL import Image

from firmware.camera import Camera, CameraSettings, open_camera
from firmware.camera.pictures import FolderPictures, decode
from firmware.clock import ManualClock
from firmware.errors import (
    CameraAbsentError,
    CameraAccessError,
    CameraStalledError,
    NoPhotosError,
    PhotoUnreadableError,
    ReplayEndedError,
)


def write_photo(path: Path, grey: int, size: tuple[int, int] = (48, 64)) -> None:
    """A picture that is redder than grey, so that swapped channels show."""
    bgr = np.full((*size, 3), grey, np.uint8)
    bgr[..., 2] += 40
    assert cv2.imwrite(str(path), bgr)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, name in enumerate(["a.jpg", "b.png", "c.JPEG", "d.jpg"]):
        write_photo(folder / name, 20 + 40 * index)
    (folder / "notes.txt").write_text("no photo")
    return folder


def replay(source: Path, options: str = "fps=0", clock: ManualClock | None = None, **settings: object) -> Camera:
    wanted = CameraSettings(**settings)  # type: ignore[arg-type]
    return open_camera(f"replay://{source}?{options}", wanted, clock or ManualClock())


def greys(camera: Camera, count: int) -> list[int]:
    return [round(float(camera.read().pixels[..., 1].mean()), -1) for _ in range(count)]


def test_folder_plays_in_lexical_order_and_in_rgb(frames: Path) -> None:
    with replay(frames) as camera:
        first = camera.read()
        assert first.source["file"] == "a.jpg"
        assert (first.height, first.width) == (48, 64)
        red, green, blue = first.pixels.reshape(-1, 3).mean(axis=0)
        assert red > green + 30
        assert blue == pytest.approx(green, abs=4)
        assert [camera.read().source["file"] for _ in range(3)] == ["b.png", "c.JPEG", "d.jpg"]


def test_relative_folder_plays_too(frames: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(frames.parent)
    with open_camera("replay://frames?fps=0", clock=ManualClock()) as camera:
        assert camera.read().sequence == 0


def test_replay_without_loop_ends_and_stays_ended(frames: Path) -> None:
    with replay(frames) as camera:
        greys(camera, 4)
        for _ in range(2):
            with pytest.raises(ReplayEndedError, match=r"CAM-06 .*loop=1"):
                camera.read()


def test_loop_starts_again_with_a_growing_sequence(frames: Path) -> None:
    with replay(frames, "fps=0&loop=1") as camera:
        numbers = [camera.read().sequence for _ in range(9)]
    assert numbers == list(range(9))


def test_paced_replay_waits_for_the_next_picture(frames: Path) -> None:
    clock = ManualClock()
    with replay(frames, "fps=10&loop=1", clock) as camera:
        taken = [camera.read().monotonic_ns for _ in range(4)]
    assert taken == [0, 100_000_000, 200_000_000, 300_000_000]
    assert clock.monotonic_ns() == 300_000_000


def test_late_reader_sees_a_gap_and_the_newest_picture(frames: Path) -> None:
    clock = ManualClock()
    with replay(frames, "fps=10&loop=1", clock) as camera:
        camera.read()
        clock.advance(0.75)
        late = camera.read()
    assert late.sequence == 7
    assert late.monotonic_ns == 700_000_000
    assert late.source["file"] == "d.jpg"


def test_impatient_reader_is_told_in_time_and_loses_nothing(frames: Path) -> None:
    clock = ManualClock()
    with replay(frames, "fps=1&loop=1", clock) as camera:
        camera.read()
        with pytest.raises(CameraStalledError):
            camera.read(timeout_s=0.4)
        assert clock.monotonic_ns() == 400_000_000
        assert camera.read().sequence == 1


def test_damaged_photos_are_left_out_counted_and_logged(frames: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = (frames / "a.jpg").read_bytes()
    (frames / "a1.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    (frames / "a2.png").write_bytes((frames / "b.png").read_bytes()[:-20])
    (frames / "a3.jpg").write_bytes(b"")
    (frames / "a4.jpg").write_bytes(b"no picture" * 9)
    header = struct.pack(">I4sIIBBBBB", 13, b"IHDR", 2**20, 2**20, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", zlib.crc32(header[4:]))
    (frames / "a5.png").write_bytes(bomb + struct.pack(">I4sI", 0, b"IEND", 0xAE426082))
    with caplog.at_level(logging.WARNING), replay(frames) as camera:
        assert greys(camera, 4) == [20, 60, 100, 140]
    assert "5 so far" in caplog.messages[-1]


@pytest.mark.parametrize("name", ["a0.png", "a0.jpg"])
def test_picture_with_an_endless_side_does_not_end_the_kiosk(
    name: str, frames: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Image.new("1", (40_000, 64)).save(frames / name)
    (frames / "a.jpg").unlink()
    with caplog.at_level(logging.WARNING), replay(frames) as camera:
        assert camera.read().source["file"] == "b.png"
    assert "is damaged and left out" in caplog.text


@pytest.mark.parametrize("size", [(40_000, 64), (9_000, 6_000), (20_000, 20_000)])
def test_oversized_picture_is_not_even_decoded(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = BytesIO()
    Image.new("1", size).save(encoded, "PNG")
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    assert decode(encoded.getvalue(), b"IEND") is None


def test_photo_that_is_deleted_while_playing_is_left_out(frames: Path) -> None:
    with replay(frames) as camera:
        camera.read()
        (frames / "b.png").unlink()
        assert camera.read().source["file"] == "c.JPEG"


def test_folder_of_damaged_photos_does_not_hang(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    with replay(tmp_path, "fps=0&loop=1") as camera, pytest.raises(CameraStalledError, match="none of the 2 pictures"):
        camera.read()


def test_empty_or_missing_source_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError, match="PHO-04"):
        replay(tmp_path)
    with pytest.raises(CameraAbsentError, match="CAM-01 there is no folder or video"):
        replay(tmp_path / "missing")
    (tmp_path / "film.mp4").write_bytes(b"no film")
    with pytest.raises(PhotoUnreadableError, match="film"):
        replay(tmp_path / "film.mp4")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_of_somebody_else_is_a_camera_that_may_not_be_used(frames: Path) -> None:
    frames.chmod(0)
    try:
        with pytest.raises(CameraAccessError, match=r"CAM-07 .*Permission denied"):
            replay(frames)
    finally:
        frames.chmod(0o700)


def test_folder_that_refuses_to_be_listed_is_a_camera_that_may_not_be_used(
    frames: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(CameraAccessError, match=r"CAM-07 .*Permission denied"):
        replay(frames)


@pytest.mark.parametrize("scheme", ["replay", "v4l2"])
def test_path_that_no_disk_allows_is_an_absent_camera(scheme: str) -> None:
    with pytest.raises(CameraAbsentError, match=r"CAM-01 .*File name too long"):
        open_camera(f"{scheme}:///{'a' * 300}")


def test_rotation_and_mirror_apply_to_the_replay(frames: Path) -> None:
    bgr = np.zeros((48, 64, 3), np.uint8)
    bgr[:, :8] = 255
    cv2.imwrite(str(frames / "a.png"), bgr)
    (frames / "a.jpg").unlink()
    with replay(frames, rotation_deg=90, mirror=True) as camera:
        turned = camera.read()
    assert (turned.height, turned.width) == (64, 48)
    assert turned.pixels[0].min() == 255, "the left edge is on top"


def test_many_photos_do_not_fill_the_memory(frames: Path) -> None:
    room = (frames / "a.jpg").stat().st_size + 10
    pictures = FolderPictures(frames, kept_bytes=room)
    for index in range(4):
        assert pictures.picture(index) is not None
    assert sum(len(kept) for kept in pictures._kept.values()) <= room
    pictures.close()
    assert not pictures._kept


@pytest.fixture
def video(tmp_path: Path) -> Path:
    file = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MJPG video")
    for index in range(5):
        writer.write(np.full((48, 64, 3), 20 + 40 * index, np.uint8))
    writer.release()
    return file


def test_video_plays_and_loops(video: Path) -> None:
    with replay(video, "fps=0&loop=1") as camera:
        assert greys(camera, 7) == [20, 60, 100, 140, 180, 20, 60]


def test_late_reader_of_a_video_skips_frames(video: Path) -> None:
    clock = ManualClock()
    with replay(video, "fps=10", clock) as camera:
        assert greys(camera, 1) == [20]
        clock.advance(0.3)
        assert greys(camera, 1) == [140]
