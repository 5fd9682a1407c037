"""The film that ships for the photo protocol: guided by it, every picture of the protocol can be taken in turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from firmware.analyser import LIVE_FRAMES, Analyser
from firmware.bundle.verify import Bundle
from firmware.face.mesh import MediaPipeMesher, MediaPipeTracker
from firmware.face.quality import Verdict
from firmware.face.wanted import PROTOCOL
from firmware.frame import Frame
from firmware.photo import find_photos, read_photo
from tools.phantom.photo import jpeg
from tools.phantom.scene import Scene
from tools.phantom.turning import HELD_FRAMES, JPEG_QUALITY, MM_PER_PX, TURNING, backdrop, lit, person, poses, scene_at
from tools.phantom.turning import SIZE as SIZE_PX

LARGEST_BYTES = 2_500_000
BY_NAME = {wanted.name: wanted for wanted in PROTOCOL}


@pytest.fixture(scope="module")
def folder(phantom_folder: Path) -> Path:
    return phantom_folder / "turning"


@pytest.fixture(scope="module")
def shipped(folder: Path) -> list[tuple[str, Frame]]:
    """The pose that each frame holds, and the frame."""
    found = list(find_photos([folder]))
    return [(path.stem.split("-", 2)[2], read_photo(path, number)) for number, path in enumerate(found)]


@pytest.fixture(scope="module")
def analyser(phantom: Bundle) -> Iterator[Analyser]:
    with Analyser(phantom, MediaPipeMesher(), MediaPipeTracker()) as found:
        yield found


def test_it_shows_the_whole_protocol_and_is_small(folder: Path, shipped: list[tuple[str, Frame]]) -> None:
    held = [pose for pose, _ in groupby(pose for pose, _ in shipped) if pose != TURNING]
    assert held == list(BY_NAME)
    assert [pose for pose, *_ in poses()] == [pose for pose, _ in shipped], "as the command would write it"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST_BYTES


def test_every_pose_passes_the_live_gate_while_it_is_held(analyser: Analyser, shipped: list[tuple[str, Frame]]) -> None:
    """From its third frame on: the tracker follows a head that has just turned by up to 120 degrees."""
    passed = dict.fromkeys(BY_NAME, 0)
    for at, (pose, frame) in enumerate(shipped):
        wanted = BY_NAME.get(pose) or BY_NAME[next(later for later, _ in shipped[at:] if later != TURNING)]
        guided = analyser.guide(frame, wanted=wanted)
        if pose == wanted.name:
            passed[pose] += guided.quality.verdict is not Verdict.BLOCK
    assert all(good >= HELD_FRAMES - 2 for good in passed.values()), passed


@pytest.mark.parametrize("name", BY_NAME)
def test_every_picture_of_the_protocol_is_taken(
    name: str, analyser: Analyser, shipped: list[tuple[str, Frame]]
) -> None:
    frames = [frame for pose, frame in shipped if pose == name][:LIVE_FRAMES]
    portrait = analyser.take(frames, BY_NAME[name])
    assert portrait.good, portrait.quality
    assert portrait.mm_per_px == pytest.approx(MM_PER_PX, rel=0.02)
    red, green, blue = lit(np.full((1, 1, 3), 255, np.uint8))[0, 0].tolist()
    assert portrait.grey_gains == pytest.approx((green / red, 1.0, green / blue), rel=0.05)


@pytest.mark.parametrize("name", BY_NAME)
def test_no_frame_passes_for_another_turn(name: str, analyser: Analyser, shipped: list[tuple[str, Frame]]) -> None:
    frames = [frame for pose, frame in shipped if pose == name][2:3]
    far = [other for other in PROTOCOL if abs(other.yaw_deg - BY_NAME[name].yaw_deg) > 30]
    assert far and not any(analyser.take(frames, other).good for other in far)


def test_the_command_draws_what_ships(shipped: list[tuple[str, Frame]]) -> None:
    """But for the last bit: another processor may round a pixel differently."""
    from tools.phantom.render import render

    number = 30
    _, yaw_deg, smile = list(poses())[number]
    scene: Scene = scene_at(number, yaw_deg, smile)
    again = render(person(), scene, *SIZE_PX, backdrop=backdrop(), detail=2).pixels
    assert len(jpeg(again, JPEG_QUALITY)) < 40_000
    assert np.median(np.abs(again.astype(int) - shipped[number][1].pixels)) <= 2
