"""Which pins of a lock the image gets: those whose marker holds on the device, with all their hashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.wheels import for_device

REPOSITORY = Path(__file__).parents[2]
LOCK = """\
# a comment
plain==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
here==2.0 ; platform_machine == "aarch64" and python_version < "3.12" \\
    --hash=sha256:cc
elsewhere==3.0 ; platform_machine != "aarch64" or python_version >= "3.12" \\
    --hash=sha256:dd
"""


def test_markers_are_judged_by_the_device_and_not_by_this_machine() -> None:
    assert for_device(LOCK) == ["plain==1.0 --hash=sha256:aa --hash=sha256:bb", "here==2.0 --hash=sha256:cc"]


def test_the_device_gets_one_runtime_and_every_other_pin() -> None:
    pins = for_device((REPOSITORY / "requirements.txt").read_text(encoding="utf-8"))
    names = {pin.partition("==")[0] for pin in pins}
    assert "tflite-runtime" in names and "ai-edge-litert" not in names
    assert len(names) > 50 and all("--hash=sha256:" in pin for pin in pins)


def test_line_that_pins_nothing_is_not_skipped() -> None:
    with pytest.raises(SystemExit, match="numpy"):
        for_device("numpy>=1\n")
