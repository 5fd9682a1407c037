"""The browser sessions that are open, kept in memory: a restart ends them all.

Rules: a token is 256 random bits and is compared in constant time; a role that a PIN gave ends after five minutes in
which nobody pressed anything (what the page asks by itself does not count, or it would never end); whenever a role
changes both tokens change, so that one that was planted before is worth nothing. There are never more than 32.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from firmware.clock import Clock
from kiosk.pages.gate import Gate, Role

MOST: Final = 32
IDLE_S: Final = 300.0
TOKEN_BYTES: Final = 32


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser session.

    opened: what the gate gave for the PIN, for as long as the role lasts. token: in its cookie. csrf: what its page
    must show to change anything.
    """

    pressed_ns: int
    role: Role = Role.ANYONE
    opened: object = field(default=None, repr=False)
    token: str = field(default_factory=_new_token, repr=False)
    csrf: str = field(default_factory=_new_token, repr=False)


class Visitors:
    """The sessions of one kiosk; safe for any number of threads."""

    def __init__(self, clock: Clock, gate: Gate) -> None:
        self._clock = clock
        self._gate = gate
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Visitor] = OrderedDict()

    def arrive(self, role: Role = Role.ANYONE, opened: object = None) -> Visitor:
        """Open a session; the one that was quiet for longest goes when there are too many."""
        visitor = Visitor(self._clock.monotonic_ns(), role, opened)
        with self._lock:
            self._open[visitor.token] = visitor
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return visitor

    def find(self, token: str) -> Visitor | None:
        """The session with this token. Every one is compared, so that the time taken says nothing."""
        said = token.encode()
        with self._lock:
            self._end_idle_roles()
            found = [one for one in self._open.values() if hmac.compare_digest(one.token.encode(), said)]
        return found[0] if found else None

    def pressed(self, visitor: Visitor) -> None:
        """Somebody is there: the idle time begins anew, unless the role has ended already."""
        with self._lock:
            self._end_idle_roles()
            if current := self._open.get(visitor.token):
                self._open[visitor.token] = replace(current, pressed_ns=self._clock.monotonic_ns())
                self._open.move_to_end(visitor.token)

    def become(self, visitor: Visitor, role: Role, opened: object = None) -> Visitor:
        """End this session and open another one with this role."""
        with self._lock:
            self._open.pop(visitor.token, None)
        return self.arrive(role, opened)

    def role(self, visitor: Visitor | None) -> Role:
        """What a session that was just found may be; None for one without a session."""
        everybody = Role.ANYONE if self._gate.asks_operators else Role.OPERATOR
        return everybody if visitor is None else max(everybody, visitor.role)

    def _end_idle_roles(self) -> None:
        """Forget what PINs have opened for those who are not there any more; the page asks twice a second."""
        latest_ns = self._clock.monotonic_ns() - IDLE_S * 1e9
        for token, one in self._open.items():
            if one.pressed_ns < latest_ns and one.role is not Role.ANYONE:
                self._open[token] = replace(one, role=Role.ANYONE, opened=None)
