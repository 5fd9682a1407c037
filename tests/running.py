"""A kiosk in this process: real engine, real models, real web server, and a camera that can be unplugged."""

from __future__ import annotations

import contextlib
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from firmware.analyser import Analyser
from firmware.board.lights import SimulatedLight
from firmware.board.sounds import SimulatedBuzzer
from firmware.board.speech import SilentSpeaker
from firmware.bundle.slots import FOLDER, Slots
from firmware.camera import Camera, open_camera
from firmware.camera.base import Closing
from firmware.camera.steady import SteadyCamera
from firmware.clock import SystemClock
from firmware.errors import CameraAbsentError, CameraStalledError
from firmware.face.mesh import MediaPipeMesher, MediaPipeTracker
from firmware.frame import Frame
from kiosk.app import may_switch_off
from kiosk.building import Makings, build_health, build_pages, readiness
from kiosk.campclock import CampClock
from kiosk.engine import Engine
from kiosk.health import HealthKeeper, LogTail
from kiosk.heartbeat import Heartbeat
from kiosk.keeping import Keeper
from kiosk.pages.panels.export import Export
from kiosk.pages.server import WebServer
from kiosk.pages.web import create_app
from kiosk.records.vault import Vault
from kiosk.session import Rules
from kiosk.settings import Settings, SettingsDesk
from kiosk.settings.tree import ENTRIES
from kiosk.signals import Signals
from kiosk.updates import Updates
from tests.kiosk.records.opening import opened
from tests.publishing import PHANTOM, passes

FIXED = {name for name, entry in ENTRIES.items() if entry.about.fixed}
"""Settings that the page may not change, so the command line gives them."""


class UnpluggableCamera(Closing):
    """A replay whose cable can be pulled: then reads stall, and it cannot be opened again until it is back."""

    def __init__(self, uri: str, unplugged: threading.Event) -> None:
        if unplugged.is_set():
            raise CameraAbsentError("the test's camera is unplugged")
        self._camera: Camera = open_camera(uri)
        self._unplugged = unplugged

    def read(self, timeout_s: float = 1.5) -> Frame:
        if self._unplugged.wait(0):
            raise CameraStalledError("the test's camera is unplugged")
        return self._camera.read(timeout_s)

    def close(self) -> None:
        self._camera.close()


@dataclass
class RunningKiosk:
    """A kiosk that serves at `url`; `proof` is what a program shows to press something, as the page does."""

    url: str
    engine: Engine
    light: SimulatedLight
    unplugged: threading.Event
    vault: Vault
    desk: SettingsDesk
    speaker: SilentSpeaker
    health: HealthKeeper
    asked: list[str]
    """What only a machine could do: "restart", "power off"."""

    @cached_property
    def proof(self) -> dict[str, str]:
        with urllib.request.urlopen(self.url, timeout=10) as page:
            cookie, text = page.headers["Set-Cookie"], page.read().decode()
        return proof(cookie, text)

    def press(self, action: str, **form: str) -> int:
        """Press something as the page does; the answer's status."""
        body = urllib.parse.urlencode(form).encode()
        asked = urllib.request.Request(f"{self.url}/session/{action}", body, self.proof, method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def present(self, camp_number: str = "", **form: str) -> None:
        """Bring a subject in front of the camera: started, agreed, described."""
        self.press("start")
        self.press("agree", by="guardian", sign="thumb")
        self.press("describe", camp_number=camp_number, **form)


def proof(cookie: str, page: str) -> dict[str, str]:
    """The headers with which a program may press something: cookie and token of the page."""
    found = re.search(r'<meta name="csrf-token" content="([\w-]{43})">', page)
    assert found is not None
    return {"Cookie": cookie.partition(";")[0], "X-CSRF-Token": found[1]}


class KioskStarter:
    """Starts kiosks as `kiosk.app.run` does, in this process; everything ends with the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = contextlib.ExitStack()
        self._count = 0

    def __call__(self, uri: str, **settings: str) -> RunningKiosk:
        self._count += 1
        state = self._folder / f"state{self._count}"
        values = {"records.state": str(state), "screening.countdown": "0.5", **settings}
        state.mkdir()
        (file := state / "kiosk.toml").write_text(Settings.of({}).dump())
        desk = SettingsDesk(file, [f"{name}={value}" for name, value in values.items() if name in FIXED])
        for name, value in values.items():
            if name not in FIXED:
                desk.edit(name, value)
        return self._start(uri, state, desk)

    def close(self) -> None:
        self._parts.close()

    def _start(self, uri: str, state: Path, desk: SettingsDesk) -> RunningKiosk:
        clock, unplugged, light, asked = CampClock(SystemClock(), state), threading.Event(), SimulatedLight(), []
        vault = self._parts.enter_context(opened(state, clock))
        camera = SteadyCamera(lambda: UnpluggableCamera(uri, unplugged), clock)
        updates = Updates(Slots(state / FOLDER, prover=passes), vault, clock, judges_itself=False)
        analyser = updates.take(PHANTOM, lambda bundle: Analyser(bundle, MediaPipeMesher(), MediaPipeTracker(), clock))
        countdown = desk.settings.screening.countdown
        keeper = Keeper(vault, clock, "", lambda: readiness(desk.settings, vault, health), vault.tally)
        signals = Signals(light, SimulatedBuzzer(), countdown)
        engine = Engine(camera, analyser, signals, clock, keeper, Rules(countdown_s=countdown))
        health = build_health(desk.settings, clock, engine, vault, desk, updates)
        speaker, export = SilentSpeaker(), Export(vault, clock)
        made = Makings(
            desk, engine, clock, vault, health, LogTail(), speaker, Heartbeat(clock), export, updates,
            power_off=lambda: may_switch_off(engine, export) and not asked.append("power off"),
            restart=lambda: asked.append("restart"),
        )  # fmt: skip
        self._parts.callback(export.wait)
        self._parts.callback(engine.stop)
        server = WebServer("127.0.0.1", 0, lambda _name, _error: None)
        self._parts.callback(server.stop)
        engine.start()
        health.look(clock.monotonic_ns())
        server.start(create_app(build_pages(made)))
        url = f"http://127.0.0.1:{server.port}"
        return RunningKiosk(url, engine, light, unplugged, vault, desk, speaker, health, asked)


@pytest.fixture
def start_kiosk(tmp_path: Path) -> Iterator[KioskStarter]:
    """Starts a kiosk on a camera URI, with other settings if need be; everything ends with the test."""
    starter = KioskStarter(tmp_path)
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def steady_face(tmp_path_factory: pytest.TempPathFactory, phantom_folder: Path) -> str:
    """The camera URI of a phantom that stands still in front of the camera: the demo's best second, over and over."""
    frames = sorted((phantom_folder / "frames").glob("*.jpg"))
    best = _best_run(frames)
    folder = tmp_path_factory.mktemp("steady")
    for frame in best:
        (folder / frame.name).write_bytes(frame.read_bytes())
    return f"replay://{folder}?fps=15&loop=1"


def _best_run(frames: list[Path], length: int = 15) -> list[Path]:
    """The first run of frames in which the gate finds nothing to complain about."""
    from firmware.face.quality import Verdict, assess_quality
    from firmware.photo import read_photo

    run: list[Path] = []
    with MediaPipeTracker() as tracker:
        for path in frames:
            frame = read_photo(path)
            report = assess_quality(frame, tracker.find(frame))
            run = [*run, path] if report.verdict is Verdict.PASS else []
            if len(run) == length:
                return run
    raise AssertionError("the demo never shows a face that passes the gate")
