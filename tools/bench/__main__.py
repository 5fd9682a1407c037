"""`python -m tools.bench`: one table and bench.json.

total_over_library   guide + align + classify against the two library calls, same frame, one core   bar 1.5
live_fps             new preview frames a second in Chromium with a 30 fps replay                   bar 25
live_landmarks_fps   landmarks a second meanwhile                                                   bar 15
peak_rss_mb          most memory of the service                                                     bar 300
cold_photo_s, warm_photo_ms   photo on disk to answer
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.commands import SHIPPED_BUNDLE
from tools.bench.live import measure_live
from tools.bench.photos import measure_photos
from tools.bench.stages import measure_stages

BARS = {"total_over_library": 1.5, "live_fps": 25.0, "live_landmarks_fps": 15.0, "peak_rss_mb": 300.0}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Measure the kiosk.")
    parser.add_argument("--bundle", type=Path, default=SHIPPED_BUNDLE)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    arguments = parser.parse_args(argv)
    frames = SHIPPED_BUNDLE / "frames"
    photo = portrait(frames)
    figures: dict[str, float | None] = {}
    for part in (
        lambda: measure_stages(arguments.bundle, photo),
        lambda: measure_photos(arguments.bundle, photo),
        lambda: measure_live(arguments.bundle, frames),
    ):
        figures |= part()
    for name, value in figures.items():
        print(
            f"{name:24} {'-' if value is None else f'{value:10.3f}'}{f'   bar {BARS[name]:g}' if name in BARS else ''}"
        )
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def portrait(frames: Path) -> Path:
    """The frame of the demonstration with the best picture."""
    from firmware.face.mesh import MediaPipeMesher
    from firmware.face.quality import assess_quality
    from firmware.photo import find_photos, read_photo

    def goodness(photo: Path) -> tuple[int, int]:
        report = assess_quality(frame := read_photo(photo), mesher.find(frame))
        return -report.verdict.badness, min(m.score for m in report.measures)

    with MediaPipeMesher() as mesher:
        return max(list(find_photos([frames]))[::5], key=goodness)


if __name__ == "__main__":
    sys.exit(main())
