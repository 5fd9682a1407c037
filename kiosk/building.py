"""How the parts of a kiosk are made of its settings: vault, engine, health, pages. Nothing starts here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from firmware.analyser import Analyser
from firmware.backends import backend_of
from firmware.board.health import Board
from firmware.board.opening import open_buzzer, open_light
from firmware.board.speech import Speaker
from firmware.bundle.slots import FOLDER, Slots
from firmware.bundle.verify import Bundle, load_bundle
from firmware.camera import CameraSettings, open_camera
from firmware.camera.steady import SteadyCamera
from firmware.camera.uri import CameraUri
from firmware.clock import Clock
from firmware.errors import StateError
from firmware.runtime.worker import OnFailure
from firmware.site import Site
from kiosk.bureau import Bureau, worn
from kiosk.campclock import OFFSET, CampClock
from kiosk.engine import STALE_S, Engine
from kiosk.health import HealthKeeper, LogTail, Sources
from kiosk.heartbeat import Heartbeat
from kiosk.keeping import Keeper
from kiosk.pages.panels.export import Export
from kiosk.pages.panels.machine import CheckParts, Health
from kiosk.pages.panels.panel import Menu, Panel
from kiosk.pages.panels.people import Erase, Outcome, Visits
from kiosk.pages.panels.report import Day
from kiosk.pages.panels.setup import Setup
from kiosk.pages.panels.upkeep import Bundles, EditSettings, Pins, SetClock
from kiosk.pages.parts import Look, Parts
from kiosk.records.policy import Policy
from kiosk.records.reset import signing
from kiosk.records.sealing import Programme
from kiosk.records.secret import open_secret
from kiosk.records.vault import Vault
from kiosk.session import Rules
from kiosk.settings import Settings, SettingsDesk
from kiosk.signals import Signals
from kiosk.updates import Updates

SETUP: Final = "setup"
"""The condition that PINs are set: outside the demo nobody is screened before."""


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


def open_vault(settings: Settings, clock: Clock, *, programme: bool = True) -> Vault:
    """The records of this device, for those who seal to the programme or not. Raises RecordError or StateError."""
    folder = state_folder(settings)
    secret = open_secret(settings.records.device_secret, folder)
    return Vault(folder, secret, clock, policy(settings, programme=programme))


def open_dated_vault(settings: Settings, clock: CampClock, *, programme: bool = True) -> Vault:
    """The same, and the date put right by what it remembers."""
    vault = open_vault(settings, clock, programme=programme)
    clock.restore(vault.facts.get(OFFSET), vault.shelf.newest())
    return vault


def build_engine(
    settings: Settings, clock: Clock, vault: Vault, updates: Updates, others: Callable[[], Mapping[str, bool]],
    on_failure: OnFailure,
) -> Engine:  # fmt: skip
    """Camera, models and light. others: what else must hold before a session may start."""
    cv2.setNumThreads(1)  # the second core belongs to the page
    how, screening = camera_settings(settings), settings.screening
    camera = SteadyCamera(lambda: open_camera(settings.camera.uri, how, clock), clock)
    site = Site(screening.prevalence, screening.sensitivity, settings.camera.hfov or None)

    def looking(bundle: Bundle) -> Analyser:
        faces = backend_of(bundle)
        return Analyser(bundle, faces.stills(), faces.tracker(), clock, site)

    analyser = updates.take(Path(settings.bundle.path), looking)
    light, buzzer = open_light(settings.board.light, clock=clock), open_buzzer(settings.board.buzzer, clock=clock)
    signals = Signals(light, buzzer, screening.countdown)
    keeper = Keeper(vault, clock, settings.site.name, others, vault.tally)
    return Engine(camera, analyser, signals, clock, keeper, Rules(countdown_s=screening.countdown), on_failure)


def build_updates(settings: Settings, clock: Clock, vault: Vault) -> Updates:
    """The bundles of this device."""
    return Updates(Slots(state_folder(settings) / FOLDER, Path(settings.bundle.root), clock), vault, clock)


def build_health(
    settings: Settings, clock: Clock, engine: Engine, vault: Vault, desk: SettingsDesk, updates: Updates
) -> HealthKeeper:
    """What looks after the machine."""
    sources = Sources(
        board=Board(state=state_folder(settings)),
        camera_age_s=lambda: engine.camera_age_s,
        bundle=updates.state,
        threads=lambda: {worker.name: worker.alive for worker in engine.workers},
        records=vault.conditions,
        trouble=lambda: desk.trouble,
        live_s=STALE_S,
    )
    return HealthKeeper(sources.read, clock)


def readiness(settings: Settings, vault: Vault, health: HealthKeeper) -> dict[str, bool]:
    """What must hold besides camera and records: PINs are set, and the board is well."""
    return {SETUP: settings.demo or vault.staff.complete, **worn(health.conditions)}


@dataclass(frozen=True, slots=True)
class Makings:
    """What the pages are made of."""

    desk: SettingsDesk
    engine: Engine
    clock: CampClock
    vault: Vault
    health: HealthKeeper
    log: LogTail
    speaker: Speaker
    heartbeat: Heartbeat
    export: Export
    updates: Updates
    power_off: Callable[[], bool]
    restart: Callable[[], None]


def build_pages(made: Makings) -> Parts:
    """The pages' parts."""
    bureau = Bureau(made.engine, made.vault, made.health, made.log, made.desk, made.clock)
    return Parts(
        engine=made.engine,
        clock=made.clock,
        gate=made.vault.staff,
        book=made.vault,
        look=lambda: _look(made.desk.settings),
        speaker=made.speaker,
        power_off=made.power_off,
        page_seen=made.heartbeat.seen,
        banners=bureau.banners,
        bureau=bureau,
        site=made.desk.settings.site.name,
        panels=_panels(made, bureau),
    )


def _look(settings: Settings) -> Look:
    shown = settings.display
    return Look(shown.mirror, shown.rotation, shown.language, shown.theme, shown.voice)


def _panels(made: Makings, bureau: Bureau) -> tuple[Panel, ...]:
    settings, pins = EditSettings(made.desk, made.restart), Pins(made.vault)
    clock, parts = SetClock(made.clock, made.vault), CheckParts(made.engine)
    return (
        Menu(),
        Day(bureau),
        Outcome(made.vault, made.clock),
        Health(bureau.diagnostics),
        Visits(made.vault),
        made.export,
        Erase(made.vault),
        clock,
        pins,
        parts,
        settings,
        Bundles(made.updates, made.restart),
        Setup(made.desk, settings, clock, pins, parts),
    )
