"""What a device runs of other people's software, as CycloneDX 1.6 JSON, made of the hashed locks and nothing else.

Every entry of a lock is a component with its purl, version, the sha256 of every wheel that the lock lets in, and its
licence (tools/licences.toml); where one of them is missing there is no list at all. The same locks give the same bytes,
so the list carries no date. Without a lock named: the device's own.

    python -m tools.sbom [requirements.txt ...] > sbom.json
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from firmware.version import VERSION

REPOSITORY: Final = Path(__file__).parents[1]
LICENCES: Final = Path(__file__).with_name("licences.toml")
PIN: Final = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?P<rest>.*)$", re.MULTILINE)
HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})(?![0-9a-f])")
NAMESPACE: Final = uuid.UUID("3b1c9a52-6f0e-5d43-9a57-0c7a4d5e8f61")


@dataclass(frozen=True, slots=True)
class Pin:
    """An entry of a lock. hashes: sha256 of each wheel, hex."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        """The package's address that every tool knows."""
        return f"pkg:pypi/{self.name}@{self.version.replace('+', '%2B')}"


def read_pins(lock: str) -> list[Pin]:
    """The entries of a lock's text, in its order."""
    found = PIN.finditer(lock.replace("\\\n", " "))
    return [Pin(canonicalize_name(pin["name"]), pin["version"], tuple(HASH.findall(pin["rest"]))) for pin in found]


def component(pin: Pin, licences: Mapping[str, str]) -> dict[str, Any]:
    """A pin as CycloneDX has it. Raises SystemExit for one without hash or licence."""
    if not pin.hashes or pin.name not in licences:
        raise SystemExit(
            f"{pin.name} {pin.version} has no {'licence in tools/licences.toml' if pin.hashes else 'hash'}"
        )
    return {
        "type": "library",
        "bom-ref": pin.purl,
        "name": pin.name,
        "version": pin.version,
        "purl": pin.purl,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.hashes],
        "licenses": [_licence(licences[pin.name])],
    }


def _licence(expression: str) -> dict[str, Any]:
    """One licence by its id, a choice of them as an expression: CycloneDX keeps the two apart."""
    return {"expression": expression} if " " in expression else {"license": {"id": expression}}


def merged(pins: Iterable[Pin]) -> list[Pin]:
    """The pins, sorted; one that several locks share has the hashes of all."""
    hashes: dict[tuple[str, str], set[str]] = {}
    for pin in pins:
        hashes.setdefault((pin.name, pin.version), set()).update(pin.hashes)
    return [Pin(name, version, tuple(sorted(found))) for (name, version), found in sorted(hashes.items())]


def bill(pins: Iterable[Pin], licences: Mapping[str, str]) -> dict[str, Any]:
    """The whole list, sorted; a package that several locks share is one component."""
    parts = [component(pin, licences) for pin in merged(pins)]
    this = {"type": "application", "bom-ref": f"phenokiosk@{VERSION}", "name": "phenokiosk", "version": VERSION}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, json.dumps(parts, sort_keys=True))}",
        "version": 1,
        "metadata": {"component": {**this, "licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": parts,
        "dependencies": [{"ref": this["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the list."""
    parser = argparse.ArgumentParser(prog="python -m tools.sbom", description="The device's bill of materials.")
    parser.add_argument("locks", nargs="*", type=Path, default=[REPOSITORY / "requirements.txt"], metavar="LOCK")
    pins = [pin for lock in parser.parse_args(argv).locks for pin in read_pins(lock.read_text(encoding="utf-8"))]
    print(json.dumps(bill(pins, tomllib.loads(LICENCES.read_text(encoding="utf-8"))), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
