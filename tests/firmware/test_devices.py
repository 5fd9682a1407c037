"""`python -m firmware camera | lights`, as an engineer types them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from firmware.__main__ import main, parser
from firmware.board.lights import PATTERNS
from firmware.clock import ManualClock
from firmware.commands.devices import COLOURS, Reading, named_patterns, run_lights
from firmware.frame import Frame

BLANK = np.zeros((8, 8, 3), np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(4):
        picture = np.full((60, 80, 3), 40 * index, np.uint8)
        picture[:, :40, 2] += 50
        assert cv2.imwrite(str(folder / f"{index}.png"), picture)
    return folder


def test_camera_says_how_it_does(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", f"replay://{photos}?fps=0", "--frames", "3"]) == 0
    said = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.replace("frames ", "").splitlines())
    assert said["size"] == "80 x 60 px"
    assert (said["read"], said["skipped"]) == ("3", "0")
    assert said["file"] == "2.png"


def test_rate_is_that_of_the_frames_and_gaps_are_told() -> None:
    reading = Reading(Frame(BLANK, 5, 1_000_000_000), Frame(BLANK, 20, 2_500_000_000), count=13)
    assert reading.fps == pytest.approx(8.0)
    assert reading.skipped == 3


def test_rate_of_one_frame_is_unknown_and_not_a_division_by_zero() -> None:
    assert Reading(Frame(BLANK), Frame(BLANK), count=1).describe()["frames a second"] == "unknown"


def test_short_folder_is_read_to_its_end_without_an_error(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", f"replay://{photos}?fps=0", "--frames", "30"]) == 0
    assert "frames read             4" in capsys.readouterr().out


def test_saved_picture_is_turned_as_asked(photos: Path, tmp_path: Path) -> None:
    wanted = ["--frames", "1", "--rotation", "90", "--mirror", "--save", str(tmp_path / "saved.png")]
    assert main(["camera", f"replay://{photos}?fps=0", *wanted]) == 0
    with Image.open(tmp_path / "saved.png") as saved:
        assert saved.size == (60, 80)
        assert saved.getpixel((30, 5)) == (50, 0, 0), "the left half has become the top"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["v4l2:///dev/video-that-is-not-there"], "CAM-01"),
        (["replay:///no/such/folder"], "CAM-01"),
        (["webcam"], "CAM-04"),
        (["argus://0?source=rubber"], "CAM-04"),
        (["replay://{photos}", "--width", "63"], "SET-01"),
        (["replay://{photos}", "--fps", "0"], "SET-01"),
        (["replay://{photos}", "--focus", "sharp"], "SET-01"),
        (["replay://{photos}?fps=0", "--save", "/no/such/folder/a.png"], "STA-01"),
    ],
)
def test_camera_that_cannot_be_used_is_one_line(
    arguments: list[str], code: str, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["camera", *(text.format(photos=photos) for text in arguments)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith(code)


@pytest.mark.parametrize(
    "arguments",
    [
        ["camera", "replay:///x", "--frames", "0"],
        ["camera", "replay:///x", "--frames", "many"],
        ["camera", "replay:///x", "--rotation", "45"],
        ["camera", "replay:///x", "--save", "picture.txt"],
        ["lights", "--seconds", "nan"],
        ["lights", "--seconds", "0"],
        ["lights", "--light", "candle"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_opened(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error: argument" in capsys.readouterr().err


def lights(*arguments: str) -> int:
    return run_lights(parser().parse_args(["lights", "--light", "simulated", *arguments]), ManualClock())


def test_simulated_light_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert lights("idle", "--seconds", "4") == 0
    assert capsys.readouterr().out.splitlines() == [
        "light: simulated",
        "idle: white, 0.3 s on, 2.7 s off",
        "  ###...........................###.......",
    ]


def test_every_pattern_is_shown_once_with_the_states_that_share_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert lights("--seconds", "0.1") == 0
    shown = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()[1:] if not line.startswith(" ")]
    assert sorted(", ".join(shown).split(", ")) == sorted(PATTERNS)
    assert "result, inconclusive, retake" in shown


def test_every_colour_has_a_name() -> None:
    assert {pattern.colour for pattern in named_patterns([]).values()} <= COLOURS.keys()


def test_misspelt_pattern_gets_a_hint_and_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lights", "--light", "simulated", "falt"]) == 2
    said = capsys.readouterr().err
    assert "did you mean fault?" in said and ", ".join(PATTERNS) in said
