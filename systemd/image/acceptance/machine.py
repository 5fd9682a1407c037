"""The virtual Raspberry Pi from outside: power, plug, sticks, a finger on the button, and what it says."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HIGH, LOW = 0x3F20001C, 0x3F200028
"""GPSET0 and GPCLR0 of the BCM2837: written from outside, they are what is wired to a pin."""
PULLED_UP: Final = ("GPIO23", "GPIO24")
"""Pins that the board's resistors hold high, which are not emulated."""
REVISION: Final = "a02082"
"""Raspberry Pi 3 Model B, 1.2: what the board's firmware writes into the device tree, and gpiozero asks for."""
RELEASE_S: Final = 30.0
COMMAND_LINE: Final = (
    "root=LABEL=pheno-root ro rootwait console=ttyAMA0,115200 loglevel=4 systemd.show_status=no "
    "systemd.journald.forward_to_console=1 systemd.journald.max_level_console=notice fsck.repair=yes "
    "usbcore.autosuspend=-1 phenokiosk.boot={boot}"
)
"""As on the card, but for the port and two helps: everything is heard, and the USB bus does not sleep. QEMU 7.2 raises
the host controller's port interrupt when a stick is put into a bus that sleeps, and never takes it back: the machine
then does nothing but answer it.
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a machine is made of. folder: where its sockets and its line go."""

    image: Path
    kit: Path
    card: Path
    folder: Path


class Machine:
    """Switched on from the beginning; `with` switches it off for good."""

    def __init__(self, parts: Parts, boot: str) -> None:
        self._folder = parts.folder / boot
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            old.unlink()
        self._line = self._folder / "serial.log"
        self._process = subprocess.Popen(self._command(parts, boot), stdin=subprocess.DEVNULL)
        self._monitor = Monitor(self._folder / "monitor")
        self._pins = Pins(self._folder / "pins")
        for pin in PULLED_UP:
            self._pins.put(pin, high=True)

    def _command(self, parts: Parts, boot: str) -> list[str]:
        tree, memory = self._folder / "board.dtb", self._folder / "initrd"
        tree.write_bytes((parts.image / "bcm2837-rpi-3-b.dtb").read_bytes())
        subprocess.run(["fdtput", "-cp", tree, "/system"], check=False)
        subprocess.run(["fdtput", "-t", "x", tree, "/system", "linux,revision", REVISION], check=True)
        first = (parts.image / "initrd").read_bytes()
        memory.write_bytes(first + bytes(-len(first) % 4) + parts.kit.read_bytes())
        return [
            *("qemu-system-aarch64", "-M", "raspi3b", "-m", "1G", "-accel", "tcg,thread=multi", "-display", "none"),
            *("-kernel", str(parts.image / "vmlinuz"), "-initrd", str(memory), "-dtb", str(tree)),
            *("-append", COMMAND_LINE.format(boot=boot), "-no-reboot"),
            *("-drive", f"file={parts.card},if=sd,format=qcow2,cache=writethrough"),
            *("-serial", f"file:{self._line}", "-serial", "null"),
            *("-qmp", f"unix:{self._folder / 'monitor'},server=on,wait=off"),
            *("-qtest", f"unix:{self._folder / 'pins'},server=on,wait=off", "-qtest-log", "/dev/null"),
        ]

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def lines(self, within_s: float) -> Iterator[str]:
        """What it says, until it is off. Raises TimeoutError when it is not off in time."""
        end, rest = time.monotonic() + within_s, ""
        while not self._line.exists():
            time.sleep(0.1)
        with self._line.open(encoding="utf-8", errors="replace") as file:
            while time.monotonic() < end:
                rest += file.read()
                *whole, rest = rest.split("\n")
                yield from whole
                if not whole and not self.is_on:
                    return
                if not whole:
                    time.sleep(0.1)
        raise TimeoutError(f"the machine is still on after {within_s / 60:.0f} min")

    @property
    def is_on(self) -> bool:
        """Whether it has power and has not switched itself off."""
        return self._process.poll() is None

    def cut(self) -> None:
        """Pull the plug: whatever it has not written to the card is lost."""
        self._process.kill()
        self._process.wait()

    def plug(self, name: str, stick: Path) -> None:
        """Put a stick in."""
        self._monitor.ask("blockdev-add", driver="raw", **{"node-name": name, "read-only": True},
                          file={"driver": "file", "filename": str(stick)})  # fmt: skip
        self._monitor.ask("device_add", driver="usb-storage", id=name, drive=name, removable=True)

    def unplug(self, name: str) -> None:
        """Take it out."""
        self._monitor.ask("device_del", id=name)
        self._monitor.await_event("DEVICE_DELETED")
        end = time.monotonic() + RELEASE_S
        while True:  # what was being read at that moment holds the node a little longer
            try:
                self._monitor.ask("blockdev-del", **{"node-name": name})
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    def press(self, pin: str, for_s: float) -> None:
        """Join a pin to ground for some time."""
        self._pins.put(pin, high=False)
        time.sleep(for_s)
        self._pins.put(pin, high=True)


class Monitor:
    """QEMU's own line (QMP)."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path)
        self._file = self._socket.makefile("r", encoding="utf-8")
        self._events: list[str] = []
        self.ask("qmp_capabilities")

    def ask(self, execute: str, **arguments: Any) -> Any:
        """Have something done. Raises OSError when it is not."""
        self._socket.sendall(json.dumps({"execute": execute, "arguments": arguments}).encode() + b"\n")
        while True:
            said = self._heard()
            if "error" in said:
                raise OSError(f"{execute}: {said['error']['desc']}")
            if "return" in said:
                return said["return"]

    def await_event(self, name: str) -> None:
        """Wait until it has happened."""
        while name not in self._events:
            self._heard()
        self._events.remove(name)

    def _heard(self) -> dict[str, Any]:
        line = self._file.readline()
        if not line:
            raise OSError("the machine is off")
        said: dict[str, Any] = json.loads(line)
        if "event" in said:
            self._events.append(said["event"])
        return said


class Pins:
    """The header's pins, from outside (QEMU's test line writes the chip's registers)."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path)

    def put(self, pin: str, *, high: bool) -> None:
        """Put a level onto a pin."""
        self._socket.sendall(f"writel {HIGH if high else LOW:#x} {1 << int(pin.removeprefix('GPIO')):#x}\n".encode())
        answer = self._socket.recv(1000)
        if not answer.startswith(b"OK"):
            raise OSError(f"{pin}: {answer!r}")


def connect(path: Path, within_s: float = 30) -> socket.socket:
    """Connect to a socket that is about to be there."""
    end = time.monotonic() + within_s
    while True:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(path))
        except OSError:
            line.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return line
