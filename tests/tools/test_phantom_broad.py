"""The broad cohort: more unlike each other than people are, and the label still moves nothing but the terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tools.phantom.broad import broad_cohort, draw_broad_person, draw_sizes, swellings
from tools.phantom.cohort import cohort
from tools.phantom.face import Expression, face_points
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PUSHES, SYNDROMES, UNAFFECTED

MEAN = FaceShape.load().mean.astype(np.float64)


def plain(person: object) -> np.ndarray:
    """The face without any term, of an adult's size."""
    return face_points(replace(person, terms={}, scale=1.0), Expression())  # type: ignore[type-var]


def outside_share(people: list[object]) -> float:
    """Share of what makes faces differ that the shipped basis cannot express."""
    basis = FaceShape.load().basis[:, :400].astype(np.float64)  # lids, lips and irises are set afterwards
    known = np.linalg.qr(basis.reshape(len(basis), -1).T)[0]
    faces = np.array([(plain(p) - MEAN)[:400].ravel() for p in people])
    return float(((faces - faces @ known @ known.T) ** 2).sum() / (faces**2).sum())


def test_faces_differ_in_ways_that_the_shape_model_does_not_know() -> None:
    broad = [subject.person for subject in broad_cohort(14, 3)]
    usual = [subject.person for subject in cohort(14, 3)]
    assert outside_share(broad) > 5 * outside_share(usual)


def test_the_label_moves_nothing_but_the_terms() -> None:
    people = [draw_broad_person(label, np.random.default_rng(5)) for label in SYNDROMES]
    for person in people[1:]:
        assert np.array_equal(plain(person), plain(people[0]))
        assert (person.skin, person.age, person.scale) == (people[0].skin, people[0].age, people[0].scale)
    assert len({tuple(person.findings) for person in people}) > 1


def test_subject_n_is_the_same_whatever_the_size_of_the_cohort() -> None:
    few, many = list(broad_cohort(3, 9)), list(broad_cohort(8, 9))
    for one, other in zip(few, many, strict=False):
        assert one.scenes == other.scenes and np.array_equal(plain(one.person), plain(other.person))
    assert len({subject.name for subject in many}) == 8
    assert {subject.person.label for subject in broad_cohort(7, 9)} == set(SYNDROMES)


def test_swellings_are_small_and_never_the_same() -> None:
    found = [swellings(MEAN, np.random.default_rng(seed)) for seed in range(30)]
    largest = [np.abs(field).max() for field in found]
    assert 0.5 < np.median(largest) < 12
    assert not np.allclose(found[0], found[1])


def test_findings_stand_out_from_everybodys_variation() -> None:
    hpo = next(iter(PUSHES))
    rng = np.random.default_rng(1)
    without = [draw_sizes((), rng)[hpo] for _ in range(400)]
    marked = [draw_sizes((hpo,), rng)[hpo] for _ in range(400)]
    assert abs(float(np.mean(without))) < 0.05 and np.mean(marked) > 0.7
    assert UNAFFECTED in SYNDROMES
