"""What a manifest says for the device that has to run the bundle: on which, how fast, how large, and what to expect.

Reading is strict, as the manifest's.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from firmware.bundle.calibration import number
from firmware.errors import BundleUnsuitableError
from firmware.version import VERSION

MACHINES: Final = ("aarch64", "x86_64")
_VERSION: Final = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")


@dataclass(frozen=True, slots=True)
class Golden:
    """What the network must say of pictures that the bundle holds.

    file: an .npz with crops, embeddings, logits and labels. least_cosine: between an embedding and the expected one.
    probability: how far a class' probability may be off.
    """

    file: str
    least_cosine: float
    probability: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What one crop may take on the slowest of its devices: ms, and MiB on top of the program's own."""

    latency_ms: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Release:
    """The bundle as something that is installed.

    security_epoch: raised when older bundles must never run again. least, below: versions of the device's software.
    machines: processors, as `uname -m` names them. sbom: the file that lists what it is made of.
    """

    security_epoch: int
    least: str
    below: str
    machines: tuple[str, ...]
    golden: Golden
    budget: Budget
    sbom: str


def parse_release(data: Mapping[str, Any]) -> Release:
    """Parsed JSON -> Release. Raises KeyError, TypeError or ValueError that name the field."""
    epoch, device = number(data, "security_epoch"), data["device"]
    if epoch != int(epoch) or not 0 <= epoch <= 1_000_000:
        raise ValueError("security_epoch must be a whole number, 0 to 1000000")
    machines = device["machines"]
    if not isinstance(machines, list) or not machines or not set(machines) <= set(MACHINES):
        raise ValueError(f"device: machines must be some of {', '.join(MACHINES)}")
    least, below = (_version(device["software"], name) for name in ("least", "below"))
    if ordered(least) >= ordered(below):
        raise ValueError("device: software: least < below does not hold")
    return Release(
        int(epoch),
        least,
        below,
        tuple(machines),
        _golden(data["golden"]),
        _budget(data["budget"]),
        _listed(data, "sbom"),
    )


def ordered(version: str) -> tuple[int, ...]:
    """A version as something that can be compared."""
    parts = tuple(int(part) for part in version.split("."))
    return parts + (0,) * (4 - len(parts))


def check_device(release: Release, software: str = VERSION, machine: str | None = None) -> None:
    """Raises BundleUnsuitableError when it is made for other devices than this one."""
    machine = machine or platform.machine()
    if machine not in release.machines:
        raise BundleUnsuitableError(
            f"the bundle is made for {' and '.join(release.machines)}, this device is {machine}"
        )
    if not ordered(release.least) <= ordered(software) < ordered(release.below):
        raise BundleUnsuitableError(
            f"the bundle wants software from {release.least} to below {release.below}, this device has {software}"
        )


def _golden(data: Mapping[str, Any]) -> Golden:
    least_cosine, probability = number(data, "least_cosine"), number(data, "probability")
    if not (0 < least_cosine <= 1 and 0 <= probability < 1):
        raise ValueError("golden: 0 < least_cosine <= 1 and 0 <= probability < 1 does not hold")
    return Golden(_listed(data, "file"), least_cosine, probability)


def _budget(data: Mapping[str, Any]) -> Budget:
    budget = Budget(number(data, "latency_ms"), number(data, "memory_mib"))
    if not (0 < budget.latency_ms <= 10_000 and 0 < budget.memory_mib <= 4096):
        raise ValueError("budget: latency_ms must be up to 10000 and memory_mib up to 4096, both above 0")
    return budget


def _listed(data: Mapping[str, Any], name: str) -> str:
    if not isinstance(data[name], str) or not data[name]:
        raise TypeError(f"{name} must be the name of a file, not {data[name]!r}")
    return str(data[name])


def _version(data: Mapping[str, Any], name: str) -> str:
    if not isinstance(data[name], str) or not _VERSION.fullmatch(data[name]):
        raise ValueError(f"device: software: {name} must be a version such as 0.1.0, not {data[name]!r}")
    return str(data[name])
