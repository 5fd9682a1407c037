"""What a session does with an event: `step(session, event)` gives the next session and its effects.

No clock, camera or page in here: events carry what happened and when, effects say what is to be done. What a state
does with an event is a row of TRANSITIONS; an event without a row changes nothing, so a press that comes twice or too
late cannot do harm.

    blocked <-> idle -> consent -> subject -> positioning -> countdown -> capturing -> analysing -> result
                 ^         '-> idle   |            ^-------------'            |           |   '-> inconclusive
                 |                    '-> consent  '------------------------ retake <-----'
    maintenance, fault: from anywhere at rest, or from anywhere; every state has its way back to idle
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kiosk.session import answering, asking, looking, moving
from kiosk.session.effects import effects
from kiosk.session.events import (
    Again,
    Agreed,
    Assessed,
    AssessmentFailed,
    Back,
    Broke,
    Declined,
    Described,
    Effects,
    Event,
    Finish,
    Guided,
    Kept,
    Leave,
    Next,
    Point,
    Readiness,
    Service,
    Shutter,
    Skip,
    Start,
    Taken,
    Tick,
    Touch,
)
from kiosk.session.states import ANSWERED, AT_REST, BACK_TO_IDLE_S, Moment, Session, State

Handler = Callable[[Session, Event, Moment], Session]
TRANSITIONS: Final[Mapping[tuple[State, type], Handler]] = {
    **{(state, Readiness): moving.ready for state in State},
    (State.FAULT, Readiness): moving.recovered,
    **{(state, Broke): moving.broke for state in State},
    **{(state, Leave): moving.home for state in State if state not in AT_REST},
    **{(state, Tick): answering.forget for state in BACK_TO_IDLE_S},
    **{(state, Touch): moving.touched for state in BACK_TO_IDLE_S},
    **{(state, Service): moving.serve for state in AT_REST},
    **{(state, Again): answering.start_over for state in (*ANSWERED, State.RETAKE)},
    **{(state, Next): moving.begin for state in ANSWERED},
    (State.IDLE, Start): moving.begin,
    (State.CONSENT, Agreed): asking.agreed,
    (State.CONSENT, Declined): moving.home,
    (State.SUBJECT, Described): asking.described,
    (State.SUBJECT, Back): asking.ask_consent_again,
    (State.POSITIONING, Back): asking.ask_subject_again,
    # The button beside the screen goes on, wherever there is only one way to go.
    (State.IDLE, Shutter): moving.begin_screening,
    (State.RETAKE, Shutter): answering.start_over,
    (State.POSITIONING, Guided): looking.follow,
    (State.POSITIONING, Shutter): looking.count_down,
    (State.POSITIONING, Point): looking.point,
    (State.POSITIONING, Skip): answering.skip,
    (State.RETAKE, Skip): answering.skip,
    (State.POSITIONING, Finish): answering.finish,
    (State.RETAKE, Finish): answering.finish,
    (State.COUNTDOWN, Readiness): looking.lose_sight,
    (State.CAPTURING, Readiness): looking.lose_sight,
    (State.COUNTDOWN, Guided): looking.watch,
    (State.COUNTDOWN, Tick): looking.zero,
    (State.CAPTURING, Guided): looking.collect,
    (State.CAPTURING, Tick): looking.give_up,
    (State.ANALYSING, Assessed): answering.answer,
    (State.ANALYSING, Taken): answering.taken,
    (State.ANALYSING, Kept): answering.show,
    (State.ANALYSING, AssessmentFailed): moving.failed,
    (State.ANALYSING, Tick): answering.overdue,
}


def step(session: Session, event: Event, moment: Moment) -> tuple[Session, Effects]:
    """The next session, and what is to be done. Returns the same object when nothing changed."""
    handler = TRANSITIONS.get((session.state, type(event)))
    following = handler(session, event, moment) if handler else session
    return following, effects(session, following, event, moment)
