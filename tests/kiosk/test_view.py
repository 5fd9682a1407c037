"""What the page is told: one short instruction, nothing that tells the outcome from outside."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from firmware.board.lights import PATTERNS
from firmware.camera.steady import CameraHealth
from firmware.face.measures import MEASURES
from firmware.face.quality import Advice, Verdict
from firmware.syndrome.decision import Outcome
from kiosk.pages import texts
from kiosk.pages.view import Surroundings, view
from kiosk.session import Session, State
from tests.kiosk.factories import assessment, guidance

AROUND = Surroundings(0, CameraHealth("running", 0), live=True)


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


@pytest.mark.parametrize("outcome", Outcome)
def test_the_light_never_tells_the_outcome(outcome: Outcome) -> None:
    session = Session(State.RESULT, missing=(), assessment=assessment(outcome=outcome))
    assert view(session, 0, AROUND)["light"]["name"] == PATTERNS["result"].name


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
