"""`python -m firmware analyse | align | selftest` as people script against them: answers, exit status, errors."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from firmware.__main__ import main
from firmware.board.health import Board
from firmware.commands.selftest import board_lines
from firmware.report import DEMONSTRATION
from firmware.syndrome.classifier import RUNTIMES

REPOSITORY = Path(__file__).parents[2]
NUMBER = (int, float)

KEYS: dict[str, type | tuple[type, ...]] = {
    "photo": str, "status": str, "bundle": dict, "quality": list, "measurements": list, "hpo": list, "ranking": list,
    "prediction_set": list, "decision": str, "reasons": list, "neighbours": list, "saliency": dict, "timing_ms": dict,
    "unreadable": list,
}  # fmt: skip
"""What every answer holds, whatever became of the photo; `pose` is an object or null."""
ROWS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "quality": {"measure": str, "value": NUMBER, "score": int, "verdict": str, "advice": (str, type(None))},
    "measurements": {"name": str, "value": NUMBER, "unit": str, "z": (*NUMBER, type(None)), "norm": (str, type(None))},
    "hpo": {"id": str, "name": str, "z": (*NUMBER, type(None))},
    "ranking": {"id": str, "name": str, "probability": NUMBER},
    "neighbours": {"id": str, "image_id": str, "distance": NUMBER},
}


@pytest.fixture(scope="module")
def portrait(hopper: Path) -> Image.Image:
    with Image.open(hopper) as image:
        return image.convert("RGB")


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "text.jpg"
    path.write_text("I am no photo")
    return path


def analyse(capfd: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> list[dict[str, Any]]:
    """The objects that are printed."""
    assert main(["analyse", "--json", *map(str, arguments)]) == status
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def check_form(answer: dict[str, Any]) -> None:
    """The form that architecture and README promise."""
    for key, kind in KEYS.items():
        assert isinstance(answer[key], kind), key
    assert answer["status"] in {"ok", "refused", "no_face", "several_faces", "unreadable"}
    assert answer["decision"] in {"refer", "routine", "inconclusive"}
    assert isinstance(answer["bundle"]["clinical"], bool) and isinstance(answer["bundle"]["signed"], bool)
    assert answer["pose"] is None or set(answer["pose"]) == {"yaw", "pitch", "roll"}
    for key, columns in ROWS.items():
        for row in answer[key]:
            for name, kind in columns.items():
                assert isinstance(row[name], kind), (key, name)
    for texts in (answer["prediction_set"], answer["reasons"]):
        assert all(isinstance(text, str) for text in texts)
    for numbers in (answer["saliency"], answer["timing_ms"]):
        assert all(isinstance(value, NUMBER) for value in numbers.values())


def test_answer_has_the_form_that_scripts_rely_on(hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (answer,) = analyse(capfd, hopper)
    check_form(answer)
    assert (answer["photo"], answer["status"]) == (str(hopper), "ok")
    assert "landmarks" not in answer
    assert [row["verdict"] for row in answer["quality"]].count("block") == 0
    ids = [row["id"] for row in answer["ranking"]]
    probabilities = [row["probability"] for row in answer["ranking"]]
    assert "unaffected" in ids and probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=0.01)
    assert set(answer["prediction_set"]) <= set(ids)
    assert sum(answer["saliency"].values()) == pytest.approx(1, abs=0.02)
    distances = [row["distance"] for row in answer["neighbours"]]
    assert distances == sorted(distances)
    assert set(answer["timing_ms"]) == {
        "decode",
        "mesh",
        "refine",
        "quality",
        "align",
        "classify",
        "decide",
        "measure",
        "total",
    }
    assert answer["bundle"]["signed"] is False


def test_answer_is_the_same_every_time(hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other = analyse(capfd, hopper, hopper)
    one.pop("timing_ms"), other.pop("timing_ms")
    assert one == other


def test_landmarks_are_478_rows_in_pixels(hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (answer,) = analyse(capfd, hopper, "--landmarks")
    points = np.array(answer["landmarks"])
    assert points.shape == (478, 3)
    assert 50 < points[:, 0].min() < points[:, 0].max() < 512
    assert 50 < points[:, 1].min() < points[:, 1].max() < 600
    assert max(len(str(value)) for row in answer["landmarks"] for value in row) <= 8, "two decimals are enough"


def test_unreadable_photo_does_not_stop_the_others(
    hopper: Path, text_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = analyse(capfd, tmp_path / "missing.jpg", hopper, text_file, status=2)
    assert [answer["status"] for answer in answers] == ["unreadable", "ok", "unreadable"]
    assert [answer["reasons"][0][:6] for answer in answers if answer["status"] != "ok"] == ["PHO-01", "PHO-02"]
    for answer in answers:
        check_form(answer)


def test_empty_folder_does_not_stop_the_others(hopper: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answers = analyse(capfd, tmp_path, hopper, status=2)
    assert [answer["status"] for answer in answers] == ["unreadable", "ok"]
    assert answers[0]["reasons"][0].startswith("PHO-04")


def test_answers_come_in_the_order_of_the_arguments(
    hopper: Path, text_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    asked = [hopper, empty, text_file, hopper]
    assert [answer["photo"] for answer in analyse(capfd, *asked, status=2)] == [str(path) for path in asked]


def test_unreadable_photo_has_no_landmarks_rather_than_none(text_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (answer,) = analyse(capfd, text_file, "--landmarks", status=2)
    assert answer["landmarks"] == []


def test_every_photo_of_a_folder_is_answered(
    portrait: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("b.jpg", "a.png"):
        portrait.save(tmp_path / name)
    assert [Path(answer["photo"]).name for answer in analyse(capfd, tmp_path)] == ["a.png", "b.jpg"]


def test_burst_is_one_subject_and_one_answer(
    hopper: Path, portrait: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    portrait.point(lambda value: value * 0.9).save(tmp_path / "darker.png")
    (answer,) = analyse(capfd, hopper, tmp_path / "darker.png", "--burst")
    check_form(answer)
    assert (answer["status"], answer["frames_used"]) == ("ok", 2)


def test_burst_with_an_unreadable_photo_is_answered_from_the_others(
    hopper: Path, text_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (answer,) = analyse(capfd, text_file, hopper, "--burst", status=2)
    assert (answer["status"], answer["frames_used"], answer["photo"]) == ("ok", 1, str(hopper))
    assert answer["unreadable"] == [str(text_file)], "a script must see that a picture is missing from the answer"


@pytest.mark.parametrize("count", [1, 3])
def test_burst_of_unreadable_photos_is_one_answer(
    count: int, text_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (answer,) = analyse(capfd, *[text_file] * count, "--burst", status=2)
    check_form(answer)
    assert answer["status"] == "unreadable"


def test_burst_of_an_empty_folder_is_one_answer(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (answer,) = analyse(capfd, tmp_path, "--burst", status=2)
    assert (answer["status"], answer["reasons"][0][:6]) == ("unreadable", "PHO-04")


KINDS: dict[str, dict[str, Any]] = {
    "grey.png": {"mode": "L"},
    "rgba.png": {"mode": "RGBA"},
    "grey-alpha.png": {"mode": "LA"},
    "sixteen.png": {"mode": "I;16"},
    "cmyk.jpg": {"mode": "CMYK", "quality": 95},
    "turned.jpg": {"turn": 6, "quality": 95},
    "upside-down.png": {"turn": 3},
}
"""File name -> how the portrait is saved in it; turn: the EXIF orientation of a camera that was held like that."""


@pytest.mark.parametrize("name", KINDS)
def test_portrait_of_any_kind_is_answered(
    name: str, portrait: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    how = dict(KINDS[name])
    image, exif = portrait, Image.Exif()
    if turn := how.pop("turn", 0):
        held = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
        image, exif[ExifTags.Base.Orientation] = portrait.transpose(held[turn]), turn
    mode = how.pop("mode", "RGB")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(portrait.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    image.save(tmp_path / name, exif=exif, **how)
    (answer,) = analyse(capfd, tmp_path / name)
    check_form(answer)
    assert answer["status"] == "ok", answer["reasons"]
    assert abs(answer["pose"]["roll"]) < 5


def test_face_that_is_too_far_away_is_refused(
    portrait: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    portrait.resize((160, 188)).save(tmp_path / "far.png")
    (answer,) = analyse(capfd, tmp_path / "far.png")
    check_form(answer)
    assert (answer["status"], answer["decision"]) == ("refused", "inconclusive")
    assert answer["ranking"] == answer["prediction_set"] == answer["neighbours"] == []
    assert any("InterEyeDistance" in reason for reason in answer["reasons"])


def test_picture_without_a_face_is_no_answer(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (640, 480), (90, 120, 90)).save(tmp_path / "wall.png")
    (answer,) = analyse(capfd, tmp_path / "wall.png", "--landmarks")
    check_form(answer)
    assert (answer["status"], answer["decision"]) == ("no_face", "inconclusive")
    assert answer["pose"] is None and answer["landmarks"] == []


def test_two_people_are_no_answer(portrait: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    both = Image.new("RGB", (2 * portrait.width, portrait.height))
    both.paste(portrait)
    both.paste(portrait, (portrait.width, 0))
    both.save(tmp_path / "both.png")
    (answer,) = analyse(capfd, tmp_path / "both.png")
    check_form(answer)
    assert (answer["status"], answer["decision"]) == ("several_faces", "inconclusive")


def test_the_subject_of_two_is_the_one_pointed_at(
    portrait: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    both = Image.new("RGB", (2 * portrait.width, portrait.height))
    both.paste(portrait)
    both.paste(portrait, (portrait.width, 0))
    both.save(tmp_path / "both.png")
    middles = []
    for x in ("0.25", "0.75"):
        (answer,) = analyse(capfd, tmp_path / "both.png", "--at", f"{x},0.5", "--landmarks")
        assert answer["status"] != "several_faces"
        middles.append(answer["landmarks"][1][0])
    assert middles[0] < portrait.width < middles[1]


def test_where_the_model_looked_is_written(hopper: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (answer,) = analyse(capfd, hopper, "--looked", str(tmp_path / "maps"))
    written = tmp_path / "maps" / "grace_hopper_looked.jpg"
    assert written.exists() == (answer["status"] == "ok")


def test_age_and_sex_give_z_scores_and_a_prevalence_its_meaning(
    portrait: Image.Image, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    portrait.save(tmp_path / "a.png")
    (plain,) = analyse(capfd, tmp_path / "a.png")
    (known,) = analyse(capfd, tmp_path / "a.png", "--age", "30", "--sex", "M", "--prevalence", "0.01")
    for answer, has in ((plain, False), (known, True)):
        check_form(answer)
        assert any(row["z"] is not None and "Weinberg" in row["norm"] for row in answer["measurements"]) is has
    (old,) = analyse(capfd, tmp_path / "a.png", "--age", "99")
    assert old["decision"] == "inconclusive" and any("made for ages" in reason for reason in old["reasons"])


def test_text_says_that_the_phantom_knows_nothing(hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", str(hopper)]) == 0
    said = capfd.readouterr().out
    assert DEMONSTRATION in said and "decision" in said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["analyse"],
        ["analyse", "{photo}", "--frobnicate"],
        ["analyse", "{photo}", "--prevalence", "2"],
        ["analyse", "{photo}", "--prevalence", "nan"],
        ["analyse", "{photo}", "--prevalence", "often"],
        ["analyse", "{photo}", "--age", "-1"],
        ["analyse", "{photo}", "--hfov", "180"],
        ["analyse", "{photo}", "--at", "0.5"],
        ["analyse", "{photo}", "--at", "2,0.5"],
        ["analyse", "{photo}", "--sensitivity", "1"],
        ["analyse", "{photo}", "--prevalence", "0"],
        ["analyse", "{photo}", "--sex", "X"],
        ["align", "{photo}"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told(arguments: list[str], hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([text.format(photo=hopper) for text in arguments])
    assert ended.value.code == 2
    said = capfd.readouterr().err
    assert said.startswith("usage: python -m firmware") and ": error: " in said.splitlines()[-1]


def test_aligned_crops_are_named_and_listed(
    hopper: Path, astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "new" / "out"
    photos.mkdir()
    (photos / "grace.jpg").symlink_to(hopper)
    (photos / "eileen.png").symlink_to(astronaut)
    Image.new("RGB", (200, 200)).save(photos / "wall.png")
    assert main(["align", str(photos), str(out), "--csv"]) == 0
    assert {path.name for path in out.iterdir()} == {"grace_aligned.jpg", "eileen_aligned.jpg", "face_coords.csv"}
    with Image.open(out / "grace_aligned.jpg") as crop:
        assert (crop.size, crop.mode, crop.format) == ((112, 112), "RGB", "JPEG")
    header, *rows = csv.reader((out / "face_coords.csv").read_text(encoding="utf-8").splitlines())
    points = [f"kp{i}_{axis}" for i in range(1, 6) for axis in "xy"]
    assert header == ["img", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", *points]
    assert [row[0] for row in rows] == ["eileen.png", "grace.jpg"]
    for row in rows:
        left, top, right, bottom, *kps = map(int, row[1:])
        assert 0 <= left < right < 512 and 0 <= top < bottom < 600
        assert all(left <= x <= right for x in kps[::2]) and all(top <= y <= bottom for y in kps[1::2])
    assert f"{photos}/wall.png: no face" in capfd.readouterr().err


def test_crops_can_be_written_nowhere(
    hopper: Path, text_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken" / f"{hopper.stem}_aligned.jpg").mkdir(parents=True)
    for out, says in ((text_file, "cannot be made"), (tmp_path / "taken", "cannot be written")):
        assert main(["align", str(hopper), str(out)]) == 2
        said = capfd.readouterr().err
        assert said.startswith("STA-01") and says in said and said.count("\n") == 1


def test_unreadable_photo_does_not_stop_the_alignment(
    hopper: Path, tmp_path: Path, text_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "grace.jpg").symlink_to(hopper)
    assert main(["align", str(tmp_path), str(tmp_path / "out")]) == 2
    assert (tmp_path / "out" / "grace_aligned.jpg").exists()
    assert capfd.readouterr().err.startswith("PHO-02")


def test_selftest_of_a_healthy_device(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 0
    said = capfd.readouterr().out
    assert "FAILED" not in said and said.count("ok ") == 5
    assert "mediapipe 0.10.18" in said
    assert "memory free " in said and "disk free here " in said and "temperature " in said


def test_selftest_tells_what_the_board_is_short_of(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemAvailable: 51200 kB\n")
    zone = tmp_path / "sys" / "class" / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("84500\n")
    lines = board_lines(Board(tmp_path, tmp_path, lambda _: "throttled=0x1"))
    assert (lines[0], *lines[2:]) == ("memory free 50 MiB", "temperature 84.5 degrees C", "supply: under-voltage")


def test_selftest_of_a_board_that_says_nothing_does_not_fail(tmp_path: Path) -> None:
    def no_vcgencmd(_command: object) -> str:
        raise FileNotFoundError

    lines = board_lines(Board(tmp_path, tmp_path / "gone", no_vcgencmd))
    assert lines == ["memory free unknown", "disk free here unknown", "temperature unknown"]


@pytest.fixture
def no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if neither LiteRT nor tflite-runtime were installed."""
    for name in RUNTIMES:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("no_runtime")
def test_device_without_a_tflite_runtime_says_what_to_do(hopper: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", str(hopper)]) == 2
    said = capfd.readouterr().err
    assert said.startswith("RUN-01 no TFLite runtime can be loaded") and "make setup" in said and said.count("\n") == 1


@pytest.mark.usefixtures("no_runtime")
def test_selftest_without_a_tflite_runtime_fails_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 1
    failed = [line for line in capfd.readouterr().out.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1 and failed[0].startswith("FAILED  classifier: RUN-01 ")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firmware", *map(str, arguments)]
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False, env=os.environ | environment
    )


def test_program_prints_nothing_but_its_answer(hopper: Path) -> None:
    done = run("analyse", hopper, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    check_form(json.loads(done.stdout))


def test_program_ends_with_status_2_and_one_line(text_file: Path, tmp_path: Path) -> None:
    missing, out = tmp_path / "missing.jpg", tmp_path / "out"
    for arguments in (("analyse", text_file), ("analyse", text_file, "--bundle", out), ("align", missing, out)):
        done = run(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_photo_whose_name_is_no_text_is_answered(hopper: Path, tmp_path: Path, encoding: str) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\xc3\xa9.jpg")
    odd.symlink_to(hopper)
    for arguments in (("analyse", odd), ("align", odd, tmp_path / "out", "--csv")):
        done = run(*arguments, PYTHONIOENCODING=encoding)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert len((tmp_path / "out" / "face_coords.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_reader_that_goes_away_is_no_error(hopper: Path) -> None:
    line = f"{sys.executable} -m firmware analyse --json --landmarks {hopper} {hopper} {hopper}"
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -c 10; exit ${{PIPESTATUS[0]}}"],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_two_photos_of_the_same_id_do_not_overwrite_each_other(
    tmp_path: Path, hopper: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.open(hopper).save(photos / "a.jpg")
    Image.open(hopper).save(photos / "a.png")
    assert main(["align", str(photos), str(tmp_path / "out"), "--csv"]) == 2
    assert "PHO-06" in capsys.readouterr().err
    assert len((tmp_path / "out" / "face_coords.csv").read_text().splitlines()) == 2
