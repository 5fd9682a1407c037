"""What the page is told: one short instruction, nothing that tells the outcome from outside."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from firmware.board.lights import PATTERNS, SimulatedLight
from firmware.board.sounds import SimulatedBuzzer
from firmware.camera.steady import CameraHealth
from firmware.face.measures import MEASURES
from firmware.face.quality import Advice, Verdict
from firmware.face.wanted import PROTOCOL
from firmware.subject import Subject
from firmware.syndrome.decision import Outcome
from kiosk.pages import texts
from kiosk.pages.view import Surroundings, view
from kiosk.records.record import Intake
from kiosk.session import Session, State, Task
from kiosk.session.states import ANSWERED, Album, Trouble
from kiosk.signals import Signals
from tests.kiosk.factories import assessment, guidance, portrait

AROUND = Surroundings(0, CameraHealth("running", 0), live=True)


def test_everything_that_the_page_can_say_has_its_words() -> None:
    assert set(texts.TROUBLES) == set(Trouble)
    assert set(texts.POSES) == {wanted.name for wanted in PROTOCOL}
    assert set(texts.CANNOT) == set(Outcome)


def test_every_advice_and_state_has_an_instruction_of_at_most_six_words() -> None:
    assert set(texts.ADVICE) == set(Advice)
    assert set(texts.STATES) == set(State)
    assert set(texts.OUTCOMES) == set(Outcome)
    for instruction in (*texts.ADVICE.values(), *texts.STATES.values()):
        assert 1 <= len(instruction.text.split()) <= 6


def test_every_measure_has_its_words() -> None:
    assert {"SingleFacePresent", *(m.name for m in MEASURES)} <= set(texts.WARNINGS)


def test_a_dead_camera_is_not_blamed_on_the_person() -> None:
    stalled = replace(AROUND, live=False)
    assert view(Session(State.POSITIONING), 0, stalled)["instruction"]["text"] == "Wait for the camera"


def test_every_state_has_a_light() -> None:
    assert set(State) <= set(PATTERNS)


ENDS = {
    **{outcome: Session(State.RESULT, missing=(), assessment=assessment(outcome=outcome)) for outcome in Outcome},
    "inconclusive": Session(State.INCONCLUSIVE, missing=(), assessment=assessment(outcome=Outcome.INCONCLUSIVE)),
    "photos": Session(State.RESULT, missing=(), task=Task.PHOTOS, album=Album((portrait(),))),
    "retake": Session(State.RETAKE, missing=(), reason=Trouble.FEW_PICTURES),
}
"""However a picture ends."""


def test_light_and_sound_never_tell_the_outcome() -> None:
    light, buzzer = SimulatedLight(), SimulatedBuzzer()
    signals, shown = Signals(light, buzzer, 2.0), set()
    for session in ENDS.values():
        drawn = view(session, 0, AROUND)
        signals.show(session.state)
        shown.add((json.dumps(drawn["light"]), light.pattern, buzzer.played[-1]))
    assert len(shown) == 1


@pytest.mark.parametrize("state", State)
def test_every_state_is_plain_json(state: State) -> None:
    session = Session(state, missing=("camera",), guidance=guidance(), assessment=assessment(), zero_ns=5_000_000_000)
    drawn = view(session, 3, replace(AROUND, now_ns=3_500_000_000))
    assert json.loads(json.dumps(drawn)) == drawn
    assert drawn["countdown_ms"] == (1500 if state is State.COUNTDOWN else None)


def test_advice_about_the_face_replaces_the_states_own_text() -> None:
    blurred = Session(State.POSITIONING, guidance=guidance(Verdict.WARN, advice=Advice.MORE_LIGHT))
    assert view(blurred, 0, AROUND)["instruction"] == {"text": "More light on the face", "icon": "light"}
    good = Session(State.POSITIONING, guidance=guidance())
    assert view(good, 0, AROUND)["instruction"]["text"] == "Good. Hold still"
    nobody = Session(State.POSITIONING)
    assert view(nobody, 0, AROUND)["instruction"]["text"] == "Look at the camera"


def test_why_a_picture_is_taken_again_is_said_in_words() -> None:
    by_advice = Session(State.RETAKE, missing=(), reason=Advice.HOLD_STILL, detail="BUN-04")
    drawn = view(by_advice, 0, AROUND)
    assert (drawn["reason"], drawn["detail"]) == ("Hold still", ""), "what only an engineer can read is for faults"
    by_trouble = Session(State.RETAKE, missing=(), reason=Trouble.NOT_KEPT)
    assert view(by_trouble, 0, AROUND)["reason"] == texts.TROUBLES[Trouble.NOT_KEPT]
    assert view(Session(State.FAULT, detail="guide: ended"), 0, AROUND)["detail"] == "guide: ended"


def test_the_pose_of_the_protocol_is_told_while_photos_are_taken() -> None:
    session = Session(State.POSITIONING, missing=(), task=Task.PHOTOS, shot=5, guidance=guidance())
    drawn = view(session, 0, AROUND)
    assert drawn["pose"] == {"text": "6/6 Straight ahead, smiling", "optional": True}
    assert view(replace(session, task=Task.SCREENING), 0, AROUND)["pose"] is None


def test_a_second_visit_is_told_and_a_first_is_not() -> None:
    assert view(Session(State.POSITIONING, visit=2), 0, AROUND)["visit"] == "Visit 2 with this camp number."
    assert view(Session(State.POSITIONING), 0, AROUND)["visit"] == ""


def test_what_keeps_the_kiosk_from_starting_is_said_with_what_to_do() -> None:
    drawn = view(Session(State.BLOCKED, missing=("camera", "setup", "guide thread")), 0, AROUND)
    assert drawn["missing"] == [texts.CONDITIONS["camera"], texts.CONDITIONS["setup"], texts.CONDITION_OTHER]
    assert drawn["setup"] is True
    assert view(Session(State.BLOCKED, missing=("camera",)), 0, AROUND)["setup"] is False


@pytest.mark.parametrize("state", set(State) - ANSWERED)
def test_an_answer_is_sent_only_while_it_is_shown(state: State) -> None:
    session = Session(state, missing=(), assessment=assessment(), album=Album((portrait(),)))
    assert view(session, 0, AROUND)["result"] is None


@pytest.mark.parametrize("state", ANSWERED)
def test_the_clinicians_part_is_sent_to_clinicians_alone(state: State) -> None:
    session = Session(state, missing=(), assessment=assessment())
    assert view(session, 0, replace(AROUND, clinical=True))["result"]["clinical"] is not None
    told = json.dumps(view(session, 0, AROUND))
    assert view(session, 0, AROUND)["result"]["clinical"] is None
    assert "Down" not in told and "OMIM" not in told


def test_nothing_of_who_it_is_goes_to_the_page() -> None:
    """Operator and bystanders look at it; the number is on the subject's card."""
    session = Session(State.POSITIONING, missing=(), intake=Intake(Subject(4.5, "F"), "A-17", 6), visit=2)
    told = json.dumps(view(session, 0, AROUND))
    assert "A-17" not in told and "4.5" not in told
