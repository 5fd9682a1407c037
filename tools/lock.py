"""Refresh the hashes in a requirements file: its pins and comments stay, the hash lines are written anew.

The requirements files are their own source, so that a reader sees each dependency with its reason in one place.
Only wheels that a supported machine can install are listed: Linux, x86-64 and aarch64, and the CPythons of the file's
line `# python: 3.11 3.12`. Needs `uv` on the PATH; nothing else does.

    python -m tools.lock                       every requirements file
    python -m tools.lock requirements.txt      this one
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

REPOSITORY = Path(__file__).parents[1]
ARCHITECTURES = ("x86_64", "aarch64")
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)\s*(;(?P<marker>[^#\\]*))?\s*\\?\s*(#\s*(?P<reason>.*))?$"
)
PYTHONS = re.compile(r"^# python: (?P<versions>3\.\d+(?: 3\.\d+)*)$", re.MULTILINE)
ONLY = re.compile(r"^# only (?P<name>\S+): sha256:(?P<digest>[0-9a-f]{64})")


def pythons(text: str) -> tuple[int, ...]:
    """The CPythons that a requirements file is for, the oldest first: 11 is Python 3.11."""
    found = PYTHONS.search(text)
    if found is None:
        raise SystemExit("a requirements file has a line such as `# python: 3.11 3.12`")
    return tuple(sorted(int(version.partition(".")[2]) for version in found["versions"].split()))


def installable(wheel: str, minors: Sequence[int]) -> bool:
    """Whether a supported machine with one of these CPythons can install the wheel of this file name."""
    return any(_tag_fits(tag.interpreter, tag.abi, tag.platform, minors) for tag in parse_wheel_filename(wheel)[3])


def _tag_fits(interpreter: str, abi: str, platform: str, minors: Sequence[int]) -> bool:
    machine = platform == "any" or ("linux" in platform and "musl" not in platform and platform.endswith(ARCHITECTURES))
    stable = abi == "abi3" and interpreter in {f"cp3{minor}" for minor in range(2, max(minors) + 1)}
    ours = abi in {"none", interpreter} and interpreter in {"py3", "py2", *(f"cp3{minor}" for minor in minors)}
    return machine and (ours or stable)


def wheel_hashes(pins: Iterable[str], minors: Sequence[int]) -> dict[str, list[str]]:
    """sha256 digests of every installable wheel of each pin, by canonical package name."""
    with tempfile.TemporaryDirectory() as folder:
        source, lock = Path(folder, "pins.in"), Path(folder, "pylock.toml")
        source.write_text("\n".join(pins) + "\n")
        command = ["uv", "pip", "compile", "--quiet", "--no-deps", "--universal"]
        command += ["--python-version", f"3.{minors[0]}"]
        subprocess.run([*command, "-o", str(lock), str(source)], check=True, stdout=subprocess.DEVNULL)
        packages = tomllib.loads(lock.read_text())["packages"]
    return {
        package["name"]: sorted(
            wheel["hashes"]["sha256"]
            for wheel in package.get("wheels", ())
            if installable(wheel["url"].rsplit("/", 1)[-1].replace("%2B", "+"), minors)
        )
        for package in packages
    }


def rewrite(path: Path) -> None:
    """Write the file anew with fresh hashes. A line `# only NAME: sha256:...` names the one build to use."""
    text = path.read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--hash")]
    pins = {i: match for i, line in enumerate(lines) if (match := PIN.match(line))}
    hashes = wheel_hashes((match[0].split("#")[0].rstrip(" \\") for match in pins.values()), pythons(text))
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
    for lock in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(REPOSITORY.glob("requirements*.txt")):
        rewrite(lock)
