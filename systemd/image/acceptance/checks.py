"""What the virtual Raspberry Pi has to show, boot by boot, in this order: later checks stand on earlier ones."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import board
from board import BUTTON, FILL, PYTHON, Page, active, run, show, until
from said import MARK

HERE: Final = Path(__file__).parent
SERVICES: Final = ("phenokiosk.service", "phenokiosk-time.path")
SLOW_S: Final = 900
"""The longest that anything may take here: a processor in software is some twenty times slower than the board."""
WHITE, DARK = (True, True, True), (False, False, False)
PIXELS: Final = 0.5
TIE: Final = 0.005
"""Chances that are nearer to each other have no order: int8 rounds otherwise on another processor."""
DATE: Final = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)


def please(what: str) -> None:
    """Ask the world outside."""
    with Path("/dev/console").open("w", encoding="utf-8") as port:
        port.write(f"\r\n{MARK} please {what}\r\n")


def root_is_never_written() -> str:
    mounts = {line.split()[1]: line.split() for line in Path("/proc/self/mounts").read_text().splitlines()}
    assert mounts["/"][3].startswith("ro"), mounts["/"]
    assert mounts["/data"][3].startswith("rw"), mounts["/data"]
    places = ("/var/lib/phenokiosk", "/etc/phenokiosk", "/var/log", "/var/lib/systemd")
    assert all(mounts[place][0] == mounts["/data"][0] for place in places)
    return f"/ is read-only, {', '.join(places)} lie on {mounts['/data'][0]}"


def kiosk_gets_ready() -> str:
    until("systemd hears that the kiosk is ready", board.kiosk_is_up, SLOW_S, every_s=5)
    return f"notified at {time.monotonic():.0f} s, main process {show('phenokiosk.service', 'MainPID')}"


def units_are_up() -> str:
    until(f"{', '.join(SERVICES)} are active", lambda: all(map(active, SERVICES)), SLOW_S, every_s=5)
    failed = run("systemctl", "--failed", "--plain", "--no-legend").split("\n")
    assert failed == [""], failed
    return f"{', '.join(SERVICES)}; nothing failed"


def boards_watchdog_is_found() -> str:
    """And would be armed: the emulated one restarts the board at once when it is."""
    read = run("systemd-analyze", "cat-config", "systemd/system.conf")
    assert "\nRuntimeWatchdogSec=15\n" in read
    assert Path("/dev/watchdog0").is_char_device()
    return f"{Path('/sys/class/watchdog/watchdog0/identity').read_text().strip()}; RuntimeWatchdogSec=15 is read"


def page_answers_on_loopback() -> str:
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A"]
    assert listening == ["0100007F:1F90"], listening  # 127.0.0.1:8080, and nothing else on this machine
    return json.dumps(board.healthz())


def camera_is_seen() -> str:
    camera = until("the kiosk's camera is live", lambda: (state := Page().state()["camera"])["live"] and state, SLOW_S)
    return f"pictures from {(HERE / 'camera').readlink()}: {json.dumps(camera)[:200]}"


def idle_light_blinks_white() -> str:
    seen = Counter(board.colours(15))
    assert set(seen) >= {WHITE, DARK}, seen
    steady = (seen[WHITE] + seen[DARK]) / seen.total()
    lit = seen[WHITE] / seen.total()
    assert steady > 0.9 and 0.02 < lit < 0.4, seen  # 0.3 s of 3 s
    return f"white {lit:.0%} of the time, dark else ({seen.total()} looks)"


def button_begins_a_session() -> str:
    page = Page()
    assert page.state()["state"] == "idle", page.state()["state"]
    please(f"press {BUTTON} 1.0")
    until("the session has begun", lambda: page.state()["state"] == "consent", 120)
    return "a press of GPIO23 leads from idle to consent"


def light_turns_blue() -> str:
    seen = Counter(board.colours(8))
    blue = (False, False, True)
    assert seen[blue] / seen.total() > 0.5 and set(seen) <= {blue, DARK, WHITE}, seen
    return f"blue {seen[blue] / seen.total():.0%} of the time ({seen.total()} looks)"


def face_is_seen() -> str:
    page, process = Page(), show("phenokiosk.service", "MainPID")
    page.press("agree", by="adult", sign="thumb")
    until("the subject is asked for", lambda: page.state()["state"] == "subject", 60)
    page.press("describe", age="30", sex="F")
    seen: list[dict[str, Any]] = []

    def look() -> bool:
        assert show("phenokiosk.service", "MainPID") == process, "the kiosk has ended"
        state = page.state()
        seen.append(state)
        return bool(state["outline"]) or state["state"] in {"countdown", "capturing", "analysing"}

    until("the face's outline is on the page", look, SLOW_S, every_s=0.5)
    last = seen[-1]
    level = board.levels()
    page.press("leave")
    until("it is idle again", lambda: page.state()["state"] == "idle", 120)
    return f"outline of {len(last['outline'] or [])} points in {last['state']}; lamp for the face {level[FILL]}"


def same_answers_as_x86() -> str:
    """Landmarks to half a pixel; the same order of syndromes, but for those whose chances are all but equal."""
    expected = json.loads((HERE / "expected.json").read_text())
    photos = [str(HERE / "photos" / one["photo"]) for one in expected]
    lines = run(PYTHON, "-m", "firmware", "analyse", *photos, "--json", "--landmarks", timeout_s=SLOW_S).splitlines()
    pairs = list(zip(map(json.loads, lines), expected, strict=True))
    assert all(here["status"] == there["status"] == "ok" for here, there in pairs)
    worst = max(
        max(abs(a[0] - b[0]), abs(a[1] - b[1]))
        for here, there in pairs
        for a, b in zip(here["landmarks"], there["landmarks"], strict=True)
    )
    chances = [[{row["id"]: row["probability"] for row in one["ranking"]} for one in pair] for pair in pairs]
    apart = max(abs(here[name] - there[name]) for here, there in chances for name in there)
    said = f"landmarks at most {worst:.3f} px apart, probabilities {apart:.4f}"
    assert worst <= PIXELS, said
    for here, there in chances:
        ranked = list(there)
        swapped = [pair for pair in itertools.combinations(ranked, 2) if here[pair[0]] < here[pair[1]]]
        assert all(there[a] - there[b] <= TIE for a, b in swapped), f"{said}; swapped: {swapped}"
        assert max(here, key=here.__getitem__) == ranked[0], said
    assert all(here["decision"] == there["decision"] for here, there in pairs), said
    return f"{len(expected)} photos: {said}; same ranking and decision"


def selftest_runs() -> str:
    run("systemctl", "start", "phenokiosk-selftest.service", timeout_s=SLOW_S)
    said = run("journalctl", "--unit=phenokiosk-selftest.service", "--output=cat", "--boot")
    return "; ".join(re.findall(r"^ok +(.*)$", said, re.MULTILINE))


def clock_is_set() -> str:
    before = datetime.now(UTC)
    ask = f"""
from pathlib import Path
from datetime import datetime
from firmware.board.settime import ask
from firmware.clock import SystemClock
ask(Path('/run/phenokiosk/date'), datetime.fromisoformat('{DATE.isoformat()}'), SystemClock())"""
    board.as_kiosk(PYTHON, "-c", ask)
    until("the machine's clock is set", lambda: abs((datetime.now(UTC) - DATE).total_seconds()) < 300, SLOW_S)
    return f"from {before:%Y-%m-%d %H:%M} to {datetime.now(UTC):%Y-%m-%d %H:%M}"


def clock_is_not_set_to_what_cannot_be() -> str:
    board.as_kiosk(
        "sh", "-c", "echo 0 1999-01-01T00:00:00Z > /run/phenokiosk/new && mv /run/phenokiosk/new /run/phenokiosk/date"
    )
    until("it is refused", lambda: show("phenokiosk-time.service", "ExecMainStatus") == "2", SLOW_S)
    assert datetime.now(UTC) > DATE
    return "refused"


def stick(name: str, refused: bool = False) -> str:
    """Plug a stick in, wait until its unit has ended, and take it out; the last that the unit said."""
    please(f"plug {name}")
    try:
        unit = until("the stick's unit is started", _stick_unit, SLOW_S)
        until("the stick's unit has ended", lambda: show(unit, "ActiveState") in {"inactive", "failed"}, SLOW_S)
        said = run("journalctl", f"--unit={unit}", "--output=cat", "--boot", "--lines=20").splitlines()
    finally:
        please(f"unplug {name}")
    until("the stick is gone", lambda: not list(Path("/sys/block").glob("sd*")), SLOW_S)
    answers = [line for line in said if "BUN-" in line or '"said"' in line]
    assert answers and ("BUN-" in answers[-1]) == refused, said[-6:]
    return answers[-1][:200]


def _stick_unit() -> str:
    """The unit of the stick that is in now, once it runs or has run."""
    for disk in Path("/sys/block").glob("sd*"):
        unit = f"phenokiosk-stick@{disk.name}.service"
        if int(show(unit, "ExecMainStartTimestampMonotonic") or 0):
            return unit
    return ""


def unsigned_bundle_is_refused() -> str:
    before = board.bundles()
    said = stick("unsigned", refused=True)
    after = board.bundles()
    assert (after["active"], after["slots"]) == (before["active"], before["slots"]), after
    return said


def signed_bundle_becomes_active() -> str:
    before = board.bundles()
    said = stick("signed")
    until(
        "it is kept", lambda: _version(board.bundles()) == "0.9.1" and not board.bundles()["trial"], SLOW_S, every_s=10
    )
    assert board.kiosk_is_up()
    return f"{said}; active was {_version(before)}, is {_version(board.bundles())}"


def _version(held: Mapping[str, object]) -> str:
    slots = held["slots"]
    assert isinstance(slots, dict)
    return str(slots.get(held["active"], {}).get("version", "none"))


def hung_kiosk_is_restarted() -> str:
    before = show("phenokiosk.service", "MainPID")
    begun = time.monotonic()
    run("systemctl", "kill", "--kill-whom=main", "--signal=SIGSTOP", "phenokiosk.service")
    until("another process has taken over", lambda: show("phenokiosk.service", "MainPID") not in {before, "0"}, SLOW_S)
    took = time.monotonic() - begun
    said = run("journalctl", "--unit=phenokiosk.service", "--output=cat", "--boot", "--lines=200")
    assert "Watchdog timeout" in said, said[-300:]
    until("the kiosk is ready again", board.kiosk_is_up, SLOW_S, every_s=5)
    return f"watchdog after {took:.0f} s; ready again after {time.monotonic() - begun:.0f} s"


def plug_is_pulled_in_an_import() -> str:
    please("plug newer")
    spare = {"a", "b"} - {str(board.bundles()["active"])}
    assert len(spare) == 1
    folder = board.STATE / "bundles" / spare.pop()
    before = _content(folder)
    until("the import writes the spare slot", lambda: _content(folder) != before, SLOW_S, every_s=0.05)
    please("cut")
    return "asked for the plug to be pulled"


def _content(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


def machine_that_was_cut_is_well() -> str:
    held = board.bundles()
    version = _version(held)
    assert version in {"0.9.1", "0.9.2"}, held
    failed = run("systemctl", "--failed", "--plain", "--no-legend").split("\n")
    assert failed == [""], failed
    return f"active {version}, trial {held['trial']}; {json.dumps(board.healthz())}"


def cut_import_succeeds_when_it_is_done_again() -> str:
    said = stick("newer")
    until(
        "it is kept", lambda: _version(board.bundles()) == "0.9.2" and not board.bundles()["trial"], SLOW_S, every_s=10
    )
    return said


def screen_shows_the_page() -> str:
    """The whole display unit: session at the seat, compositor without a screen, Chromium under its policies."""
    (HERE / "screen").touch()
    run("systemctl", "start", "--no-block", "phenokiosk-display.service")
    # The unit's own curl asks, too, before the browser starts.
    until("the browser asks the kiosk for the page", lambda: "chromium" in board.who_asks(), SLOW_S, every_s=0.5)
    until("it asks again a minute later", _asks_later(60), SLOW_S, every_s=0.5)
    assert show("phenokiosk-display.service", "NRestarts") == "0", "the screen was started anew"
    programs, bounds = board.programs_of("phenokiosk-display"), browsers_bounds()
    run("systemctl", "stop", "phenokiosk-display.service", timeout_s=SLOW_S)
    until("nothing of it is left", lambda: "chromium" not in board.programs_of("phenokiosk-display"), SLOW_S)
    return f"{', '.join(programs)} in {bounds}"


def _asks_later(after_s: float) -> Callable[[], bool]:
    """Whether the browser asks once this time is over: a page that was loaded is not yet one that stays."""
    begin = time.monotonic() + after_s
    return lambda: time.monotonic() > begin and "chromium" in board.who_asks()


def browsers_bounds() -> str:
    """Where the browser really runs, and what holds there: logind takes a session's processes out of their unit."""
    user = f"user-{board.user_id('phenokiosk-display')}.slice"
    groups = board.groups_of("chromium")
    assert groups, "no browser"
    assert all(f"/{user}/" in group for group in groups), groups
    most, denied = show(user, "MemoryMax"), show(user, "IPAddressDeny")
    assert (most, set(denied.split())) == (str(1 << 30), {"::/0", "0.0.0.0/0"}), (most, denied)
    return f"{user}, 1 GiB, no other machine"


def dead_kiosk_leaves_light_and_button() -> str:
    run("systemctl", "stop", "phenokiosk.service", timeout_s=SLOW_S)
    run("systemctl", "start", "phenokiosk-button.service", timeout_s=SLOW_S)
    red = (True, False, False)
    until("the light is red", lambda: red in board.colours(3), SLOW_S)
    seen = Counter(board.colours(10))
    assert set(seen) <= {red, DARK}, seen
    return f"red {seen[red] / seen.total():.0%} of the time"


def restart_is_armed_and_taken_back() -> str:
    run("systemctl", "start", "phenokiosk-reboot.timer")
    assert active("phenokiosk-reboot.timer")
    run("systemctl", "stop", "phenokiosk-reboot.timer")
    return "armed, and taken back"


def held_button_switches_off() -> str:
    please(f"press {BUTTON} 6.0")
    return "asked for the button to be held"


Check = tuple[str, Callable[[], str]]
BOOTS: Final[Mapping[str, tuple[Check, ...]]] = {
    "first": (
        ("the root is never written", root_is_never_written),
        ("the kiosk gets ready", kiosk_gets_ready),
        ("the page answers on loopback alone", page_answers_on_loopback),
        ("the board's watchdog is found", boards_watchdog_is_found),
        ("the kiosk sees a V4L2 camera", camera_is_seen),
        ("units are up", units_are_up),
        ("idle: the pins blink white", idle_light_blinks_white),
        ("a pin is the button", button_begins_a_session),
        ("attending: the pins are blue", light_turns_blue),
        ("the kiosk sees a face", face_is_seen),
        ("mesh and model answer as on x86", same_answers_as_x86),
        ("self-test", selftest_runs),
        ("the kiosk has the clock set", clock_is_set),
        ("a date that cannot be is not set", clock_is_not_set_to_what_cannot_be),
        ("a stick with an unsigned bundle is refused", unsigned_bundle_is_refused),
        ("a stick with a signed bundle is taken", signed_bundle_becomes_active),
        ("a kiosk that hangs is restarted", hung_kiosk_is_restarted),
        ("the plug is pulled in the middle of an import", plug_is_pulled_in_an_import),
    ),
    "second": (
        ("the kiosk gets ready", kiosk_gets_ready),
        ("the machine that was cut is well", machine_that_was_cut_is_well),
        ("the import that was cut is done again", cut_import_succeeds_when_it_is_done_again),
        ("the restart of last resort is armed", restart_is_armed_and_taken_back),
        ("the screen shows the page", screen_shows_the_page),
        ("a dead kiosk leaves light and button", dead_kiosk_leaves_light_and_button),
        ("the held button switches off", held_button_switches_off),
    ),
}
