"""The browser sessions that are open, kept in memory: a restart ends them all.

Rules: a token is 256 random bits and is compared in constant time; a role that a PIN opened ends after some time in
which nobody pressed anything (what the page asks by itself does not count, or it would never end). The operator, who is
on duty all day, may press whatever there is; the clinician's and the engineer's role end sooner, and nothing keeps them
but what needs them, or whoever works on at the screen would have them for as long. The clinician's ends, too, with what
it was opened for: when the answer or the service leaves the screen. Who is at work when such a role ends goes on as the
operator. Whenever a role is opened or given back both tokens change, so that one that was planted before is worth
nothing. There are never more than 32 sessions.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from firmware.clock import Clock
from kiosk.pages.gate import Gate
from kiosk.roles import INCLUDES, STAFF, Role

MOST: Final = 32
IDLE_S: Final[Mapping[Role, float]] = {Role.OPERATOR: 1800.0, Role.CLINICIAN: 300.0, Role.ENGINEER: 600.0}
TOKEN_BYTES: Final = 32
ANY_PRESS: Final = frozenset({Role.OPERATOR})
"""Roles that any press keeps."""


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser session.

    pressed_ns: role -> when something was last pressed that keeps it; for the operator's, anything. opened: role ->
    what the gate gave for its PIN, for as long as the role lasts. token: in its cookie. csrf: what its page must show
    to change anything.
    """

    pressed_ns: Mapping[Role, int]
    opened: Mapping[Role, object] = field(default_factory=dict, repr=False)
    token: str = field(default_factory=_new_token, repr=False)
    csrf: str = field(default_factory=_new_token, repr=False)


class Visitors:
    """The sessions of one kiosk; safe for any number of threads.

    departures: how often something has left the screen that the clinician's role may have been opened for.
    """

    def __init__(self, clock: Clock, gate: Gate, departures: Callable[[], int] = lambda: 0) -> None:
        self._clock = clock
        self._gate = gate
        self._departures = departures
        self._departed = departures()
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Visitor] = OrderedDict()

    def arrive(self) -> Visitor:
        """Open a session; the one that was quiet for longest goes when there are too many."""
        return self._let_in(Visitor(dict.fromkeys(STAFF, self._clock.monotonic_ns())))

    def _let_in(self, visitor: Visitor) -> Visitor:
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

    def pressed(self, visitor: Visitor, who: frozenset[Role] = ANY_PRESS) -> None:
        """Somebody is there: the idle time of a role begins anew, unless it has ended already. who: may press that."""
        kept = ANY_PRESS if Role.OPERATOR in who else ANY_PRESS | who
        with self._looking():
            if current := self._open.get(visitor.token):
                pressed_ns = {**current.pressed_ns, **dict.fromkeys(kept, self._clock.monotonic_ns())}
                self._open[visitor.token] = replace(current, pressed_ns=pressed_ns)
                self._open.move_to_end(visitor.token)

    def unlock(self, visitor: Visitor, role: Role, opened: object) -> Visitor:
        """End this session and open another one that has this role too."""
        self.pressed(visitor, frozenset({role}))
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
            current = self._open.pop(visitor.token, visitor)
        return self._let_in(Visitor(current.pressed_ns, opened))

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Under the lock, with what PINs have opened forgotten for those who are not there any more."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            departed = self._departures()
            over = frozenset({Role.CLINICIAN} if departed != self._departed else ())
            self._departed = departed
            for token, one in self._open.items():
                lasting = _lasting(one, now_ns, over)
                if lasting.keys() != one.opened.keys():
                    self._open[token] = replace(one, opened=lasting)
            yield


def _lasting(visitor: Visitor, now_ns: int, over: frozenset[Role]) -> Mapping[Role, object]:
    """What a session still has open. over: roles that end for everybody just now."""
    quiet_s = {role: (now_ns - at_ns) / 1e9 for role, at_ns in visitor.pressed_ns.items()}
    ended = {role for role in visitor.opened if role in over or quiet_s[role] > IDLE_S[role]}
    lasting = {role: opened for role, opened in visitor.opened.items() if role not in ended}
    if any(quiet_s[Role.OPERATOR] <= IDLE_S[role] for role in ended - {Role.OPERATOR}):
        lasting.setdefault(Role.OPERATOR, None)
    return lasting
