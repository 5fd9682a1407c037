"""`make pi`: boot the image on a Raspberry Pi that exists in software, twice, and tell what it shows.

    python systemd/image/acceptance/host.py build/image build/pi

The machine runs its checks itself and tells them on its serial line; this does what only the world outside can: it
plugs sticks in, presses the button, and pulls the plug. The first boot ends by that, the second by its own button.
Exit status 0: every check passed, in time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kit import make_kit
from machine import Machine, Parts
from said import Said, heard
from sticks import make_sticks

BOOTS: Final = ("first", "second")
MOST_S: Final = 40 * 60


class Bench:
    """The outside world of one machine."""

    def __init__(self, machine: Machine, sticks: dict[str, Path]) -> None:
        self._machine = machine
        self._sticks = sticks

    is_cut = False

    def do(self, wish: str) -> None:
        """What the machine asks for. Raises OSError when it cannot be done."""
        verb, *words = wish.split()
        print(f"       ... {wish}", flush=True)
        can: dict[str, Callable[..., None]] = {
            "plug": self._plug,
            "unplug": self._machine.unplug,
            "press": self._press,
            "cut": self._cut,
        }
        can[verb](*words)

    def _plug(self, name: str) -> None:
        self._machine.plug(name, self._sticks[name])

    def _cut(self) -> None:
        self._machine.cut()
        self.is_cut = True

    def _press(self, pin: str, for_s: str) -> None:
        self._machine.press(pin, float(for_s))


def run_boot(parts: Parts, boot: str, sticks: dict[str, Path], until: float) -> list[Said]:
    """Everything that the machine says until it is off."""
    told: list[Said] = []
    with Machine(parts, boot) as machine:
        bench = Bench(machine, sticks)
        for line in machine.lines(until - time.monotonic()):
            said = heard(line)
            if said and said.kind == "please":
                bench.do(said.text)
            elif said:
                told.append(said)
                print(f"{said.kind:>6} {said.text}", flush=True)
                if said.kind == "end" and not _ends_by_itself(told):
                    break
    if not told or (told[-1].kind != "end" and not bench.is_cut):
        raise OSError(f"the {boot} boot ended before its checks did; see {parts.folder / boot}")
    return told


def _ends_by_itself(told: Sequence[Said]) -> bool:
    """Whether the last thing that was asked for switches the machine off."""
    return bool(told) and any("switches off" in said.text for said in told)


def main(argv: Sequence[str]) -> int:
    """Both boots."""
    image, folder = (Path(word).resolve() for word in argv)
    begun = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / "card.qcow2"
    card.unlink(missing_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image / "sd.img", card], check=True)
    parts = Parts(image, make_kit(folder / "kit"), card, folder)
    sticks = make_sticks(folder / "sticks")
    print(f"kit and sticks are made ({time.monotonic() - begun:.0f} s)", flush=True)
    told: list[Said] = []
    try:
        for boot in BOOTS:
            told += run_boot(parts, boot, sticks, begun + MOST_S)
    except (TimeoutError, OSError) as error:
        told.append(Said("FAILED", str(error)))
        print(f"FAILED {error}")
    passed, failed = (sum(said.kind == kind for said in told) for kind in ("ok", "FAILED"))
    print(f"{passed} passed, {failed} failed, in {(time.monotonic() - begun) / 60:.0f} min")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
