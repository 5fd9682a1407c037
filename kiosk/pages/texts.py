"""Every sentence of the page that depends on what happens, in one place; left and right are the subject's.

Instructions are at most six words. The page never says what somebody has: it says what to do next, and what the answer
cannot say. The texts are English here and are translated where they are shown; see kiosk/language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmware.face.quality import Advice
from firmware.syndrome.decision import Outcome
from kiosk.language import N_
from kiosk.session.states import State, Trouble


@dataclass(frozen=True, slots=True)
class Instruction:
    """What to do, in few words and as a picture (the name of a symbol in the page's sprite)."""

    text: str
    icon: str


ADVICE: Final[Mapping[Advice, Instruction]] = {
    Advice.LOOK_HERE: Instruction(N_("Look at the camera"), "face"),
    Advice.ONE_PERSON: Instruction(N_("One person only"), "one"),
    Advice.CENTRE: Instruction(N_("Move to the middle"), "centre"),
    Advice.UNCOVER: Instruction(N_("Move hair, hand, glasses away"), "face"),
    Advice.COME_CLOSER: Instruction(N_("Come closer"), "closer"),
    Advice.MOVE_BACK: Instruction(N_("Move back"), "back"),
    Advice.TURN_LEFT: Instruction(N_("Turn left"), "left"),
    Advice.TURN_RIGHT: Instruction(N_("Turn right"), "right"),
    Advice.CHIN_UP: Instruction(N_("Chin up"), "up"),
    Advice.CHIN_DOWN: Instruction(N_("Chin down"), "down"),
    Advice.HOLD_UPRIGHT: Instruction(N_("Hold the head upright"), "upright"),
    Advice.MORE_LIGHT: Instruction(N_("More light on the face"), "light"),
    Advice.LESS_LIGHT: Instruction(N_("Less light"), "dim"),
    Advice.TURN_TO_LIGHT: Instruction(N_("Turn to the light"), "light"),
    Advice.HOLD_STILL: Instruction(N_("Hold still"), "still"),
    Advice.OPEN_EYES: Instruction(N_("Open the eyes"), "face"),
    Advice.RELAX: Instruction(N_("Relax the face"), "face"),
}

STATES: Final[Mapping[State, Instruction]] = {
    State.BLOCKED: Instruction(N_("Not ready yet"), "wait"),
    State.IDLE: Instruction(N_("Touch to start"), "face"),
    State.CONSENT: Instruction(N_("Ask for consent"), "one"),
    State.SUBJECT: Instruction(N_("Who is it?"), "one"),
    State.POSITIONING: Instruction(N_("Good. Hold still"), "still"),
    State.COUNTDOWN: Instruction(N_("Hold still"), "still"),
    State.CAPTURING: Instruction(N_("Hold still"), "camera"),
    State.ANALYSING: Instruction(N_("Working"), "wait"),
    State.RESULT: Instruction(N_("Done"), "face"),
    State.INCONCLUSIVE: Instruction(N_("Done"), "face"),
    State.RETAKE: Instruction(N_("Take the picture again"), "camera"),
    State.MAINTENANCE: Instruction(N_("Service"), "gear"),
    State.FAULT: Instruction(N_("A part has failed"), "wait"),
}

WAIT_FOR_CAMERA: Final = Instruction(N_("Wait for the camera"), "wait")

POSES: Final[Mapping[str, Instruction]] = {
    "frontal": Instruction(N_("Straight ahead"), "face"),
    "left45": Instruction(N_("Half turned left"), "left"),
    "right45": Instruction(N_("Half turned right"), "right"),
    "left_profile": Instruction(N_("Turned far left"), "left"),
    "right_profile": Instruction(N_("Turned far right"), "right"),
    "smile": Instruction(N_("Straight ahead, smiling"), "smile"),
}
"""Pose of the photo protocol -> what it is called."""

TROUBLES: Final[Mapping[Trouble, str]] = {
    Trouble.FEW_PICTURES: N_("The camera gave too few good pictures."),
    Trouble.TWO_PEOPLE: N_("The pictures show more than one person. Take them again of one person."),
    Trouble.TOO_LONG: N_("It took too long."),
    Trouble.NOT_KEPT: N_("The answer could not be kept, so it is not shown. Call the engineer."),
    Trouble.FAILED: N_("The pictures could not be used."),
}

WARNINGS: Final[Mapping[str, str]] = {
    "SingleFacePresent": N_("There was more than one face."),
    "FaceLikeness": N_("The face was hard to make out."),
    "FaceGeometry": N_("The face was hard to make out."),
    "FaceInFrame": N_("A part of the face was cut off."),
    "FaceCentred": N_("The face was not in the middle."),
    "FaceHeight": N_("The face was too high or too low."),
    "InterEyeDistance": N_("The face was far away."),
    "CameraDistance": N_("The camera was too near or too far."),
    "HeadSize": N_("The face was too small or too large."),
    "CropLeft": N_("The face was at the edge."),
    "CropRight": N_("The face was at the edge."),
    "CropAbove": N_("The face was at the upper edge."),
    "CropBelow": N_("The face was at the lower edge."),
    "EyesVisible": N_("Something was over the eyes."),
    "MouthOcclusionPrevention": N_("Something was over the mouth."),
    "FaceOcclusionPrevention": N_("Something was over the face."),
    "HeadPoseYaw": N_("The head was turned to a side."),
    "HeadPosePitch": N_("The head was tilted up or down."),
    "HeadPoseRoll": N_("The head was tilted to a shoulder."),
    "LuminanceMean": N_("The light was poor."),
    "UnderExposure": N_("The face was too dark."),
    "OverExposure": N_("The face was too bright."),
    "LightingZones": N_("The light came from one side."),
    "IlluminationUniformity": N_("The light came from one side."),
    "LuminanceVariance": N_("The light was harsh."),
    "DynamicRange": N_("The picture had little contrast."),
    "NaturalColour": N_("The light was coloured."),
    "Sharpness": N_("The picture was not sharp."),
    "EyesOpen": N_("The eyes were not wide open."),
    "MouthClosed": N_("The mouth was open."),
    "ExpressionNeutrality": N_("The face was smiling."),
}
"""Quality measure -> what was not perfect about the picture that was used."""

OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.REFER: (
        N_("Refer"),
        N_("Send this person to a specialist. This is a reason to look closer, not a diagnosis."),
    ),
    Outcome.ROUTINE: (
        N_("Routine"),
        N_("No reason to refer in these pictures. This does not rule a syndrome out; if you are worried, refer."),
    ),
    Outcome.INCONCLUSIVE: (
        N_("Inconclusive"),
        N_("These pictures give no answer. Take them again, or ask a specialist."),
    ),
}
"""Outcome -> headline, and what it means for the operator."""

CANNOT: Final[Mapping[Outcome, str]] = {
    Outcome.REFER: N_("Most people who are referred have none of these syndromes. Tell nobody that they have one."),
    Outcome.ROUTINE: N_(
        "It cannot rule out: mild forms, any other syndrome, and what does not show in a face from the front (ears, "
        "heart, development)."
    ),
    Outcome.INCONCLUSIVE: N_("It says neither yes nor no."),
}
"""Outcome -> what it does not say."""

DOUBTS: Final[Mapping[str, str]] = {
    "age": N_("The model is not made for this age."),
    "picture": N_("The picture could be better, and the score is near a limit."),
    "frames": N_("The pictures do not agree with each other."),
    "novelty": N_("The face is unlike those that the model knows."),
    "set": N_("Too many answers remain possible."),
    "gallery": N_("The network and the nearest known face contradict each other."),
    "between": N_("The score lies between routine and refer."),
}
"""What an answer is in doubt for -> for the field worker; the clinician reads it with its figures."""

PREDICTIVE: Final = N_(
    "Of {crowd} children with this result here, about {people} have one of the syndromes, if 1 in {one_in} of those "
    "who come has one."
)
PREDICTIVE_NONE: Final = N_(
    "Of {crowd} children with this result here, fewer than 1 has one of the syndromes, if 1 in {one_in} of those who "
    "come has one."
)
LEGEND: Final = N_("In bold: what cannot be told apart; in about {coverage} of 100 faces the truth is in bold.")
PHOTOS_DONE: Final = (N_("Photos kept"), N_("They were kept sealed. They are no screening and give no answer."))
VISIT: Final = N_("Visit {number} with this camp number.")

CONDITIONS: Final[Mapping[str, str]] = {
    "start": N_("The kiosk is starting."),
    "setup": N_("The kiosk is not set up yet: an engineer has to set the PINs."),
    "camera": N_("The camera gives no pictures. Check its cable; the kiosk goes on by itself."),
    "records": N_("Records cannot be kept: the disk cannot be written. Nothing kept is lost; call the engineer."),
    "disk": N_("The disk is nearly full. Call the engineer: records have to be exported and the disk be cleared."),
    "clock": N_("The date cannot be right. Connect the network, or have the engineer set the date."),
    "battery empty": N_("The battery is nearly empty. Charge the kiosk; it goes on by itself."),
    "too hot": N_("The kiosk is too hot. Put it into the shade; it goes on by itself when it has cooled down."),
}
"""Condition that does not hold -> what to do."""
CONDITION_OTHER: Final = N_(
    "A part of the kiosk has stopped. It restarts by itself; if it does not, switch it off and on."
)

PIN_ERRORS: Final[Mapping[str, str]] = {
    "PIN-01": N_("The PIN is wrong."),
    "PIN-02": N_("Too many wrong PINs. Try again in {seconds} s."),
    "PIN-03": N_("There is no PIN for this role yet. An engineer sets it."),
}
"""Code of an error -> what to say of a PIN that did not open anything."""

ERRORS: Final[Mapping[str, str]] = {
    "REC-09": N_("Nothing is kept of this number."),
    "SUB-01": N_("Check what was typed, and try again."),
    "REC-11": N_("This date cannot be. Look at a watch."),
    "PIN-00": N_("This PIN cannot be used."),
    "SET-01": N_("This value cannot be used. Nothing was changed."),
    "SET-03": N_("This cannot be changed here."),
    "STK-01": N_("The stick is gone. Plug it in again."),
    "STK-02": N_("The stick is full. Take another one."),
    "STK-03": N_("The stick cannot be written. Take another one."),
    "STK-05": N_("There is no stick. Plug one in."),
    "REC-05": N_("The disk is full. Call the engineer."),
    "REC-06": N_("The disk cannot be written. Call the engineer."),
}
"""Code of an error in a service screen -> what it means, before its English line. Others: TROUBLE."""
TROUBLE: Final = N_("This did not work. Call the engineer.")

CONSENT: Final = (
    N_("This device takes pictures of the face. A computer in it compares them with some rare conditions."),
    N_("The answer says whether a specialist should look. It is not a diagnosis, and it can be wrong."),
    N_(
        "The answer is kept sealed on this device until the programme takes it. You may say no, now or later, and "
        "everything goes on as before."
    ),
)
CONSENT_PHOTOS: Final = (
    N_("This device takes pictures of the face from several sides, for specialists who study rare conditions."),
    N_("The pictures are kept sealed on this device until the programme takes them. There is no answer today."),
    N_("You may say no, now or later, and everything goes on as before."),
)
SIGN: Final = (
    N_("You choose: the photo may be kept for specialists, or not; all of it may be used for research, or not."),
    N_("To agree, hold a thumb on the screen, or write a name."),
)
SPOKEN: Final[Mapping[str, tuple[str, ...]]] = {"consent": CONSENT, "photos": CONSENT_PHOTOS, "sign": SIGN}
"""What is read aloud on demand, by name."""
