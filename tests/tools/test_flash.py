"""Flashing to a stick, to a device's root folder and over a real SSH server, and what goes wrong on each way."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bundle.source import find_publication
from firmware.errors import BundleError, KioskError
from tests.publishing import PHANTOM, SHIPPED, People, bundle_of
from tools.flash.__main__ import main
from tools.flash.targets import SSH, Device

MODELS = PHANTOM.parent
REPOSITORY = MODELS.parent
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
needs_sshd = pytest.mark.skipif(
    not (SSHD and (REPOSITORY / ".venv" / "bin" / "python").exists()),
    reason="no sshd here (apt install openssh-server)",
)


def flash(*words: object) -> int:
    return main([str(word) for word in words])


def test_stick_holds_what_a_device_needs_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert flash(tmp_path) == 0
    names = sorted(str(p.relative_to(tmp_path / "phenokiosk")) for p in tmp_path.rglob("*") if p.is_file())
    listed = json.loads((PHANTOM / "manifest.json").read_text())["files"]
    assert set(names) >= {"phantom/manifest.json", "metadata/timestamp.json", *(f"phantom/{name}" for name in listed)}
    assert not [name for name in names if name.endswith((".jpg", ".key"))]
    assert find_publication(tmp_path) == tmp_path / "phenokiosk"
    assert f"phantom {SHIPPED}, security epoch 1" in capsys.readouterr().out


def test_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "root").mkdir()
    assert flash(tmp_path / "stick", "--dry-run") == 0
    assert flash(f"file://{tmp_path}/root", "--dry-run") == 0
    assert list((tmp_path / "stick").iterdir()) == []
    assert not list((tmp_path / "root").rglob("manifest.json"))
    assert f"phantom {SHIPPED} would be installed" in capsys.readouterr().out


def test_stick_is_used_again(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    assert flash(tmp_path) == flash(tmp_path) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["holiday.jpg", "phenokiosk"]


def test_root_of_a_device_gets_the_bundle_and_says_how_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = f"file://{tmp_path}"
    assert flash(target) == 0
    out = capsys.readouterr().out
    assert "on the device: no bundle" in out
    assert f"phantom {SHIPPED} is installed" in out and "self-test on the device" in out
    assert flash(target) == 0
    out = capsys.readouterr().out
    assert f"slot a: phantom {SHIPPED}, good" in out and "is there already" in out


def test_device_believes_its_own_root_and_not_whom_the_workshop_believes(tmp_path: Path) -> None:
    people = People()
    people.publish(bundle_of(tmp_path / "made"), tmp_path / "publication")
    (tmp_path / "root.json").write_bytes(people.root())
    words = ("--publication", tmp_path / "publication", "--trusted", tmp_path / "root.json")
    (device := tmp_path / "device").mkdir()
    with pytest.raises(KioskError, match=r"WRK-13 BUN-05"):
        flash(f"file://{device}", *words)
    (device / "etc" / "phenokiosk").mkdir(parents=True)
    shutil.copy(tmp_path / "root.json", device / "etc" / "phenokiosk")
    assert flash(f"file://{device}", *words) == 0


def test_what_is_not_signed_is_not_even_sent(tmp_path: Path) -> None:
    stranger = People(4)
    stranger.publish(bundle_of(tmp_path / "made"), tmp_path / "publication")
    (tmp_path / "stick").mkdir()
    with pytest.raises(BundleError, match="BUN-05"):
        flash(tmp_path / "stick", "--publication", tmp_path / "publication")
    assert list((tmp_path / "stick").iterdir()) == []


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("{tmp}/nowhere", "WRK-14"),
        ("file://{tmp}/nowhere", "WRK-14"),
        ("ssh://127.0.0.1:{closed}", "WRK-14"),
        ("ssh://", "WRK-06"),
        ("ssh://-oProxyCommand=x", "WRK-06"),
        ("http://kiosk", "WRK-06"),
    ],
)
def test_target_that_is_not_there_is_one_line(target: str, code: str, tmp_path: Path) -> None:
    if target.startswith("ssh") and not shutil.which("ssh"):
        pytest.skip("no ssh here")
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(KioskError) as caught:
            flash(target.format(tmp=tmp_path, closed=taken.getsockname()[1]))
    assert str(caught.value).startswith(code) and "\n" not in str(caught.value)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real sshd on loopback, with a sudo and a systemctl that are those of nobody; its address."""
    home, programs = tmp_path / "ssh", tmp_path / "programs"
    home.mkdir(mode=0o700)
    programs.mkdir()
    for name in ("host", "mine"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
    (programs / "sudo").write_text('#!/bin/sh\nshift\n[ "$1" = -u ] && shift 2\nexec "$@"\n')
    (programs / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {home}/host\nAuthorizedKeysFile {home}/mine.pub\nStrictModes no\n"
        f"UsePAM no\nPidFile none\nPermitRootLogin yes\nSetEnv PATH={programs}:{os.environ['PATH']}\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    monkeypatch.setattr(
        "tools.flash.targets.SSH",
        (*SSH, "-i", str(home / "mine"), "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={home}/known"),
    )
    process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", home / "sshd_config"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "listening" in process.stderr.readline()
    yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}"
    process.terminate()
    process.communicate()


@needs_sshd
def test_device_is_flashed_over_ssh_and_its_kiosk_takes_it(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--home", REPOSITORY, "--state", tmp_path / "state")
    assert flash(server, *where, "--dry-run") == 0
    assert f"phantom {SHIPPED} would be installed" in capsys.readouterr().out
    assert not (tmp_path / "asked").exists()
    assert flash(server, *where) == 0
    out = capsys.readouterr().out
    assert f"phantom {SHIPPED} is installed" in out and "self-test on the device" in out
    assert "phenokiosk.service" in (tmp_path / "asked").read_text()
    (tmp_path / "asked").unlink()
    assert flash(server, *where) == 0
    assert not (tmp_path / "asked").exists(), "nothing new: the kiosk is left alone"


@needs_sshd
def test_what_the_device_refuses_is_said_in_its_own_words(server: str, tmp_path: Path) -> None:
    people = People()
    people.publish(bundle_of(tmp_path / "made"), tmp_path / "publication")
    (tmp_path / "root.json").write_bytes(people.root())
    words = ("--publication", tmp_path / "publication", "--trusted", tmp_path / "root.json")
    before = Device(server).shell("ls -d /tmp/phenokiosk-* 2>/dev/null || true")
    with pytest.raises(KioskError, match="WRK-13 BUN-05"):
        flash(server, "--home", REPOSITORY, "--state", tmp_path / "state", *words)
    after = Device(server).shell("ls -d /tmp/phenokiosk-* 2>/dev/null || true")
    assert set(after.split()) <= set(before.split()), "what was sent is gone again"
