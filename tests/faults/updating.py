"""What flashes a bundle on the disk that forgets, in a process that may be killed at any call, and what looks later.

`flash` imports the second version, starts with it and commits it, and says so after each step. `look` says everything
that is not as it was acknowledged: the device must come up with the old version or the new one, never with neither,
and what it has accepted must bar the way back for ever.
"""

from __future__ import annotations

import shutil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from tuf.api.exceptions import RepositoryError
from tuf.ngclient import Updater

from firmware.bundle import state
from firmware.bundle.importing import import_bundle
from firmware.bundle.slots import FOLDER, Slots
from firmware.bundle.source import METADATA, Source
from firmware.bundle.trust import _BASE, _FromSource
from firmware.clock import ManualClock
from firmware.errors import BundleError, KioskError
from tests.publishing import PHANTOM, TODAY, People, bundle_of, commit, passes

OLD, NEW = "1.0.0", "2.0.0"
STEPS: Final = ("begun", "imported", "started", "committed")
"""What is acknowledged, in this order."""


def make_sticks(folder: Path) -> None:
    """Two sticks: the old version, and the new one of a higher epoch."""
    people = People()
    people.publish(bundle_of(folder / "made", OLD), folder / "work")
    shutil.copytree(folder / "work", folder / OLD)
    people.publish(bundle_of(folder / "made", NEW, lambda s: s.update(security_epoch=2)), folder / "work")
    shutil.copytree(folder / "work", folder / NEW)


def slots_of(place: Path) -> Slots:
    return Slots(place / "state" / FOLDER, clock=ManualClock(TODAY), prover=passes)


def prepare(place: Path, sticks: Path, says: Connection) -> None:
    """A device that runs the old version."""
    slots = slots_of(place)
    import_bundle(People().wanted(sticks / OLD), slots.state, ManualClock(TODAY), prover=passes)
    assert slots.take(PHANTOM).slot.version == OLD
    says.send("")


def flash(place: Path, sticks: Path, synchronous: str, says: Connection) -> None:
    """The new version's way in."""
    state.SETUP = tuple(line.replace("EXTRA", synchronous) for line in state.SETUP)  # type: ignore[misc]
    slots = slots_of(place)
    says.send("begun")
    try:
        import_bundle(People().wanted(sticks / NEW), slots.state, ManualClock(TODAY), prover=passes)
        says.send("imported")
        assert slots.take(PHANTOM).slot.version == NEW
        says.send("started")
        assert commit(slots)
        says.send("committed")
    except KioskError as error:  # a disk that is full or read-only: a line, and no traceback
        says.send(f"refused {error}")


def stock(place: Path, sticks: Path, which: str, says: Connection) -> None:
    """python-tuf with its own cache, on the disk that forgets: whether it accepts a stick."""
    cache = place / "cache"
    cache.mkdir(exist_ok=True)
    with Source(sticks / which) as source:
        updater = Updater(str(cache), _BASE + METADATA, fetcher=_FromSource(source), bootstrap=People().anchor.root)
        try:
            updater.refresh()
            says.send("accepted")
        except RepositoryError as error:
            says.send(f"refused: {error}")


def look(place: Path, sticks: Path, reached: str, says: Connection) -> None:
    """Say what is wrong, a line each, then an empty one. reached: the last step that was acknowledged."""
    try:
        for problem in _problems(place, sticks, STEPS.index(reached) if reached else -1):
            says.send(problem)
    except KioskError as error:
        says.send(f"bricked: {error}")
    says.send("")


def _problems(place: Path, sticks: Path, reached: int) -> list[str]:
    slots, found = slots_of(place), []
    running = slots.take(PHANTOM).slot.version
    if running not in {OLD, NEW}:
        found.append(f"neither old nor new runs, but {running}")
    if reached >= STEPS.index("imported") and running != NEW:
        found.append("the new version was acknowledged and is gone")
    if reached >= STEPS.index("imported"):
        found += _goes_back(slots, sticks)
    if reached >= STEPS.index("committed") and slots.selection().floors.get("phantom") != 2:
        found.append("the floor was raised and has sunk")
    import_bundle(People().wanted(sticks / NEW), slots.state, ManualClock(TODAY), prover=passes)
    if slots.take(PHANTOM).slot.version != NEW:
        found.append("the new version cannot be installed any more")
    return found


def _goes_back(slots: Slots, sticks: Path) -> list[str]:
    """The old stick, shown again to a device that has accepted the new one."""
    try:
        import_bundle(People().wanted(sticks / OLD), slots.state, ManualClock(TODAY), prover=passes)
    except BundleError as error:
        return [] if error.code == "BUN-07" else [f"the old stick was refused for another reason: {error}"]
    return ["the old stick was accepted again"]
