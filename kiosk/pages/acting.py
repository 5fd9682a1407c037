"""What can be pressed while somebody is screened -> the event for the session.

start (task)   agree, decline (asked.py)   describe (asked.py)   back   point (x, y: shares)   shutter   skip   finish
again   next   leave   touch   service
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from kiosk.pages.asked import consent_of, intake_of
from kiosk.session import Task
from kiosk.session.events import (
    Again,
    Agreed,
    Back,
    Declined,
    Described,
    Event,
    Finish,
    Leave,
    Next,
    Point,
    Service,
    Shutter,
    Skip,
    Start,
    Touch,
)

Said = Mapping[str, str]
Visits = Callable[[str], int]
"""Camp number -> how often this subject was here."""

ACTIONS: Final[Mapping[str, Callable[[Said, datetime, Visits], Event]]] = {
    "start": lambda said, _, __: Start(Task(said.get("task") or Task.SCREENING)),
    "agree": lambda said, now, _: Agreed(consent_of(said, now)),
    "decline": lambda _, __, ___: Declined(),
    "describe": lambda said, _, visits: _described(said, visits),
    "back": lambda _, __, ___: Back(),
    "point": lambda said, _, __: Point(share(said, "x"), share(said, "y")),
    "shutter": lambda _, __, ___: Shutter(),
    "skip": lambda _, __, ___: Skip(),
    "finish": lambda _, __, ___: Finish(),
    "again": lambda _, __, ___: Again(),
    "next": lambda _, __, ___: Next(),
    "leave": lambda _, __, ___: Leave(),
    "touch": lambda _, __, ___: Touch(),
    "service": lambda _, __, ___: Service(),
}
"""Each raises ValueError for what cannot be."""


def share(said: Said, name: str) -> float:
    """A share 0..1. Raises ValueError for anything else."""
    value = float(said.get(name, ""))
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is no share: {value}")
    return value


def _described(said: Said, visits: Visits) -> Event:
    intake = intake_of(said)
    return Described(intake, 1 + visits(intake.camp_number) if intake.camp_number else 1)
