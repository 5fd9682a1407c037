"""What the virtual machine gets besides the image: the checks, a film, sticks. The image itself stays as it is.

The kit is a second initial RAM disk behind the image's own; its script copies it to /run, which outlives the change to
the real root, before systemd looks for units there. All of it is in memory, so the image is the one that devices get.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import cv2

HERE: Final = Path(__file__).parent
REPOSITORY: Final = HERE.parents[2]
MODELS: Final = REPOSITORY / "models"
FRAMES: Final = MODELS / "phantom" / "frames"
FIRST, FILM = 36, 10
WIDTH, HEIGHT = 640, 480
PYTHON: Final = "/opt/phenokiosk/.venv/bin/python"
PLACE: Final = "/run/phenokiosk-acceptance"
INSIDE: Final = ("guest.py", "checks.py", "board.py", "said.py", "bench.py", "player.py")
UNITS: Final = {
    "phenokiosk-bench.service": f"""[Unit]
Before=phenokiosk.service phenokiosk-film.service
RequiresMountsFor=/etc/phenokiosk
[Service]
Type=oneshot
RemainAfterExit=yes
StandardError=journal+console
ExecStart={PYTHON} -B {PLACE}/bench.py
""",
    "phenokiosk-film.service": f"""[Unit]
After=phenokiosk-bench.service
Requires=phenokiosk-bench.service
[Service]
StandardError=journal+console
ExecStart={PYTHON} -B {PLACE}/player.py
""",
    "phenokiosk-acceptance.service": f"""[Unit]
After=phenokiosk-bench.service
[Service]
Type=exec
StandardError=journal+console
ExecStart={PYTHON} -B {PLACE}/guest.py
""",
}
SLOW: Final = {
    "phenokiosk.service.d": "[Service]\nTimeoutStartSec=20min\nWatchdogSec=90\n",
    "phenokiosk-selftest.service.d": "[Service]\nTimeoutStartSec=20min\n",
    "phenokiosk-stick@.service.d": "[Service]\nTimeoutStartSec=30min\n",
    "phenokiosk-time.service.d": "[Service]\nTimeoutStartSec=10min\n",
    "phenokiosk-display.service.d": f"[Unit]\nConditionPathExists={PLACE}/screen\n"
    "[Service]\nEnvironment=WLR_BACKENDS=headless WLR_RENDERER=pixman\n"
    f"BindReadOnlyPaths={PLACE}/browser:/etc/chromium.d/apikeys\n",
}
"""Drop-ins of the acceptance test: longer times, since a processor in software is slow, and a screen that is not there;
the browser starts when a check wants it, and not beside all others.

Everything else of the units holds as they are: user, sandbox, watchdog, order.
"""
BROWSER: Final = 'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS --ipc-connection-timeout=900"\n'
"""A part of the browser that hears nothing for 15 s ends by itself; here the browser takes a minute to say something.

It goes where Debian's start script looks for settings, in the place of keys for services that are not reached anyway.
"""
UNPACK: Final = """#!/bin/sh
[ "$1" = prereqs ] && exit 0
cd /run && cpio -i < /kit.cpio
"""
"""In the first RAM disk, which knows few programs."""


MANAGER: Final = "[Manager]\nRuntimeWatchdogSec=off\nRebootWatchdogSec=off\nDefaultTimeoutStartSec=20min\n"
"""The emulated board knows no countdown: it restarts at the moment in which its watchdog is armed. And it is slow."""


def make_kit(folder: Path) -> Path:
    """The second RAM disk: a script, and what it unpacks into /run."""
    shutil.rmtree(folder, ignore_errors=True)
    inside, units = folder / "run/phenokiosk-acceptance", folder / "run/systemd/system"
    inside.mkdir(parents=True)
    for name in INSIDE:
        shutil.copy(HERE / name, inside / name)
    (inside / "browser").write_text(BROWSER)
    _film(inside / "film")
    _photos(inside)
    _units(units)
    (folder / "run/systemd/system.conf.d").mkdir()
    (folder / "run/systemd/system.conf.d/z-acceptance.conf").write_text(MANAGER)
    scripts = folder / "disk/scripts/local-bottom"
    scripts.mkdir(parents=True)
    (scripts / "kit").write_text(UNPACK)
    (scripts / "kit").chmod(0o755)
    (scripts / "ORDER").write_text('/scripts/local-bottom/kit "$@"\n')
    _pack(folder / "run", folder / "disk/kit.cpio")
    return _pack(folder / "disk", folder.with_suffix(".cpio"))


def _units(folder: Path) -> None:
    """The workbench's own units, and what makes those of the image wait longer."""
    wanted = folder / "multi-user.target.wants"
    wanted.mkdir(parents=True)
    for name, text in UNITS.items():
        (folder / name).write_text(text)
        (wanted / name).symlink_to(f"/run/systemd/system/{name}")
    (folder / "serial-getty@ttyAMA0.service").symlink_to("/dev/null")
    for name, text in SLOW.items():
        (folder / name).mkdir()
        (folder / name / "slow.conf").write_text(text)


def _pack(folder: Path, archive: Path) -> Path:
    """A folder as the kernel wants its RAM disks."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    with archive.open("wb") as file:
        subprocess.run(["cpio", "--create", "--format=newc", "--quiet", "--owner=0:0"], cwd=folder,
                       input="\n".join(names).encode(), stdout=file, check=True)  # fmt: skip
    return archive


def _film(folder: Path) -> None:
    """A second of the demo's film, forth and back without a cut, in the camera's own form."""
    folder.mkdir()
    pictures = sorted(FRAMES.glob("*.jpg"))[FIRST : FIRST + FILM]
    for number, path in enumerate(pictures + pictures[::-1]):
        picture = cv2.imread(str(path))
        side = (picture.shape[1] - picture.shape[0] * WIDTH // HEIGHT) // 2
        small = cv2.resize(picture[:, side : picture.shape[1] - side], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        (folder / f"{number:02}.yuyv").write_bytes(_yuyv(small))


def _yuyv(bgr: cv2.typing.MatLike) -> bytes:
    """8 bits, 4:2:2, packed: brightness of each pixel, colour of every second."""
    yuv = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV)
    packed = yuv[:, :, :2].copy()
    packed[:, 1::2, 1] = yuv[:, ::2, 2]
    return packed.tobytes()


def _photos(inside: Path) -> None:
    """Photos, and what this machine makes of them."""
    (inside / "photos").mkdir()
    photos = []
    for path in _whole_faces():
        shutil.copy(path, inside / "photos" / path.name)
        photos.append(str(path))
    command = [sys.executable, "-m", "firmware", "analyse", *photos, "--json", "--landmarks"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer in answers:
        answer["photo"] = Path(answer["photo"]).name
    (inside / "expected.json").write_text(json.dumps(answers))


def _whole_faces() -> list[Path]:
    """Three photos that this machine accepts: first, middle and last of those of the demo's film."""
    candidates = sorted(FRAMES.glob("*.jpg"))[::6]
    command = [sys.executable, "-m", "firmware", "analyse", *map(str, candidates), "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    good = [
        path
        for path, line in zip(candidates, done.stdout.splitlines(), strict=True)
        if json.loads(line)["status"] == "ok"
    ]
    return [good[0], good[len(good) // 2], good[-1]]
