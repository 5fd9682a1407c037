"""The table as a whole: what has no row changes nothing, and whatever happens there is a way back that forgets all.

Which rows there are is written down here once more, by hand: one that goes missing or comes by accident is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.assessment import Status
from firmware.face.quality import Verdict
from firmware.face.wanted import FRONTAL, PROTOCOL
from firmware.syndrome.decision import Outcome
from kiosk.records.record import Consent, Intake
from kiosk.session import TRANSITIONS, Session, State, Task
from kiosk.session.events import (
    Again,
    Agreed,
    Assessed,
    AssessmentFailed,
    Back,
    Broke,
    Declined,
    Described,
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
from kiosk.session.states import ANSWERED, AT_REST, BACK_TO_IDLE_S, Album
from tests.kiosk.factories import assessment, guidance, portrait
from tests.kiosk.session.visit import CHILD, CONSENT, Visit, ready

BLOCK = Verdict.BLOCK
WAITS = st.sampled_from((0.0, 0.1, 1.0, 5.0, 30.0)) | st.floats(0, 1000)
TICKETED = Assessed | Taken | Kept | AssessmentFailed
EVENTS: Sequence[Event] = (
    Readiness(()),
    Readiness(("camera",)),
    *(Start(task) for task in Task),
    Next(),
    Agreed(CONSENT),
    Agreed(Consent(by="adult", sign="name", name="Ada")),
    Declined(),
    Described(CHILD, 2),
    Described(Intake()),
    Back(),
    Touch(),
    Guided(guidance(Verdict.PASS, 10**6)),
    Guided(guidance(Verdict.BLOCK, 10**6)),
    Guided(guidance(faces=0, verdict=Verdict.BLOCK)),
    Point(0.5, 0.5),
    Shutter(),
    Skip(),
    Finish(),
    Tick(),
    *(Assessed(assessment(Status.OK, outcome), 0) for outcome in Outcome),
    Assessed(assessment(Status.REFUSED), 0),
    Taken(portrait(), 0),
    Taken(portrait(FRONTAL, Verdict.BLOCK), 0),
    Kept(0),
    AssessmentFailed("x", 0),
    Again(),
    Leave(),
    Service(),
    Broke("x"),
)
ANYWHERE = {Readiness, Broke}
LEAVABLE = {*ANYWHERE, Leave}
TIMED = {*LEAVABLE, Tick, Touch}
ROWS: dict[State, set[type]] = {
    State.BLOCKED: {*ANYWHERE, Service},
    State.IDLE: {*ANYWHERE, Service, Start, Shutter},
    State.CONSENT: {*TIMED, Agreed, Declined},
    State.SUBJECT: {*TIMED, Described, Back},
    State.POSITIONING: {*TIMED, Guided, Shutter, Point, Skip, Finish, Back},
    State.COUNTDOWN: {*LEAVABLE, Guided, Tick},
    State.CAPTURING: {*LEAVABLE, Guided, Tick},
    State.ANALYSING: {*LEAVABLE, Assessed, Taken, Kept, AssessmentFailed, Tick},
    State.RESULT: {*TIMED, Again, Next},
    State.INCONCLUSIVE: {*TIMED, Again, Next},
    State.RETAKE: {*TIMED, Again, Shutter, Skip, Finish},
    State.MAINTENANCE: TIMED,
    State.FAULT: LEAVABLE,
}
EMPTY = Session()
STANDING = {"state", "since_ns", "missing"}


def full(state: State, task: Task = Task.SCREENING) -> Session:
    """A session in which everything of a subject is known that could be."""
    return Session(
        state, 0, (), task, 0, replace(CHILD, consent=CONSENT), 3, (0.5, 0.5), 2, Album((portrait(),)), guidance(),
        None, 0, 10**9, (guidance().frame,), None, assessment(),
    )  # fmt: skip


def nobody_in(session: Session) -> bool:
    """Whether nothing of a subject is left."""
    rest = {field.name for field in fields(Session)} - STANDING
    return all(getattr(session, name) == getattr(EMPTY, name) for name in rest)


def test_the_table_has_just_these_rows() -> None:
    assert set(TRANSITIONS) == {(state, event) for state, events in ROWS.items() for event in events}


def test_every_event_is_tried_in_here() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("state", State)
def test_an_event_without_a_row_changes_nothing_and_asks_for_nothing(state: State, task: Task) -> None:
    for event in EVENTS:
        if (state, type(event)) in TRANSITIONS:
            continue
        visit = Visit()
        visit.session = before = full(state, task)
        visit.at(10**5, event)
        assert visit.session is before and visit.effects == [], event


@pytest.mark.parametrize("state", State)
def test_every_row_can_do_something(state: State) -> None:
    """None stands there for show: from some session of this state, and by some such event, something changes."""
    for kind in ROWS[state]:
        changed = []
        for event in (event for event in EVENTS if type(event) is kind):
            for before in _sessions_of(state):
                visit = Visit()
                visit.session = before
                visit.at(10**5, _in_time(event, before))
                changed.append(visit.session is not before)
        assert any(changed), kind


@pytest.mark.parametrize("state", sorted(set(State) - AT_REST))
def test_everything_of_a_subject_is_forgotten_on_the_way_out(state: State) -> None:
    for out in (Leave(), Broke("x"), *([Declined()] if state is State.CONSENT else [])):
        visit = Visit()
        visit.session = full(state)
        visit.at(1, out)
        assert nobody_in(replace(visit.session, detail="")), out


WAYS: dict[str, Callable[[Visit], object]] = {
    "idle": lambda visit: visit.at(1),
    "service": lambda visit: visit.at(1, Service()),
    "fault": lambda visit: visit.at(1, Broke("x")),
    "consent": lambda visit: visit.at(1, Start(Task.PHOTOS)),
    "subject": lambda visit: visit.at(1, Start(), Agreed(CONSENT)),
    "positioning": lambda visit: visit.come(),
    "countdown": lambda visit: (visit.come(), visit.count_down()),
    "capturing": lambda visit: (visit.come(), visit.count_down(), visit.after(2, Tick()), visit.see(4.1)),
    "analysing": lambda visit: (visit.come(), visit.take_picture()),
    "keeping": lambda visit: (visit.come(), visit.take_picture(), visit.assessed()),
    "result": lambda visit: (visit.come(), visit.answered()),
    "inconclusive": lambda visit: (visit.come(), visit.answered(Outcome.INCONCLUSIVE)),
    "retake": lambda visit: (visit.come(), visit.take_picture(), visit.assessed(Status.REFUSED)),
    "photos": lambda visit: (visit.come(task=Task.PHOTOS), visit.photographed(), visit.take_picture()),
    "photo again": lambda visit: (visit.come(task=Task.PHOTOS), visit.photographed(), visit.photographed(BLOCK)),
    "album": lambda visit: (visit.come(task=Task.PHOTOS), [visit.photographed() for _ in PROTOCOL]),
    "album kept": lambda visit: (visit.come(task=Task.PHOTOS), [visit.photographed() for _ in PROTOCOL], visit.kept()),
}
"""Where anything may happen next: the journeys that lead to each place."""


@given(st.sampled_from(sorted(WAYS)), st.lists(st.tuples(st.sampled_from(EVENTS), WAITS, st.booleans()), max_size=60))
def test_whatever_happens_there_is_a_way_back_to_idle(way: str, history: list[tuple[Event, float, bool]]) -> None:
    visit = ready()
    WAYS[way](visit)
    for event, wait_s, in_time in history:
        visit.after(wait_s, _in_time(event, visit.session) if in_time else event)
        _holds(visit.session)
    _by_leaving(visit)
    _by_waiting(visit)


def test_the_ways_lead_to_every_state() -> None:
    reached = {State.BLOCKED}
    for way in WAYS.values():
        way(visit := ready())
        reached.add(visit.session.state)
        _holds(visit.session)
    assert reached == set(State)


def _by_leaving(visit: Visit) -> None:
    gone = Visit()
    gone.session, gone.now_s = visit.session, visit.now_s
    assert gone.after(0, Readiness(()), Leave()) is State.IDLE
    assert nobody_in(gone.session)


def _by_waiting(visit: Visit) -> None:
    """Nobody presses anything any more: time alone leads home, in a few steps."""
    for _ in range(4):
        visit.after(max(BACK_TO_IDLE_S.values()), Readiness(()), Tick())
    assert visit.session.state is State.IDLE and nobody_in(visit.session)


def _holds(session: Session) -> None:
    """What is true at any time."""
    looking_back = {State.COUNTDOWN, State.CAPTURING, State.ANALYSING}
    assert session.kept == () or session.state in looking_back
    assert session.pending is None or session.state is State.ANALYSING
    assert session.assessment is None or session.state in ANSWERED
    if session.state in ANSWERED:
        assert (session.assessment is None) == (session.task is Task.PHOTOS)
        assert session.assessment or session.album.portraits
    if session.state in {*AT_REST, State.MAINTENANCE}:
        assert nobody_in(session)
    if session.state is State.FAULT:
        assert nobody_in(replace(session, detail=""))
    if session.task is Task.PHOTOS and session.state not in {State.CONSENT, *AT_REST}:
        assert session.intake.consent.photos, "nobody is photographed who has not said yes"
    if session.task is Task.SCREENING:
        assert session.album == Album()


def _in_time(event: Event, session: Session) -> Event:
    """An answer to what this session has just asked for."""
    return replace(event, ticket=session.since_ns) if isinstance(event, TICKETED) else event


def _sessions_of(state: State) -> list[Session]:
    screening, photos = full(state), full(state, Task.PHOTOS)
    waiting = replace(screening, pending=assessment())
    return [screening, photos, waiting, replace(screening, missing=("camera",)), Session(state, missing=())]


@pytest.mark.parametrize(("way", "sent"), [("analysing", Taken), ("photos", Assessed)])
def test_what_belongs_to_the_other_task_changes_nothing(way: str, sent: type[Event]) -> None:
    visit = ready()
    WAYS[way](visit)
    before = visit.session
    assert before.state is State.ANALYSING
    for event in EVENTS:
        if isinstance(event, sent):
            visit.after(0.1, _in_time(event, visit.session))
            assert visit.session == before
