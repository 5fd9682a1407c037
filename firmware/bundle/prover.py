"""The process in which a bundle is tried for the first time: `python -m firmware.bundle.prover FOLDER DIGEST`.

A TFLite file is a program. Its signature was checked, so it is what two people have released; whether it runs on this
device is another question, and a model that crashes, hangs or eats the memory must take nobody along. So it is opened
here, after this process has given up everything but computing and one line of JSON (`box`). `proof` starts it.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from firmware.box import close_box, limits
from firmware.bundle.golden import GoldenSet, read_golden
from firmware.bundle.manifest import Manifest
from firmware.bundle.verify import Bundle, load_bundle
from firmware.errors import KioskError
from firmware.face.refine import fingerprint
from firmware.quiet import quiet_stderr
from firmware.syndrome.classifier import load_runtime
from firmware.syndrome.decision import probabilities
from firmware.syndrome.evidence import Recogniser
from firmware.syndrome.saliency import Saliency

REHEARSAL: Final = Path(__file__).with_name("rehearsal.tflite")
MOST_CPU_S: Final = 60
SLACK_MIB: Final = 96
"""What interpreter, arrays and gallery take besides the network."""
TIMED: Final = 5
"""How often the first crop is classified for the median."""
_MIB: Final = 1 << 20


def main(folder: str, digest: str) -> None:
    """Print what the bundle does, one JSON object: the figures of `proof.Proof`, or `error`."""
    try:
        bundle = load_bundle(Path(folder), digest)
        _rehearse()
        with Memory() as memory:
            give_up(bundle.manifest, memory)
            said: dict[str, Any] = figures(bundle, memory)
    except KioskError as error:
        said = {"error": str(error)}
    except MemoryError:
        said = {"error": "it takes more memory than its budget"}
    except Exception as error:  # noqa: BLE001 - the boundary: whatever it trips over, the other side hears of it
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said), flush=True)


def _rehearse() -> None:
    """Have Python and the runtime load now what they would load in the middle, when no file opens any more."""
    with quiet_stderr():
        first = load_runtime()(model_content=REHEARSAL.read_bytes(), num_threads=1)
        first.allocate_tensors()
        first.invoke()
    fingerprint()
    packed = io.BytesIO()
    np.savez(packed, name=np.array(["text"]), number=np.zeros(1, np.float32))
    with zipfile.ZipFile(packed) as members, np.load(packed, allow_pickle=False) as archive:
        members.infolist()[0].filename.encode("cp437").decode("cp437")
        [archive[name] for name in archive.files]


class Memory:
    """What this process takes, as the kernel counts it; its files are opened while that is still possible."""

    def __enter__(self) -> Memory:
        self._status = Path("/proc/self/status").open(encoding="ascii")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest mark begins anew (proc(5))
        return self

    def __exit__(self, *_: object) -> None:
        self._status.close()

    def bytes_of(self, name: str) -> int:
        """VmSize (address space), VmHWM (most that was ever in memory). Raises OSError."""
        self._status.seek(0)
        for line in self._status:
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise OSError(f"/proc/self/status has no {name}")


def give_up(manifest: Manifest, memory: Memory) -> None:
    """Take the limits; there is no way back."""
    memory_bytes = memory.bytes_of("VmSize") + round((manifest.release.budget.memory_mib + SLACK_MIB) * _MIB)
    close_box(limits(memory_bytes, MOST_CPU_S))


def figures(bundle: Bundle, memory: Memory) -> dict[str, float | bool]:
    """What network, gallery and saliency map do with the golden crops."""
    before = memory.bytes_of("VmHWM")
    recogniser, _ = Recogniser(bundle), Saliency(bundle)
    golden = read_golden(bundle)
    found = [recogniser.see(crop, None).plain for crop in golden.crops]
    took = [_timed_ms(recogniser, golden) for _ in range(TIMED)]
    temperature = bundle.manifest.calibration.temperature
    cosines = [float(one.embedding @ wanted) for one, wanted in zip(found, golden.embeddings, strict=True)]
    logits = np.stack([one.logits for one in found])
    apart = np.abs(probabilities(logits, temperature) - probabilities(golden.logits, temperature))
    return {
        "labels": list(golden.labels) == [label.id for label in bundle.manifest.labels],
        "least_cosine": min(cosines),
        "probability": float(apart.max()),
        "latency_ms": median(took),
        "memory_mib": (memory.bytes_of("VmHWM") - before) / _MIB,
    }


def _timed_ms(recogniser: Recogniser, golden: GoldenSet) -> float:
    """One crop and its mirror image, for one of them."""
    start = time.monotonic()
    recogniser.see(golden.crops[0], None)
    return (time.monotonic() - start) * 1000 / 2


if __name__ == "__main__":
    main(*sys.argv[1:])
