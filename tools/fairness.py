"""Does the quality gate refuse one skin tone more often than another?

`python -m tools.fairness [--photos 1000]` renders every person and scene once per group of skin tones, with nothing but
the skin changed, and prints how often each measure refuses and warns in each group. The true quality is the same, so a
difference is the gate's. Exit status 1 when two groups' refusals differ by more than 2 percentage points.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from firmware.face.mesh import MediaPipeMesher
from firmware.face.quality import QualityReport, Verdict, assess_quality
from firmware.face.refine import still_pose
from firmware.frame import Frame
from tools.errors import run_main
from tools.phantom.person import draw_person, in_tone
from tools.phantom.photo import jpeg
from tools.phantom.render import render
from tools.phantom.scene import draw_scene
from tools.phantom.terms import SYNDROMES

GROUPS: Final = ((1, 2, 3), (4, 5, 6), (7, 8, 9, 10))
"""Monk skin tones."""
LIMIT: Final = 0.02
"""Largest difference of refusals, as a share."""
SIDE_PX: Final = 480
SEED: Final = 60


def reports(photos: int) -> Iterator[tuple[QualityReport, ...]]:
    """For each person and scene the reports of one photo per group."""
    labels = list(SYNDROMES)
    with MediaPipeMesher() as mesher:
        for number in range(photos):
            rng = np.random.default_rng((SEED, number))
            person = draw_person(labels[number % len(labels)], rng)
            scene = draw_scene(rng)
            found = []
            for group in GROUPS:
                toned = in_tone(person, group[number % len(group)], number)
                packed = jpeg(render(toned, scene, SIDE_PX, SIDE_PX).pixels, scene.sensor.jpeg_quality)
                bgr = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR)
                frame = Frame(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))
                faces = mesher.find(frame)
                found.append(assess_quality(frame, faces, still_pose(frame, faces)))
            yield tuple(found)
            if number % 100 == 99:
                print(f"{number + 1} of {photos}", file=sys.stderr)


def table(found: Sequence[tuple[QualityReport, ...]]) -> tuple[list[str], float]:
    """Lines of shares per group, and the largest difference of refusals."""
    counts = [Counter((m.measure, m.verdict) for many in found for m in many[g].measures) for g in range(len(GROUPS))]
    refused = [sum(many[g].verdict is Verdict.BLOCK for many in found) / len(found) for g in range(len(GROUPS))]
    warned = [sum(many[g].verdict is Verdict.WARN for many in found) / len(found) for g in range(len(GROUPS))]
    names = [f"{group[0]}-{group[-1]}" for group in GROUPS]
    lines = ["| of {:,} photos each | {} |".format(len(found), " | ".join(f"tones {name}" for name in names))]
    lines += ["|---" * (len(GROUPS) + 1) + "|", _line("**refused**", refused), _line("passed with a warning", warned)]
    for measure, verdict in sorted({key for count in counts for key in count if key[1] is not Verdict.PASS}):
        shares = [count[measure, verdict] / len(found) for count in counts]
        lines.append(_line(f"{measure}, {verdict}", shares))
    return lines, max(refused) - min(refused)


def _line(name: str, shares: Sequence[float]) -> str:
    return f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |"


def main(argv: Sequence[str] | None = None) -> int:
    """Render, judge, print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.fairness", description=__doc__)
    parser.add_argument("--photos", type=int, default=1000, help="of each group (1000)")
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    lines, apart = table(list(reports(max(options.photos, 1))))
    print(*lines, sep="\n")
    print(f"\nlargest difference of refusals: {100 * apart:.1f} percentage points (at most {100 * LIMIT:g})")
    return int(apart > LIMIT)


if __name__ == "__main__":
    run_main(main)
