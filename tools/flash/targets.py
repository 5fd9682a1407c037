"""Where a publication can go. The device's own importer does the installing, so that every way is verified the same.

folder            a stick: the publication is put on it, read back, and verified as a device will
ssh://host        a running device: copied there, imported by it, and the kiosk takes it when nobody is in front of it
file:///DIR       the root folder of a device or of its image: imported here
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from firmware.bundle.source import SUBFOLDER
from firmware.durable import sync_folder
from tools.errors import FlashError, TargetAbsentError, UsageError
from tools.files import writing

HOME: Final = "/opt/phenokiosk"
"""Where the program is on a device."""
STATE: Final = "var/lib/phenokiosk"
ROOT: Final = "etc/phenokiosk/root.json"
RELOAD: Final = (
    "systemctl try-reload-or-restart phenokiosk.service && systemctl restart --no-block phenokiosk-mark-good"
)
SSH: Final = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
Said = Mapping[str, Any]
Hear = Callable[[Said], None]
"""Is told each line that the device's importer says."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """What goes there: these files of a publication's folder, by their paths in it."""

    folder: Path
    files: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Of all of them."""
        return sum((self.folder / name).stat().st_size for name in self.files)


class Target(Protocol):
    """Somewhere a publication can go."""

    def status(self) -> Said | None:
        """What the device says of its slots; None where there is no device, but a stick. Raises FlashError."""
        ...

    def would(self, shipment: Shipment, words: Sequence[str]) -> Said | None:
        """What would be installed; None for a stick. Raises FlashError."""
        ...

    def install(self, shipment: Shipment, words: Sequence[str], hear: Hear) -> None:
        """Do it. Raises FlashError with the device's own words."""
        ...


def target_of(word: str, home: str = HOME, state: str = f"/{STATE}") -> Target:
    """The target that somebody names; home, state: of the program on a running device. Raises UsageError."""
    scheme, rest = (word.partition("://")[0], word.partition("://")[2]) if "://" in word else ("", word)
    if scheme == "ssh":
        return Device(word, home, state)
    if scheme == "file":
        return Root(Path(rest))
    if scheme:
        raise UsageError(f"{word}: a target is a folder, ssh://host or file:///folder")
    return Stick(Path(word))


@dataclass(frozen=True, slots=True)
class Stick:
    """A folder that becomes, or is, a stick."""

    folder: Path

    def status(self) -> None:
        """See Target. Raises TargetAbsentError: a stick that is not there is not made up."""
        if not self.folder.is_dir():
            raise TargetAbsentError(f"{self.folder} is no folder", "Plug the stick in, and name where it is mounted.")

    def would(self, shipment: Shipment, words: Sequence[str]) -> None:
        """See Target."""

    def install(self, shipment: Shipment, words: Sequence[str], hear: Hear) -> None:  # noqa: ARG002
        """Put it there beside the old one, then in its place; a stick that is pulled holds one of them or none."""
        aside, place = self.folder / f".{SUBFOLDER}.new", self.folder / SUBFOLDER
        in_all, done = shipment.size_bytes, 0
        with writing(self.folder):
            shutil.rmtree(aside, ignore_errors=True)
            for name in shipment.files:
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(shipment.folder / name, aside / name)
                _sync(aside / name)
                done += (aside / name).stat().st_size
                hear({"step": "copy", "done": done, "of": in_all})
            for folder in (*(path for path in aside.rglob("*") if path.is_dir()), aside):
                sync_folder(folder)
            shutil.rmtree(place, ignore_errors=True)
            aside.replace(place)
            sync_folder(self.folder)


@dataclass(frozen=True, slots=True)
class Root:
    """The root folder of a device."""

    folder: Path

    def status(self) -> Said:
        """See Target."""
        if not self.folder.is_dir():
            raise TargetAbsentError(f"{self.folder} is no folder", "Name the root folder of a device or of its image.")
        return _last(self._run(["status", "--json"]))

    def would(self, shipment: Shipment, words: Sequence[str]) -> Said:
        """See Target."""
        return _last(self._run(["import", "--json", "--dry-run", *words, str(shipment.folder)]))

    def install(self, shipment: Shipment, words: Sequence[str], hear: Hear) -> None:
        """See Target."""
        for said in self._run(["import", "--json", *words, str(shipment.folder)]):
            hear(said)

    def _run(self, words: Sequence[str]) -> Iterator[Said]:
        places = ["--state", str(self.folder / STATE), "--root", str(self.folder / ROOT)]
        return _lines([sys.executable, "-m", "firmware.bundle", *places, *words], cwd=Path(__file__).parents[2])


@dataclass(frozen=True, slots=True)
class Device:
    """A running device. word: ssh://[user@]host[:port], of somebody who may use sudo there. home: of the program."""

    word: str
    home: str = HOME
    state: str = f"/{STATE}"

    def status(self) -> Said:
        """See Target."""
        return _last(self._bundle(["status", "--json"]))

    def would(self, shipment: Shipment, words: Sequence[str]) -> Said:
        """See Target."""
        with _there(self, shipment) as place:
            return _last(self._bundle(["import", "--json", "--dry-run", *words, place]))

    def install(self, shipment: Shipment, words: Sequence[str], hear: Hear) -> None:
        """See Target."""
        with _there(self, shipment) as place:
            new = False
            for said in self._bundle(["import", "--json", *words, place]):
                new = new or bool(said.get("new"))
                hear(said)
        if new:
            self.shell(f"sudo -n sh -c {shlex.quote(RELOAD)}")

    def shell(self, line: str, stdin: int | None = None) -> str:
        """Run a line there; what it prints. Raises TargetAbsentError or FlashError."""
        done = subprocess.run([*self._ssh(), line], stdin=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise _trouble(done.returncode, done.stderr)
        return done.stdout

    def _bundle(self, words: Sequence[str]) -> Iterator[Said]:
        command = [f"{self.home}/.venv/bin/python", "-m", "firmware.bundle", "--state", self.state, *words]
        line = f"cd {shlex.quote(self.home)} && sudo -n -u phenokiosk {shlex.join(command)}"
        return _lines([*self._ssh(), line])

    def _ssh(self) -> list[str]:
        try:
            parts = urlsplit(self.word)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(f"{self.word}: {error}") from error
        if not host or host.startswith("-"):
            raise UsageError(f"{self.word} names no host")
        user = f"{parts.username}@" if parts.username else ""
        return [*SSH, *(["-p", str(port)] if port else []), "--", f"{user}{host}"]


class _there:  # noqa: N801 - reads as what it does: `with _there(device, publication) as place`
    """A publication in a folder of its own on a device, as long as it is needed."""

    def __init__(self, device: Device, shipment: Shipment) -> None:
        self._device, self._shipment, self._place = device, shipment, ""

    def __enter__(self) -> str:
        self._place = self._device.shell("mktemp -d /tmp/phenokiosk-XXXXXXXX").strip()
        with subprocess.Popen(
            [*self._device._ssh(), f"tar -x -C {shlex.quote(self._place)} && chmod -R a+rX {shlex.quote(self._place)}"],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=False,
        ) as process:  # fmt: skip
            assert process.stdin is not None and process.stderr is not None  # noqa: S101 - pipes were asked for
            try:
                with tarfile.open(fileobj=process.stdin, mode="w|") as archive:
                    for name in self._shipment.files:
                        archive.add(self._shipment.folder / name, arcname=name, filter=_plain)
            except BrokenPipeError:
                pass  # the other side says why
            else:
                process.stdin.close()
            trouble = process.stderr.read().decode(errors="replace")
        if process.returncode:
            raise _trouble(process.returncode, trouble)
        return self._place

    def __exit__(self, *_: object) -> None:
        self._device.shell(f"rm -rf {shlex.quote(self._place)}")


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Of nobody in particular."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _lines(command: Sequence[str], cwd: Path | None = None) -> Iterator[Said]:
    """What the device's importer says, line by line. Raises TargetAbsentError or FlashError."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd) as process:
        assert process.stdout is not None and process.stderr is not None  # noqa: S101 - pipes were asked for
        for line in process.stdout:
            try:
                yield json.loads(line)
            except ValueError:  # whatever the device's own shell says when somebody comes in
                continue
        trouble = process.stderr.read()
    if process.returncode:
        raise _trouble(process.returncode, trouble)


def _last(lines: Iterator[Said]) -> Said:
    said = list(lines)
    if not said:
        raise FlashError("the device has said nothing")
    return said[-1]


def _trouble(returncode: int, words: str) -> FlashError:
    """What went wrong on the other side: its own line, where it has one."""
    last = next((line for line in reversed(words.splitlines()) if line.strip()), f"exit status {returncode}")
    if returncode == 255:  # ssh's own
        return TargetAbsentError(f"the device cannot be reached: {last}")
    return FlashError(last)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
