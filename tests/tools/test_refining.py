"""Learning the refinement: what folders teach, what a regression makes of it, that a portrait's own is left out."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from firmware.face.cascade import LOOKED_AT, Cascade, Seen, parts
from firmware.face.refine import cascade
from firmware.face.shape_free import SIDE_PX as MEAN_FACE_PX
from firmware.face.upright import SIDE_PX
from tools.errors import DataAbsentError, TableError
from tools.files import read_npz
from tools.phantom.__main__ import main as render
from tools.refining import __main__ as command
from tools.refining.lessons import Lesson, lessons, mirrored
from tools.refining.solve import STEPS, TAKEN_OFF, gather, main_directions, regress, solve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten people, turned, with irises of every size."""
    out = tmp_path_factory.mktemp("lessons")
    render([str(out), "--subjects", "14", "--seed", "61", "--basis", "broad", "--irises", "--turned", "20"])
    return out


@pytest.fixture(scope="module")
def seen(folder: Path) -> list[Lesson]:
    return list(lessons([folder], 1))


def test_a_folder_teaches_the_truth_in_the_patch(seen: list[Lesson]) -> None:
    assert 20 < len(seen) <= 28
    for one in seen:
        assert one.grey.shape == (SIDE_PX, SIDE_PX)
        assert np.abs(one.true - one.found)[:, :2].mean() < 6, "px of the patch: they mean the same face"
        assert one.portrait is None and np.abs(one.turned_deg).max() <= 20


def copied(folder: Path, to: Path) -> None:
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())


def test_who_is_held_out_teaches_nothing(folder: Path, tmp_path: Path, seen: list[Lesson]) -> None:
    copied(folder, tmp_path)
    table = (folder / "labels.csv").read_text()
    (tmp_path / "labels.csv").write_text(table.replace("s00000,OMIM:190685,train", "s00000,OMIM:190685,calibration"))
    left = len(list(lessons([tmp_path], 1)))
    assert len(seen) - 2 <= left < len(seen)
    assert len(list(lessons([], 1, [tmp_path]))) >= len(seen) > left, "but where all are there to teach"


def test_heads_that_the_gate_would_never_take_teach_nothing(folder: Path, tmp_path: Path) -> None:
    copied(folder, tmp_path)
    known = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    for line in known:
        line["pose_deg"]["yaw"] = 40.0
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, known)))
    assert not list(lessons([tmp_path], 1))
    with pytest.raises(DataAbsentError, match="landmarks are known"):
        command.main([str(tmp_path), "--out", str(tmp_path / "out")])


def test_a_mirrored_mirror_is_the_lesson_again(seen: list[Lesson]) -> None:
    one, again = seen[0], mirrored(mirrored(seen[0]))
    assert (again.grey == one.grey).all() and again.turned_deg == one.turned_deg
    assert again.true == pytest.approx(one.true, abs=1e-3)
    assert mirrored(one).turned_deg == (-one.turned_deg[0], one.turned_deg[1])


def test_what_is_learned_comes_nearer_by_every_step_and_is_the_same_again(
    seen: list[Lesson], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert command.main([str(folder), "--out", str(out)]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if " step " in line]
    off = [float(line.split(" lie ")[1].split()[0]) for line in said]
    assert off == sorted(off, reverse=True) and off[-1] < 0.9 * off[0]
    written = Cascade.load(out)
    assert {stage.kind: len(stage.steps) for stage in written.stages} == STEPS
    coarse, fine = written.stages
    assert coarse.steps[0].weights.shape[0] == len(LOOKED_AT) * 64 + len(written.shapes)
    assert fine.steps[0].weights.shape[0] == 2 * MEAN_FACE_PX**2 + len(written.shapes)
    with ThreadPoolExecutor(1) as pool:
        again = solve(gather([*seen, *map(mirrored, seen)]), pool, lambda _: None)
    for one in seen[:3]:  # of so few people a direction may hold nothing but the processor's last digits
        first, second = (known.settle(Seen.of(one.grey), one.found) for known in (written, again))
        assert np.abs(first - second).mean() < 0.3 * np.abs(first - one.found).mean()


def test_new_tables_take_the_place_of_the_old_ones(tmp_path: Path) -> None:
    table = np.ones((2, 2), np.float16)
    for steps in (2, 1):
        command.write(
            tmp_path, {"shapes": table, **{f"fine_weights{number}": table * steps for number in range(steps)}}
        )
    assert [part.name for part in parts(tmp_path)] == ["refine-coarse.npz", "refine-fine0.npz"]
    assert (read_npz(tmp_path / "refine-fine0.npz")["fine_weights0"] == 1).all()


def test_what_ships_has_all_of_its_steps() -> None:
    assert {stage.kind: len(stage.steps) for stage in cascade().stages} == STEPS


def test_a_regression_finds_what_rendered_faces_say() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(3, 2, (20_000, 4)).astype(np.float32)
    weights, constant = rng.normal(size=(4, 2)), np.array([5.0, -2.0])
    step = regress(rows, (rows @ weights + constant).astype(np.float32), np.full(len(rows), -1))
    centre = rows.mean(axis=0)
    assert step.of(centre) == pytest.approx(centre @ weights + constant, abs=1e-2), "the constant costs nothing"
    assert step.weights == pytest.approx(weights * 20_000 / 23_000, rel=0.02), "the ridge holds back a little"


def test_of_portraits_the_differences_are_learned_and_hardly_what_they_share() -> None:
    """Half of the faces are of portraits, all of which say 10 too much; their changes say what rendered faces say."""
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(20_000, 3)).astype(np.float32)
    wanted = rows[:, :1] * 2.0
    portraits = np.where(np.arange(20_000) < 10_000, -1, np.arange(20_000) // 100 - 100)
    wanted[portraits >= 0] += 10.0
    step = regress(rows, wanted.astype(np.float32), portraits)
    plain = regress(rows, wanted.astype(np.float32), np.where(portraits < 0, -1, 0))
    assert 0 < TAKEN_OFF < 1
    assert abs(step.constant[0]) < 1.0 < 10 * (1 - TAKEN_OFF)
    assert step.weights[0, 0] == pytest.approx(2.0 * 20_000 / 23_000, rel=0.05)
    assert abs(plain.constant[0]) < 1.0, "whoever is one portrait shares one mean"


def test_main_directions_are_those_of_the_largest_spread_with_a_fixed_sign() -> None:
    rows = np.random.default_rng(3).normal(size=(500, 3)).astype(np.float32) * np.array([1, 9, 3], np.float32)
    first, second = main_directions(rows, 2)
    assert first == pytest.approx([0, 1, 0], abs=0.05) and second == pytest.approx([0, 0, 1], abs=0.05)


def test_a_table_that_is_damaged_or_not_there_is_one_line(folder: Path, tmp_path: Path) -> None:
    copied(folder, tmp_path)
    for damage in (lambda path: path.write_text("{"), lambda path: path.unlink()):
        damage(tmp_path / "metadata.jsonl")
        with pytest.raises(TableError, match="does not say what its photos show"):
            list(lessons([tmp_path], 1))
