"""What holds for the repository as a whole: locked requirements, small files, explained codes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from firmware.errors import all_errors

REPOSITORY = Path(__file__).parents[1]
LOCKS = sorted(REPOSITORY.glob("requirements*.txt"))
DEVICE, LANDMARKER = REPOSITORY / "requirements.txt", REPOSITORY / "requirements-landmarker.txt"
TOGETHER = (
    ("requirements.txt", "requirements-test.txt", "requirements-workshop.txt"),
    ("requirements-landmarker.txt", "requirements-test.txt"),
)
"""Which locks go into one environment."""
FILE_LIMIT_BYTES = 3_000_000
TREE_LIMIT_BYTES = 60_000_000
MACHINE = re.compile(r"(?<![\w.~}-])/" + r"(?:work|root|home/\w+|Users/\w+)(?:/|\b)")
"""Paths that only one machine has."""
NEVER_ON_A_DEVICE = ("torch", "jax", "tensorflow", "litert-torch", "ai-edge-quantizer", "transformers")


def pins(lock: Path) -> list[tuple[str, str, str]]:
    """Name, version and the rest (marker and hashes) of every pin, in order."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"^([\w.-]+)==([^\s;]+)(.*)$", text, re.MULTILINE)
    wanted = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(found) == len(wanted), f"{lock.name} holds lines that pin nothing"
    return found


def chosen(lock: Path) -> str:
    """The part of a lock that somebody chose; below it is what those need."""
    return lock.read_text(encoding="utf-8").partition("# --- chosen")[2].partition("# --- needed by those")[0]


def tracked() -> list[Path]:
    """The files that git tracks and that are there."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this copy of the repository has no git")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    paths = (REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pin_has_its_hashes(lock: Path) -> None:
    assert pins(lock)
    for name, _, rest in pins(lock):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}(?:\s|$)", rest), name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_package_is_pinned_twice(lock: Path) -> None:
    names = [re.sub("[-_.]+", "-", name).lower() for name, _, _ in pins(lock)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("together", TOGETHER, ids=lambda names: names[0])
def test_locks_agree_on_what_they_share(together: tuple[str, ...]) -> None:
    versions: dict[str, set[str]] = {}
    for lock in together:
        for name, version, _ in pins(REPOSITORY / lock):
            versions.setdefault(name, set()).add(version)
    assert not {name: found for name, found in versions.items() if len(found) > 1}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_chosen_package_has_its_reason(lock: Path) -> None:
    text = chosen(lock)
    names = re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    assert names
    for name in names:
        assert re.search(rf"^# {re.escape(name)}: \S", text, re.MULTILINE), f"{name} has no reason"


@pytest.mark.parametrize("device", [DEVICE, LANDMARKER], ids=lambda lock: lock.name)
def test_device_has_one_cv2_and_no_training_software(device: Path) -> None:
    names = {name for name, _, _ in pins(device)}
    assert [name for name in names if name.startswith("opencv")] == ["opencv-python-headless"]
    assert not names & set(NEVER_ON_A_DEVICE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_brings_a_second_cv2(lock: Path) -> None:
    flavours = {name for name, _, _ in pins(lock) if name.startswith("opencv")}
    assert flavours <= {"opencv-python-headless"}


def test_tree_stays_small_enough_for_a_slow_line() -> None:
    sizes = {path.relative_to(REPOSITORY): path.stat().st_size for path in tracked()}
    assert not {str(path): size for path, size in sizes.items() if size > FILE_LIMIT_BYTES}
    assert sum(sizes.values()) < TREE_LIMIT_BYTES


def test_no_file_names_a_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content[:8000]:  # no text
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{path.relative_to(REPOSITORY)}:{number}: {line[:120]}")
    assert not found


def test_readme_explains_every_code() -> None:
    readme = REPOSITORY / "README.md"
    if not readme.exists():
        pytest.skip("there is no README yet")
    text = readme.read_text(encoding="utf-8")
    codes = {error.code for error in all_errors() if error.__module__.startswith("firmware.errors.")}
    assert not {code for code in codes if f"`{code}`" not in text}
