"""The Raspberry Pi from inside: units, pins, page, sticks. What the checks are made of."""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import pwd
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

HOME: Final = Path("/opt/phenokiosk")
STATE: Final = Path("/var/lib/phenokiosk")
PYTHON: Final = str(HOME / ".venv/bin/python")
PAGE: Final = "http://127.0.0.1:8080"
PINS: Final = Path("/sys/kernel/debug/gpio")
RED, GREEN, BLUE, FILL, BUTTON = "GPIO17", "GPIO27", "GPIO22", "GPIO18", "GPIO23"
Seen = TypeVar("Seen")


def run(*command: str, timeout_s: float = 300, check: bool = True) -> str:
    """A program's output; raises AssertionError with what it complained of."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False, cwd=HOME)
    assert done.returncode == 0 or not check, f"{' '.join(command[:6])}: {(done.stderr or done.stdout)[-300:]}"
    return done.stdout


def as_kiosk(*command: str, timeout_s: float = 300, check: bool = True) -> str:
    """The same as the kiosk's own user."""
    return run("setpriv", "--reuid=phenokiosk", "--regid=phenokiosk", "--init-groups", *command,
               timeout_s=timeout_s, check=check)  # fmt: skip


def show(unit: str, name: str) -> str:
    """A unit's property."""
    return run("systemctl", "show", "--value", f"--property={name}", unit).strip()


def until(what: str, look: Callable[[], Seen], within_s: float, every_s: float = 1.0) -> Seen:
    """The first answer that is true. Raises AssertionError when there is none in time."""
    end = time.monotonic() + within_s
    last: object = None
    while time.monotonic() < end:
        try:
            if seen := look():
                return seen
            last = seen
        except (OSError, ValueError, KeyError) as error:
            last = error
        time.sleep(every_s)
    raise AssertionError(f"not within {within_s:.0f} s: {what} (last: {last})")


def active(unit: str) -> bool:
    """Whether a unit is up, ready and all."""
    return show(unit, "ActiveState") == "active"


class Page:
    """The kiosk's page, as a browser has it: with its cookie and its token."""

    def __init__(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        found = re.search(r'name="csrf-token" content="([^"]+)"', self._get("/").decode())
        assert found, "the page has no token"
        self._token = found[1]

    def state(self) -> dict[str, Any]:
        """What it shows."""
        return dict(json.loads(self._get("/state")))

    def press(self, action: str, **said: str) -> None:
        """Press something."""
        form = urllib.parse.urlencode(said).encode()
        request = urllib.request.Request(f"{PAGE}/session/{action}", form, {"X-CSRF-Token": self._token})
        self._opener.open(request, timeout=60).close()

    def _get(self, path: str) -> bytes:
        with self._opener.open(PAGE + path, timeout=60) as answer:
            return bytes(answer.read())


def healthz() -> dict[str, bool]:
    """The conditions by name, whether they hold or not."""
    try:
        with urllib.request.urlopen(f"{PAGE}/healthz", timeout=60) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            return dict(json.load(error))


def kiosk_is_up() -> bool:
    """Ready for systemd, and the page says so itself and not the one that says why it does not start."""
    return active("phenokiosk.service") and healthz().get("start", True)


def levels() -> dict[str, bool]:
    """Every pin that somebody holds -> whether it is high, read back from the chip's registers."""
    found = re.findall(r"\((GPIO\d+)\s*\|[^)]*\) (?:in|out)\s+(hi|lo)", PINS.read_text())
    return {name: level == "hi" for name, level in found}


def colours(for_s: float) -> list[tuple[bool, bool, bool]]:
    """What the light shows over some time: red, green and blue of each look."""
    end, seen = time.monotonic() + for_s, []
    while time.monotonic() < end:
        now = levels()
        seen.append((now[RED], now[GREEN], now[BLUE]))
        time.sleep(0.02)
    return seen


def user_id(name: str) -> int:
    """A user's number."""
    return pwd.getpwnam(name).pw_uid


def processes() -> list[tuple[int, str, str]]:
    """What runs: its user's number, its program, its control group."""
    found = []
    for name in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it has ended since
            group = (name.parent / "cgroup").read_text().strip()
            found.append((name.stat().st_uid, name.read_text().strip(), group))
    return found


def programs_of(name: str) -> list[str]:
    """What runs as this user."""
    return sorted({program for user, program, _ in processes() if user == user_id(name)})


def groups_of(name: str) -> set[str]:
    """The control groups in which a program runs."""
    return {group for _, program, group in processes() if program == name}


def who_asks() -> set[str]:
    """Names of the programs that hold a connection to the page right now."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[2] == "0100007F:1F90"}  # 127.0.0.1:8080 at the other end
    found = set()
    for held in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # it has been closed since, or its process has ended
            if str(held.readlink()) in sockets:
                found.add((held.parents[1] / "comm").read_text().strip())
    return found


def bundles() -> dict[str, Any]:
    """What the slots hold."""
    said = as_kiosk(PYTHON, "-m", "firmware.bundle", "--state", str(STATE), "status", "--json")
    return dict(json.loads(said))
