"""From a photo on disk to its answer: with a process that has just started, and with one that is warm."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from firmware.analyser import Analyser
from firmware.bundle.verify import load_bundle
from firmware.face.mesh import MediaPipeMesher
from firmware.photo import read_photo
from tools.bench.timing import interleaved_ms

COLD_RUNS = 5
WARM_ROUNDS = 50


def measure_photos(bundle_folder: Path, photo: Path) -> dict[str, float]:
    """`cold_photo_s`: whole process, median of five. `warm_photo_ms`: decode and assess, median of fifty."""
    command = [sys.executable, "-m", "firmware", "analyse", str(photo), "--json", "--bundle", str(bundle_folder)]
    cold_s = []
    for _ in range(COLD_RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        cold_s.append(time.perf_counter() - start)
    with Analyser(load_bundle(bundle_folder), MediaPipeMesher()) as analyser:
        warm = interleaved_ms({"warm": lambda: analyser.assess([read_photo(photo)])}, WARM_ROUNDS)
    return {"cold_photo_s": round(statistics.median(cold_s), 3), "warm_photo_ms": round(warm["warm"], 2)}
