"""What a user can get wrong ends in one clear line with a code, and never runs somebody's code."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tools import dataset, folds
from tools.errors import CheckpointError, ConversionError, DataAbsentError, OutputError, TableError, UsageError
from tools.evaluate import __main__ as evaluate
from tools.files import check_folder, read_npz, write_npz, write_together, write_whole
from tools.gallery import __main__ as gallery
from tools.gallery import building

torch = pytest.importorskip("torch", reason="the workshop needs torch: make setup-workshop")
bundle = pytest.importorskip("tools.bundle.__main__")
convert = pytest.importorskip("tools.convert")
build = pytest.importorskip("tools.network").build
network_of = pytest.importorskip("tools.source").network_of
pytestmark = pytest.mark.workshop

REPOSITORY = Path(__file__).parents[2]
HEADER = "image_id,subject,label,split\n"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command as a user runs it."""
    command = [sys.executable, "-m", *(str(a) for a in arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)


def assert_one_line(done: subprocess.CompletedProcess[str], code: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(code), line


class Bomb:
    """Unpickling it runs a command."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.proof}",)


@pytest.fixture()
def crops(tmp_path: Path) -> Path:
    path = tmp_path / "crops.npz"
    write_npz(path, {"pixels": np.random.default_rng(1).integers(0, 255, (6, 112, 112, 3)).astype(np.uint8)})
    return path


def test_missing_folder_is_one_line_and_status_2(tmp_path: Path) -> None:
    assert_one_line(run("tools.train", "--data", tmp_path / "none", "--out", tmp_path / "out"), "WRK-01")
    assert not (tmp_path / "out").exists()


def test_state_dict_that_wants_to_run_code_is_not_opened(tmp_path: Path, crops: Path) -> None:
    evil, proof = tmp_path / "evil.pt", tmp_path / "proof"
    torch.save({"weight": Bomb(proof)}, evil)
    done = run(
        "tools.convert", "--network", "phenonet", "--state-dict", evil, "--calibration", crops, "--out", tmp_path
    )
    assert_one_line(done, "WRK-03")
    assert not proof.exists()
    assert not (tmp_path / "classifier.tflite").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps([1, 2, 3]), pickle.dumps({"a": 1})])
def test_file_that_is_no_state_dict_is_refused(tmp_path: Path, crops: Path, content: bytes) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="WRK-03"):
        convert.main(
            ["--network", "phenonet", "--state-dict", str(path), "--calibration", str(crops), "--out", str(tmp_path)]
        )


def test_weights_that_are_not_finite_are_refused(tmp_path: Path, crops: Path) -> None:
    state = build("phenonet").state_dict()
    state["embed.weight"][3, 5] = float("nan")
    torch.save(state, tmp_path / "nan.pt")
    arguments = ["--state-dict", str(tmp_path / "nan.pt"), "--calibration", str(crops), "--out", str(tmp_path / "out")]
    with pytest.raises(Exception, match=r"WRK-03.*embed\.weight.*finite"):
        convert.main(["--network", "phenonet", *arguments])
    assert not (tmp_path / "out").exists()


def test_state_dict_of_another_network_is_refused(tmp_path: Path, crops: Path) -> None:
    torch.save({"other.weight": torch.zeros(2)}, tmp_path / "m.pt")
    arguments = ["--state-dict", str(tmp_path / "m.pt"), "--calibration", str(crops), "--out", str(tmp_path)]
    with pytest.raises(Exception, match=r"WRK-03 .*does not fit"):
        convert.main(["--network", "phenonet", *arguments])
    with pytest.raises(Exception, match=r"WRK-06 .*no network 'resnet'"):
        convert.main(["--network", "resnet", *arguments])
    with pytest.raises(Exception, match=r"WRK-06 .*cannot be found"):
        convert.main(["--module", "no.such.module:make", *arguments])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("image_id,label\na.jpg,unaffected\n", "lacks the column subject"),
        (HEADER, "holds no row"),
        (HEADER + "a.jpg,s1,flu,test\n", "line 2: the label 'flu'"),
        (HEADER + "a.jpg,s1,unaffected,exam\n", "line 2: the split 'exam'"),
        (HEADER + "a.jpg,,unaffected,test\n", "may not be empty"),
        (HEADER + "a.jpg,s1,unaffected,test\nb.jpg,s1,unaffected,train\n", "subject s1 is in test and in train"),
        (HEADER + "a.jpg\n", "line 2"),
        (HEADER + "a.jpg,s1,unaffected," + "x" * 140_000 + "\n", "line 2: field larger"),
        ("x" * 140_000 + "\n", "line 1: field larger"),
    ],
)
def test_table_with_a_mistake_is_named(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(TableError, match="WRK-02") as caught:
        dataset.read_table(path)
    assert what in str(caught.value)


def test_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xff\xfe\x00image_id")
    with pytest.raises(TableError):
        dataset.read_table(path)
    with pytest.raises(DataAbsentError):
        dataset.read_table(tmp_path)


def test_table_names_a_photo_that_is_not_there(tmp_path: Path, phantom_folder: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(HEADER + "gone.jpg,s1,unaffected,test\n")
    done = run("tools.evaluate", "--bundle", phantom_folder, "--data", path, "--out", tmp_path / "out")
    assert_one_line(done, "PHO-01")


@pytest.mark.parametrize("kind", ["missing", "pickle", "other", "small", "few"])
def test_crops_that_cannot_be_used_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "crops.npz"
    if kind == "pickle":
        np.savez(path, pixels=np.array([Bomb(tmp_path / "proof")], dtype=object))
    elif kind == "other":
        write_npz(path, {"faces": np.zeros(3)})
    elif kind == "small":
        write_npz(path, {"pixels": np.zeros((5, 96, 96, 3), np.uint8)})
    elif kind == "few":
        write_npz(path, {"pixels": np.zeros((2, 112, 112, 3), np.uint8)})
    with pytest.raises((DataAbsentError, TableError)):
        convert.uses(convert.all_crops([path]), path)
    assert not (tmp_path / "proof").exists()


def test_bundle_that_was_altered_is_not_evaluated(tmp_path: Path, phantom_folder: Path) -> None:
    for file in phantom_folder.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "classifier.tflite").write_bytes(b"TFL3" * 100)
    with pytest.raises(Exception, match="BUN-02"):
        evaluate.main(["--bundle", str(tmp_path), "--data", str(tmp_path / "x.csv"), "--out", str(tmp_path / "out")])
    with pytest.raises(Exception, match="BUN-02"):
        bundle.main(["check", str(tmp_path)])


def test_missing_classifier_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataAbsentError):
        building.read_model(tmp_path / "classifier.tflite")


@pytest.mark.parametrize("content", [b"", b"TFL3" * 100, b"\xff" * 4000])
def test_file_that_is_no_classifier_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "classifier.tflite"
    path.write_bytes(content)
    with pytest.raises(ConversionError, match=r"WRK-04 .*is no TFLite model"):
        gallery.main(["build", "--classifier", str(path), "--data", "none", "--out", str(tmp_path / "gallery.npz")])
    assert [p.name for p in tmp_path.iterdir()] == ["classifier.tflite"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (":f", "wants MOD:FN"),
        ("f", "wants MOD:FN"),
        ("theirs:", "wants MOD:FN"),
        (".theirs:f", "wants MOD:FN"),
        ("theirs:no_such", "cannot be found"),
        ("theirs:wrong", r"failed at .*theirs\.py:3 with KeyError: 'width'"),
        ("theirs:number", "not callable"),
        ("theirs:nothing", "returns a torch.nn.Module"),
        ("broken:f", "failed at .* with SyntaxError"),
    ],
)
def test_function_that_gives_no_network_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    lines = ["number = 1", "def wrong():", "    return {}['width']", "def nothing():", "    return None"]
    (tmp_path / "theirs.py").write_text("\n".join(lines))
    (tmp_path / "broken.py").write_text("def f(:\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("theirs", "broken"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    torch.save(build("phenonet-small").state_dict(), tmp_path / "m.pt")
    with pytest.raises(UsageError, match=f"WRK-06 .*{what}") as caught:
        network_of(None, None, name, tmp_path / "m.pt")
    assert len(str(caught.value).splitlines()) == 1


def test_npz_has_the_same_bytes_whenever_it_is_written(tmp_path: Path) -> None:
    arrays = {"a": np.arange(5), "b": np.array(["x", "yz"])}
    for name in ("one", "two"):
        write_npz(tmp_path / name / "x.npz", arrays)
    assert (tmp_path / "one" / "x.npz").read_bytes() == (tmp_path / "two" / "x.npz").read_bytes()
    assert {k: v.tolist() for k, v in read_npz(tmp_path / "one" / "x.npz").items()} == {
        "a": [0, 1, 2, 3, 4],
        "b": ["x", "yz"],
    }
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["x.npz"]


@pytest.mark.parametrize("place", ["sub", "sub/deeper"])
def test_a_result_that_cannot_go_where_it_should_is_one_line(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"mine")
    with pytest.raises(OutputError, match="WRK-07"):
        check_folder(file / place)
    with pytest.raises(OutputError, match="WRK-07"):
        convert.write(file / place, {"classifier.tflite": b"new", "convert.json": b"new"})
    with pytest.raises(OutputError, match="WRK-07"):
        convert.main(["--network", "phenonet", "--calibration", "none", "--out", str(file / place)])
    with pytest.raises(OutputError, match="WRK-07"):
        write_whole(file / place, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"] and file.read_bytes() == b"mine"
    check_folder(tmp_path / place)
    assert [p.name for p in tmp_path.iterdir()] == ["file"], "looking makes nothing"


def test_a_full_disk_keeps_what_a_conversion_wrote_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"classifier.tflite": b"the good one", "convert.json": b"{}"}
    convert.write(tmp_path, files)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == files

    def no_room(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("firmware.durable.os.fsync", no_room)
    for write in (convert.write, write_together):
        with pytest.raises(OutputError, match=r"WRK-07 .*No space left on device"):
            write(tmp_path, dict.fromkeys(files, b"new"))
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == files


def test_folds_cannot_take_the_place_of_a_folder(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("image_id,subject,label\n" + "".join(f"{i}.jpg,s{i},unaffected\n" for i in range(3)))
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match=r"WRK-07 .*Is a directory"):
        folds.main(["--data", str(table), "--folds", "3", "--out", str(tmp_path / "out")])
    with pytest.raises(UsageError, match="--seed"):
        folds.main(["--data", str(table), "--folds", "3", "--seed", "-1", "--out", str(tmp_path / "f.json")])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labels.csv", "out"]
