"""A kiosk whose threads do not run, with real parts behind every page: what the session does is dispatched by hand."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from firmware.analyser import LIVE_FRAMES, Analyser
from firmware.assessment import Assessment
from firmware.board.lights import SimulatedLight
from firmware.board.sounds import SimulatedBuzzer
from firmware.board.speech import SilentSpeaker
from firmware.bundle.slots import FOLDER, Slots
from firmware.camera import Camera
from firmware.camera.steady import SteadyCamera
from firmware.clock import ManualClock
from firmware.errors import CameraAbsentError
from firmware.face.mesh import MediaPipeMesher
from firmware.face.wanted import PROTOCOL
from firmware.syndrome.decision import Outcome
from kiosk.app import may_switch_off
from kiosk.building import Makings, build_health, build_pages, readiness
from kiosk.campclock import OFFSET, CampClock
from kiosk.engine import Engine
from kiosk.health import LogTail
from kiosk.heartbeat import Heartbeat
from kiosk.keeping import Keeper
from kiosk.pages.gate import Gate
from kiosk.pages.panels.export import Export
from kiosk.pages.server import WebServer
from kiosk.pages.web import create_app
from kiosk.records.record import Consent, Intake
from kiosk.roles import Role
from kiosk.session import Rules, Session, Task
from kiosk.session.events import (
    Agreed,
    Assessed,
    Described,
    Event,
    Guided,
    Kept,
    Leave,
    Readiness,
    Shutter,
    Start,
    Taken,
    Tick,
)
from kiosk.session.states import SPARE_FRAMES
from kiosk.settings import Settings, SettingsDesk
from kiosk.settings.tree import ENTRIES
from kiosk.signals import Signals
from kiosk.updates import Updates
from tests.kiosk.factories import guidance, portrait
from tests.kiosk.records.factories import seen
from tests.kiosk.records.opening import opened
from tests.publishing import PHANTOM, passes

START_DAY = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
PINS = {Role.OPERATOR: "271828", Role.CLINICIAN: "314159", Role.ENGINEER: "161803"}
CONSENT = Consent(photos=True, by="guardian", sign="thumb")


def _no_camera() -> Camera:
    raise CameraAbsentError("the test has none")


class Camp:
    """One device. state: its folder, which is also the root of its machine. policy: of its vault."""

    def __init__(self, state: Path, mesher: MediaPipeMesher, policy: dict[str, Any], **settings: str):
        self._open = contextlib.ExitStack()
        self.machine, self.root = ManualClock(START_DAY), state
        self.clock = CampClock(self.machine, state)
        self.vault = self._open.enter_context(opened(state, self.clock, **policy))
        self.clock.restore(self.vault.facts.get(OFFSET), self.vault.shelf.newest())
        self.desk = _desk(state, {"records.state": str(state), **settings})
        self.light, self.speaker, self.asked = SimulatedLight(), SilentSpeaker(), list[str]()
        self.log = LogTail()
        keeper = Keeper(self.vault, self.clock, "", self._others, self.vault.tally)
        signals = Signals(self.light, SimulatedBuzzer(), 0.5)
        self.updates = Updates(Slots(state / FOLDER, prover=passes), self.vault, self.clock, judges_itself=False)
        analyser = self.updates.take(PHANTOM, lambda bundle: Analyser(bundle, mesher, clock=self.clock))
        camera = SteadyCamera(_no_camera, self.clock)
        self.engine = Engine(camera, analyser, signals, self.clock, keeper, Rules(0.5))
        self.health = build_health(self.desk.settings, self.clock, self.engine, self.vault, self.desk, self.updates)
        self.heartbeat = Heartbeat(self.clock)
        self.export = Export(self.vault, self.clock, self.root)

    def close(self) -> None:
        self.export.wait()
        self._open.close()

    def set_pins(self) -> None:
        for role, pin in PINS.items():
            self.vault.staff.set(role, pin)

    def app(self, gate: Gate | None = None) -> Flask:
        """The application. gate: in the place of the vault's own."""
        made = Makings(
            self.desk, self.engine, self.clock, self.vault, self.health, self.log, self.speaker, self.heartbeat,
            self.export, self.updates,
            power_off=lambda: may_switch_off(self.engine, self.export) and not self.asked.append("power off"),
            restart=lambda: self.asked.append("restart"),
        )  # fmt: skip
        parts = build_pages(made)
        return create_app(replace(parts, gate=gate or parts.gate))

    def serve(self) -> str:
        """Serve it until the camp closes; its address."""
        server = WebServer("127.0.0.1", 0, lambda _name, _error: None)
        self._open.callback(server.stop)
        server.start(self.app())
        return f"http://127.0.0.1:{server.port}"

    def ready(self) -> Session:
        """What the engine's thread would say of the conditions, but for the camera and the threads themselves."""
        absent = {"camera", *(f"{worker.name} thread" for worker in self.engine.workers)}
        missing = (name for name, holds in self.engine.conditions().items() if not holds and name not in absent)
        return self.dispatch(Readiness(tuple(missing)))

    def dispatch(self, *events: Event) -> Session:
        for event in events:
            session = self.engine.dispatch(event)
        return session

    def screen(self, outcome: Outcome = Outcome.REFER, intake: Intake | None = None) -> Session:
        """Somebody is screened, and the answer is shown."""
        self.ready()
        self.dispatch(Start(), Agreed(CONSENT), Described(intake or Intake(camp_number="A-17")))
        ticket = self._take_picture()
        return self.dispatch(Assessed(_answer(outcome), ticket), Kept(ticket))

    def photograph(self) -> Session:
        """A whole series is taken, and shown."""
        self.ready()
        self.dispatch(Leave(), Start(Task.PHOTOS), Agreed(CONSENT), Described(Intake(camp_number="A-17")))
        for wanted in PROTOCOL:
            session = self.dispatch(Taken(portrait(wanted), self._take_picture()))
        return self.dispatch(Kept(session.since_ns))

    def _take_picture(self) -> int:
        """From positioning to the analysis; its ticket."""
        at_s = self.clock.monotonic_ns() / 1e9
        self.dispatch(Guided(guidance(at_s=at_s)), Shutter())
        self.machine.advance(0.5)
        self.dispatch(Tick())
        for n in range(LIVE_FRAMES + SPARE_FRAMES):
            session = self.dispatch(Guided(guidance(at_s=at_s + 0.6 + n / 100)))
        return session.since_ns

    def _others(self) -> dict[str, bool]:
        return readiness(self.desk.settings, self.vault, self.health)


def _answer(outcome: Outcome) -> Assessment:
    found = seen()
    return replace(found, decision=replace(found.decision, outcome=outcome), looked=None)


def _desk(state: Path, values: dict[str, str]) -> SettingsDesk:
    """What the page may not change is given on the command line, the rest stands in the file."""
    (file := state / "kiosk.toml").write_text(Settings.of({}).dump())
    fixed = [f"{name}={value}" for name, value in values.items() if ENTRIES[name].about.fixed]
    desk = SettingsDesk(file, fixed)
    for name, value in values.items():
        if not ENTRIES[name].about.fixed:
            desk.edit(name, value)
    return desk
