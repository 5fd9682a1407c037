"""From an answer to a record: shown once it is durable, told when it cannot be kept, never lost once it was shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.analyser import LIVE_FRAMES, Analyser
from firmware.assessment import Assessment, Guidance
from firmware.board.lights import SimulatedLight
from firmware.board.sounds import SimulatedBuzzer
from firmware.camera.steady import SteadyCamera
from firmware.clock import ManualClock
from firmware.errors import CameraAbsentError, DiskFullError
from firmware.face.wanted import WantedPose
from firmware.portrait import Portrait
from firmware.subject import Subject
from kiosk.engine import Engine
from kiosk.keeping import Keeper
from kiosk.records.entry import Entry, Shown
from kiosk.records.photoset import Jpegs, PhotoSet
from kiosk.records.record import Consent, Intake, Pictures, Record
from kiosk.records.vault import Vault
from kiosk.session import Rules, Session, State, Task
from kiosk.session.events import (
    Again,
    Agreed,
    Declined,
    Described,
    Guided,
    Leave,
    Readiness,
    Shutter,
    Skip,
    Start,
    Tick,
)
from kiosk.session.states import SPARE_FRAMES, Trouble
from kiosk.signals import Signals
from tests.kiosk.factories import guidance
from tests.kiosk.records.factories import NOW, portraits, seen
from tests.kiosk.records.opening import PIN, opened

PATIENCE_S = 20.0
CHILD = Intake(Subject(4.5, "F"), "A-17")
NO_PHOTOS = Consent(by="guardian", at=NOW, sign="thumb")
PHOTOS = replace(NO_PHOTOS, photos=True)


class Answering(Analyser):
    """An analyser that has its answer ready: what is tested comes after it."""

    def __init__(self) -> None:
        self.answer = seen()

    def guide(self, frame: object, pointed: object = None, wanted: object = None) -> Guidance:
        raise AssertionError("no camera, no frame")

    def take(self, frames: object, wanted: WantedPose, pointed: object = None) -> Portrait:
        return replace(portraits()[0], wanted=wanted)

    def assess(self, *_: object, **__: object) -> Assessment:
        return self.answer

    def close(self) -> None:
        pass


class Disk:
    """A vault whose disk can be full, and can hold a commit back."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.full = False
        self.holds = threading.Event()
        self.holds.set()

    def add(self, record: Record | PhotoSet, pictures: Pictures | Jpegs | None = None, instead_of: str = "") -> None:
        assert self.holds.wait(PATIENCE_S)
        if self.full:
            self.vault.care.failed()
            raise DiskFullError("the disk is full")
        self.vault.add(record, pictures, instead_of)

    def count(self) -> int:
        return self.vault.count()

    def conditions(self) -> dict[str, bool]:
        return dict(self.vault.conditions())

    def tend(self) -> None:
        if not self.full:
            self.vault.tend()


class Desk:
    """An engine without a camera, and somebody who is screened at it."""

    def __init__(self, vault: Vault, clock: ManualClock) -> None:
        def no_camera() -> SteadyCamera:
            raise CameraAbsentError("there is none")

        self.disk, self.clock = Disk(vault), clock
        camera = SteadyCamera(no_camera, clock)  # type: ignore[arg-type]
        keeper = Keeper(self.disk, clock, "camp 1", tally=vault.tally)
        signals = Signals(SimulatedLight(), SimulatedBuzzer(), 0.5)
        self.engine = Engine(camera, Answering(), signals, clock, keeper, Rules(0.5))

    def screen(self, consent: Consent = NO_PHOTOS, task: Task = Task.SCREENING) -> None:
        """Everything until the analysis runs."""
        for event in (Readiness(()), Start(task), Agreed(consent), Described(CHILD)):
            self.engine.dispatch(event)
        self.take_picture()

    def take_picture(self) -> None:
        """From positioning to the analysis."""
        at_s = self.clock.monotonic_ns() / 1e9
        for event in (Guided(guidance(at_s=at_s)), Shutter()):
            self.engine.dispatch(event)
        self.clock.advance(0.5)
        self.engine.dispatch(Tick())
        for n in range(LIVE_FRAMES + SPARE_FRAMES):
            self.engine.dispatch(Guided(guidance(at_s=at_s + 0.6 + n / 100)))

    def sees(self, state: State) -> Session:
        """Wait for a state as the page does."""
        number = -1
        for _ in range(1000):
            item = self.engine.view(number, PATIENCE_S)
            assert item is not None, f"{state} never came"
            if item.value.state is state:
                return item.value
            number = item.number
        raise AssertionError(f"{state} never came")


@pytest.fixture
def desk(vault: Vault, clock: ManualClock) -> Iterator[Desk]:
    found = Desk(vault, clock)
    worker = found.engine.workers[2]
    assert worker.name == "assess"
    worker.start()
    yield found
    worker.stop()


def test_the_record_says_who_and_where(desk: Desk) -> None:
    desk.screen()
    desk.sees(State.RESULT)
    (found,) = desk.disk.vault.shelf.of_day(desk.clock.now().astimezone().date())
    desk.disk.vault.pin.set(PIN)
    kept, pictures = desk.disk.vault.read(found.id, desk.disk.vault.pin.unlock(PIN))
    assert (kept.age_years, kept.sex, kept.site, kept.outcome) == (4.5, "F", "camp 1", "refer")
    assert pictures is None and kept.embedding is None, "nobody has agreed to more"
    assert desk.engine.screened == 1


def test_the_page_does_not_wait_for_a_slow_disk(desk: Desk) -> None:
    desk.disk.holds.clear()
    desk.screen()
    assert desk.sees(State.ANALYSING).assessment is None
    for _ in range(50):  # each would hang if keeping held the engine's lock
        desk.engine.dispatch(Tick())
        desk.engine.conditions()
    assert desk.engine.view(-1, 0) is not None
    desk.disk.holds.set()
    assert desk.sees(State.RESULT).assessment is not None


def test_who_leaves_while_the_disk_is_slow_sees_no_result(desk: Desk) -> None:
    desk.disk.holds.clear()
    desk.screen()
    desk.sees(State.ANALYSING)
    desk.engine.dispatch(Leave())
    desk.disk.holds.set()
    desk.screen()
    desk.sees(State.RESULT)


def test_a_full_disk_blocks_the_kiosk_until_there_is_room(desk: Desk) -> None:
    desk.disk.full = True
    desk.screen()
    refused = desk.sees(State.RETAKE)
    assert refused.reason is Trouble.NOT_KEPT and refused.detail.startswith("REC-05 ")
    missing = tuple(name for name, holds in desk.engine.conditions().items() if not holds and "thread" not in name)
    assert "records" in missing
    desk.engine.dispatch(Readiness(missing))
    desk.engine.dispatch(Leave())
    assert desk.sees(State.BLOCKED).missing == missing
    desk.disk.full = False
    for _ in range(200):  # the assess thread looks after the vault
        desk.clock.advance(1.1)
        if desk.engine.conditions()["records"]:
            break
        threading.Event().wait(0.05)
    assert desk.engine.conditions()["records"], "it goes on without a restart"
    desk.screen()
    desk.sees(State.RESULT)


def _read_all(vault: Vault, number: str) -> list[tuple[Entry, Shown]]:
    vault.pin.set(PIN)
    return [vault.read(found.id, vault.pin.unlock(PIN)) for found in vault.shelf.find(number)]


def test_pictures_are_kept_only_of_those_who_let_them_be_kept(desk: Desk) -> None:
    desk.screen(PHOTOS)
    desk.sees(State.RESULT)
    ((kept, pictures),) = _read_all(desk.disk.vault, "A-17")
    assert isinstance(kept, Record) and kept.consent == PHOTOS
    assert isinstance(pictures, Pictures) and pictures.photo[:2] == b"\xff\xd8"


def test_who_has_another_picture_taken_is_one_visit_with_the_last_answer(desk: Desk) -> None:
    vault, today = desk.disk.vault, desk.clock.now().astimezone().date()
    desk.screen()
    desk.sees(State.RESULT)
    for _ in range(2):
        desk.clock.advance(60)
        desk.engine.dispatch(Again())
        desk.take_picture()
        desk.sees(State.RESULT)
    (last, *before) = vault.shelf.find("A-17")
    assert len(before) == 2, "all are kept"
    assert [visit.id for visit in vault.visits("A-17")] == [last.id]
    assert [count.screenings for count in vault.shelf.day_report(today)] == [1]
    desk.engine.dispatch(Leave())
    desk.screen()
    desk.sees(State.RESULT)
    assert len(vault.visits("A-17")) == 2, "who comes again is another visit"


def test_an_answer_that_another_could_not_take_the_place_of_counts(desk: Desk) -> None:
    desk.screen()
    desk.sees(State.RESULT)
    desk.disk.full = True
    desk.engine.dispatch(Again())
    desk.take_picture()
    assert desk.sees(State.RETAKE).reason is Trouble.NOT_KEPT
    assert len(desk.disk.vault.visits("A-17")) == 1
    desk.disk.full = False
    desk.engine.dispatch(Again())
    desk.take_picture()
    desk.sees(State.RESULT)
    assert len(desk.disk.vault.visits("A-17")) == 1


def test_a_series_of_photos_is_kept_with_its_consent(desk: Desk) -> None:
    desk.screen(PHOTOS, Task.PHOTOS)
    assert desk.sees(State.POSITIONING).shot == 1
    for _ in range(5):
        desk.engine.dispatch(Skip())
    desk.sees(State.RESULT)
    ((kept, jpegs),) = _read_all(desk.disk.vault, "A-17")
    assert isinstance(kept, PhotoSet) and kept.consent == PHOTOS
    assert isinstance(jpegs, dict) and set(jpegs) == {"frontal"}


def test_a_series_that_found_no_room_is_kept_when_there_is_some(desk: Desk) -> None:
    desk.disk.full = True
    desk.screen(PHOTOS, Task.PHOTOS)
    desk.sees(State.POSITIONING)
    for _ in range(5):
        desk.engine.dispatch(Skip())
    assert desk.sees(State.RETAKE).reason is Trouble.NOT_KEPT
    assert desk.disk.vault.visits("A-17") == ()
    desk.disk.full = False
    desk.engine.dispatch(Again())
    desk.take_picture()
    desk.sees(State.RESULT)
    ((_, jpegs),) = _read_all(desk.disk.vault, "A-17")
    assert isinstance(jpegs, dict) and set(jpegs) == {"frontal", "smile"}


def test_the_day_is_counted_without_anybodys_number(desk: Desk) -> None:
    vault, today = desk.disk.vault, desk.clock.now().date()
    for event in (Readiness(()), Start(Task.PHOTOS), Declined()):
        desk.engine.dispatch(event)
    desk.screen()
    desk.sees(State.RESULT)
    desk.engine.dispatch(Leave())
    desk.screen()
    desk.engine.dispatch(Leave())
    wanted = {("refused", "photos"): 1, ("subject", "screening"): 1, ("subject", "left"): 1}
    for _ in range(200):  # the assess thread counts
        counted = {key: counted.n for key, counted in vault.tally.of_day(today).items()}
        if counted == wanted:
            break
        threading.Event().wait(0.05)
    assert counted == wanted


PROGRAM = """
import sys; from pathlib import Path
from tests.kiosk.records.factories import record; from tests.kiosk.records.opening import opened
kept_open = opened(Path(sys.argv[1]))
vault = kept_open.__enter__()
while True:
    kept = record(); vault.add(kept); print(kept.id, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 20])
def test_nothing_that_was_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path, after: int) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        kept = [process.stdout.readline().strip() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        kept += [line.strip() for line in process.stdout if line.endswith("\n")]
    with opened(tmp_path) as vault:
        assert set(kept) <= {found.id for found in vault.shelf.find("A-17")}
        vault.audit.verify()


def test_the_same_record_twice_is_our_own_mistake(vault: Vault) -> None:
    kept = Record.of(seen(), NOW, time_trusted=True)
    vault.add(kept)
    with pytest.raises(Exception, match="UNIQUE"):
        vault.add(replace(kept, site="elsewhere"))
    assert vault.count() == 1
