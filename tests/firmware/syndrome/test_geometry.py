"""What the geometry of a face adds to the network's logits."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from firmware.bundle.verify import Bundle
from firmware.errors import BundleModelError
from firmware.face.align import align
from firmware.face.landmarks import SURFACE
from firmware.face.mesh import FaceMesh, MediaPipeMesher
from firmware.face.refine import fingerprint
from firmware.face.shape import upright_shape
from firmware.frame import Frame
from firmware.syndrome.evidence import Recogniser
from firmware.syndrome.geometry import GEOMETRY, Geometry

HIDDEN = 5
Change = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def face(mesher: MediaPipeMesher, hopper_frame: Frame) -> FaceMesh:
    return mesher.find(hopper_frame)[0]


@pytest.fixture(scope="module")
def arrays(phantom: Bundle, face: FaceMesh) -> dict[str, np.ndarray]:
    rng, labels = np.random.default_rng(5), len(phantom.manifest.labels)
    reference = face.landmarks[:SURFACE] + rng.normal(0, 2, (SURFACE, 3))
    numbers = {"reference": reference, "refinement": np.array(fingerprint())}
    numbers |= {"weights0": rng.normal(0, 0.01, (2 * SURFACE, HIDDEN)), "constant0": rng.normal(0, 1, HIDDEN)}
    return {**numbers, "weights1": rng.normal(0, 0.5, (HIDDEN, labels)), "constant1": rng.normal(0, 1, labels)}


def with_geometry(bundle: Bundle, **arrays: np.ndarray) -> Bundle:
    packed = io.BytesIO()
    np.savez(packed, **{name: np.asarray(a, np.float32) if a.dtype == np.float64 else a for name, a in arrays.items()})
    return replace(bundle, contents={**bundle.contents, GEOMETRY: packed.getvalue()})


def without_geometry(bundle: Bundle) -> Bundle:
    return replace(bundle, contents={name: body for name, body in bundle.contents.items() if name != GEOMETRY})


def test_a_bundle_without_it_goes_by_its_network(phantom: Bundle, face: FaceMesh, hopper_frame: Frame) -> None:
    bundle = without_geometry(phantom)
    assert not Geometry(bundle).known
    assert not Geometry(bundle).logits(face).any()
    views = Recogniser(bundle).see(align(hopper_frame, face), face)
    assert views.logits == pytest.approx((views.plain.logits + views.mirror.logits) / 2)


def test_it_is_two_layers_of_the_shape_s_coordinates(
    phantom: Bundle, face: FaceMesh, arrays: dict[str, np.ndarray]
) -> None:
    shape = upright_shape(face.landmarks[:SURFACE].astype(np.float64), arrays["reference"]).ravel()
    hidden = [max(dot(arrays["weights0"][:, h], shape) + arrays["constant0"][h], 0.0) for h in range(HIDDEN)]
    by_hand = [
        dot(column, hidden) + constant
        for column, constant in zip(arrays["weights1"].T, arrays["constant1"], strict=True)
    ]
    assert 0 < np.count_nonzero(hidden) < HIDDEN, "the rectifier is asked"
    assert Geometry(with_geometry(phantom, **arrays)).logits(face) == pytest.approx(by_hand, abs=1e-3)


def dot(one: np.ndarray, other: Sequence[float] | np.ndarray) -> float:
    return sum(float(a) * float(b) for a, b in zip(one, other, strict=True))


def test_the_network_and_the_geometry_are_added(
    phantom: Bundle, face: FaceMesh, hopper_frame: Frame, arrays: dict[str, np.ndarray]
) -> None:
    bundle, crop = with_geometry(phantom, **arrays), align(hopper_frame, face)
    with_mesh, alone = (Recogniser(bundle).see(crop, mesh) for mesh in (face, None))
    added = Geometry(bundle).logits(face)
    assert np.abs(added).max() > 0.1
    assert with_mesh.logits == pytest.approx(alone.logits + added, abs=1e-5)
    assert Recogniser(bundle).evidence([with_mesh]).logits[0] == pytest.approx(with_mesh.logits)


def without(arrays: dict[str, np.ndarray], *names: str) -> dict[str, np.ndarray]:
    return {name: values for name, values in arrays.items() if name not in names}


BROKEN = {
    "without weights": (lambda a: without(a, "weights0", "weights1"), "1 to 4 layers"),
    "without a layer's constant": (lambda a: without(a, "constant0"), "1 to 4 layers"),
    "without its last layer": (lambda a: without(a, "weights1", "constant1"), "weights0"),
    "without its first layer": (lambda a: without(a, "weights0", "constant0"), "1 to 4 layers"),
    "with more than layers": (lambda a: {**a, "constant9": a["constant1"]}, "1 to 4 layers"),
    "of many layers": (lambda a: a | {f"{p}{n}": a[f"{p}1"] for n in range(2, 9) for p in PARTS}, "1 to 4 layers"),
    "for other software": (lambda a: {**a, "refinement": np.array("0" * 64)}, "another version"),
    "from before": (lambda a: without(a, "refinement"), "another version"),
    "of one layer, as it was": (lambda a: {**without(a, "weights1"), "weights": a["weights1"]}, "1 to 4 layers"),
    "for other labels": (lambda a: {**a, "constant1": a["constant1"][:-1]}, "constant1"),
    "for another mesh": (lambda a: {**a, "weights0": a["weights0"][:100]}, "weights0"),
    "of layers that do not meet": (lambda a: {**a, "weights1": a["weights1"][1:]}, "weights1"),
    "of no width": (lambda a: {**a, "weights0": a["weights0"][:, :0], "constant0": a["constant0"][:0]}, "weights0"),
    "of numbers, not of layers": (lambda a: {**a, "weights0": a["weights0"][0, 0]}, "weights0"),
    "without an end": (lambda a: {**a, "weights0": a["weights0"] * np.nan}, "weights0"),
    "beyond all measure": (lambda a: {**a, "weights0": a["weights0"] * 1e30}, "weights0"),
    "of large numbers": (lambda a: {**a, "weights1": a["weights1"].astype(np.longdouble)}, "weights1"),
    "of text": (lambda a: {**a, "constant1": np.array(["much"] * len(a["constant1"]))}, "constant1"),
}
PARTS = ("weights", "constant")


@pytest.mark.parametrize(("change", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_weights_that_do_not_fit_are_refused(
    phantom: Bundle, arrays: dict[str, np.ndarray], change: Change, said: str
) -> None:
    with pytest.raises(BundleModelError, match=f"{GEOMETRY}.*{said}") as refused:
        Geometry(with_geometry(phantom, **change(arrays)))
    assert "calibrate" in str(refused.value)
