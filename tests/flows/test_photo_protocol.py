"""A whole series of photos: taken from the film that ships, kept, exported, opened at the centre by its own key."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from firmware.analyser import LIVE_FRAMES, Analyser
from firmware.bundle.verify import Bundle
from firmware.clock import ManualClock
from firmware.face.mesh import MediaPipeMesher
from firmware.face.wanted import PROTOCOL
from firmware.photo import find_photos, read_photo
from firmware.portrait import Portrait
from kiosk.records.export.exporting import export
from kiosk.records.photoset import PhotoSet, jpegs_of
from kiosk.records.sealing import Programme
from tests.kiosk.records.factories import NOW, intake
from tests.kiosk.records.opening import PIN, opened
from tools.records.__main__ import main
from tools.records.keys import make_keys, read_identities


@pytest.fixture(scope="module")
def series(phantom: Bundle, phantom_folder: Path) -> Iterator[tuple[Portrait, ...]]:
    found = list(find_photos([phantom_folder / "turning"]))
    with Analyser(phantom, MediaPipeMesher()) as analyser:
        held = {wanted: [path for path in found if path.stem.endswith(f"-{wanted.name}")] for wanted in PROTOCOL}
        yield tuple(analyser.take([read_photo(path) for path in paths[:LIVE_FRAMES]], wanted)
                    for wanted, paths in held.items())  # fmt: skip


def test_a_series_reaches_the_laboratory(series: tuple[Portrait, ...], tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    identity = tmp_path / "keys" / "identity.txt"
    programme = Programme(str(read_identities([identity])[0].to_public()))
    jpegs = jpegs_of(series)
    kept = PhotoSet.of(series, NOW, time_trusted=True, intake=intake(), site="camp 1", jpegs=jpegs)
    (tmp_path / "stick").mkdir()
    with opened(tmp_path / "state", ManualClock(NOW), programme=programme) as vault:
        vault.pin.set(PIN)
        vault.add(kept, jpegs)
        assert vault.read(kept.id, vault.pin.unlock(PIN)) == (kept, jpegs)
        (part,) = export(vault, tmp_path / "stick", ManualClock(NOW))
    out = tmp_path / "out"
    main(["open", str(tmp_path / "stick" / part.name), "--identity", str(identity), "--out", str(out)])
    found = out / "gestaltmatcher"
    rows = list(csv.DictReader((found / "metadata.csv").read_text().splitlines()))
    assert [row["pose"] for row in rows] == [wanted.name for wanted in PROTOCOL]
    for wanted in PROTOCOL:
        told = json.loads((found / "photos" / f"{kept.id}_{wanted.name}.json").read_text())
        assert told["turned_deg"] == pytest.approx(wanted.yaw_deg, abs=8)
        assert told["mm_per_px"] == pytest.approx(0.512, rel=0.02) and told["grey_gains"][1] == 1.0
    aligned = sorted(path.name for path in (found / "aligned").iterdir())
    assert aligned == [f"{kept.id}_{pose}_aligned.jpg" for pose in ("frontal", "smile")]
    assert cv2.imread(str(found / "aligned" / aligned[0])).shape == (112, 112, 3)
