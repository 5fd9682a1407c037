"""Phantoms: reproducible, findable, honest about their landmarks, and with no clue to the class but its terms."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from tools.errors import DataAbsentError, ShapeError, UsageError
from tools.phantom import measure
from tools.phantom.__main__ import main as render_cohort
from tools.phantom.cohort import cohort as draw_cohort
from tools.phantom.face import Expression, face_points
from tools.phantom.person import Person, draw_person
from tools.phantom.render import render, rotation
from tools.phantom.scene import Scene
from tools.phantom.shape import SHIPPED, FaceShape
from tools.phantom.surface import ATLAS, ATLAS_MM
from tools.phantom.terms import NAMES, PAINTED, PUSHES, SYNDROMES, UNAFFECTED, term_fields
from tools.phantom.texture import paint
from tools.phantom.topology import eye_ring, lip_ring, oval, triangles

REPOSITORY = Path(__file__).parents[2]
INSIDE = sorted(set(range(468)) - set(oval().tolist()))


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def average(label: str = UNAFFECTED, **terms: float) -> Person:
    """The mean face, with only these terms (underscore for the colon)."""
    person = draw_person(label, np.random.default_rng(0))
    return replace(person, identity=np.zeros(1), terms={k.replace("_", ":"): v for k, v in terms.items()}, scale=1.0)


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert render_cohort([str(tmp_path / name), "--subjects", "3", "--seed", "5", "--size", "160"]) == 0
    assert render_cohort([str(tmp_path / "other"), "--subjects", "3", "--seed", "6", "--size", "160"]) == 0
    one, two = ({p.name: p.read_bytes() for p in sorted((tmp_path / n).iterdir())} for n in ("one", "two"))
    assert one == two
    assert (tmp_path / "other" / "labels.csv").read_bytes() != one["labels.csv"]
    assert not set(one.values()) & {p.read_bytes() for p in (tmp_path / "other").iterdir()}


def test_a_second_cohort_leaves_no_photo_of_the_first_and_touches_nothing_else(tmp_path: Path) -> None:
    words = [str(tmp_path), "--size", "64"]
    assert render_cohort([*words, "--subjects", "2", "--seed", "5"]) == 0
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    assert render_cohort([*words, "--subjects", "1", "--seed", "6"]) == 0
    assert {p.name for p in tmp_path.glob("*.jpg")} == {row["image_id"] for row in rows_of(tmp_path)} | {"mine.jpg"}


@pytest.mark.parametrize("about", [None, "{}", '{"what": "photos of our clinic"}', "no json"])
def test_a_folder_with_a_table_of_other_photos_is_refused_untouched(tmp_path: Path, about: str | None) -> None:
    (tmp_path / "labels.csv").write_text("image_id,subject,label\nmine.jpg,s1,unaffected\n")
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    if about is not None:
        (tmp_path / "about.json").write_text(about)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=r"WRK-06 .* holds a table of other photos"):
        render_cohort([str(tmp_path), "--size", "64", "--subjects", "1"])
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_table_cannot_have_anything_removed_that_is_no_photo_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert render_cohort([str(out), "--size", "64", "--subjects", "1", "--seed", "5"]) == 0
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    (out / "notes.txt").write_bytes(b"mine")
    table = out / "labels.csv"
    table.write_text(table.read_text() + "../mine.jpg,s,unaffected,test,1,F,1,frontal\nnotes.txt,s,unaffected,,,,,\n")
    assert render_cohort([str(out), "--size", "64", "--subjects", "1", "--seed", "6"]) == 0
    assert (tmp_path / "mine.jpg").exists() and (out / "notes.txt").exists()


@pytest.mark.parametrize("more", [[], ["--basis", "external"]])
def test_a_disk_that_fills_up_leaves_no_half_of_a_photo(tmp_path: Path, more: list[str]) -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500));"
        "from tools.phantom.__main__ import main; from tools.errors import run_main; run_main(main)"
    )
    command = [sys.executable, "-c", program, str(tmp_path), "--subjects", "1", "--size", "64", *more]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("WRK-07") and "_0.jpg cannot be written (File too large)" in line
    assert not list(tmp_path.iterdir())


def test_table_names_every_photo_and_no_subject_is_in_two_splits(cohort: Path) -> None:
    rows = rows_of(cohort)
    assert list(rows[0]) == ["image_id", "subject", "label", "split", "age", "sex", "skin_tone", "pose"]
    assert {row["image_id"] for row in rows} == {p.name for p in cohort.glob("*.jpg")}
    photos = Counter(row["subject"] for row in rows)
    assert set(photos.values()) <= {3, 4, 5}
    homes = {row["subject"]: row["split"] for row in rows}
    assert all(homes[row["subject"]] == row["split"] for row in rows)
    labels = {row["subject"]: row["label"] for row in rows}
    assert set(Counter(labels.values()).values()) == {7}
    assert set(labels.values()) == set(SYNDROMES)
    for split in ("train", "calibration", "test"):
        assert {labels[s] for s in homes if homes[s] == split} == set(SYNDROMES)


def test_face_mesh_finds_the_phantoms_where_they_are(cohort: Path) -> None:
    known = [json.loads(line) for line in (cohort / "metadata.jsonl").read_text().splitlines()]
    missed, errors = 0, []
    with MediaPipeMesher(max_faces=1) as mesher:
        for photo in known:
            faces = mesher.find(read_photo(cohort / photo["image_id"]))
            if not faces:
                missed += 1
                continue
            truth = np.array(photo["landmarks"])
            away = np.linalg.norm(faces[0].landmarks[:, :2] - truth[:, :2], axis=1)[INSIDE]
            errors.append(away.mean() / np.linalg.norm(truth[468, :2] - truth[473, :2]))
    assert missed <= 0.01 * len(known)
    assert np.median(errors) < 0.035
    assert np.percentile(errors, 95) < 0.06


def test_label_moves_nothing_but_the_terms() -> None:
    """The same draw with another label: same scenes, same skin, hair, shape."""
    healthy = list(draw_cohort(6, seed=3, unaffected_share=1.0))
    affected = list(draw_cohort(6, seed=3, unaffected_share=0.0))
    assert {s.person.label for s in healthy} == {UNAFFECTED}
    assert UNAFFECTED not in {s.person.label for s in affected}
    for one, other in zip(healthy, affected, strict=True):
        assert one.scenes == other.scenes
        for field in fields(Person):
            if field.name not in {"label", "terms", "findings"}:
                np.testing.assert_equal(getattr(one.person, field.name), getattr(other.person, field.name))
        assert one.person.terms != other.person.terms


@pytest.mark.parametrize(("share", "healthy"), [(0.0, 0), (0.25, 10), (0.5, 20), (1.0, 40)])
def test_unaffected_share_is_kept(share: float, healthy: int) -> None:
    assert sum(s.person.label == UNAFFECTED for s in draw_cohort(40, seed=1, unaffected_share=share)) == healthy


def test_every_term_of_every_syndrome_can_be_seen() -> None:
    assert set(NAMES) == set(SYNDROMES)
    for shares in SYNDROMES.values():
        for hpo, share in shares.items():
            assert hpo in PUSHES or hpo in PAINTED, hpo
            assert 0 < share <= 1


# What a term must do to the mean face: landmark a minus landmark b along an axis (0 right, 1 down, 2 away), its sign.
DIRECTIONS = {
    "HP_0000582": (263, 362, 1, -1),  # upslanted: outer canthus rises against the inner one
    "HP_0000494": (263, 362, 1, +1),
    "HP_0000194": (14, 13, 1, +1),  # lips apart
    "HP_0012745": (263, 362, 0, -1),  # short fissure
    "HP_0005280": (168, 33, 2, +1),  # depressed bridge: sellion goes back
    "HP_0002714": (291, 13, 1, +1),  # corners below stomion
    "HP_0000219": (13, 0, 1, -1),  # thin upper lip
    "HP_0000343": (0, 2, 1, +1),  # long philtrum
    "HP_0003196": (2, 168, 1, -1),  # short nose
    "HP_0003189": (2, 168, 1, +1),
    "HP_0000347": (152, 17, 1, -1),  # small chin
    "HP_0030820": (386, 374, 1, +1),  # hooded: lid gap smaller
    "HP_0000508": (386, 374, 1, +1),
    "HP_0000431": (351, 122, 0, +1),  # wide bridge
    "HP_0000430": (358, 129, 0, -1),  # narrow alae
    "HP_0000276": (152, 10, 1, +1),  # long face
    "HP_0000275": (454, 234, 0, -1),  # narrow face
    "HP_0000160": (291, 61, 0, -1),
    "HP_0000154": (291, 61, 0, +1),
    "HP_0000506": (362, 133, 0, +1),
    "HP_0000316": (473, 468, 0, +1),
    "HP_0012471": (17, 0, 1, +1),
    "HP_0000455": (358, 129, 0, +1),
    "HP_0000337": (284, 54, 0, +1),
    "HP_0000348": (10, 168, 1, -1),
    "HP_0000325": (397, 172, 0, -1),
    "HP_0000272": (280, 4, 2, +1),  # flat cheeks
    "HP_0000293": (425, 4, 2, -1),  # full cheeks
}


@pytest.mark.parametrize("hpo", sorted(DIRECTIONS))
def test_term_moves_its_measure_the_right_way(hpo: str) -> None:
    first, second, axis, sign = DIRECTIONS[hpo]
    plain, moved = face_points(average(), Expression()), face_points(average(**{hpo: 1.0}), Expression())
    change = (moved[first] - moved[second] - plain[first] + plain[second])[axis]
    assert sign * change > 0.5


def test_terms_are_symmetric_and_local() -> None:
    mean = FaceShape.load().mean.astype(np.float64)
    mirror = measure.mirror_of(mean)
    for hpo, field in term_fields().items():
        np.testing.assert_allclose(field, field[mirror] * (-1, 1, 1), atol=0.25, err_msg=hpo)
        assert np.abs(field).max() < 9.0, hpo


def test_mesh_is_one_sheet_with_three_holes() -> None:
    edges = Counter(edge for t in triangles().tolist() for edge in combinations(sorted(t), 2))
    assert triangles().shape == (852, 3)
    assert set(edges.values()) == {1, 2}
    rim = {point for edge, count in edges.items() if count == 1 for point in edge}
    holes = [eye_ring(True), eye_ring(False), lip_ring(inner=True), oval()]
    assert rim == {int(point) for hole in holes for point in hole}
    assert [len(hole) for hole in holes] == [16, 16, 20, 36]
    directed = Counter((t[i], t[(i + 1) % 3]) for t in triangles().tolist() for i in range(3))
    assert set(directed.values()) == {1}, "two neighbours turn different ways"


def test_pose_signs_are_those_of_the_device() -> None:
    nose = np.array([0.0, 0.0, -40.0])
    assert (nose @ rotation(10, 0, 0).T)[0] > 0, "positive yaw turns the face to the right of the picture"
    assert (nose @ rotation(0, 10, 0).T)[1] > 0, "positive pitch lowers the chin"
    turn = rotation(7, -5, 3)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)


def test_truth_follows_the_camera() -> None:
    """Twice the distance at the same field of view: half the eye distance."""
    person = average()
    near, far = (render(person, Scene(distance_mm=d), 240, 240).landmarks for d in (600.0, 1200.0))
    span = [np.linalg.norm(p[468, :2] - p[473, :2]) for p in (near, far)]
    assert span[0] / span[1] == pytest.approx(2.0, rel=0.01)


def test_person_out_of_the_picture_leaves_the_background() -> None:
    backdrop = np.full((120, 160, 3), 0.25, np.float32)
    photo = render(average(), Scene(centre=(9.0, 0.5)), 160, 120, backdrop=backdrop)
    assert photo.pixels.std() < 5


def test_atlas_tiles_do_not_overlap() -> None:
    covered = np.zeros(ATLAS_MM[::-1], int)
    for left, top, width, height in ATLAS.values():
        covered[top : top + height, left : left + width] += 1
    assert covered.max() == 1
    atlas = paint(average(), 1.0)
    assert atlas.shape == (*ATLAS_MM[::-1], 3)
    assert 0 <= atlas.min() < atlas.max() <= 1


@pytest.mark.parametrize(
    "arguments", [["--subjects", "0"], ["--size", "10"], ["--seed", "-1"], ["--unaffected-share", "2"]]
)
def test_impossible_options_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        render_cohort([str(tmp_path), *arguments])


def test_damaged_shape_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "shape.npz"
    broken.write_bytes(SHIPPED.read_bytes()[:5000])
    with pytest.raises(ShapeError):
        FaceShape.load(broken)
    with pytest.raises(DataAbsentError):
        FaceShape.load(tmp_path / "none.npz")
    with pytest.raises(ShapeError):
        FaceShape(np.full((478, 3), np.nan, np.float32), np.zeros((1, 478, 3), np.float32))


def test_too_few_faces_make_no_shape(cohort: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for photo in sorted(cohort.glob("*.jpg"))[:3]:
        (few / photo.name).write_bytes(photo.read_bytes())
    with pytest.raises(ShapeError):
        measure.main([str(few), "--out", str(tmp_path / "shape.npz")])
    with pytest.raises(DataAbsentError):
        measure.main([str(tmp_path / "nowhere")])


def test_measuring_phantoms_finds_their_shape_again(cohort: Path, tmp_path: Path) -> None:
    """The loop closes: the mean over rendered photos is the mean they were rendered from, to 2 mm or so."""
    out = tmp_path / "shape.npz"
    assert measure.main([str(cohort), "--out", str(out), "--components", "5", "--pairs-of", str(SHIPPED)]) == 0
    away = np.linalg.norm(FaceShape.load(out).mean - FaceShape.load().mean, axis=1)[INSIDE]
    assert np.median(away) < 3.0


def test_film_of_the_demo_plays(phantom_folder: Path) -> None:
    frames = sorted((phantom_folder / "frames").glob("*.jpg"))
    assert 150 <= len(frames) <= 260
    assert sum(f.stat().st_size for f in frames) < 9_000_000
    sizes = {cv2.imread(str(f)).shape for f in frames[::20]}
    assert sizes == {(720, 1280, 3)}
    with MediaPipeMesher(max_faces=2) as mesher:
        empty = mesher.find(read_photo(frames[2]))
        (face,) = mesher.find(read_photo(frames[55]))
    assert not empty
    assert face.inter_eye_px >= 110
