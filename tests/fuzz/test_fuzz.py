"""A short run of every fuzzer, so that none of them falls into disuse; `make fuzz` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.fuzz.targets import TARGETS

RUNS = 3000


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_foreign_ends_in_a_crash_or_a_hang(target: str) -> None:
    pytest.importorskip("atheris", reason="the fuzzer is for x86-64 only")
    command = [sys.executable, "-m", "tests.fuzz", target, "--runs", str(RUNS)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"number_of_executed_units: {RUNS}" in done.stderr


def test_a_fuzzer_finds_what_is_wrong(tmp_path: Path) -> None:
    """A reader that fails on its input is found: the harness is awake."""
    pytest.importorskip("atheris", reason="the fuzzer is for x86-64 only")
    program = f"""
import dataclasses
from pathlib import Path
from tests.fuzz import running, targets
def make(folder):
    def fuzzed(data):
        if data[:1] == b"!":
            raise ValueError("found")
    return fuzzed
running.FOUND = Path({str(tmp_path)!r})
running.TARGETS = {{"broken": targets.Target(make, lambda: [b"."], [])}}
running.fuzz("broken", 100000, None)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, timeout=600, check=False
    )
    assert done.returncode != 0 and b"found" in done.stdout + done.stderr
