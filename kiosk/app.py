"""The composition root of the kiosk: the one place where settings become parts and parts are put together.

Order matters: the port is taken first, so that a second kiosk fails at once instead of fighting for the camera; then
the bundle is verified, then everything starts. It ends in the reverse order, whatever ended it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

import cv2

from firmware.analyser import Analyser
from firmware.board.opening import open_button, open_light
from firmware.board.power import shutdown
from firmware.board.watchdog import Notifier, Watchdog, feed_interval_s
from firmware.bundle.slots import Slots
from firmware.bundle.verify import load_bundle
from firmware.camera import CameraSettings, open_camera
from firmware.camera.steady import SteadyCamera
from firmware.camera.uri import CameraUri
from firmware.clock import Clock, SystemClock
from firmware.errors import PowerError, StateError
from firmware.face.mesh import MediaPipeMesher, MediaPipeTracker
from firmware.runtime.worker import OnFailure, Worker
from firmware.site import Site
from kiosk.engine import Engine
from kiosk.pages.server import WebServer
from kiosk.pages.web import Look, create_app
from kiosk.records.policy import Policy
from kiosk.records.reset import signing
from kiosk.records.sealing import Programme
from kiosk.records.secret import open_secret
from kiosk.records.store import RecordStore
from kiosk.records.vault import Vault
from kiosk.session import Rules
from kiosk.settings import Settings

LOOK_EVERY_S: Final = 0.5
SILENCE_S: Final[Mapping[str, float]] = {"camera": 20.0, "guide": 5.0, "assess": 30.0, "web": 5.0}
"""How long a thread may take for one step before systemd is no longer told that the kiosk lives.

Opening a camera takes a while; an analysis is given up by the session after 20 s.
"""

_log = logging.getLogger(__name__)


def camera_settings(settings: Settings) -> CameraSettings:
    """The camera's share of the settings. Raises SettingError."""
    return CameraSettings(
        width=settings.camera_width,
        height=settings.camera_height,
        fps=settings.camera_fps,
        rotation_deg=settings.camera_rotation,
        mirror=settings.camera_mirror,
        flicker_hz=settings.camera_flicker,
        focus=settings.camera_focus,
    )


def check(settings: Settings) -> None:
    """What can be known to be wrong before anything starts. Raises KioskError of the part that is wrong."""
    camera_settings(settings)
    CameraUri.parse(settings.camera)
    policy(settings)
    load_bundle(Path(settings.bundle))


def policy(settings: Settings, *, programme: bool = True) -> Policy:
    """The records' share of the settings. Raises ProgrammeKeyError; programme=False: leave its keys alone."""
    if not programme:
        return Policy(settings.retention_days, settings.erase_days, signing_key=settings.programme_signing_key)
    if settings.programme_signing_key:
        signing(settings.programme_signing_key)
    return Policy(
        retention_days=settings.retention_days,
        erase_days=settings.erase_days,
        programme=Programme(settings.programme_key) if settings.programme_key else None,
        signing_key=settings.programme_signing_key,
    )


def open_vault(settings: Settings, clock: Clock, *, programme: bool = True) -> Vault:
    """The records of this device, for those who seal to the programme or not. Raises RecordError or StateError."""
    folder = state_folder(settings)
    secret = open_secret(settings.device_secret, folder)
    return Vault(folder, secret, clock, policy(settings, programme=programme))


def _introduce(vault: Vault, settings: Settings, engine: Engine) -> None:
    """Tell the audit log what is different since the last start, and the log what is not safe."""
    vault.notice("setting", {row.name: str(getattr(settings, row.name)) for row in fields(settings)})
    manifest = engine.analyser.manifest
    vault.notice("bundle", {"active": f"{manifest.id} {manifest.version}"})
    if warning := open_secret(settings.device_secret, Path(settings.state)).warning:
        _log.warning("%s", warning)
    if not vault.pin.is_set:
        _log.warning("no PIN is set: the records are closed by the device secret alone (python -m kiosk pin set)")


def build_engine(settings: Settings, clock: Clock, records: RecordStore, on_failure: OnFailure) -> Engine:
    """Camera, models and light, not started yet."""
    slots = Slots(state_folder(settings) / "bundles")
    bundle = slots.ensure(Path(settings.bundle))
    _log.info("bundle %s %s from slot %s", bundle.manifest.id, bundle.manifest.version, slots.active)
    cv2.setNumThreads(1)  # the second core belongs to the page
    how = camera_settings(settings)
    camera = SteadyCamera(lambda: open_camera(settings.camera, how, clock), clock)
    site = Site(settings.prevalence, settings.sensitivity, settings.camera_hfov or None)
    analyser = Analyser(bundle, MediaPipeMesher(), MediaPipeTracker(), clock, site)
    light = open_light(settings.light, clock=clock)
    rules = Rules(countdown_s=settings.countdown)
    return Engine(camera, analyser, light, clock, records, rules, on_failure, settings.site)


def state_folder(settings: Settings) -> Path:
    """The folder that the kiosk writes to, made where it is not there. Raises StateError."""
    folder = Path(settings.state)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"{folder} cannot be made ({error.strerror})") from error
    if not os.access(folder, os.W_OK):
        raise StateError(f"{folder} cannot be written")
    return folder


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM (0), or until a core thread fails (1, systemd starts it again). See `check`."""
    clock = SystemClock()
    ending, failed = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())

    def on_failure(_name: str, _error: Exception) -> None:
        failed.set()

    with contextlib.ExitStack() as parts:
        server = WebServer(settings.host, settings.port, on_failure)
        parts.callback(server.stop)
        vault = open_vault(settings, clock)
        parts.callback(vault.close)
        engine = build_engine(settings, clock, vault, on_failure)
        parts.callback(engine.stop)
        _introduce(vault, settings, engine)
        button = open_button(settings.light, clock=clock)
        parts.callback(button.close)
        button.on_press(engine.shutter)
        button.on_hold(lambda: _switch_off(engine))
        engine.start()
        server.start(create_app(engine, clock, Look(settings.display_mirror, settings.display_rotation), vault.pin))
        _log.info("kiosk at %s", server.address)
        _live((*engine.workers, server.worker), clock, ending, failed)
    return 1 if failed.is_set() else 0


def _switch_off(engine: Engine) -> None:
    """The button was held: switch the machine off, unless somebody is in front of it."""
    if not engine.is_idle:
        return
    try:
        shutdown()
    except PowerError as error:
        _log.error("%s", error)


def _live(workers: Sequence[Worker], clock: Clock, ending: threading.Event, failed: threading.Event) -> None:
    """Feed systemd's watchdog while every thread gets on with its work, until somebody wants an end."""
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
    interval_s = min(feed_interval_s(os.environ), LOOK_EVERY_S)
    watchdog = Watchdog({worker.name: SILENCE_S[worker.name] for worker in workers}, clock, notifier)
    notifier.ready()
    done = dict.fromkeys((worker.name for worker in workers), -1)
    while not ending.wait(interval_s) and not failed.is_set():
        for worker in workers:
            if worker.steps != done[worker.name]:
                done[worker.name] = worker.steps
                watchdog.beat(worker.name)
        watchdog.feed()
    notifier.stopping()
