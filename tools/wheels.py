"""Fetch the wheels of a lock for another machine than this one, so that the image is built without network of its own.

pip chooses wheels for another platform (`--platform`), but judges the markers of a lock by the machine that it runs on;
so the markers are judged here, and pip gets the lines that hold on the device, with their hashes.

    python -m tools.wheels FOLDER requirements.txt ...
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from packaging.markers import Marker

DEVICE: Final = {"platform_machine": "aarch64", "python_version": "3.11", "python_full_version": "3.11.2"}
PLATFORMS: Final = ("manylinux_2_36_aarch64", "manylinux_2_34_aarch64", "manylinux_2_31_aarch64",
                    "manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_26_aarch64",
                    "manylinux_2_17_aarch64", "manylinux2014_aarch64", "any")  # fmt: skip
"""What Debian 12's glibc runs; pip takes every one by its name."""
PIN: Final = re.compile(r"^(?P<pin>[\w.-]+==[^\s;]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*(?=\s--hash|\s*$)")


def for_device(lock: str) -> list[str]:
    """The pins of a lock that hold on the device, a line each, with their hashes and without their markers."""
    lines = lock.replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    kept = []
    for line in pins:
        match = PIN.match(line)
        if not match:
            raise SystemExit(f"this pins nothing: {line}")
        if not match["marker"] or Marker(match["marker"].strip()).evaluate(DEVICE):
            kept.append(f"{match['pin']} {' '.join(line[match.end() :].split())}".strip())
    return kept


def fetch(folder: Path, locks: list[Path]) -> None:
    """Fill the folder with the wheels of the locks; what is there already is not fetched again."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{line}\n" for lock in locks for line in for_device(lock.read_text(encoding="utf-8"))))
        file.flush()
        where = [f"--platform={platform}" for platform in PLATFORMS]
        what = ["--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none"]
        command = ["download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", *command, *where, *what, "-r", file.name], check=True)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
