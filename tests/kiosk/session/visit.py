"""A session with a clock, and how a subject gets through it."""

from __future__ import annotations

from firmware.analyser import LIVE_FRAMES
from firmware.assessment import Status
from firmware.face.quality import Advice, Verdict
from firmware.subject import Subject
from firmware.syndrome.decision import Outcome
from kiosk.records.record import Consent, Intake
from kiosk.session import Moment, Rules, Session, State, Task, step
from kiosk.session.events import (
    Agreed,
    Assess,
    Assessed,
    Count,
    Described,
    Effect,
    Event,
    Guided,
    Keep,
    Kept,
    Readiness,
    Start,
    Take,
    Taken,
    Tick,
)
from kiosk.session.states import SPARE_FRAMES
from tests.kiosk.factories import assessment, guidance, portrait

FRAMES = LIVE_FRAMES + SPARE_FRAMES
CONSENT = Consent(photos=True, by="guardian", sign="thumb")
CHILD = Intake(Subject(4.5, "F"), "A-17", 6)


class Visit:
    """A session in which each event happens at a moment; `effects` are all that it has asked for."""

    def __init__(self) -> None:
        self.session = Session()
        self.now_s = 0.0
        self.effects: list[Effect] = []

    @property
    def counted(self) -> list[tuple[str, str, float]]:
        return [(effect.what, effect.key, effect.seconds) for effect in self.effects if isinstance(effect, Count)]

    @property
    def asked(self) -> list[Assess | Take | Keep]:
        """What the engine was asked for, without the counts."""
        return [effect for effect in self.effects if not isinstance(effect, Count)]

    def at(self, now_s: float, *events: Event) -> State:
        self.now_s = now_s
        for event in events:
            self.session, effects = step(self.session, event, Moment(round(now_s * 1e9), Rules(countdown_s=2)))
            self.effects += effects
        return self.session.state

    def after(self, seconds: float, *events: Event) -> State:
        return self.at(self.now_s + seconds, *events)

    def see(self, now_s: float, verdict: Verdict = Verdict.PASS, x: float = 0.0, advice: Advice | None = None) -> State:
        return self.at(now_s, Guided(guidance(verdict, now_s, x, advice)))

    def come(self, now_s: float = 1.0, task: Task = Task.SCREENING, intake: Intake = CHILD, visit: int = 1) -> State:
        """In front of the camera: started, agreed, described."""
        return self.at(now_s, Start(task), Agreed(CONSENT), Described(intake, visit))

    def count_down(self) -> None:
        """The face holds still until the countdown runs; it ends two seconds later."""
        start_s = self.now_s
        self.see(start_s)
        self.see(start_s + 0.1)
        assert self.see(start_s + 1.0) is State.COUNTDOWN

    def take_picture(self) -> State:
        """From positioning to the analysis."""
        self.count_down()
        zero_s = self.session.zero_ns / 1e9
        self.at(zero_s, Tick())
        for n in range(FRAMES):
            self.see(zero_s + n / 10)
        assert self.session.state is State.ANALYSING
        return self.session.state

    def assessed(self, status: Status = Status.OK, outcome: Outcome = Outcome.REFER) -> State:
        """The answer is there, but is not kept yet."""
        return self.after(0.5, Assessed(assessment(status, outcome), self.session.since_ns))

    def kept(self) -> State:
        return self.after(0.1, Kept(self.session.since_ns))

    def answered(self, outcome: Outcome = Outcome.REFER) -> State:
        self.take_picture()
        self.assessed(outcome=outcome)
        return self.kept()

    def photographed(self, verdict: Verdict = Verdict.PASS, advice: Advice | None = None) -> State:
        """The photo of the pose that is asked for now."""
        self.take_picture()
        assert self.session.wanted is not None
        return self.after(0.5, Taken(portrait(self.session.wanted, verdict, advice), self.session.since_ns))


def ready() -> Visit:
    """A kiosk that waits for somebody."""
    visit = Visit()
    assert visit.session.state is State.BLOCKED
    assert visit.at(0, Readiness(())) is State.IDLE
    return visit
