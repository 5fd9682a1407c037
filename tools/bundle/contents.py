"""What a bundle says for the device that has to install it: release facts, golden answers, the list of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware.bundle.release import MACHINES
from firmware.bundle.verify import Bundle
from firmware.face.align import FaceCrop
from firmware.syndrome.classifier import TfliteClassifier
from firmware.version import VERSION
from tools.files import npz_bytes
from tools.judged import NOWHERE

GOLDEN: Final = "golden.npz"
SBOM: Final = "sbom.json"
EMPTY: Final[Mapping[str, bytes]] = {GOLDEN: b"", SBOM: b""}
"""Files that every manifest lists, for one that is made before they are."""
LEAST_COSINE: Final = 0.99
PROBABILITY: Final = 0.05
"""Between processors an int8 network differs by a step of its last layer here and there: cosine 0.9999 on aarch64."""
LATENCY_MS: Final = 1000.0
"""A session gives an analysis up after 20 s, in which a burst of five is classified twice each."""
MEMORY_MIB: Final = 64.0
NEXT_SOFTWARE: Final = "1.0.0"


def release(epoch: int) -> dict[str, Any]:
    """The manifest's fields about installing. epoch: raised when older bundles must never run again."""
    return {
        "security_epoch": epoch,
        "device": {"software": {"least": VERSION, "below": NEXT_SOFTWARE}, "machines": list(MACHINES)},
        "golden": {"file": GOLDEN, "least_cosine": LEAST_COSINE, "probability": PROBABILITY},
        "budget": {"latency_ms": LATENCY_MS, "memory_mib": MEMORY_MIB},
        "sbom": SBOM,
    }


def golden_set(bundle: Bundle, crops: NDArray[np.uint8]) -> bytes:
    """golden.npz: what this network says of these crops (n x S x S x 3), here, on one thread."""
    classifier = TfliteClassifier(bundle)
    found = [classifier.infer(FaceCrop(crop, *NOWHERE), with_map=False) for crop in crops]
    return npz_bytes(
        {
            "crops": crops,
            "embeddings": np.stack([one.embedding for one in found]),
            "logits": np.stack([one.logits for one in found]),
            "labels": np.array([label.id for label in bundle.manifest.labels]),
        }
    )


def listed(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """The manifest's field `files`."""
    return {name: {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)} for name, body in files.items()}
