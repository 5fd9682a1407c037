"""A panel: one thing to look at or to fill in, as a piece of HTML that the page shows while the kiosk is in service.

Adding one: a class with these three, a template of its name in templates/panels, a row in guard.RULES, and a button in
templates/panels/menu.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from kiosk.roles import Role

Said = Mapping[str, str]
"""What the form or the address says."""
Shown = Mapping[str, object]
Roles = frozenset[Role]
NOTHING: Final[Shown] = {}


class Panel(Protocol):
    """One panel."""

    @property
    def name(self) -> str:
        """Of its route and template."""
        ...

    def show(self, said: Said) -> Shown:
        """What its template shows. Raises KioskError."""
        ...

    def do(self, said: Said, roles: Roles) -> str:
        """Do what its form asks for; returns what to say, a message id. roles: of who asks. Raises KioskError."""
        ...


class LookedAt:
    """What panels have in common that are only looked at."""

    def show(self, said: Said) -> Shown:  # noqa: ARG002
        """See Panel."""
        return NOTHING

    def do(self, said: Said, roles: Roles) -> str:  # noqa: ARG002
        """See Panel: there is nothing to do."""
        return ""


class Menu(LookedAt):
    """Every panel, as buttons."""

    name = "menu"
