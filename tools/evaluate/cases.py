"""Labelled photos and a model -> Cases: what is said of each photo, beside what is true.

Rules: a bundle answers as the whole device does, gate and doubts included, so a photo that the device would refuse is
no case but counted; a float checkpoint answers on the same photos, its logits decided by the bundle's limits; one photo
is one case, or one burst, and cases of one subject are never taken for independent (see bootstrap.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from firmware.analyser import Analyser
from firmware.assessment import Status
from firmware.bundle.calibration import Calibration
from firmware.bundle.manifest import Label, Manifest
from firmware.bundle.verify import Bundle
from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from firmware.syndrome.decision import Decision
from firmware.syndrome.evidence import Evidence
from firmware.syndrome.geometry import Geometry
from tools.calibrate import Doubles, Labels
from tools.dataset import Crops, Row
from tools.errors import CheckpointError, DataAbsentError, TableError
from tools.evaluate.bootstrap import places_of
from tools.judged import Judged, crops_judged, decided, judged


@dataclass(frozen=True, slots=True)
class Cases:
    """What a model says of n photos.

    found: the n decisions; rows: the n rows of the table; classes: the k labels; limits: how logits become a decision,
    None where no decision is taken. refused: status -> photos that the device did not answer for.
    """

    name: str
    found: Judged
    rows: tuple[Row, ...]
    classes: tuple[Label, ...]
    unaffected: int
    limits: Calibration | None = None
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> Labels:
        """True class of each case."""
        return np.array([row.label for row in self.rows], np.int64)

    @property
    def subjects(self) -> list[str]:
        """Subject of each case."""
        return [row.subject for row in self.rows]

    @property
    def p(self) -> Doubles:
        """Calibrated probabilities [n,k]."""
        return self.found.p

    def at(self, index: NDArray[np.int64] | Sequence[int]) -> Self:
        """The cases at these places, in this order, perhaps several times."""
        return replace(self, found=self.found.at(index), rows=tuple(self.rows[i] for i in index))


def bursts(rows: Sequence[Row]) -> list[list[Row]]:
    """The photos of each subject together, in the table's order; of each label alone, as portraits show several."""
    shown = [(row.subject, row.label) for row in rows]
    return [[rows[place] for place in places] for places in places_of(shown)]


def common(together: Sequence[Row]) -> Row:
    """The first row, with the columns that are the same in all."""
    first, *others = together
    same = {name: v for name, v in first.extra.items() if all(row.extra.get(name) == v for row in others)}
    return replace(first, extra=same)


def by_device(bundle: Bundle, folder: Path, rows: Sequence[Row], burst: bool = False) -> Cases:
    """The device's answers for photos in a folder, one for each, or one for each burst.

    A burst's case has the row of its first photo, without the columns that its photos differ in. DataAbsentError when
    the device refuses all.
    """
    refused: Counter[str] = Counter()
    kept: list[tuple[Row, Decision]] = []
    with MediaPipeMesher() as mesher, Analyser(bundle, mesher) as analyser:
        for together in bursts(rows) if burst else [[row] for row in rows]:
            answer = analyser.assess([read_photo(folder / row.image_id) for row in together])
            if answer.status is Status.OK:
                kept.append((common(together), answer.decision))
            else:
                refused[answer.status.value] += 1
    if not kept:
        raise DataAbsentError(f"the device refuses each of the {len(rows)} photos of {folder}: {dict(refused)}")
    found = decided([decision for _, decision in kept], bundle.manifest)
    return _cases("int8", found, [row for row, _ in kept], bundle.manifest, dict(refused))


def by_network(bundle: Bundle, crops: Crops) -> Cases:
    """The same without mesh and gate, for pictures that are aligned crops already.

    TableError for a bundle that goes by the face's geometry too, which a crop no longer has.
    """
    _require_meshes(Geometry(bundle), crops)
    return _cases("int8", judged(crops_judged(bundle, crops), bundle.manifest), crops.rows, bundle.manifest)


def _require_meshes(geometry: Geometry, crops: Crops) -> None:
    if crops.meshes is None and geometry.known:
        raise TableError("this bundle measures the face too, which aligned crops do not allow", "Evaluate photos.")


def _cases(
    name: str, found: Judged, rows: Sequence[Row], manifest: Manifest, refused: Mapping[str, int] | None = None
) -> Cases:
    limits = manifest.calibration
    return Cases(name, found, tuple(rows), manifest.labels, manifest.unaffected, limits, refused or {})


def by_checkpoint(network_name: str, path: Path, bundle: Bundle, crops: Crops) -> Cases:
    """A float checkpoint's answers, with the bundle's classes and limits; needs torch.

    It has neither gallery nor novelty, so those doubts never strike it; the geometry is the bundle's. CheckpointError
    unless the checkpoint has a class layer with the bundle's classes, TableError as `by_network`.
    """
    from tools.checkpoint import fill, load_state
    from tools.network import CLASS_LAYER, build_for, known
    from tools.train.check import answers

    state, manifest, way = load_state(path), bundle.manifest, known(network_name).pixels
    network = fill(build_for(network_name, state), state, path)
    if len(state.get(CLASS_LAYER, ())) != len(manifest.labels):
        raise CheckpointError(f"{path} has not the {len(manifest.labels)} classes of the bundle")
    geometry = Geometry(bundle)
    _require_meshes(geometry, crops)
    shapes = np.stack([geometry.logits(crops.mesh(place)) for place in range(len(crops.rows))])
    logits = answers(lambda x: network(x)[1], crops, way, "cpu").numpy().astype(np.float32) + shapes
    return _cases("float", judged(list(_evidence(logits)), manifest), crops.rows, manifest)


def _evidence(logits: NDArray[np.float32]) -> Iterator[Evidence]:
    yield from (Evidence(row[None]) for row in logits)
