"""What runs beside the page: three threads around the session.

- camera: reads frames into a slot that holds the latest. It never waits for anybody.
- guide: looks at the latest frame while a session follows a face, and lets time pass in the session.
- assess: does the long jobs, and keeps the record of their answer, so that neither preview nor page ever wait for it.

The session itself is pure; `dispatch` is the one place where it changes, under one lock.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass

from firmware.analyser import LIVE_FRAMES, Analyser
from firmware.camera.steady import CameraHealth, SteadyCamera
from firmware.clock import Clock
from firmware.errors import KioskError
from firmware.frame import Frame
from firmware.runtime.latest import Latest, Numbered
from firmware.runtime.worker import OnFailure, Worker
from kiosk.keeping import Keeper
from kiosk.session import LOOKING, Moment, Rules, Session, State, step
from kiosk.session.events import (
    Assess,
    Assessed,
    AssessmentFailed,
    Broke,
    Count,
    Effect,
    Event,
    Guided,
    Job,
    Keep,
    Readiness,
    Shutter,
    Take,
    Taken,
    Tick,
)
from kiosk.session.states import ANSWERED, AT_REST
from kiosk.signals import Signals

STALE_S = 1.0
"""A picture older than this is not live any more."""
PRIVATE = ANSWERED | {State.MAINTENANCE}
"""States whose screens show more to whoever has a PIN."""
_TURN_S = 0.2
"""How long a thread waits for work before it looks whether it shall end."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts since the start, from which a benchmark takes rates."""

    frames: int
    guided: int
    skipped: int


class Engine:
    """Camera, analyser, light and session together. Start once, stop once."""

    def __init__(
        self,
        camera: SteadyCamera,
        analyser: Analyser,
        signals: Signals,
        clock: Clock,
        keeper: Keeper,
        rules: Rules | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        self._camera = camera
        self._analyser = analyser
        self._signals = signals
        self._clock = clock
        self._keeper = keeper
        self._rules = rules or Rules()
        self._lock = threading.Lock()
        self._session = Session(since_ns=clock.monotonic_ns())
        self._views: Latest[Session] = Latest()
        self._frames: Latest[Frame] = Latest()
        self._jobs: Latest[Job] = Latest()
        self._answers: Latest[Keep] = Latest()
        self._counts: deque[Count] = deque()
        self._frame_ns = clock.monotonic_ns()
        self._read, self._guided, self._departures = 0, 0, 0
        self._last_looked, self._last_job, self._last_answer = -1, -1, -1
        self._on_failure = on_failure
        self._workers = (
            Worker("camera", self._read_camera, self._failed, on_end=camera.close),
            Worker("guide", self._guide, self._failed),
            Worker("assess", self._assess, self._failed),
        )
        self._views.put(self._session)
        signals.show(self._session.state)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads, for those who watch over them."""
        return self._workers

    @property
    def analyser(self) -> Analyser:
        """The analyser, for what it says of its bundle."""
        return self._analyser

    @property
    def camera_health(self) -> CameraHealth:
        """How the camera is."""
        return self._camera.health

    @property
    def is_idle(self) -> bool:
        """Whether nobody is being screened, so that the kiosk may be switched off."""
        return self._session.state in {*AT_REST, State.MAINTENANCE, State.FAULT}

    @property
    def departures(self) -> int:
        """How often an answer, or the service, has left the screen: what was opened for it ends with it."""
        return self._departures

    @property
    def screened(self) -> int:
        """Answers given since the start."""
        return self._keeper.kept

    @property
    def camera_age_s(self) -> float | None:
        """How old the latest picture is; None before the first."""
        return (self._clock.monotonic_ns() - self._frame_ns) / 1e9 if self._read else None

    @property
    def rates(self) -> Rates:
        """Frames read, frames looked at, frames that nobody looked at."""
        return Rates(self._read, self._guided, self._frames.skipped)

    def start(self) -> None:
        """Start the threads."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """End the threads and give camera, models and light back."""
        self._signals.show("stopping")
        for slot in (self._frames, self._jobs, self._answers, self._views):
            slot.close()
        ended = [worker.stop() for worker in reversed(self._workers)]
        if all(ended):  # a thread that hangs may still be inside a model
            self._analyser.close()
        self._signals.close()

    def show(self, pattern: str) -> None:
        """Try light and sound: show what they show in this state, until the session's own changes."""
        self._signals.show(pattern)

    def conditions(self) -> dict[str, bool]:
        """What must hold before a session may start, by name."""
        threads = {f"{worker.name} thread": worker.alive for worker in self._workers}
        return {"camera": self.is_live, **self._keeper.conditions(), **threads}

    def dispatch(self, event: Event) -> Session:
        """Let something happen; returns the session after it."""
        moment = Moment(self._clock.monotonic_ns(), self._rules)
        with self._lock:
            following, effects = step(self._session, event, moment)
            for effect in effects:
                self._carry_out(effect)
            if following is not self._session:
                self._publish(following)
        return following

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Count):
            self._counts.append(effect)
        elif isinstance(effect, Keep):
            self._answers.put(effect)
        else:
            self._jobs.put(effect)

    def shutter(self) -> None:
        """The button beside the screen was pressed."""
        self.dispatch(Shutter())

    def view(self, newer_than: int, timeout_s: float) -> Numbered[Session] | None:
        """The session once it has changed since view number `newer_than`."""
        return self._views.get(newer_than, timeout_s)

    def preview(self, newer_than: int, timeout_s: float) -> Numbered[Frame] | None:
        """The latest frame once there is one newer than `newer_than`."""
        return self._frames.get(newer_than, timeout_s)

    def _publish(self, session: Session) -> None:
        if session.state is not self._session.state:
            self._departures += self._session.state in PRIVATE
            self._signals.show(session.state)
        self._session = session
        self._views.put(session)

    def _failed(self, name: str, error: Exception) -> None:
        """A thread that must not end has ended: show it, and let the service be restarted."""
        self.dispatch(Broke(f"{name}: {error}"))
        self._signals.broken()
        if self._on_failure:
            self._on_failure(name, error)

    def _read_camera(self) -> None:
        try:
            frame = self._camera.read(STALE_S)
        except KioskError:
            return  # the camera's health says it, and it is opened again by itself
        self._frame_ns = self._clock.monotonic_ns()
        self._read += 1
        self._frames.put(frame)

    def _guide(self) -> None:
        item = self._frames.get(self._last_looked, _TURN_S)
        missing = tuple(name for name, holds in self.conditions().items() if not holds)
        self.dispatch(Readiness(missing))
        self.dispatch(Tick())
        if item is None:
            return
        self._last_looked = item.number
        if self._session.state in LOOKING:
            self._guided += 1
            now = self._session
            self.dispatch(Guided(self._analyser.guide(item.value, now.pointed, now.wanted)))

    def _assess(self) -> None:
        self._keeper.tend()
        job = self._jobs.get(self._last_job, _TURN_S)
        if job is not None:
            self._last_job = job.number
            outcome = self._outcome(job.value)
            self._jobs.clear()  # nobody's pictures stay behind
            self.dispatch(outcome)
        self._keep_answer()
        while self._counts:
            self._keeper.count(self._counts.popleft())

    def _keep_answer(self) -> None:
        """Make the record of an answer, if there is one; outside the lock, since a disk is slow."""
        answer = self._answers.get(self._last_answer, 0)
        if answer is None:
            return
        self._last_answer = answer.number
        self._answers.clear()
        self.dispatch(self._keeper.keep(answer.value))

    def _outcome(self, job: Job) -> Event:
        try:
            return self._take(job) if isinstance(job, Take) else self._answer(job)
        except (KioskError, ValueError) as error:
            _log.error("the analysis failed: %s", error)
            return AssessmentFailed(str(error), job.ticket)

    def _answer(self, job: Assess) -> Event:
        answer = self._analyser.assess(job.frames, LIVE_FRAMES, subject=job.subject, pointed=job.pointed)
        return Assessed(answer, job.ticket)

    def _take(self, job: Take) -> Event:
        return Taken(self._analyser.take(job.frames, job.wanted, job.pointed), job.ticket)

    @property
    def is_live(self) -> bool:
        """Whether pictures come. Cheap, since each page asks several times a second."""
        age_s = self.camera_age_s
        return age_s is not None and age_s < STALE_S
