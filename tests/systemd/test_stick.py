"""What happens when a stick is plugged in: the script of the unit itself, with stand-ins for what only a device has."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.systemd.units import FOLDER, read

STAND_INS = {
    "id": "echo 123",
    "blkid": 'echo "$KIND"; [ -n "$KIND" ]',
    "mount": "",
    "umount": "",
    "systemctl": "",
    "setpriv": 'echo "$SAID"; exit $EXIT',
}
"""Program -> what it does besides noting how it was called."""


@dataclass(frozen=True)
class Plugged:
    """What came of it."""

    code: int
    calls: list[str]
    said: str


def plug_in(folder: Path, kind: str = "vfat", new: bool = False, code: int = 0) -> Plugged:
    """Plug in a stick with this file system, whose bundle is new or not, or refused."""
    for name, does in STAND_INS.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\n{does}\n')
        program.chmod(0o755)
    said = {"bundle": {"id": "phantom"}, "new": new, "said": "is installed" if new else "is there already"}
    environment = {
        "PATH": f"{folder}:{os.defpath}", "RUNTIME_DIRECTORY": "/run/phenokiosk-stick/sda1",
        "KIND": kind, "EXIT": str(code), "SAID": f'{{"step": "verify"}}\n{json.dumps(said)}',
    }  # fmt: skip
    done = subprocess.run(
        ["sh", FOLDER / "stick.sh", "sda1"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    return Plugged(done.returncode, (folder / "calls").read_text().splitlines(), done.stderr)


@pytest.mark.parametrize("kind", ["vfat", "exfat", "ext4", "iso9660"])
def test_stick_is_only_read_and_nothing_on_it_runs(kind: str, tmp_path: Path) -> None:
    [mount] = [call for call in plug_in(tmp_path, kind).calls if call.startswith("mount ")]
    options = mount.split()[mount.split().index("-o") + 1].split(",")
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(options)
    assert f"-t {kind} " in mount and mount.endswith("/dev/sda1 /run/phenokiosk-stick/sda1")
    assert kind != "ext4" or "noload" in options, "replaying a journal writes"


@pytest.mark.parametrize("kind", ["", "ntfs", "crypto_LUKS", "btrfs", "squashfs", "vfat,exec"])
def test_other_file_systems_never_meet_the_kernel(kind: str, tmp_path: Path) -> None:
    plugged = plug_in(tmp_path, kind)
    assert plugged.code == 2
    assert not [call for call in plugged.calls if call.startswith(("mount", "setpriv", "systemctl"))]
    assert "a stick is vfat, exfat, ext4 or iso9660" in plugged.said


def test_kiosk_begins_anew_only_when_something_was_installed(tmp_path: Path) -> None:
    nothing, something = tmp_path / "nothing", tmp_path / "something"
    for folder in (nothing, something):
        folder.mkdir()
    assert not [call for call in plug_in(nothing).calls if call.startswith("systemctl")]
    calls = plug_in(something, new=True).calls
    assert [call for call in calls if call.startswith("systemctl")] == [
        "systemctl try-reload-or-restart phenokiosk.service",
        "systemctl restart --no-block phenokiosk-mark-good.service",
    ]
    assert calls.index("umount /run/phenokiosk-stick/sda1") < len(calls) - 2, "the kiosk must not wait for a stick"


def test_refused_bundle_leaves_the_kiosk_alone(tmp_path: Path) -> None:
    plugged = plug_in(tmp_path, code=2)
    assert plugged.code == 2
    assert not [call for call in plugged.calls if call.startswith("systemctl")]
    assert read("phenokiosk-stick@.service")["Service"]["SuccessExitStatus"] == "2"


def test_what_is_on_the_stick_is_read_without_privileges(tmp_path: Path) -> None:
    [reader] = [call for call in plug_in(tmp_path).calls if "firmware.bundle" in call]
    assert reader.startswith("setpriv --reuid=phenokiosk --regid=phenokiosk --init-groups --no-new-privs -- ")


def test_mount_ends_with_the_unit_and_the_device_cannot_be_written() -> None:
    service = read("phenokiosk-stick@.service")["Service"]
    assert service["PrivateMounts"] == "yes"
    assert service["DevicePolicy"] == "closed"
    assert service["DeviceAllow"] == "block-sd r"
    assert service["PrivateNetwork"] == "yes"
    assert set(service["CapabilityBoundingSet"].split()) == {"CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID"}
