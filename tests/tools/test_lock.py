"""The locks hold what a supported machine installs, and the device's two say the same but for its face mesh."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_repository import DEVICE, LANDMARKER, LOCKS, chosen, pins
from tools.lock import installable, pythons

OTHER_VERSIONS = {"mediapipe", "numpy"}
ONLY_ONE_HAS = {"tflite-runtime", "certifi"}
"""tflite-runtime ends with numpy 1; certifi is needed by the newer MediaPipe."""


def versions(lock: Path) -> dict[str, str]:
    return {name: version for name, version, _ in pins(lock)}


def direct(lock: Path) -> set[str]:
    return set(re.findall(r"^([\w.-]+)==", chosen(lock), re.MULTILINE))


def test_both_device_locks_name_the_same_direct_requirements() -> None:
    assert direct(DEVICE) ^ direct(LANDMARKER) == {"tflite-runtime"}


def test_both_device_locks_pin_the_same_versions_but_for_the_face_mesh() -> None:
    one, other = versions(DEVICE), versions(LANDMARKER)
    assert set(one) ^ set(other) == ONLY_ONE_HAS
    assert {name for name in set(one) & set(other) if one[name] != other[name]} == OTHER_VERSIONS


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_lock_says_for_which_pythons_it_is(lock: Path) -> None:
    assert pythons(lock.read_text(encoding="utf-8"))[0] == 11


def test_a_lock_that_does_not_say_so_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"# python: 3\.11"):
        pythons("numpy==2.3.5\n")


@pytest.mark.parametrize(
    ("wheel", "fits"),
    [
        ("six-1.17.0-py2.py3-none-any.whl", True),
        ("x-1.0-cp313-cp313-manylinux_2_28_aarch64.whl", True),
        ("x-1.0-cp37-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("x-1.0-py3-none-manylinux_2_28_x86_64.whl", True),
        ("x-1.0-cp313-cp313t-manylinux_2_28_aarch64.whl", False),
        ("x-1.0-cp312-cp312-manylinux_2_28_x86_64.whl", False),
        ("x-1.0-cp314-abi3-manylinux_2_28_x86_64.whl", False),
        ("x-1.0-cp313-cp313-musllinux_1_2_x86_64.whl", False),
        ("x-1.0-cp313-cp313-linux_armv7l.whl", False),
        ("x-1.0-cp313-cp313-win_amd64.whl", False),
    ],
)
def test_only_wheels_of_a_supported_machine_are_listed(wheel: str, fits: bool) -> None:
    assert installable(wheel, (13,)) is fits
