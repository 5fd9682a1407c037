"""Settings, addresses and orientation: a wrong value is told in words, before any device is touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.camera import CameraSettings, open_camera
from firmware.camera.base import Focus
from firmware.camera.orient import orient
from firmware.camera.uri import CameraUri
from firmware.errors import CameraUriError, SettingError


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"width": 0}, "width"),
        ({"height": 721}, "height"),
        ({"fps": 0}, "fps"),
        ({"rotation_deg": 45}, "rotation"),
        ({"flicker_hz": 55}, "flicker"),
        ({"focus": "sharp"}, "focus"),
        ({"focus": "fixed:near"}, "focus"),
        ({"focus": "fixed:-1"}, "focus"),
        ({"focus": "fixed:nan"}, "focus"),
    ],
)
def test_wrong_setting_is_named(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(SettingError, match=word):
        CameraSettings(**wrong)  # type: ignore[arg-type]


def test_focus_is_read_from_text() -> None:
    assert [Focus.parse(text) for text in ("continuous", "auto", "fixed:1.5")] == [
        Focus("continuous"),
        Focus("auto"),
        Focus("fixed", 1.5),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "/dev/video0",
        "webcam://0",
        "replay://",
        "replay:/frames",
        "replay://[frames",
        "replay://frames?fps=fast",
        "replay://frames?fps=-1",
        "replay://frames?fps=nan",
        "replay://frames?speed=10",
        "replay://frames?fps",
        "v4l2:///dev/video0?fps=3",
    ],
)
def test_address_with_a_typing_error_is_refused(text: str) -> None:
    with pytest.raises(CameraUriError, match="CAM-04"):
        open_camera(text)


def test_address_with_two_slashes_is_relative_and_with_three_absolute() -> None:
    assert CameraUri.parse("replay://models/phantom/frames?fps=10&loop=1").target == "models/phantom/frames"
    assert CameraUri.parse("replay:///srv/two%20words").target == "/srv/two words"
    assert CameraUri.parse("v4l2:///dev/v4l/by-id/usb-Cam_1-index0").target == "/dev/v4l/by-id/usb-Cam_1-index0"


@pytest.mark.parametrize("text", ["picamera://front", "picamera://-1", "argus://1.5", "argus://²"])
def test_camera_number_must_be_a_number(text: str) -> None:
    with pytest.raises(CameraUriError):
        CameraUri.parse(text).index()


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_clear_error(text: str) -> None:
    try:
        CameraUri.parse(text)
    except CameraUriError as error:
        assert str(error).startswith("CAM-04 ")


PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def test_camera_mounted_on_its_side_shows_upright() -> None:
    assert np.array_equal(orient(PICTURE, 90)[0, -1], PICTURE[0, 0]), "clockwise: top left goes to top right"
    assert np.array_equal(orient(PICTURE, 180)[-1, -1], PICTURE[0, 0])
    assert np.array_equal(orient(PICTURE, 270)[-1, 0], PICTURE[0, 0])


@given(st.sampled_from([0, 90, 180, 270]), st.booleans())
def test_orienting_moves_every_pixel_and_loses_none(rotation_deg: int, mirror: bool) -> None:
    turned = orient(PICTURE, rotation_deg, mirror)
    assert turned.flags.c_contiguous
    assert turned.shape == ((3, 2, 3) if rotation_deg in (90, 270) else (2, 3, 3))
    assert sorted(turned.ravel()) == sorted(PICTURE.ravel())


@given(st.sampled_from([0, 90, 180, 270]))
def test_turning_back_gives_the_same_picture(rotation_deg: int) -> None:
    assert np.array_equal(orient(orient(PICTURE, rotation_deg), (360 - rotation_deg) % 360), PICTURE)


def test_mirror_comes_after_rotation() -> None:
    assert np.array_equal(orient(PICTURE, 90, mirror=True), orient(PICTURE, 90)[:, ::-1])
