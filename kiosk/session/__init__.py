"""The screening session as a pure state machine: events in, (session, effects) out."""

from kiosk.session.machine import TRANSITIONS, step
from kiosk.session.states import LOOKING, Moment, Rules, Session, State, Task

__all__ = ["LOOKING", "TRANSITIONS", "Moment", "Rules", "Session", "State", "Task", "step"]
