"""What can go wrong in training ends in one clear line, and a good file is never replaced by half of one."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firmware.errors import PhotoAbsentError
from tests.tools.pictures import pictures
from tools.dataset import Crops, Row, check_classes, load_crops, load_folders, read_table
from tools.errors import CheckpointError, DivergedError, OutputError, TableError, UsageError
from tools.files import read_npz, write_npz

torch = pytest.importorskip("torch", reason="needs the workshop: make setup-workshop")
pytestmark = pytest.mark.workshop

loop = pytest.importorskip("tools.train.loop")
command = pytest.importorskip("tools.train.__main__")
Plan = pytest.importorskip("tools.train.plan").Plan

SPLITS = ("train", "train", "calibration", "test")


def small(data: Path, out: Path, *more: str) -> Sequence[str]:
    """The smallest training there is."""
    return [
        "--data",
        str(data),
        "--out",
        str(out),
        "--network",
        "phenonet-small",
        "--epochs",
        "1",
        "--batch",
        "4",
        *more,
    ]


@pytest.fixture()
def crops() -> Crops:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 112, 112, 3)).astype(np.uint8)
    return Crops(pixels, tuple(Row(f"{i}.png", f"s{i}", i % 2, SPLITS[i % 3], {}) for i in range(8)))


def test_crops_are_taken_as_they_are(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "crops")
    crops = load_crops(folder / "labels.csv")
    assert crops.missed == 0
    for pixels, row in zip(crops.pixels, crops.rows, strict=True):
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(folder / row.image_id)))


@pytest.mark.parametrize(("odd", "others"), [(96, 96), (300, 112), (112, 300)])
def test_crops_of_another_size_or_beside_photos_are_refused(tmp_path: Path, odd: int, others: int) -> None:
    folder = pictures(tmp_path, 4, others)
    Image.new("RGB", (odd, odd)).save(folder / "1.png")
    with pytest.raises(TableError, match="crops"):
        load_crops(folder / "labels.csv")


def test_a_replaced_photo_is_not_trained_on_as_it_was(tmp_path: Path) -> None:
    folder = pictures(tmp_path, 4)
    before = load_crops(folder / "labels.csv").pixels
    Image.new("RGB", (112, 112), "green").save(folder / "2.png")
    after = load_crops(folder / "labels.csv").pixels
    assert (after[2] == (0, 128, 0)).all()
    np.testing.assert_array_equal(after[[0, 1, 3]], before[[0, 1, 3]])
    (folder / "1.png").unlink()
    with pytest.raises(PhotoAbsentError, match=r"1\.png is not there"):
        load_crops(folder / "labels.csv")


@pytest.mark.parametrize("index", [[0, 1, 2, 4], [-1, 0, 1, 2], [0, 1, 2], [[0, 1], [2, 3]], [0.0, 1.0, 2.0, 3.0]])
def test_a_damaged_cache_is_no_cache(tmp_path: Path, index: list[int]) -> None:
    folder = pictures(tmp_path, 4)
    crops, cache = load_crops(folder / "labels.csv"), folder / "labels.crops.npz"
    write_npz(cache, read_npz(cache) | {"index": np.array(index)})
    again = load_crops(folder / "labels.csv")
    assert again.rows == crops.rows
    np.testing.assert_array_equal(again.pixels, crops.pixels)
    packed = bytearray(cache.read_bytes())
    packed[len(packed) // 2 : len(packed) // 2 + 60] = b"\xff" * 60
    cache.write_bytes(packed)
    np.testing.assert_array_equal(load_crops(folder / "labels.csv").pixels, crops.pixels)


def test_an_unchanged_folder_is_aligned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pictures(tmp_path, 4)
    crops = load_crops(folder / "labels.csv")
    monkeypatch.setattr("tools.dataset.align_photos", None)
    np.testing.assert_array_equal(load_crops(folder / "labels.csv").pixels, crops.pixels)


def test_a_photo_that_is_in_the_table_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("image_id,subject,label\na.png,s1,unaffected\na.png,s2,unaffected\n")
    with pytest.raises(TableError, match=r"a\.png is in the table twice"):
        read_table(path)


def test_a_subject_in_the_train_split_of_one_folder_and_the_test_of_another_is_refused(tmp_path: Path) -> None:
    folders = [pictures(tmp_path / name, 4) for name in ("a", "b")]
    table = folders[1] / "labels.csv"
    table.write_text(table.read_text().replace(",train", ",test"))
    with pytest.raises(TableError, match="subject s0 is in train and in test"):
        load_folders(folders)


def test_a_folder_that_is_named_twice_does_not_count_twice(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "a", 4)
    (tmp_path / "same").symlink_to(folder)
    for again in (folder, tmp_path / "a" / ".." / "a", tmp_path / "same"):
        with pytest.raises(UsageError, match=r"WRK-06 --data names .* twice"):
            load_folders([folder, again])
    other = pictures(tmp_path / "b", 4)
    table = other / "labels.csv"
    table.write_text(table.read_text().replace("3.png", "../a/3.png"))
    with pytest.raises(TableError, match=r"WRK-02 .*a/3\.png is in the tables twice"):
        load_folders([folder, other])


def test_a_class_of_one_subject_is_refused() -> None:
    rows = [Row(str(i), f"s{i % 3}", int(i % 3 == 2), "train", {}) for i in range(9)]
    with pytest.raises(TableError, match="one subject, s2"):
        check_classes(rows)
    check_classes([row for row in rows if row.label == 0])


def test_the_command_trains_on_crops_and_records_how(tmp_path: Path) -> None:
    from tools.checkpoint import load_state
    from tools.files import sha256

    data, out = pictures(tmp_path / "data"), tmp_path / "out"
    assert command.main(small(data, tmp_path / "first", "--task", "identities", "--head", "arcface")) == 0
    start = tmp_path / "first" / "phenonet-small.pt"
    assert load_state(start)["classify.weight"].shape == (4, 128), "four people are learned"
    assert command.main(small(data, out, "--start", str(start), "--head", "cosface", "--scale", "20")) == 0
    assert sorted(file.name for file in out.iterdir()) == ["phenonet-small.pt", "train.json"]
    facts = json.loads((out / "train.json").read_text())
    assert facts["start_sha256"] == sha256(start)
    assert facts["plan"]["scale"] == 20
    assert facts["plan"]["margin"] == 0.35
    assert {facts[name] for name in ("network", "head", "task")} == {"phenonet-small", "cosface", "syndromes"}
    assert facts["processes"] == 1


def test_a_disk_that_fills_up_is_one_line_and_leaves_the_last_good_file(
    crops: Crops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(epochs=2, batch=4, rate=1e-3, network="phenonet-small")
    place = tmp_path / "state.pt"
    good: list[bytes] = []

    def fill_up(epoch: int) -> None:
        good.append(place.read_bytes())
        monkeypatch.setattr("firmware.durable.os.fsync", no_room)

    def no_room(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match=r"WRK-07 .*state\.pt cannot be written \(No space left on device\)"):
        loop.train(crops, plan, place, classes=2, on_epoch=fill_up)
    assert len(good) == 1
    assert place.read_bytes() == good[0]
    assert [file.name for file in tmp_path.iterdir()] == ["state.pt"], "nothing half-written stays"
    monkeypatch.undo()
    _, history = loop.train(crops, plan, place, classes=2)
    assert len(history) == 2


def test_an_out_folder_that_is_a_file_is_one_line(crops: Crops, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="WRK-07"):
        loop.train(crops, Plan(1, 4, network="phenonet-small"), tmp_path / "out" / "state.pt", classes=2)


def test_a_loss_that_is_no_number_any_more_stops_the_training(crops: Crops, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"WRK-08 .*loss became (nan|inf)"):
        loop.train(crops, Plan(9, 4, 1e30, network="phenonet-small"), tmp_path / "state.pt", classes=2)


@pytest.mark.parametrize(
    "change",
    [{"network": "resnet"}, {"head": "triplet"}, {"batch": 1}, {"rate": 0.0}, {"scale": -1.0}, {"margin": 2.0},
     {"seed": 99999999999999999999}, {"seed": -1}],
)  # fmt: skip
def test_a_plan_that_cannot_be_followed_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="WRK-06"):
        Plan(**change).check()


def test_the_largest_seed_can_be_trained_with(crops: Crops, tmp_path: Path) -> None:
    plan = Plan(1, 4, seed=2**32 - 1, network="phenonet-small")
    assert loop.train(crops, plan, tmp_path / "state.pt", classes=2)[1][0]["epoch"] == 1


def test_a_table_without_splits_is_told_how_to_get_them(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    table = data / "labels.csv"
    table.write_text("\n".join(line.rpartition(",")[0] for line in table.read_text().splitlines()))
    with pytest.raises(TableError, match=r"no photo is of the split train\. Add a column `split` .*tools\.folds"):
        command.main(small(data, tmp_path / "out"))
    with pytest.raises(TableError, match=r"two subjects or more in the split train\. Add a column `split`"):
        command.main(small(data, tmp_path / "out", "--task", "identities"))


def test_a_fold_without_folds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--fold needs --folds"):
        command.main(small(tmp_path / "none", tmp_path / "out", "--fold", "3"))


def test_an_out_folder_that_cannot_be_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"WRK-07 .*file is a file"):
        command.main(small(tmp_path / "none", tmp_path / "file" / "sub"))


def test_a_class_beyond_those_there_are_is_refused(crops: Crops, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there are 1"):
        loop.train(crops, Plan(1, 4, network="phenonet-small"), tmp_path / "state.pt", classes=1)


def test_start_weights_that_are_not_finite_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    state = pytest.importorskip("tools.network").build("phenonet-small").state_dict()
    state["embed.weight"][0, 0] = float("nan")
    torch.save(state, tmp_path / "nan.pt")
    with pytest.raises(CheckpointError, match=r"embed\.weight.*finite\. Give what .* ran away"):
        command.main(small(tmp_path / "none", tmp_path / "out", "--start", str(tmp_path / "nan.pt")))
    assert not (tmp_path / "out").exists()


def test_without_calibration_rows_the_last_epoch_is_kept(crops: Crops, tmp_path: Path) -> None:
    plan = Plan(2, 4, 1e-3, network="phenonet-small")
    kept, history = loop.train(crops.only("train"), plan, tmp_path / "state.pt", classes=2)
    saved = torch.load(tmp_path / "state.pt", weights_only=True)["network"]
    assert all(bool((kept[name] == value).all()) for name, value in saved.items())
    assert set(history[-1]) == {"epoch", "loss"}
