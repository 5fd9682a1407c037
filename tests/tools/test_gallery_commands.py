"""A bundle's gallery: faces come and go without training, whole or not at all; GestaltMatcher's files are read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.bundle.verify import load_bundle
from firmware.errors import BundleModelError
from firmware.syndrome.gallery import Gallery, Neighbour, references_of
from tools.errors import DataAbsentError, KioskError, PhotoRefusedError, TableError, UsageError
from tools.gallery.__main__ import main
from tools.gallery.gestaltmatcher import (
    COLUMNS,
    Encodings,
    encodings_csv,
    image_id,
    omim_id,
    prediction,
    read_encodings,
    read_prediction,
)  # fmt: skip
from tools.phantom.person import draw_person
from tools.phantom.photo import jpeg
from tools.phantom.render import render
from tools.phantom.scene import Scene

NEW = "OMIM:269880"


@pytest.fixture
def bundle(tmp_path: Path, phantom_folder: Path) -> Path:
    """A copy of the shipped bundle that may be changed."""
    films = shutil.ignore_patterns("frames", "turning")
    return Path(shutil.copytree(phantom_folder, tmp_path / "bundle", ignore=films))


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """A photo of somebody else that the device takes."""
    photo = render(draw_person("unaffected", np.random.default_rng(5)), Scene(), 640, 640)
    (tmp_path / "rendered.jpg").write_bytes(jpeg(photo.pixels, 95))
    return tmp_path / "rendered.jpg"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def add(bundle: Path, *words: object) -> int:
    return main(["add", str(bundle), *map(str, words)])


def test_a_syndrome_nobody_was_trained_on_is_found_after_adding_one_photo(
    bundle: Path, hopper: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(bundle, hopper, "--syndrome", NEW, "--name", "SHORT syndrome", "--subject", "hopper") == 0
    loaded = load_bundle(bundle)
    known = references_of(loaded)
    best = Gallery(loaded).match(known.embeddings[-1])[0]
    assert (best.id, best.name, best.subject) == (NEW, "SHORT syndrome", "hopper")
    assert best.distance == pytest.approx(0, abs=1e-3)
    assert main(["list", str(bundle), "--faces"]) == 0
    out = capsys.readouterr().out
    assert f"{NEW}\tSHORT syndrome\t1 subjects\t1 faces" in out and f"{NEW}\thopper\t{hopper.name}" in out
    assert main(["remove", str(bundle), "--syndrome", NEW]) == 0
    assert NEW not in references_of(load_bundle(bundle)).syndrome_ids


def test_adding_and_removing_a_face_leaves_the_other_faces_as_they_were(bundle: Path, hopper: Path) -> None:
    before = references_of(load_bundle(bundle))
    assert add(bundle, hopper, "--syndrome", "unaffected") == 0
    assert main(["remove", str(bundle), "--image", hopper.name]) == 0
    after = references_of(load_bundle(bundle))
    np.testing.assert_array_equal(after.embeddings, before.embeddings)
    assert (after.image_ids, after.subjects) == (before.image_ids, before.subjects)


def test_a_table_names_subjects_and_syndromes(bundle: Path, hopper: Path, rendered: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in (hopper, rendered):
        shutil.copy(photo, folder)
    (tmp_path / "t.csv").write_text(f"image_id,subject,label\n{hopper.name},a,{NEW}\n{rendered.name},b,OMIM:190685\n")
    (tmp_path / "s.tsv").write_text("syndrome_id\tsyndrome_name\tOMIM\n17\tSHORT syndrome\t269880\n")
    assert add(bundle, folder, "--table", tmp_path / "t.csv", "--syndromes", tmp_path / "s.tsv") == 0
    known = references_of(load_bundle(bundle))
    assert known.subjects[-2:] == ("a", "b")
    assert known.syndrome_names[-1] == "SHORT syndrome"


@pytest.mark.parametrize("case", ["no face", "no photo", "no name", "twice", "no syndrome"])
def test_what_cannot_be_added_changes_nothing(case: str, bundle: Path, hopper: Path, tmp_path: Path) -> None:
    black = tmp_path / "black.png"
    cv2.imwrite(str(black), np.zeros((300, 300, 3), np.uint8))
    usual = ("--syndrome", NEW, "--name", "SHORT")
    wrong: dict[str, tuple[type[KioskError], tuple[object, ...]]] = {
        "no face": (PhotoRefusedError, (hopper, black, *usual)),
        "no photo": (KioskError, (tmp_path / "none.jpg", *usual)),
        "no name": (UsageError, (hopper, "--syndrome", NEW)),
        "twice": (KioskError, (hopper, hopper, *usual)),
        "no syndrome": (UsageError, (hopper,)),
    }
    before = contents(bundle)
    error, words = wrong[case]
    with pytest.raises(error):
        add(bundle, *words)
    assert contents(bundle) == before
    assert not [path for path in bundle.iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    "words", [(), ("--image", "none"), ("--subject", "none"), ("--image", "a", "--subject", "b"), ("--syndrome", "x")]
)
def test_what_cannot_be_removed_changes_nothing(words: tuple[str, ...], bundle: Path) -> None:
    before = contents(bundle)
    with pytest.raises(UsageError, match="WRK-06"):
        main(["remove", str(bundle), *words])
    assert contents(bundle) == before


def test_the_last_faces_cannot_be_removed(bundle: Path) -> None:
    known = references_of(load_bundle(bundle))
    with pytest.raises(UsageError, match="no reference would be left"):
        main(["remove", str(bundle), "--syndrome", *known.syndrome_ids])


def test_encodings_match_as_the_device_does(bundle: Path, hopper: Path, rendered: Path, tmp_path: Path) -> None:
    """Photos -> encodings -> predictions, against a gallery of encodings: a photo is nearest to itself."""
    encodings, out = tmp_path / "all_encodings.csv", tmp_path / "out"
    assert main(["encode", "--bundle", str(bundle), str(hopper), str(rendered), "--out", str(encodings)]) == 0
    lines = encodings.read_text().splitlines()
    assert lines[0] == ";".join(COLUMNS) and len(lines) == 1 + 2 * 2
    (tmp_path / "t.csv").write_text("image_id,subject,label\ngrace-hopper,h,1\nrendered,c,2\n")
    (tmp_path / "s.tsv").write_text("syndrome_id\tsyndrome_name\tOMIM\n1\tOne\t269880\n2\tTwo\t\n")
    tables = ["--table", str(tmp_path / "t.csv"), "--syndromes", str(tmp_path / "s.tsv")]
    assert main(["match", "--cases", str(encodings), "--gallery", str(encodings), *tables, "--out", str(out)]) == 0
    found = json.loads((out / "grace-hopper.json").read_text())
    first, second = found["suggested_syndromes_list"]
    assert (first["syndrome_name"], first["omim_id"], first["distance"]) == ("One", "269880", 0.0)
    assert (first["image_id"], first["subject_id"]) == ("grace-hopper", "h")
    assert second["omim_id"] == "" and 0 < second["distance"] == second["gestalt_score"]
    assert [n.name for n in read_prediction(out / "rendered.json")] == ["Two", "One"]


def test_cases_of_other_rows_than_the_gallerys_are_refused(bundle: Path, hopper: Path, tmp_path: Path) -> None:
    encodings = tmp_path / "e.csv"
    assert main(["encode", "--bundle", str(bundle), str(hopper), "--out", str(encodings)]) == 0
    flips = references_of(load_bundle(bundle)).flips
    kept = [line for line in encodings.read_text().splitlines() if line.split(";")[2] != str(flips - 1)]
    encodings.write_text("\n".join(kept))
    with pytest.raises(TableError, match=r"WRK-02 .*the gallery"):
        main(["match", "--cases", str(encodings), "--bundle", str(bundle), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


VECTOR = st.lists(st.floats(-10, 10, width=32).filter(lambda v: abs(v) > 1e-3), min_size=3, max_size=3)


@given(st.lists(st.tuples(VECTOR, VECTOR), min_size=1, max_size=5))
def test_encodings_that_are_written_are_read_back(vectors: list[tuple[list[float], list[float]]]) -> None:
    rows = np.array(vectors, np.float32)
    names = [f"p{i}_aligned.jpg" for i in range(len(rows))]
    written = Encodings((("m0", 0, 0), ("m0", 1, 0)), tuple(map(image_id, names)), rows, rows[..., :2])
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.csv"
        path.write_text(encodings_csv(written, names))
        found = read_encodings(path)
    assert (found.keys, found.ids) == (written.keys, written.ids)
    np.testing.assert_allclose(found.representations, rows, atol=1e-5)


GOOD = "img_name;model;flip;gray;class_conf;representations\na_aligned.jpg;m0;0;0;[1.0];[1.0, 2.0]\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a;b\n", "lacks the column"),
        (GOOD.splitlines()[0], "no encoding"),
        (GOOD + "a_aligned.jpg;m0;0;0;[1.0];[1.0, 2.0]\n", "twice"),
        (GOOD + "b_aligned.jpg;m0;1;0;[1.0];[1.0, 2.0]\n", "b has the rows"),
        (GOOD + "b_aligned.jpg;m0;0;0;[1.0];[1.0]\n", "differ in length"),
        (GOOD.replace("[1.0, 2.0]", "[0.0, 0.0]"), "a representation is zero"),
        (GOOD.replace("[1.0, 2.0]", "[1.0, NaN]"), "lists of numbers"),
        (GOOD.replace("[1.0, 2.0]", "{}"), "lists of numbers"),
        (GOOD.replace("[1.0, 2.0]", "[1.0"), "line 2"),
        (GOOD.replace(";0;0;", ";2;0;"), "0 or 1"),
        (GOOD.replace("a_aligned.jpg", "_x"), "may not be empty"),
    ],
)
def test_encodings_that_cannot_be_used_are_named(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=f"WRK-02 .*{what}"):
        read_encodings(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"suggested_syndromes_list": [{}]}', '{"suggested_syndromes_list": 3}']
)
def test_a_prediction_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(TableError, match="is no prediction"):
        read_prediction(path)
    with pytest.raises(DataAbsentError):
        read_prediction(tmp_path / "none.json")


def test_a_prediction_has_three_decimals_and_rises(tmp_path: Path) -> None:
    found = [Neighbour("OMIM:1", "i", 0.12345, "One", "s"), Neighbour("x", "j", 0.5, "Two", "t")]
    data = prediction("m", "g", found)
    assert list(data) == ["model_version", "gallery_version", "suggested_syndromes_list"]
    assert data["suggested_syndromes_list"][0] == {
        "syndrome_name": "One", "omim_id": "1", "distance": 0.123, "gestalt_score": 0.123, "image_id": "i",
        "subject_id": "s",
    }  # fmt: skip
    (tmp_path / "p.json").write_text(json.dumps(prediction("m", "g", found[::-1])))
    with pytest.raises(TableError, match="ascending"):
        read_prediction(tmp_path / "p.json")


def test_only_omim_ids_have_an_omim_number() -> None:
    assert (omim_id("OMIM:190685"), omim_id("unaffected")) == ("190685", "")


def test_a_gallery_that_does_not_fit_never_replaces_a_good_one(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device's readers look at the new bundle before the old one is touched."""
    before = contents(bundle)

    def refuse(_folder: Path) -> None:
        raise BundleModelError("not good")

    monkeypatch.setattr("tools.gallery.update.usable", refuse)
    first = references_of(load_bundle(bundle)).image_ids[0]
    with pytest.raises(BundleModelError):
        main(["remove", str(bundle), "--image", first])
    assert contents(bundle) == before
