"""A bad model that got past the self-test of its import: the kiosk is back with the one before, and nobody touched it.

A real kiosk process with somebody who starts it again when it ends, as systemd does. A few in every test run, twenty by
`make faults` (UPDATES=all).
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.bundle.importing import import_bundle
from firmware.bundle.selection import TRIES
from firmware.bundle.slots import FOLDER, Slots
from firmware.clock import ManualClock
from tests.firmware.bundle.test_proof import BAD, MODEL
from tests.flows.test_process import Service, start
from tests.publishing import TODAY, People, bundle_of, flash, passes

__all__ = ["start"]  # the fixture

SOON_S = 60.0
CORRUPTED = 6
SOME = ("not a number", "labels in another order")
Start = Callable[..., Service]
_log = logging.getLogger(__name__)


def corrupted(seed: int) -> Callable[[Path], Path]:
    def make(at: Path) -> Path:
        dice, model = random.Random(1000 + seed), bytearray(MODEL)
        for _ in range(400):
            model[dice.randrange(len(model))] = dice.randrange(256)
        return bundle_of(at, "2.0.0", classifier__tflite=bytes(model))

    return make


MODELS = {
    **{name: make for name, (make, _) in BAD.items()},
    **{f"corrupted {n}": corrupted(n) for n in range(CORRUPTED)},
}
TRIED = list(MODELS) if os.environ.get("UPDATES") == "all" else list(SOME)


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    """Version 1.0.0 is good."""
    slots = Slots(tmp_path / "var" / FOLDER, clock=ManualClock(TODAY), prover=passes)
    flash(slots, tmp_path, "1.0.0")
    return slots


def put_on_trial(slots: Slots, bundle: Path, work: Path) -> None:
    manifest, people = bundle / "manifest.json", People()
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": "2.0.0"}))
    people.publish(bundle, work / "stick")
    import_bundle(people.wanted(work / "stick"), slots.state, ManualClock(TODAY), prover=passes)


def runs(service: Service) -> str:
    """The version that it says it runs; nothing when it ends before."""
    for version in ("2.0.0", "1.0.0"):
        if f"bundle phantom {version} from slot" in service.said:
            return version
    return ""


@pytest.mark.parametrize("name", TRIED)
def test_kiosk_is_back_with_the_model_before(name: str, slots: Slots, start: Start, tmp_path: Path) -> None:
    put_on_trial(slots, MODELS[name](tmp_path / "bad"), tmp_path)
    begun, starts = time.monotonic(), 0
    for starts in range(1, TRIES + 2):  # noqa: B007 - told below
        service = start("camera.uri=v4l2:///dev/no-such-camera")
        try:
            service.port()
        except AssertionError:  # it ended: started again, as systemd does
            continue
        if runs(service) == "1.0.0":
            break
    took_s = time.monotonic() - begun
    _log.info("%s: 1.0.0 serves again after %.1f s and %d starts", name, took_s, starts)
    assert runs(service) == "1.0.0"
    assert took_s < SOON_S
    selection = slots.selection()
    assert selection.slots[selection.good].version == "1.0.0" and not selection.trial


def test_model_that_takes_the_process_along_is_left_after_its_tries(slots: Slots, start: Start, tmp_path: Path) -> None:
    """It passes every proof, and the kiosk is killed as soon as it runs: a crash, a hang, the memory, all look so."""
    put_on_trial(slots, bundle_of(tmp_path / "made", "2.0.0"), tmp_path)
    ran = []
    for _ in range(TRIES + 1):
        service = start("camera.uri=v4l2:///dev/no-such-camera")
        service.hears("from slot")
        ran.append(runs(service))
        service.end(signal.SIGKILL)
    assert ran == ["2.0.0"] * TRIES + ["1.0.0"]
