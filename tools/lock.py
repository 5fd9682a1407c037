"""Refresh the hashes in a requirements file: its pins and comments stay, the hash lines are written anew.

The requirements files are their own source, so that a reader sees each dependency with its reason in one place.
Only wheels that a supported machine can install are listed: CPython 3.11 and 3.12, Linux, x86-64 and aarch64.
Needs `uv` on the PATH; nothing else does.

    python -m tools.lock requirements.txt requirements-test.txt requirements-workshop.txt
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

PYTHONS = ("cp311", "cp312")
ARCHITECTURES = ("x86_64", "aarch64")
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)\s*(;(?P<marker>[^#\\]*))?\s*\\?\s*(#\s*(?P<reason>.*))?$"
)
ONLY = re.compile(r"^# only (?P<name>\S+): sha256:(?P<digest>[0-9a-f]{64})")


def installable(wheel: str) -> bool:
    """Whether a supported machine can install the wheel of this file name."""
    return any(_tag_fits(tag.interpreter, tag.abi, tag.platform) for tag in parse_wheel_filename(wheel)[3])


def _tag_fits(interpreter: str, abi: str, platform: str) -> bool:
    machine = platform == "any" or ("linux" in platform and "musl" not in platform and platform.endswith(ARCHITECTURES))
    stable = abi == "abi3" and interpreter in {f"cp3{minor}" for minor in range(2, 13)}
    return machine and (interpreter in {"py3", "py2", *PYTHONS} or stable)


def wheel_hashes(pins: Iterable[str]) -> dict[str, list[str]]:
    """sha256 digests of every installable wheel of each pin, by canonical package name."""
    with tempfile.TemporaryDirectory() as folder:
        source, lock = Path(folder, "pins.in"), Path(folder, "pylock.toml")
        source.write_text("\n".join(pins) + "\n")
        command = ["uv", "pip", "compile", "--quiet", "--no-deps", "--universal", "--python-version", "3.11"]
        subprocess.run([*command, "-o", str(lock), str(source)], check=True, stdout=subprocess.DEVNULL)
        packages = tomllib.loads(lock.read_text())["packages"]
    return {
        package["name"]: sorted(
            wheel["hashes"]["sha256"]
            for wheel in package.get("wheels", ())
            if installable(wheel["url"].rsplit("/", 1)[-1].replace("%2B", "+"))
        )
        for package in packages
    }


def rewrite(path: Path) -> None:
    """Write the file anew with fresh hashes. A line `# only NAME: sha256:...` names the one build to use."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("--hash")]
    pins = {i: match for i, line in enumerate(lines) if (match := PIN.match(line))}
    hashes = wheel_hashes(match[0].split("#")[0].rstrip(" \\") for match in pins.values())
    hashes |= {only["name"]: [only["digest"]] for only in map(ONLY.match, lines) if only}
    out: list[str] = []
    for i, line in enumerate(lines):
        out += _locked(pins[i], hashes) if i in pins else [line]
    path.write_text("\n".join(out) + "\n")


def _locked(pin: re.Match[str], hashes: dict[str, list[str]]) -> list[str]:
    found = hashes[canonicalize_name(pin["name"])]
    if not found:
        raise SystemExit(f"{pin['name']}=={pin['version']}: no wheel for a supported machine")
    marker = f" ; {pin['marker'].strip()}" if pin["marker"] else ""
    head = [f"# {pin['name']}: {pin['reason']}"] if pin["reason"] else []
    rows = [f"    --hash=sha256:{digest}" for digest in found]
    return [*head, f"{pin['name']}=={pin['version']}{marker} \\", *(f"{row} \\" for row in rows[:-1]), rows[-1]]


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        rewrite(Path(argument))
