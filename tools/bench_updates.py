"""What an update costs a device: `python -m tools.bench_updates`, a bundle of 64 MiB, verified and installed durably.

The bundle is the shipped one with a file of random bytes, signed by keys that are made for the run. Each import is a
process of its own, as on a device, and the self-test is left out: it takes what the model takes. Time is the median of
some imports, memory the most that the process took on top of what it had before the import.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmware.bundle.manifest import MANIFEST
from firmware.bundle.verify import load_bundle
from tools.bundle.__main__ import main as bundle_tool
from tools.bundle.contents import listed
from tools.errors import run_main
from tools.files import json_bytes, read_json

PHANTOM: Final = Path(__file__).parents[1] / "models" / "phantom"
KEYS: Final = PHANTOM.parent / "keys"
IMPORT: Final = """
import json, sys, time
from pathlib import Path
from firmware.bundle.anchor import demonstration
from firmware.bundle.importing import Wanted, import_bundle
from firmware.bundle.proof import Proof
from firmware.bundle.state import State
from firmware.clock import SystemClock

def peak_kib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

def passes(*_):
    return Proof(True, 1.0, 0.0, 0.0, 0.0)

stick, state = map(Path, sys.argv[1:])
Path("/proc/self/clear_refs").write_text("5")
before, start = peak_kib(), time.monotonic()
import_bundle(Wanted(stick, demonstration()), State(state), SystemClock(), prover=passes)
print(json.dumps({"s": time.monotonic() - start, "mib": (peak_kib() - before) / 1024}))
"""


def stick_of(folder: Path, mib: int) -> Path:
    """A publication whose bundle has so many MiB more, signed with the published keys."""
    bundle = folder / "bundle"
    bundle.mkdir()
    contents = {**load_bundle(PHANTOM).contents, "ballast.bin": os.urandom(mib << 20)}
    stated = {**read_json(PHANTOM / MANIFEST), "version": "9.0.0", "files": listed(contents)}
    for name, content in {**contents, MANIFEST: json_bytes(stated)}.items():
        (bundle / name).write_bytes(content)
    signers = [word for name in ("engineer", "clinician") for word in ("--key", str(KEYS / f"{name}.key"))]
    root = str(PHANTOM.parents[1] / "firmware" / "bundle" / "demonstration.root.json")
    bundle_tool(["sign", str(bundle), "--publication", str(folder / "stick"), "--root", root, *signers])
    bundle_tool(["publish", str(folder / "stick"), "--key", str(KEYS / "release.key")])
    return folder / "stick"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_updates", description=__doc__)
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        stick = stick_of(Path(folder), options.mib)
        found = [_import(stick, Path(folder) / f"state{n}") for n in range(options.runs)]
    seconds, memory = statistics.median(one["s"] for one in found), max(one["mib"] for one in found)
    print(f"{options.mib} MiB, {options.runs} imports: {seconds:.2f} s, {memory:.1f} MiB of memory")
    return 0


def _import(stick: Path, state: Path) -> dict[str, float]:
    command = [sys.executable, "-c", IMPORT, str(stick), str(state)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PHANTOM.parents[1])
    said: dict[str, float] = json.loads(done.stdout)
    return said


if __name__ == "__main__":
    run_main(main)
