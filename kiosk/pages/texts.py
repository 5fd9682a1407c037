"""Every sentence of the page, in one place. Instructions are at most six words; left and right are the subject's.

The page never says what somebody has: it says what to do next, and what the answer cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmware.face.quality import Advice
from firmware.syndrome.decision import Outcome
from kiosk.session import State


@dataclass(frozen=True, slots=True)
class Instruction:
    """What to do, in few words and as a picture (the name of a symbol in the page's sprite)."""

    text: str
    icon: str


ADVICE: Final[Mapping[Advice, Instruction]] = {
    Advice.LOOK_HERE: Instruction("Look at the camera", "face"),
    Advice.ONE_PERSON: Instruction("One person only", "one"),
    Advice.CENTRE: Instruction("Move to the middle", "centre"),
    Advice.UNCOVER: Instruction("Move hair, hand, glasses away", "face"),
    Advice.COME_CLOSER: Instruction("Come closer", "closer"),
    Advice.MOVE_BACK: Instruction("Move back", "back"),
    Advice.TURN_LEFT: Instruction("Turn left", "left"),
    Advice.TURN_RIGHT: Instruction("Turn right", "right"),
    Advice.CHIN_UP: Instruction("Chin up", "up"),
    Advice.CHIN_DOWN: Instruction("Chin down", "down"),
    Advice.HOLD_UPRIGHT: Instruction("Hold the head upright", "upright"),
    Advice.MORE_LIGHT: Instruction("More light on the face", "light"),
    Advice.LESS_LIGHT: Instruction("Less light", "dim"),
    Advice.TURN_TO_LIGHT: Instruction("Turn to the light", "light"),
    Advice.HOLD_STILL: Instruction("Hold still", "still"),
    Advice.OPEN_EYES: Instruction("Open the eyes", "face"),
    Advice.RELAX: Instruction("Relax the face", "face"),
}

STATES: Final[Mapping[State, Instruction]] = {
    State.BLOCKED: Instruction("Not ready yet", "wait"),
    State.IDLE: Instruction("Touch to start", "face"),
    State.POSITIONING: Instruction("Good. Hold still", "still"),
    State.COUNTDOWN: Instruction("Hold still", "still"),
    State.CAPTURING: Instruction("Hold still", "camera"),
    State.ANALYSING: Instruction("Working", "wait"),
    State.RESULT: Instruction("Done", "face"),
    State.RETAKE: Instruction("Take the picture again", "camera"),
}

WAIT_FOR_CAMERA: Final = Instruction("Wait for the camera", "wait")

WARNINGS: Final[Mapping[str, str]] = {
    "SingleFacePresent": "There was more than one face.",
    "FaceLikeness": "The face was hard to make out.",
    "FaceGeometry": "The face was hard to make out.",
    "FaceInFrame": "A part of the face was cut off.",
    "FaceCentred": "The face was not in the middle.",
    "FaceHeight": "The face was too high or too low.",
    "InterEyeDistance": "The face was far away.",
    "CameraDistance": "The camera was too near or too far.",
    "HeadSize": "The face was too small or too large.",
    "CropLeft": "The face was at the edge.",
    "CropRight": "The face was at the edge.",
    "CropAbove": "The face was at the upper edge.",
    "CropBelow": "The face was at the lower edge.",
    "EyesVisible": "Something was over the eyes.",
    "MouthOcclusionPrevention": "Something was over the mouth.",
    "FaceOcclusionPrevention": "Something was over the face.",
    "HeadPoseYaw": "The head was turned to a side.",
    "HeadPosePitch": "The head was tilted up or down.",
    "HeadPoseRoll": "The head was tilted to a shoulder.",
    "LuminanceMean": "The light was poor.",
    "UnderExposure": "The face was too dark.",
    "OverExposure": "The face was too bright.",
    "LightingZones": "The light came from one side.",
    "IlluminationUniformity": "The light came from one side.",
    "LuminanceVariance": "The light was harsh.",
    "DynamicRange": "The picture had little contrast.",
    "NaturalColour": "The light was coloured.",
    "Sharpness": "The picture was not sharp.",
    "EyesOpen": "The eyes were not wide open.",
    "MouthClosed": "The mouth was open.",
    "ExpressionNeutrality": "The face was smiling.",
}
"""Quality measure -> what was not perfect about the picture that was used."""
LEGEND: Final = "In bold: what cannot be told apart; in about {coverage} of 100 faces the truth is in bold."

OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.REFER: (
        "Refer",
        "Send this person to a specialist. This is a reason to look closer, not a diagnosis.",
    ),
    Outcome.ROUTINE: (
        "Routine",
        "No reason to refer in these pictures. This does not rule a syndrome out; if you are worried, refer.",
    ),
    Outcome.INCONCLUSIVE: (
        "Inconclusive",
        "These pictures give no answer. Take them again, or ask a specialist.",
    ),
}
"""Outcome -> headline, and what it means for the operator."""

CANNOT: Final[Mapping[Outcome, str]] = {
    Outcome.REFER: "Most people who are referred have none of these syndromes. Tell nobody that they have one.",
    Outcome.ROUTINE: (
        "It cannot rule out: mild forms, any other syndrome, and what does not show in a face from the front (ears, "
        "heart, development)."
    ),
    Outcome.INCONCLUSIVE: "It says neither yes nor no.",
}
"""Outcome -> what it does not say."""

AGES: Final[tuple[tuple[str, str], ...]] = (
    ("", "age unknown"),
    ("0.25", "under 6 months"),
    ("0.75", "6 to 11 months"),
    *((str(years + 0.5), "1 year" if years == 1 else f"{years} years") for years in range(1, 18)),
    ("22", "18 to 25 years"),
    ("33", "26 to 40 years"),
    ("53", "41 to 65 years"),
    ("75", "over 65 years"),
)
"""What can be chosen as age: years as they are reckoned with, and the words."""
SEXES: Final[tuple[tuple[str, str], ...]] = (("", "sex unknown"), ("F", "female"), ("M", "male"))
LOOKED: Final = "Where the model looked. It shows what the network used, not what is wrong with a face."

CONDITIONS: Final[Mapping[str, str]] = {
    "start": "The kiosk is starting.",
    "camera": "The camera gives no pictures. Check its cable; the kiosk goes on by itself.",
    "records": "Records cannot be kept: the disk cannot be written. Nothing that was kept is lost; call the engineer.",
    "disk": "The disk is nearly full. Call the engineer: records have to be exported and the disk be cleared.",
    "clock": "The date cannot be right. Connect the network, or have the engineer confirm the date.",
}
"""Condition that does not hold -> what to do."""
CONDITION_OTHER: Final = "A part of the kiosk has stopped. It restarts by itself; if it does not, switch it off and on."

DEMONSTRATION: Final = (
    "Demonstration. This model learned from computer-made faces. Its answers say nothing about a person."
)
SUPPORTS: Final = "Phenokiosk supports a referral. It never diagnoses."
CAMERA_STALLED: Final = "No picture from the camera. Trying again."
CONNECTION_LOST: Final = "The kiosk's program does not answer. Trying again."
SCREENED: Final = "Screened since switched on: "
