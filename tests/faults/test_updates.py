"""The plug is pulled, or the process killed, at every single call that changes something while a bundle is flashed.

Old or new, always one that runs; and a device that has acknowledged the new version never takes the old stick again.
A few places in every test run; `make faults` goes through them all (UPDATES=all) and prints what it did.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bundle.importing import import_bundle
from firmware.clock import ManualClock
from tests.faults.disk import Disk, Fault
from tests.faults.mount import mounted
from tests.faults.needs import fuse
from tests.faults.running import context, heard_from
from tests.faults.updating import NEW, OLD, STEPS, flash, look, make_sticks, prepare, slots_of, stock
from tests.publishing import PHANTOM, TODAY, People, passes

ALL = os.environ.get("UPDATES") == "all"
SOME = 10
CALLS = 140
"""So many calls, about, an update takes; test_old_or_new counts them."""
WEAK_CUTS, LATE = 8, 95
"""Cuts, and from which call on: without syncs it takes fewer calls to get to the end."""
NEVER = 10**9
CHANGING = (
    *("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2"),
    *("unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "ftruncate", "copy_file_range", "sendfile"),
)
REPOSITORY = Path(__file__).parents[2]
_log = logging.getLogger(__name__)


class Device:
    """A device on a disk that forgets."""

    def __init__(self, place: Path, disk: Disk, sticks: Path) -> None:
        self._place, self._disk, self._sticks = place, disk, sticks
        self._forking = context()
        self.refusals: list[str] = []

    def run(self, fault: Fault, at: int, synchronous: str = "EXTRA") -> tuple[str, list[str]]:
        """Flash it with a fault at that call; the last step that was acknowledged, and what is wrong afterwards."""
        list(self._asked(prepare))
        self._disk.plan(fault, at, seed=at)
        said = list(self._asked(flash, synchronous))
        self._disk.plan(None)
        if fault is Fault.CUT:
            self._disk.cut()
        self.refusals = [line for line in said if line not in STEPS]
        last = next((step for step in reversed(said) if step in STEPS), "")
        return last, list(self._asked(look, last))

    def _asked(self, what: object, *values: object) -> Iterator[str]:
        hears, says = self._forking.Pipe(duplex=False)
        process = self._forking.Process(target=what, args=(self._place, self._sticks, *values, says))
        process.start()
        says.close()
        try:
            while message := heard_from(hears):
                yield message
        except EOFError:
            pass
        process.join()


@pytest.fixture(scope="module")
def sticks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sticks")
    make_sticks(folder)
    return folder


def places(count: int) -> list[int]:
    """Calls at which something happens: all of them, or some that are spread evenly."""
    return list(range(1, count + 1)) if ALL else [1 + n * (count - 1) // (SOME - 1) for n in range(SOME)]


@fuse
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.KILL])
def test_old_or_new_and_never_back_wherever_the_power_goes(fault: Fault, tmp_path: Path, sticks: Path) -> None:
    (place := tmp_path / "disk").mkdir()
    with mounted(place) as disk:
        device = Device(place, disk, sticks)
        list(device._asked(prepare))
        before = disk.operations
        assert list(device._asked(flash, "EXTRA"))[-1] == "committed"
        count = disk.operations - before
    problems, ends = [], Counter[str]()
    for at in places(count):
        with mounted(place) as disk:
            reached, found = Device(place, disk, sticks).run(fault, at)
        ends[reached or "nothing"] += 1
        problems += [f"call {at} of {count}, after {reached}: {problem}" for problem in found]
    _log.info(
        "%s at %d of %d calls: %d problems; acknowledged: %s", fault, sum(ends.values()), count, len(problems), ends
    )
    assert problems == []
    assert {"begun", "imported"} <= ends.keys(), "some have to fall into each part"


@fuse
@pytest.mark.parametrize("fault", [Fault.FULL, Fault.READ_ONLY])
def test_disk_that_is_full_or_read_only_is_one_line_and_the_device_runs_on(
    fault: Fault, tmp_path: Path, sticks: Path
) -> None:
    (place := tmp_path / "disk").mkdir()
    codes = Counter[str]()
    for at in places(CALLS):
        with mounted(place) as disk:
            device = Device(place, disk, sticks)
            reached, found = device.run(fault, at)
        assert found == [], f"call {at}, after {reached}"
        assert all("\n" not in line for line in device.refusals)
        codes.update(line.split()[1] for line in device.refusals)
    _log.info("%s at %d of %d calls: refused by %s", fault, len(places(CALLS)), CALLS, dict(codes))
    assert codes.keys() <= {"BUN-14", "STA-01"} and codes["BUN-14"]


@fuse
def test_a_cache_that_is_never_synced_would_take_the_old_stick_again(tmp_path: Path, sticks: Path) -> None:
    """Why what was accepted is kept in a database of our own: python-tuf's cache, after the same cuts."""
    (place := tmp_path / "disk").mkdir()
    answers = []
    for seed in range(WEAK_CUTS):
        with mounted(place) as disk:
            device = Device(place, disk, sticks)
            assert list(device._asked(stock, NEW)) == ["accepted"]
            disk.plan(None, seed=seed)
            disk.cut()
            answers += device._asked(stock, OLD)
    _log.info("python-tuf's own cache, after %d cuts: %s", WEAK_CUTS, Counter(answers))
    assert "accepted" in answers


@fuse
def test_the_cuts_have_power(tmp_path: Path, sticks: Path) -> None:
    """The same without a sync of the state loses or destroys what was acknowledged: else this proved nothing."""
    (place := tmp_path / "disk").mkdir()
    found: list[str] = []
    for at in range(LATE, LATE + WEAK_CUTS):
        with mounted(place) as disk:
            found += Device(place, disk, sticks).run(Fault.CUT, at, "OFF")[1]
    assert found


@fuse
@pytest.mark.parametrize(
    "path", ["/metadata/timestamp.json", "/phantom-2.0.0/manifest.json", "/phantom-2.0.0/classifier.tflite"]
)
def test_stick_that_is_pulled_half_way_is_one_line_and_the_device_runs_on(
    path: str, tmp_path: Path, sticks: Path
) -> None:
    (place := tmp_path / "stick").mkdir()
    slots = slots_of(tmp_path)
    import_bundle(People().wanted(sticks / OLD), slots.state, ManualClock(TODAY), prover=passes)
    (root := tmp_path / "root.json").write_bytes(People().root())
    program = [sys.executable, "-m", "firmware.bundle", "--state", str(tmp_path / "state"), "--root", str(root)]
    with mounted(place) as disk:
        subprocess.run(["cp", "-r", f"{sticks / NEW}/.", str(place)], check=True)
        half = len(disk.find(path).data) // 2
        disk.break_off(path, half if half > 4096 else 0)
        done = subprocess.run(
            [*program, "import", str(place)], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith("BUN-15") and done.stderr.count("\n") == 1
    assert slots.take(PHANTOM).slot.version == OLD


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
def test_import_that_is_killed_at_a_system_call_leaves_old_or_new(tmp_path: Path, sticks: Path) -> None:
    """The command itself, self-test and all, on the machine's own disk. strace counts each kind of call by itself."""
    counts = _traced(tmp_path / "first", sticks)
    calls = [(name, at) for name, count in sorted(counts.items()) for at in range(1, count + 1)]
    ends = Counter[str]()
    for name, at in [calls[n - 1] for n in places(len(calls))]:
        place = tmp_path / f"{name}-{at}"
        _traced(place, sticks, name, at)
        running = slots_of(place).take(PHANTOM).slot.version
        ends[running] += 1
        assert running in {OLD, NEW}, f"killed at {name} {at}"
        shutil.rmtree(place)
    _log.info("killed at %d of %d system calls; runs afterwards: %s", ends.total(), len(calls), dict(ends))
    assert ends[OLD], "some have to fall before the end"


def _traced(place: Path, sticks: Path, name: str = "", at: int = 0) -> Counter[str]:
    """Import the new version under strace, killed at that call; how many calls of each kind there were."""
    slots = slots_of(place)
    import_bundle(People().wanted(sticks / OLD), slots.state, ManualClock(TODAY), prover=passes)
    slots.take(PHANTOM)
    (root := place / "root.json").write_bytes(People().root())
    inject = ["-e", f"inject={name}:signal=KILL:when={at}"] if name else []
    traced = ["strace", "-o", str(log := place / "calls"), "-e", f"trace={','.join(CHANGING)}", *inject]
    program = [sys.executable, "-B", "-m", "firmware.bundle", "--state", str(place / "state"), "--root", str(root)]
    done = subprocess.run(
        [*traced, *program, "import", str(sticks / NEW)],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == bool(name), done.stderr
    return Counter(re.findall(rf"^({'|'.join(CHANGING)})\(", log.read_text(), re.MULTILINE))
