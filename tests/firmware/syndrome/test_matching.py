"""Matching as GestaltMatcher does it: mean over rows, the nearest per syndrome and per subject, and clear refusals."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.bundle.manifest import Label
from firmware.errors import BundleModelError
from firmware.face.align import FaceCrop
from firmware.syndrome.gallery import Gallery, mirrored
from firmware.syndrome.references import References, read_references

LABELS = (Label("OMIM:1", "One"), Label("unaffected", "Unaffected"))


def references(count: int = 12, flips: int = 2, dimension: int = 8, syndromes: int = 4, seed: int = 0) -> References:
    rng = np.random.default_rng(seed)
    return References(
        rng.normal(size=(count, flips, dimension)).astype(np.float32),
        (np.arange(count) % syndromes).astype(np.int32),
        tuple(f"s{i // 2}" for i in range(count)),
        tuple(f"i{i}" for i in range(count)),
        tuple(f"OMIM:{i}" for i in range(syndromes)),
        tuple(f"Syndrome {i}" for i in range(syndromes)),
    )


def by_hand(known: References, frames: np.ndarray) -> np.ndarray:
    """Mean over frames and rows of the cosine distance, one pair at a time."""
    found = []
    for reference in known.embeddings:
        pairs = [(c, r) for frame in frames for c, r in zip(frame, reference, strict=True)]
        found.append(np.mean([1 - c @ r / np.linalg.norm(c) / np.linalg.norm(r) for c, r in pairs]))
    return np.array(found)


@settings(max_examples=60)
@given(
    st.integers(1, 20), st.integers(1, 2), st.integers(1, 6), st.integers(1, 5), st.integers(1, 3), st.integers(0, 999)
)
def test_the_fast_way_gives_what_matching_by_hand_gives(
    count: int, flips: int, dimension: int, syndromes: int, frames: int, seed: int
) -> None:
    known = references(count, flips, dimension, syndromes, seed)
    case = np.random.default_rng(seed + 1).normal(size=(frames, flips, dimension)).astype(np.float32)
    expected, gallery = by_hand(known, case), Gallery(known)
    np.testing.assert_allclose(gallery.distances(case), expected, atol=1e-5)
    found = gallery.match(case)
    assert len(found) == len({n.id for n in found}) == len(set(known.syndromes.tolist()))
    assert [n.distance for n in found] == sorted(n.distance for n in found)
    for neighbour in found:
        mine = expected[known.syndromes == known.syndrome_ids.index(neighbour.id)]
        assert neighbour.distance == pytest.approx(mine.min(), abs=1e-4)
        assert expected[known.image_ids.index(neighbour.image_id)] == pytest.approx(mine.min(), abs=1e-4)
    for neighbour in gallery.match_subjects(case, limit=99):
        mine = expected[[s == neighbour.subject for s in known.subjects]]
        assert neighbour.distance == pytest.approx(mine.min(), abs=1e-4)


def test_a_syndrome_that_the_classifier_never_saw_is_found_with_its_name() -> None:
    known = references()
    best = Gallery(known).match(known.embeddings[3])[0]
    assert (best.id, best.name, best.image_id, best.subject) == ("OMIM:3", "Syndrome 3", "i3", "s1")
    assert best.distance == pytest.approx(0, abs=1e-5)


def test_of_equally_near_faces_the_first_is_named() -> None:
    known = references(count=4, syndromes=2)
    twin = replace(known, embeddings=np.repeat(known.embeddings[:1], 4, axis=0))
    assert [n.image_id for n in Gallery(twin).match(known.embeddings[0])] == ["i0", "i1"]


def test_the_nearest_subjects_come_once_each() -> None:
    known = references()
    found = Gallery(known).match_subjects(known.embeddings[5], limit=3)
    assert len({n.subject for n in found}) == 3
    assert found[0].subject == "s2"


@pytest.mark.parametrize("shape", [(8,), (1, 8), (3, 8), (2, 7), (0, 2, 8), (1, 1, 2, 8), (2, 3, 8)])
def test_rows_of_another_form_than_the_gallerys_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BundleModelError, match="needs 2 x 8"):
        Gallery(references()).match(np.ones(shape, np.float32))


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_case_without_a_direction_is_refused(value: float) -> None:
    with pytest.raises(BundleModelError, match="zero or not finite"):
        Gallery(references()).match(np.full((2, 8), value, np.float32))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"image_ids": ("i0",) * 12}, "image_ids holds 'i0' twice"),
        ({"syndrome_ids": ("OMIM:0",) * 4}, "syndrome_ids holds 'OMIM:0' twice"),
        ({"syndrome_names": ("a", "b", "", "d")}, "'OMIM:2' has no id or no name"),
        ({"syndrome_names": ("a", "b", "c")}, "4 syndrome ids have 3 names"),
        ({"syndromes": np.full(12, 4, np.int32)}, "none of the 4 listed"),
        ({"syndromes": np.full(12, -1, np.int32)}, "none of the 4 listed"),
        ({"subjects": ("s",)}, "need as many"),
        ({"embeddings": np.zeros((12, 2, 8), np.float32)}, "zero or not finite"),
        ({"embeddings": np.full((12, 2, 8), np.nan, np.float32)}, "zero or not finite"),
        ({"embeddings": np.ones((12, 8), np.float32)}, "faces x rows x dimension"),
    ],
)
def test_references_that_do_not_fit_together_are_refused(change: dict[str, object], what: str) -> None:
    with pytest.raises(BundleModelError, match=f"BUN-04 gallery.npz: .*{what}"):
        replace(references(), **change)


def test_what_is_written_is_read_back() -> None:
    known = references()
    back = read_references(known.arrays(), LABELS, 8)
    assert back.syndrome_names == known.syndrome_names and back.subjects == known.subjects
    np.testing.assert_array_equal(back.embeddings, known.embeddings)


def test_another_dimension_than_the_networks_is_refused() -> None:
    with pytest.raises(BundleModelError, match="their dimension must be 128"):
        read_references(references().arrays(), LABELS, 128)


def test_the_first_layout_is_read_with_the_manifests_labels() -> None:
    arrays = {
        "embeddings": np.eye(2, 4, dtype=np.float32),
        "labels": np.array([1, 0]),
        "image_ids": np.array(["p_0", "q_1"]),
    }
    found = Gallery(read_references(arrays, LABELS, 4)).match(np.eye(1, 4, dtype=np.float32))
    assert [(n.id, n.image_id, n.subject) for n in found] == [("unaffected", "p_0", "p"), ("OMIM:1", "q_1", "q")]


def test_the_mirror_image_is_one() -> None:
    pixels = np.arange(112 * 112 * 3, dtype=np.uint32).reshape(112, 112, 3).astype(np.uint8)
    crop = FaceCrop(pixels, np.eye(2, 3), np.zeros((5, 2)))
    assert (mirrored(crop).pixels[:, 0] == pixels[:, -1]).all()
    assert (mirrored(mirrored(crop)).pixels == pixels).all()


def test_ten_thousand_references_are_answered_at_once() -> None:
    """The figure is in docs/evidence.md; here only that nobody puts a loop over references in."""
    known = references(10_000, 2, 128, 300)
    gallery, case = Gallery(known), known.embeddings[1234]
    took = []
    for _ in range(15):
        start = time.process_time()
        assert gallery.match(case)[0].image_id == "i1234"
        took.append(time.process_time() - start)
    assert min(took) < 0.02
