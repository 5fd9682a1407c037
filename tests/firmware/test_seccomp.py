"""The filter's numbers are the kernel's, for both machines; what it lets through is what it was told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.errors import KioskError
from firmware.seccomp import MACHINES, NUMBERS, allow_only
from tests.conftest import REPOSITORY

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip(f"{HEADERS[machine]} is not here: apt install linux-libc-dev on x86-64")
    known = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", HEADERS[machine].read_text(), re.MULTILINE)
    numbers = {name: both[[*MACHINES].index(machine)] for name, both in NUMBERS.items()}
    assert numbers == {name: int(number) for name, number in known if name in NUMBERS}


def inside(attempt: str) -> str:
    """What a process prints that has allowed itself little."""
    code = f"import os, sys, threading\nfrom firmware.seccomp import COMPUTING, allow_only\n{attempt}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_thread_that_ran_before_is_held_too() -> None:
    said = inside("""
go, found = threading.Event(), []
def work():
    go.wait()
    try:
        os.listdir('/')
    except PermissionError:
        found.append('refused')
thread = threading.Thread(target=work)
thread.start()
allow_only(COMPUTING)
go.set()
thread.join()
print(found)""")
    assert said == "['refused']\n"


def test_what_is_let_through_works_and_the_process_ends_as_ever() -> None:
    assert inside("allow_only(COMPUTING)\nprint(len(bytearray(10_000_000)), os.urandom(3) != b'')") == "10000000 True\n"


def test_a_machine_without_numbers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(KioskError, match="riscv64"):
        allow_only(())
