"""What is called offline opens no socket, nor does anything that it leaves running; everybody else still does."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firmware import seccomp
from firmware.errors import KioskError
from firmware.offline import offline


def connect() -> int:
    with socket.socket() as opened:
        return opened.family


def test_a_socket_is_refused_inside_and_not_outside() -> None:
    with pytest.raises(PermissionError):
        offline(connect)
    assert connect() == socket.AF_INET


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK])
def test_no_family_of_sockets_is_left_out(family: socket.AddressFamily) -> None:
    with pytest.raises(PermissionError):
        offline(lambda: socket.socket(family, socket.SOCK_DGRAM))


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(OSError):
        offline(lambda: socket.getaddrinfo("example.invalid", 443))


def test_a_worker_that_was_started_inside_stays_without_sockets() -> None:
    pool = ThreadPoolExecutor(1)
    assert offline(lambda: pool.submit(len, "abc").result()) == 3
    with pool, pytest.raises(PermissionError):
        pool.submit(connect).result()


def test_a_program_that_was_started_inside_stays_without_sockets() -> None:
    command = [sys.executable, "-c", "import socket; socket.socket()"]
    done = offline(lambda: subprocess.run(command, capture_output=True, check=False, timeout=60))
    assert done.returncode == 1 and b"PermissionError" in done.stderr


def test_files_still_open_inside(tmp_path: Path) -> None:
    offline(lambda: (tmp_path / "file").write_text("x"))
    assert (tmp_path / "file").read_text() == "x"


def test_what_is_raised_inside_is_raised_outside() -> None:
    with pytest.raises(ZeroDivisionError):
        offline(lambda: 1 // 0)


def test_where_no_filter_is_known_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")
    called: list[int] = []
    with pytest.raises(KioskError, match="riscv64"):
        offline(lambda: called.append(1))
    assert not called


def test_where_the_kernel_takes_no_filter_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "_SET_MODE_FILTER", 99)
    called: list[int] = []
    with pytest.raises(KioskError, match="takes no filter"):
        offline(lambda: called.append(1))
    assert not called
