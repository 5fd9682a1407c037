"""Is the device's saliency what it says it is? `python -m tools.saliency --bundle DIR --data CSV [--checkpoint M.pt]`.

Two questions about photos of affected people, each about the class that they have:

- agreement: does the map of the int8 network on the device correlate with Grad-CAM (Selvaraju 2017) of the float one
  in torch, the gradient of the logit taken by autograd?
- deletion: does blurring the fifth of the face where the map is strongest lower the class's probability more than
  blurring a random fifth? A map that shows anything but what the network used fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.bundle.verify import Bundle, load_bundle
from firmware.face.align import FaceCrop
from firmware.frame import Pixels
from firmware.syndrome.classifier import Inference, TfliteClassifier
from firmware.syndrome.decision import probabilities
from firmware.syndrome.saliency import Saliency
from tools.dataset import Crops, load_crops
from tools.errors import DataAbsentError, run_main
from tools.judged import NOWHERE

SHARE: Final = 0.2
"""Of the map's cells, how many are blurred."""
BLUR_PX: Final = 10.0
DRAWS: Final = 8
"""Random fifths whose effects are averaged."""

Map = NDArray[np.float32]


class Judge:
    """The device's network and maps."""

    def __init__(self, bundle: Bundle) -> None:
        self._classifier = TfliteClassifier(bundle)
        self._saliency = Saliency(bundle)
        self._temperature = bundle.manifest.calibration.temperature

    def look(self, pixels: Pixels, label: int) -> Map:
        """h x w: where the network sees the label."""
        return self._saliency.map(self._infer(pixels), label)

    def probability(self, pixels: Pixels, label: int) -> float:
        """Of the label, 0..1."""
        return float(probabilities(self._infer(pixels).logits, self._temperature)[label])

    def _infer(self, pixels: Pixels) -> Inference:
        return self._classifier.infer(FaceCrop(pixels, *NOWHERE))


def without(pixels: Pixels, cells: NDArray[np.bool_]) -> Pixels:
    """The crop with the marked cells of the map's grid blurred beyond recognition."""
    size = pixels.shape[1::-1]
    mask = cv2.GaussianBlur(cv2.resize(cells.astype(np.float32), size, interpolation=cv2.INTER_NEAREST), (0, 0), 2.0)
    blurred = cv2.GaussianBlur(pixels, (0, 0), BLUR_PX).astype(np.float32)
    return np.asarray(np.rint(pixels * (1 - mask[:, :, None]) + blurred * mask[:, :, None]), np.uint8)


def strongest(look: Map) -> NDArray[np.bool_]:
    """The fifth of the cells with the most evidence."""
    count = max(round(SHARE * look.size), 1)
    cells = np.zeros(look.size, np.bool_)
    cells[np.argsort(-look.ravel(), kind="stable")[:count]] = True
    return cells.reshape(look.shape)


def passes_deletion(judge: Judge, pixels: Pixels, label: int, rng: np.random.Generator) -> bool:
    """Whether what the map marks matters more than as much of the face anywhere."""
    marked = strongest(judge.look(pixels, label))
    left = judge.probability(without(pixels, marked), label)
    anywhere = [rng.permutation(marked.ravel()).reshape(marked.shape) for _ in range(DRAWS)]
    return left < float(np.mean([judge.probability(without(pixels, cells), label) for cells in anywhere]))


def grad_cam(network: Any, pixels: Pixels, label: int) -> Map:
    """h x w: Grad-CAM of a network in torch, by its gradient."""
    import torch

    from tools.augment import normalise

    _, logits, features = network(normalise(torch.from_numpy(pixels[None])))
    (slope,) = torch.autograd.grad(logits[0, label], features)
    weights = slope.mean(dim=(2, 3), keepdim=True)
    return np.asarray((weights * features).sum(dim=1).clamp_min(0)[0].detach().numpy(), np.float32)


def agreement(judge: Judge, checkpoint: Path, crops: Crops) -> list[float]:
    """Correlation of both maps for each crop; a map without any evidence agrees with nothing."""
    from tools.checkpoint import fill, load_state
    from tools.network import build_for

    state = load_state(checkpoint)
    network = fill(build_for("phenonet", state), state, checkpoint)
    found = []
    for pixels, row in zip(crops.pixels, crops.rows, strict=True):
        pair = judge.look(pixels, row.label).ravel(), grad_cam(network, pixels, row.label).ravel()
        found.append(float(np.corrcoef(*pair)[0, 1]) if min(one.std() for one in pair) > 0 else 0.0)
    return found


def affected(bundle: Bundle, crops: Crops, most: int) -> Crops:
    """The first photo of each affected subject, the first `most` of them."""
    first: dict[str, int] = {}
    for i, row in enumerate(crops.rows):
        if row.label != bundle.manifest.unaffected:
            first.setdefault(row.subject, i)
    chosen = list(first.values())[:most]
    if not chosen:
        raise DataAbsentError("the table names no affected person")
    return Crops(crops.pixels[chosen], tuple(crops.rows[i] for i in chosen))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.saliency", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, required=True, metavar="CSV")
    parser.add_argument("--checkpoint", type=Path, metavar="M.pt", help="the float network of the bundle; needs torch")
    parser.add_argument("--people", type=int, default=50, metavar="N", help="affected people who are looked at (50)")
    options = parser.parse_args(argv)
    bundle = load_bundle(options.bundle)
    crops = affected(bundle, load_crops(options.data), options.people)
    judge, rng = Judge(bundle), np.random.default_rng(0)
    passed = [passes_deletion(judge, p, row.label, rng) for p, row in zip(crops.pixels, crops.rows, strict=True)]
    print(f"deletion: {np.mean(passed):.3f} of {len(passed)} people")
    if options.checkpoint:
        same = agreement(judge, options.checkpoint, crops)
        print(f"agreement with Grad-CAM: median {np.median(same):.3f}, mean {np.mean(same):.3f}, least {min(same):.3f}")
    print("each about the class that the person has", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
