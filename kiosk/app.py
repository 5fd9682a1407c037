"""The composition root of the kiosk: the one place where settings become parts and parts are put together.

Order matters: the port is taken first, so that a second kiosk fails at once instead of fighting for the camera; then
the bundle is verified, then everything starts. It ends in the reverse order, whatever ended it. Where settings were
changed, all of it is built anew in the same process, so that a change takes effect without systemd too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Mapping, Sequence
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
from firmware.errors import KioskError, PowerError, SettingError, StateError
from firmware.face.mesh import MediaPipeMesher, MediaPipeTracker
from firmware.runtime.worker import OnFailure, Worker
from firmware.site import Site
from kiosk.ending import Ended, Ending
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
from kiosk.settings import Settings, SettingsDesk

LOOK_EVERY_S: Final = 0.5
SILENCE_S: Final[Mapping[str, float]] = {"camera": 20.0, "guide": 5.0, "assess": 30.0, "web": 5.0}
"""How long a thread may take for one step before systemd is no longer told that the kiosk lives.

Opening a camera takes a while; an analysis is given up by the session after 20 s.
"""
SIGNALS: Final[Mapping[signal.Signals, Ended]] = {
    signal.SIGINT: Ended.AS_ASKED,
    signal.SIGTERM: Ended.AS_ASKED,
    signal.SIGUSR1: Ended.AGAIN,  # and not SIGHUP, with which a terminal that is closed ends what it has started
}

_log = logging.getLogger(__name__)


def camera_settings(settings: Settings) -> CameraSettings:
    """The camera's share of the settings. Raises SettingError."""
    camera = settings.camera
    return CameraSettings(
        width=camera.width,
        height=camera.height,
        fps=camera.fps,
        rotation_deg=camera.rotation,
        mirror=camera.mirror,
        flicker_hz=camera.flicker,
        focus=camera.focus,
    )


def check(settings: Settings) -> None:
    """What can be known to be wrong before anything starts. Raises KioskError of the part that is wrong."""
    camera_settings(settings)
    CameraUri.parse(settings.camera.uri)
    policy(settings)
    load_bundle(Path(settings.bundle.path))


def policy(settings: Settings, *, programme: bool = True) -> Policy:
    """The records' share of the settings. Raises ProgrammeKeyError; programme=False: leave its keys alone."""
    records = settings.records
    if not programme:
        return Policy(records.retention_days, records.erase_days, signing_key=records.programme_signing_key)
    if records.programme_signing_key:
        signing(records.programme_signing_key)
    return Policy(
        retention_days=records.retention_days,
        erase_days=records.erase_days,
        programme=Programme(records.programme_key) if records.programme_key else None,
        signing_key=records.programme_signing_key,
    )


def open_vault(settings: Settings, clock: Clock, *, programme: bool = True) -> Vault:
    """The records of this device, for those who seal to the programme or not. Raises RecordError or StateError."""
    folder = state_folder(settings)
    secret = open_secret(settings.records.device_secret, folder)
    return Vault(folder, secret, clock, policy(settings, programme=programme))


def _introduce(vault: Vault, settings: Settings, engine: Engine) -> None:
    """Tell the audit log what is different since the last start, and the log what is not safe."""
    vault.notice("setting", {name: str(value) for name, value in settings.flat().items()})
    manifest = engine.analyser.manifest
    vault.notice("bundle", {"active": f"{manifest.id} {manifest.version}"})
    if warning := open_secret(settings.records.device_secret, Path(settings.records.state)).warning:
        _log.warning("%s", warning)
    if not vault.pin.is_set:
        _log.warning("no PIN is set: the records are closed by the device secret alone (python -m kiosk pin set)")


def build_engine(settings: Settings, clock: Clock, records: RecordStore, on_failure: OnFailure) -> Engine:
    """Camera, models and light, not started yet."""
    slots = Slots(state_folder(settings) / "bundles")
    bundle = slots.ensure(Path(settings.bundle.path))
    _log.info("bundle %s %s from slot %s", bundle.manifest.id, bundle.manifest.version, slots.active)
    cv2.setNumThreads(1)  # the second core belongs to the page
    how = camera_settings(settings)
    camera = SteadyCamera(lambda: open_camera(settings.camera.uri, how, clock), clock)
    screening = settings.screening
    site = Site(screening.prevalence, screening.sensitivity, settings.camera.hfov or None)
    analyser = Analyser(bundle, MediaPipeMesher(), MediaPipeTracker(), clock, site)
    light = open_light(settings.board.light, clock=clock)
    rules = Rules(countdown_s=screening.countdown)
    return Engine(camera, analyser, light, clock, records, rules, on_failure, settings.site.name)


def state_folder(settings: Settings) -> Path:
    """The folder that the kiosk writes to, made where it is not there. Raises StateError."""
    folder = Path(settings.records.state)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"{folder} cannot be made ({error.strerror})") from error
    if not os.access(folder, os.W_OK):
        raise StateError(f"{folder} cannot be written")
    return folder


def serve(desk: SettingsDesk) -> Ended:
    """Run the kiosk, anew as often as somebody asks for it. Raises KioskError when it cannot start.

    An edit of the settings with which it does not start is taken back, and the kiosk starts without it.
    """
    while True:
        try:
            ended = run(desk)
        except KioskError as error:
            if not desk.give_up(error):
                raise
            continue
        if ended is not Ended.AGAIN:
            return ended
        try:
            desk.reload()
        except SettingError as error:
            _log.error("it goes on with the settings that it had: %s", error)


def run(desk: SettingsDesk) -> Ended:
    """Serve until a signal, until a core thread fails, or until somebody wants a new start. See `check`."""
    settings, clock, ending = desk.settings, SystemClock(), Ending()
    for number, how in SIGNALS.items():
        signal.signal(number, lambda *_, how=how: ending.ask(how))

    def on_failure(_name: str, _error: Exception) -> None:
        ending.ask(Ended.FAILED)

    check(settings)
    with contextlib.ExitStack() as parts:
        server = WebServer(settings.page.host, settings.page.port, on_failure)
        parts.callback(server.stop)
        vault = open_vault(settings, clock)
        parts.callback(vault.close)
        desk.settle()
        engine = build_engine(settings, clock, vault, on_failure)
        parts.callback(engine.stop)
        _introduce(vault, settings, engine)
        button = open_button(settings.board.button, clock=clock)
        parts.callback(button.close)
        button.on_press(engine.shutter)
        button.on_hold(lambda: _switch_off(engine))
        engine.start()
        look = Look(settings.display.mirror, settings.display.rotation)
        server.start(create_app(engine, clock, look, vault.pin))
        desk.confirm()
        _log.info("kiosk at %s", server.address)
        workers = (*engine.workers, server.worker)
        _live(workers, clock, ending)
    if any(worker.alive for worker in workers):  # what hangs still holds its camera or its port
        return Ended.FAILED
    return ending.how


def _switch_off(engine: Engine) -> None:
    """The button was held: switch the machine off, unless somebody is in front of it."""
    if not engine.is_idle:
        return
    try:
        shutdown()
    except PowerError as error:
        _log.error("%s", error)


def _live(workers: Sequence[Worker], clock: Clock, ending: Ending) -> None:
    """Feed systemd's watchdog while every thread gets on with its work, until somebody wants an end."""
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
    interval_s = min(feed_interval_s(os.environ), LOOK_EVERY_S)
    watchdog = Watchdog({worker.name: SILENCE_S[worker.name] for worker in workers}, clock, notifier)
    notifier.ready()
    done = dict.fromkeys((worker.name for worker in workers), -1)
    while not ending.wait(interval_s):
        for worker in workers:
            if worker.steps != done[worker.name]:
                done[worker.name] = worker.steps
                watchdog.beat(worker.name)
        watchdog.feed()
    if ending.how is not Ended.AGAIN:
        notifier.stopping()
