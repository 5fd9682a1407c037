"""Session -> what the page draws, as plain JSON values. Pure: the same session always gives the same picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from firmware.assessment import Guidance
from firmware.board.lights import PATTERNS
from firmware.camera.steady import CameraHealth
from firmware.face import landmarks as lm
from firmware.face.quality import Advice
from kiosk.pages import texts
from kiosk.pages.result import result
from kiosk.session import LOOKING, Session, State


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the page shows beside the session. live: whether pictures come. screened: answers since the start."""

    now_ns: int
    health: CameraHealth
    live: bool
    screened: int = 0


def view(session: Session, number: int, around: Surroundings) -> dict[str, Any]:
    """The whole page for one session; `number` is what the page asks for the next change with."""
    pattern = PATTERNS[session.state]
    return {
        "number": number,
        "state": session.state,
        "instruction": asdict(_instruction(session, around)),
        "missing": [texts.CONDITIONS.get(name, texts.CONDITION_OTHER) for name in session.missing],
        "outline": _outline(session.guidance) if session.state in LOOKING else None,
        "verdict": session.guidance.quality.verdict if session.guidance else None,
        "countdown_ms": _countdown_ms(session, around.now_ns),
        "reason": session.reason,
        "screened": around.screened,
        "camera": {"live": around.live, **asdict(around.health)},
        "light": {"name": pattern.name, "colour": list(pattern.colour), "rhythm": [list(p) for p in pattern.rhythm]},
        "result": result(session.assessment) if session.assessment else None,
    }


def _instruction(session: Session, around: Surroundings) -> texts.Instruction:
    """The one thing to do now: advice about the face while it is followed, otherwise the state's own text."""
    if session.state in LOOKING and not around.live:
        return texts.WAIT_FOR_CAMERA
    if session.state is State.POSITIONING:
        if session.guidance is None:
            return texts.ADVICE[Advice.LOOK_HERE]
        advice = session.shown.advice if session.shown else session.guidance.quality.advice
        return texts.ADVICE[advice] if advice else texts.STATES[session.state]
    return texts.STATES[session.state]


def _countdown_ms(session: Session, now_ns: int) -> int | None:
    return max(session.zero_ns - now_ns, 0) // 1_000_000 if session.state is State.COUNTDOWN else None


def _outline(guidance: Guidance | None) -> list[list[float]] | None:
    """The face's outline as shares of the picture's width and height."""
    if guidance is None or not guidance.faces:
        return None
    points = guidance.faces[0].landmarks[list(lm.FACE_OVAL), :2] / (guidance.frame.width, guidance.frame.height)
    return [[round(float(x), 4), round(float(y), 4)] for x, y in points]
