"""Session -> what the page draws, as plain JSON values. Pure: the same session always gives the same picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from firmware.assessment import Guidance
from firmware.board.lights import PATTERNS
from firmware.camera.steady import CameraHealth
from firmware.face import landmarks as lm
from firmware.face.quality import Advice
from firmware.face.wanted import PROTOCOL
from kiosk.language import Say
from kiosk.pages import texts
from kiosk.pages.result import photos_result, result
from kiosk.session import LOOKING, Session, State, Task
from kiosk.session.states import ANSWERED, Trouble


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the page shows beside the session.

    live: whether pictures come. screened: answers since the start. clinical: whether who looks may see measures and
    ranking. say: translates for who looks. banners: what everybody should know about the kiosk just now.
    """

    now_ns: int
    health: CameraHealth
    live: bool
    screened: int = 0
    clinical: bool = False
    say: Say = str
    banners: tuple[str, ...] = ()


def view(session: Session, number: int, around: Surroundings) -> dict[str, Any]:
    """The whole page for one session; `number` is what the page asks for the next change with."""
    pattern, say = PATTERNS[session.state], around.say
    return {
        "number": number,
        "state": session.state,
        "task": session.task,
        "instruction": _translated(_instruction(session, around), say),
        "missing": [say(texts.CONDITIONS.get(name, texts.CONDITION_OTHER)) for name in session.missing],
        "setup": "setup" in session.missing,
        "pose": _pose(session, say),
        "outline": _outline(session.guidance) if session.state in LOOKING else None,
        "verdict": session.guidance.quality.verdict if session.guidance else None,
        "countdown_ms": _countdown_ms(session, around.now_ns),
        "reason": _reason(session, say),
        "detail": session.detail if session.state is State.FAULT else "",
        "visit": say(texts.VISIT).format(number=session.visit) if session.visit > 1 else "",
        "screened": around.screened,
        "banners": list(around.banners),
        "camera": {"live": around.live, **asdict(around.health)},
        "light": {"name": pattern.name, "colour": list(pattern.colour), "rhythm": [list(p) for p in pattern.rhythm]},
        "result": _result(session, around),
    }


def _result(session: Session, around: Surroundings) -> dict[str, Any] | None:
    if session.state not in ANSWERED:
        return None
    if session.assessment is None:
        return photos_result(session.album, around.say)
    return result(session.assessment, around.say, clinical=around.clinical)


def _instruction(session: Session, around: Surroundings) -> texts.Instruction:
    """The one thing to do now: advice about the face while it is followed, otherwise the state's own text."""
    if session.state in LOOKING and not around.live:
        return texts.WAIT_FOR_CAMERA
    if session.state is State.POSITIONING:
        if session.guidance is None:
            return texts.POSES[session.wanted.name] if session.wanted else texts.ADVICE[Advice.LOOK_HERE]
        advice = session.shown.advice if session.shown else session.guidance.quality.advice
        return texts.ADVICE[advice] if advice else texts.STATES[session.state]
    return texts.STATES[session.state]


def _translated(instruction: texts.Instruction, say: Say) -> dict[str, str]:
    return {"text": say(instruction.text), "icon": instruction.icon}


def _pose(session: Session, say: Say) -> dict[str, Any] | None:
    """Which photo of the protocol it is; None while screening."""
    if session.task is not Task.PHOTOS or session.wanted is None:
        return None
    name = say(texts.POSES[session.wanted.name].text)
    return {"text": f"{session.shot + 1}/{len(PROTOCOL)} {name}", "optional": session.wanted.optional}


def _reason(session: Session, say: Say) -> str:
    if session.reason is None:
        return ""
    known = session.reason
    return say(texts.TROUBLES[known] if isinstance(known, Trouble) else texts.ADVICE[known].text)


def _countdown_ms(session: Session, now_ns: int) -> int | None:
    return max(session.zero_ns - now_ns, 0) // 1_000_000 if session.state is State.COUNTDOWN else None


def _outline(guidance: Guidance | None) -> list[list[float]] | None:
    """The face's outline as shares of the picture's width and height."""
    if guidance is None or not guidance.faces:
        return None
    points = guidance.faces[0].landmarks[list(lm.FACE_OVAL), :2] / (guidance.frame.width, guidance.frame.height)
    return [[round(float(x), 4), round(float(y), 4)] for x, y in points]
