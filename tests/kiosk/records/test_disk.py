"""A disk that is full or read-only: what was acknowledged stays, the condition has a name, and it passes by itself.

A small tmpfs of its own is the disk, so that the errors are the kernel's. Only root can mount one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmware.clock import ManualClock
from firmware.errors import DiskFullError, RecordError, StateError
from kiosk.records.pin import ATTEMPTS
from kiosk.records.record import Pictures
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW, record
from tests.kiosk.records.opening import PIN, live, opened

SMALL = Pictures(b"\xff\xd8" + os.urandom(60_000), b"crop", ((1.0, 2.0),) * 5)
LARGE = Pictures(b"\xff\xd8" + os.urandom(1_000_000), b"crop", ((1.0, 2.0),) * 5)

SIZE = 8 << 20
PAGE = 4096


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of eight megabytes, or as many as the test asks for."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = getattr(request, "param", SIZE)
    if os.geteuid() or mount("-t", "tmpfs", "-o", f"size={size}", "none", folder).returncode:
        pytest.skip("a file system can be mounted here by nobody")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True, timeout=20)


def mount(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["mount", *arguments], check=False, timeout=20, capture_output=True)


def fill(folder: Path, leave: int) -> None:
    """Fill the file system but for so many bytes."""
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(PAGE)):
            pass
    os.truncate(folder / "ballast", max((folder / "ballast").stat().st_size - leave, 0))


def drain(folder: Path) -> None:
    (folder / "ballast").unlink()


def later(vault: Vault, clock: ManualClock) -> dict[str, bool]:
    clock.advance(2)
    vault.tend()
    return dict(vault.conditions())


def test_full_at_any_write(disk: Path, clock: ManualClock) -> None:
    """With 0, 4, 8 ... kB left, until a record fits: each time another write of the commit is the one that fails."""
    acknowledged, refused, held = [], 0, 0
    with opened(disk, clock) as vault:
        vault.pin.set(PIN)
        for left in range(0, 120 * PAGE, PAGE):
            fill(disk, left)
            kept = record()
            try:
                vault.add(kept, SMALL)
                acknowledged.append(kept.id)
            except DiskFullError:
                refused += 1
                assert not vault.conditions()["records"]
            if vault._database.behind and kept.id in acknowledged:  # the log had room for it, the file had not
                held += 1
                assert not vault.conditions()["records"]
                with pytest.raises(DiskFullError):  # nothing is put into the log behind it
                    vault.add(record())
            drain(disk)
            assert later(vault, clock)["records"], "it goes on by itself"
            again = record()
            vault.add(again)
            acknowledged.append(again.id)
            if kept.id in acknowledged and left > 40 * PAGE:
                break
        private = vault.pin.unlock(PIN)
        assert all(vault.read(one, private)[0].id == one for one in acknowledged)
        assert refused >= 5 and held >= 5
    with opened(disk, clock) as vault:
        assert {found.id for found in vault.shelf.find("A-17")} == set(acknowledged)
        vault.audit.verify()


@pytest.mark.parametrize("disk", [64 << 20], indirect=True)
def test_records_are_erased_from_a_disk_that_is_nearly_full(disk: Path, clock: ManualClock) -> None:
    """More than there is room for in the log: on request, and those whose time is over."""
    with opened(disk, clock) as vault:
        for number in ("A-1", "A-2"):
            for _ in range(20):
                vault.add(record(number), LARGE)
        fill(disk, 10 << 20)
        assert vault.erase("A-1") == 20
        live(vault, clock, 30)
        clock.advance(86400)
        while vault.shelf.find("A-2"):
            assert later(vault, clock)["records"]
        vault.audit.verify()


@pytest.mark.parametrize("disk", [32 << 20], indirect=True)
def test_a_disk_that_records_have_filled_is_healed_by_erasing_some(disk: Path, clock: ManualClock) -> None:
    """Not only once: it goes on in the room of what was erased, and the file does not grow."""
    with opened(disk, clock, room_bytes=8 << 20) as vault:
        for round_number in range(3):
            number = f"A-{round_number}"
            while later(vault, clock)["disk"]:
                vault.add(record(number), LARGE)
            assert len(vault.shelf.find(number)) > 5
            vault.erase(number)
            assert all(later(vault, clock).values())
    with opened(disk, clock, room_bytes=8 << 20) as vault:
        assert all(vault.conditions().values()), "and after a restart"


PROGRAM = """
import sys; from pathlib import Path; from firmware.clock import ManualClock; from firmware.errors import KioskError
from tests.kiosk.records.factories import NOW, record; from tests.kiosk.records.opening import opened
clock = ManualClock(NOW)
with opened(Path(sys.argv[1]), clock) as vault:
    for _ in range(12):
        kept = record()
        try:
            vault.add(kept)
            print("kept", kept.id, flush=True)
        except KioskError as error:
            print("refused", error.code, vault.conditions()["records"], flush=True)
        clock.advance(2)
        vault.tend()
"""


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize(
    "fault", ["pwrite64:error=EROFS:when=60..75", "pwrite64:error=EIO:when=55..70", "fsync:error=EIO:when=10..16"]
)
def test_a_disk_that_becomes_read_only_or_fails_and_comes_back(tmp_path: Path, fault: str) -> None:
    """The kernel's answers, put in by strace while the kiosk runs."""
    with opened(tmp_path):
        pass
    trace = ["-e", f"trace={fault.partition(':')[0]}", "-e", f"inject={fault}"]
    command = ["strace", "-f", "-qq", "-o", "/dev/null", *trace, sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = [line.split() for line in done.stdout.splitlines()]
    refused = [n for n, line in enumerate(said) if line[0] == "refused"]
    kept = {line[1] for line in said if line[0] == "kept"}
    assert len(said) == 12 and refused, done
    assert all(said[n][1:] == ["REC-06", "False"] for n in refused)
    assert said[-1][0] == "kept" and refused[0] > 0, "it goes on by itself"
    with opened(tmp_path) as vault:
        assert kept <= {found.id for found in vault.shelf.find("A-17")}
        vault.audit.verify()


def test_a_start_on_a_disk_that_cannot_be_written(disk: Path) -> None:
    with opened(disk) as vault:
        vault.add(record())
    mount("-o", "remount,ro", disk)
    with pytest.raises((RecordError, StateError)), opened(disk):
        pass
    mount("-o", "remount,rw", disk)
    with opened(disk) as vault:
        assert len(vault.shelf.find("A-17")) == 1


def test_a_first_start_on_a_full_disk(disk: Path) -> None:
    for left in range(0, 30 * PAGE, 2 * PAGE):
        fill(disk, left)
        try:
            with opened(disk):
                pass
        except (RecordError, StateError):
            drain(disk)
        else:
            break
    with opened(disk) as vault:
        vault.add(record())


def test_a_pin_is_not_checked_when_the_attempt_cannot_be_counted(disk: Path, clock: ManualClock) -> None:
    with opened(disk, clock) as vault:
        vault.pin.set(PIN)
        fill(disk, 0)
        for _ in range(30):  # the log may have room for some
            try:
                vault.pin.unlock(PIN)
            except DiskFullError:
                break
        else:
            pytest.fail("the disk is full and every attempt was counted")
        drain(disk)
        later(vault, clock)
        vault.pin.unlock(PIN)
        assert vault.facts.get(ATTEMPTS) == "0"


def test_little_room_is_told_before_it_is_none(disk: Path) -> None:
    clock = ManualClock(NOW)
    with opened(disk, clock, room_bytes=1 << 20) as vault:
        assert vault.conditions()["disk"]
        fill(disk, 1 << 19)
        assert later(vault, clock) == {"records": True, "disk": False, "clock": True}
        drain(disk)
        assert all(later(vault, clock).values())
