"""The composition root of the kiosk: the one place where parts are put together, started and ended.

Order matters: the port is taken first, so that a second kiosk fails at once instead of fighting for the camera; then
the bundle is verified, then everything starts. It ends in the reverse order, whatever ended it. A kiosk that cannot
start serves a page that says why, where that is wanted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from firmware.board.opening import open_button, open_foot_switch
from firmware.board.power import shutdown
from firmware.board.speech import open_speaker
from firmware.board.watchdog import Notifier, Watchdog, feed_interval_s, patience
from firmware.clock import Clock, SystemClock
from firmware.errors import KioskError, PowerError, SettingError
from firmware.runtime.worker import Worker
from kiosk.building import (
    Makings,
    build_engine,
    build_health,
    build_pages,
    build_updates,
    check,
    open_dated_vault,
    readiness,
)
from kiosk.campclock import CampClock
from kiosk.ending import Ended, Ending
from kiosk.engine import Engine
from kiosk.health import LogTail
from kiosk.heartbeat import Heartbeat
from kiosk.pages.fallback import AGAIN_S, create_fallback
from kiosk.pages.panels.export import Export
from kiosk.pages.server import WebServer
from kiosk.pages.web import create_app
from kiosk.records.secret import open_secret
from kiosk.records.vault import Vault
from kiosk.settings import Settings, SettingsDesk
from kiosk.settings.tree import PageSection

LOOK_EVERY_S: Final = 0.5
SILENCE_S: Final[Mapping[str, float]] = {"camera": 20.0, "guide": 5.0, "assess": 30.0, "web": 5.0, "health": 30.0}
"""How long a thread may take for one step before systemd is no longer told that the kiosk lives.

Opening a camera takes a while; an analysis is given up by the session after 20 s.
"""
START_S: Final = 90.0
"""How long models may take to load, and one on trial to be tried, while systemd is told that the kiosk lives."""
SIGNALS: Final[Mapping[signal.Signals, Ended]] = {
    signal.SIGINT: Ended.AS_ASKED,
    signal.SIGTERM: Ended.AS_ASKED,
    signal.SIGUSR1: Ended.AGAIN,  # and not SIGHUP, with which a terminal that is closed ends what it has started
}
_log = logging.getLogger(__name__)


def serve(open_desk: Callable[[], SettingsDesk], *, fallback: bool = False) -> Ended:
    """Run the kiosk; AGAIN: the process is to be started anew. Raises KioskError when it cannot start.

    fallback: serve a page that says so instead, and try again. An edit of the settings with which it does not start is
    taken back, and the kiosk starts without it.
    """
    ending = Ending()  # one for all: a signal that comes between two tries must not go to one that nobody waits for
    _listen(ending)
    with _noting_lines() as log:
        while True:
            desk = None
            try:
                desk = open_desk()
                return _serve_desk(desk, log, ending)
            except KioskError as error:
                if not fallback:
                    raise
                ended = fall_back(desk.settings.page if desk else PageSection(), error, log, ending)
            if ended is not Ended.AGAIN:
                return ended


def _serve_desk(desk: SettingsDesk, log: LogTail, ending: Ending) -> Ended:
    while True:
        try:
            ended = run(desk, log, ending)
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
        else:
            return ended


def run(desk: SettingsDesk, log: LogTail, ending: Ending) -> Ended:
    """Serve until a signal, until a core thread fails, or until somebody wants a new start. See `check`."""
    settings, clock = desk.settings, CampClock(SystemClock())
    ending.begin()

    def on_failure(_name: str, _error: Exception) -> None:
        ending.ask(Ended.FAILED)

    check(settings)
    with contextlib.ExitStack() as parts:
        server = WebServer(settings.page.host, settings.page.port, on_failure)
        parts.callback(server.stop)
        vault = open_dated_vault(settings, clock)
        parts.callback(vault.close)
        desk.settle()
        # Engine and health look at each other: what health says is asked for only once both are there.
        updates = build_updates(settings, clock, vault)
        with patience(Notifier(os.environ.get("NOTIFY_SOCKET")), feed_interval_s(os.environ), START_S):
            engine = build_engine(
                settings, clock, vault, updates, lambda: readiness(settings, vault, health), on_failure
            )
        parts.callback(engine.stop)
        health = build_health(settings, clock, engine, vault, desk, updates)
        speaker, heartbeat = open_speaker(), Heartbeat(clock)
        parts.callback(speaker.close)
        _introduce(vault, settings, engine)
        export = Export(vault, clock)
        _listen_to_contacts(settings, clock, engine, export, parts)
        tending = Worker("health", _all(health.tend, heartbeat.tend, updates.tend), on_failure, LOOK_EVERY_S)
        engine.start()
        tending.start()
        parts.callback(tending.stop)
        parts.callback(export.wait)
        makings = Makings(
            desk, engine, clock, vault, health, log, speaker, heartbeat, export, updates,
            power_off=lambda: switch_off(engine, export), restart=lambda: ending.ask(Ended.AGAIN),
        )  # fmt: skip
        server.start(create_app(build_pages(makings)))
        desk.confirm()
        _log.info("kiosk at %s", server.address)
        workers = (*engine.workers, server.worker, tending)
        _live(workers, clock, ending, lambda: may_switch_off(engine, export))
    if any(worker.alive for worker in workers):  # what hangs still holds its camera or its port
        return Ended.FAILED
    return ending.how


def fall_back(page: PageSection, error: KioskError, log: LogTail, ending: Ending) -> Ended:
    """Serve a page that says what is wrong, until a signal, or until it is time to try again."""
    _log.error("the kiosk does not start: %s", error)
    ending.begin()
    server = WebServer(page.host, page.port, lambda _name, _error: ending.ask(Ended.FAILED))
    try:
        server.start(create_fallback(error, log.tail(), lambda: ending.ask(Ended.AGAIN)))
        Notifier(os.environ.get("NOTIFY_SOCKET")).ready()
        return ending.how if ending.wait(AGAIN_S) else Ended.AGAIN
    finally:
        server.stop()


def may_switch_off(engine: Engine, export: Export) -> bool:
    """Whether nobody is in front of the machine, and no stick is being written."""
    return engine.is_idle and not export.is_running


def switch_off(engine: Engine, export: Export) -> bool:
    """Switch the machine off if it may be; whether it will."""
    if not may_switch_off(engine, export):
        return False
    try:
        shutdown()
    except PowerError as error:
        _log.error("%s", error)
        return False
    return True


@contextlib.contextmanager
def _noting_lines() -> Iterator[LogTail]:
    log = LogTail()
    logging.getLogger().addHandler(log)
    try:
        yield log
    finally:
        logging.getLogger().removeHandler(log)


def _listen(ending: Ending) -> None:
    for number, how in SIGNALS.items():
        signal.signal(number, lambda *_, how=how: ending.ask(how))


def _listen_to_contacts(
    settings: Settings, clock: Clock, engine: Engine, export: Export, parts: contextlib.ExitStack
) -> None:
    """The button goes on, and switches off when it is held; the foot switch goes on."""
    button = open_button(settings.board.button, clock=clock)
    parts.callback(button.close)
    button.on_press(engine.shutter)
    button.on_hold(lambda: _log.info("the button was held: %s", switch_off(engine, export)))
    foot = open_foot_switch(settings.board.foot_switch, clock=clock)
    parts.callback(foot.close)
    foot.on_press(engine.shutter)


def _all(*parts: Callable[[], None]) -> Callable[[], None]:
    def step() -> None:
        for part in parts:
            part()

    return step


def _introduce(vault: Vault, settings: Settings, engine: Engine) -> None:
    """Tell the audit log what is different since the last start, and the log what is not safe."""
    vault.notice("setting", {name: str(value) for name, value in settings.flat().items()})
    manifest = engine.analyser.manifest
    vault.notice("bundle", {"active": f"{manifest.id} {manifest.version}"})
    if warning := open_secret(settings.records.device_secret, Path(settings.records.state)).warning:
        _log.warning("%s", warning)
    if not vault.pin.is_set:
        _log.warning("no PIN is set: the records are closed by the device secret alone (python -m kiosk pin set)")


def _live(workers: Sequence[Worker], clock: Clock, ending: Ending, is_free: Callable[[], bool]) -> None:
    """Feed systemd's watchdog while every thread gets on with its work, until somebody wants an end.

    is_free: nobody is in front of it. A new start waits for that; every other end does not.
    """
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
    interval_s = min(feed_interval_s(os.environ), LOOK_EVERY_S)
    watchdog = Watchdog({worker.name: SILENCE_S[worker.name] for worker in workers}, clock, notifier)
    notifier.ready()
    done = dict.fromkeys((worker.name for worker in workers), -1)
    while not ending.wait(interval_s) or (ending.how is Ended.AGAIN and not _free(is_free, clock, interval_s)):
        for worker in workers:
            if worker.steps != done[worker.name]:
                done[worker.name] = worker.steps
                watchdog.beat(worker.name)
        watchdog.feed()
    if ending.how is not Ended.AGAIN:
        notifier.stopping()


def _free(is_free: Callable[[], bool], clock: Clock, interval_s: float) -> bool:
    """Whether it is, after a pause where it was not."""
    if is_free():
        return True
    clock.sleep(interval_s)
    return False
