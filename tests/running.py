"""A kiosk in this process: real engine, real models, real web server, and a camera that can be unplugged."""

from __future__ import annotations

import re
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from firmware.analyser import Analyser
from firmware.board.lights import SimulatedLight
from firmware.board.sounds import SimulatedBuzzer
from firmware.board.speech import SilentSpeaker
from firmware.bundle.verify import Bundle
from firmware.camera import Camera, open_camera
from firmware.camera.base import Closing
from firmware.camera.steady import SteadyCamera
from firmware.clock import Clock, SystemClock
from firmware.errors import CameraAbsentError, CameraStalledError
from firmware.face.mesh import MediaPipeMesher, MediaPipeTracker
from firmware.frame import Frame
from kiosk.engine import Engine
from kiosk.keeping import Keeper
from kiosk.pages.gate import NoGate
from kiosk.pages.parts import Look, Parts
from kiosk.pages.server import WebServer
from kiosk.pages.web import create_app
from kiosk.records.store import VolatileRecords
from kiosk.session import Rules
from kiosk.signals import Signals


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
    records: VolatileRecords

    @cached_property
    def proof(self) -> dict[str, str]:
        with urllib.request.urlopen(self.url, timeout=10) as page:
            cookie, text = page.headers["Set-Cookie"], page.read().decode()
        return proof(cookie, text)


def proof(cookie: str, page: str) -> dict[str, str]:
    """The headers with which a program may press something: cookie and token of the page."""
    found = re.search(r'<meta name="csrf-token" content="([\w-]{43})">', page)
    assert found is not None
    return {"Cookie": cookie.partition(";")[0], "X-CSRF-Token": found[1]}


def pages_of(engine: Engine, clock: Clock, records: VolatileRecords) -> Parts:
    """The pages of a kiosk without PINs and without anything to look after."""
    return Parts(
        engine=engine,
        clock=clock,
        gate=NoGate(),
        book=records,
        look=Look,
        speaker=SilentSpeaker(),
        power_off=lambda: False,
        page_seen=lambda: None,
        banners=lambda _: (),
    )


@pytest.fixture
def start_kiosk(phantom: Bundle) -> Iterator[Callable[[str], RunningKiosk]]:
    """Starts a kiosk on a camera URI; everything ends with the test."""
    endings: list[Callable[[], None]] = []

    def start(uri: str) -> RunningKiosk:
        clock, unplugged, light, records = SystemClock(), threading.Event(), SimulatedLight(), VolatileRecords()
        camera = SteadyCamera(lambda: UnpluggableCamera(uri, unplugged), clock)
        analyser = Analyser(phantom, MediaPipeMesher(), MediaPipeTracker(), clock)
        signals, keeper = Signals(light, SimulatedBuzzer(), 0.5), Keeper(records, clock)
        engine = Engine(camera, analyser, signals, clock, keeper, Rules(countdown_s=0.5))
        server = WebServer("127.0.0.1", 0, lambda _name, _error: None)
        engine.start()
        server.start(create_app(pages_of(engine, clock, records)))
        endings.extend([server.stop, engine.stop])
        return RunningKiosk(f"http://127.0.0.1:{server.port}", engine, light, unplugged, records)

    yield start
    for end in endings:
        end()


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
