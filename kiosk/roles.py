"""Who somebody at the kiosk is. Each PIN opens one role; nobody is everybody.

An operator screens, and sees what to do next. The clinician also sees measures, ranking and where the model looked; the
engineer also sees settings and parts, and nothing of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A role; ANYONE is whoever stands there."""

    ANYONE = "anyone"
    OPERATOR = "operator"
    CLINICIAN = "clinician"
    ENGINEER = "engineer"


STAFF: Final = (Role.OPERATOR, Role.CLINICIAN, Role.ENGINEER)
"""Roles that have a PIN."""
INCLUDES: Final[Mapping[Role, frozenset[Role]]] = {
    Role.ANYONE: frozenset({Role.ANYONE}),
    Role.OPERATOR: frozenset({Role.ANYONE, Role.OPERATOR}),
    Role.CLINICIAN: frozenset({Role.ANYONE, Role.OPERATOR, Role.CLINICIAN}),
    Role.ENGINEER: frozenset({Role.ANYONE, Role.OPERATOR, Role.ENGINEER}),
}
"""Role -> the roles whose pages it may use."""
