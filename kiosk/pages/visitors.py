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
    """One browser session. token: in its cookie. csrf: what its page must show to change anything."""

    pressed_ns: int
    role: Role = Role.ANYONE
    token: str = field(default_factory=_new_token, repr=False)
    csrf: str = field(default_factory=_new_token, repr=False)


class Visitors:
    """The sessions of one kiosk; safe for any number of threads."""

    def __init__(self, clock: Clock, gate: Gate) -> None:
        self._clock = clock
        self._gate = gate
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Visitor] = OrderedDict()

    def arrive(self, role: Role = Role.ANYONE) -> Visitor:
        """Open a session; the one that was quiet for longest goes when there are too many."""
        visitor = Visitor(self._clock.monotonic_ns(), role)
        with self._lock:
            self._open[visitor.token] = visitor
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return visitor

    def find(self, token: str) -> Visitor | None:
        """The session with this token. Every one is compared, so that the time taken says nothing."""
        said = token.encode()
        with self._lock:
            found = [one for one in self._open.values() if hmac.compare_digest(one.token.encode(), said)]
        return found[0] if found else None

    def pressed(self, visitor: Visitor) -> None:
        """Somebody is there: the idle time begins anew, unless the role had ended already."""
        role = visitor.role if self.role(visitor) is visitor.role else Role.ANYONE
        with self._lock:
            if visitor.token in self._open:
                self._open[visitor.token] = replace(visitor, pressed_ns=self._clock.monotonic_ns(), role=role)
                self._open.move_to_end(visitor.token)

    def become(self, visitor: Visitor, role: Role) -> Visitor:
        """End this session and open another one with this role."""
        with self._lock:
            self._open.pop(visitor.token, None)
        return self.arrive(role)

    def role(self, visitor: Visitor | None) -> Role:
        """What whoever asks may be now."""
        everybody = Role.ANYONE if self._gate.is_set else Role.OPERATOR
        if visitor is None or self._clock.monotonic_ns() - visitor.pressed_ns > IDLE_S * 1e9:
            return everybody
        return max(everybody, visitor.role)
