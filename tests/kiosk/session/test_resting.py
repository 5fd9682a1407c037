"""When nobody is screened: readiness, service, faults, and forgetting whom nobody looks at."""

from __future__ import annotations

import pytest

from kiosk.session import LOOKING, Session, State, Task
from kiosk.session.events import Broke, Leave, Next, Readiness, Service, Shutter, Start, Tick, Touch
from kiosk.session.states import ANSWERED, AT_REST, BACK_TO_IDLE_S
from tests.kiosk.session.visit import CHILD, Visit

WEAR = ["battery empty", "too hot"]


def test_nothing_starts_before_the_kiosk_is_ready(visit: Visit) -> None:
    assert visit.at(0, Readiness(("camera",)), Start(), Shutter()) is State.BLOCKED
    assert visit.session.missing == ("camera",)
    assert visit.at(1, Readiness(())) is State.IDLE


@pytest.mark.parametrize("worn", WEAR)
def test_a_battery_that_runs_out_lets_the_session_end_and_refuses_the_next(worn: str, visit: Visit) -> None:
    visit.come()
    visit.at(2, Readiness((worn,)))
    assert visit.answered() in ANSWERED, "who is here is screened to the end"
    assert visit.after(1, Next()) is State.BLOCKED
    assert visit.session == Session(State.BLOCKED, visit.session.since_ns, (worn,))
    assert visit.after(1, Start()) is State.BLOCKED
    assert visit.after(1, Readiness(()), Start()) is State.CONSENT


@pytest.mark.parametrize("state", sorted(set(State) - AT_REST - {State.FAULT}))
def test_a_condition_that_fails_breaks_no_session_off(state: State, visit: Visit) -> None:
    visit.session = Session(state, missing=(), intake=CHILD)
    assert visit.at(1, Readiness(("disk",))) is state
    assert (visit.session.missing, visit.session.intake) == (("disk",), CHILD)
    assert visit.at(2, Leave()) is State.BLOCKED


@pytest.mark.parametrize("state", AT_REST)
def test_service_begins_only_while_nobody_is_screened(state: State, visit: Visit) -> None:
    missing = ("camera",) if state is State.BLOCKED else ()
    visit.session = Session(state, missing=missing)
    assert visit.at(1, Service()) is State.MAINTENANCE
    assert visit.at(2, Start(), Shutter()) is State.MAINTENANCE
    assert visit.at(3, Leave()) is state


@pytest.mark.parametrize("state", sorted(set(State) - AT_REST))
def test_service_takes_nobodys_place(state: State, visit: Visit) -> None:
    visit.session = Session(state, missing=(), intake=CHILD)
    assert visit.at(1, Service()) is state
    assert visit.session.intake == CHILD


@pytest.mark.parametrize("state", State)
def test_a_part_that_breaks_is_said_and_the_subject_is_forgotten(state: State, visit: Visit) -> None:
    visit.session = Session(state, missing=("camera",), task=Task.PHOTOS, intake=CHILD)
    assert visit.at(1, Broke("guide: ended")) is State.FAULT
    assert visit.session == Session(State.FAULT, round(1e9), ("camera",), detail="guide: ended")
    assert visit.at(2, Readiness(("guide thread",))) is State.FAULT
    assert visit.at(3, Readiness(())) is State.IDLE, "it goes on once everything holds again"
    assert visit.session.detail == ""


@pytest.mark.parametrize("state", BACK_TO_IDLE_S)
def test_what_nobody_looks_at_is_forgotten(state: State, visit: Visit) -> None:
    visit.session = Session(state, since_ns=0, missing=(), intake=CHILD)
    assert visit.at(BACK_TO_IDLE_S[state] - 1, Tick()) is state
    assert visit.at(BACK_TO_IDLE_S[state], Tick()) is State.IDLE
    assert visit.session == Session(State.IDLE, visit.session.since_ns, ())


@pytest.mark.parametrize("state", BACK_TO_IDLE_S)
def test_who_touches_the_screen_is_not_forgotten(state: State, visit: Visit) -> None:
    visit.session = Session(state, since_ns=0, missing=(), intake=CHILD)
    wait_s = BACK_TO_IDLE_S[state]
    assert visit.at(wait_s - 1, Touch()) is state
    assert visit.at(wait_s + 1, Tick()) is state
    assert visit.at(2 * wait_s - 1, Tick()) is State.IDLE


def test_only_what_ends_by_itself_needs_nobody_to_look_at_it() -> None:
    by_itself = {State.COUNTDOWN, State.CAPTURING, State.ANALYSING}
    assert by_itself | {State.POSITIONING} >= LOOKING
    assert set(State) - set(BACK_TO_IDLE_S) == AT_REST | by_itself | {State.FAULT}
