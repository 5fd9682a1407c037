"""The browser sessions that are open, kept in memory: a restart ends them all.

Rules: a token is 256 random bits and is compared in constant time; a role that a PIN opened ends after some time in
which nobody pressed anything (what the page asks by itself does not count, or it would never end), the clinician's and
the engineer's sooner than the operator's, who is on duty all day; whenever a role is opened or given back both tokens
change, so that one that was planted before is worth nothing. There are never more than 32 sessions.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from firmware.clock import Clock
from kiosk.pages.gate import Gate
from kiosk.roles import INCLUDES, Role

MOST: Final = 32
IDLE_S: Final[Mapping[Role, float]] = {Role.OPERATOR: 1800.0, Role.CLINICIAN: 300.0, Role.ENGINEER: 600.0}
TOKEN_BYTES: Final = 32


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser session.

    opened: role -> what the gate gave for its PIN, for as long as the role lasts. token: in its cookie. csrf: what its
    page must show to change anything.
    """

    pressed_ns: int
    opened: Mapping[Role, object] = field(default_factory=dict, repr=False)
    token: str = field(default_factory=_new_token, repr=False)
    csrf: str = field(default_factory=_new_token, repr=False)


class Visitors:
    """The sessions of one kiosk; safe for any number of threads."""

    def __init__(self, clock: Clock, gate: Gate) -> None:
        self._clock = clock
        self._gate = gate
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Visitor] = OrderedDict()

    def arrive(self, opened: Mapping[Role, object] | None = None) -> Visitor:
        """Open a session; the one that was quiet for longest goes when there are too many."""
        visitor = Visitor(self._clock.monotonic_ns(), opened or {})
        with self._lock:
            self._open[visitor.token] = visitor
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return visitor

    def find(self, token: str) -> Visitor | None:
        """The session with this token. Every one is compared, so that the time taken says nothing."""
        said = token.encode()
        with self._looking():
            found = [one for one in self._open.values() if hmac.compare_digest(one.token.encode(), said)]
        return found[0] if found else None

    def pressed(self, visitor: Visitor) -> None:
        """Somebody is there: the idle time begins anew, unless the role has ended already."""
        with self._looking():
            if current := self._open.get(visitor.token):
                self._open[visitor.token] = replace(current, pressed_ns=self._clock.monotonic_ns())
                self._open.move_to_end(visitor.token)

    def unlock(self, visitor: Visitor, role: Role, opened: object) -> Visitor:
        """End this session and open another one that has this role too."""
        return self._become(visitor, {**visitor.opened, role: opened})

    def lock(self, visitor: Visitor, role: Role | None = None) -> Visitor:
        """End this session and open another one without this role, or without any."""
        return self._become(visitor, {r: o for r, o in visitor.opened.items() if role and r is not role})

    def retain(self, visitor: Visitor, roles: frozenset[Role]) -> None:
        """Whoever sets the first PINs does not lock themselves out: what they may do now they may do until they go."""
        with self._lock:
            if current := self._open.get(visitor.token):
                self._open[visitor.token] = replace(current, opened={**dict.fromkeys(roles), **current.opened})

    def roles(self, visitor: Visitor | None) -> frozenset[Role]:
        """What a session that was just found may do; None for one without a session."""
        opened = visitor.opened if visitor else ()
        return self._gate.everybody().union(*(INCLUDES[role] for role in opened))

    def _become(self, visitor: Visitor, opened: Mapping[Role, object]) -> Visitor:
        with self._lock:
            self._open.pop(visitor.token, None)
        return self.arrive(opened)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Under the lock, with what PINs have opened forgotten for those who are not there any more."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            for token, one in self._open.items():
                lasting = {r: o for r, o in one.opened.items() if now_ns - one.pressed_ns <= IDLE_S[r] * 1e9}
                if len(lasting) < len(one.opened):
                    self._open[token] = replace(one, opened=lasting)
            yield
