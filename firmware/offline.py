"""A call whose threads can open no socket, whatever it runs: the kernel refuses them (seccomp, prctl(2)).

MediaPipe 0.10.35 and later send figures about their use to their maker, from threads of their own and with no switch
to turn that off (its package page says so, and a trace shows it). A kiosk that looks at faces tells nobody anything.
The service has no network anyway; this holds for the demo and the command line too.

A filter is inherited by the threads that a thread starts, and there is no way to take it off again. So the call is made
in a thread of its own: what it leaves running stays without sockets, and the caller keeps its own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from firmware.errors import KioskError

T = TypeVar("T")

SYSTEM_CALL: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Machine -> its name in a filter (linux/audit.h), and the number of socket(2)."""
_NO_NEW_PRIVILEGES: Final = 38
_SECCOMP: Final = 22
_FILTER: Final = 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EACCES


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def offline(call: Callable[[], T]) -> T:
    """What the call returns or raises. Raises KioskError where the kernel cannot filter, and then calls nothing."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            _give_up_sockets()
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the boundary of the thread: the caller gets it
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="offline")
    thread.start()
    thread.join()
    return outcome.result()


def _give_up_sockets() -> None:
    """For this thread and all that it starts; there is no way back."""
    if platform.machine() not in SYSTEM_CALL:
        raise KioskError(
            f"no filter for system calls is known on {platform.machine()}", "Use a 64-bit x86 or ARM machine."
        )
    machine, socket = SYSTEM_CALL[platform.machine()]
    steps = _steps(machine, socket)
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(steps) // 8, steps)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        said = os.strerror(ctypes.get_errno())
        raise KioskError(f"the kernel takes no filter for system calls ({said})", "Use one with CONFIG_SECCOMP_FILTER.")


def _steps(machine: int, socket: int) -> bytes:
    """The filter, in the kernel's form (linux/filter.h): opcode, how many steps to skip if so and if not, a number."""
    return b"".join(
        struct.pack("=HBBI", *step)
        for step in (
            (_LOAD, 0, 0, 4),  # the machine
            (_EQUAL, 0, 3, machine),
            (_LOAD, 0, 0, 0),  # the system call
            (_EQUAL, 1, 0, socket),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _REFUSE),
        )
    )
