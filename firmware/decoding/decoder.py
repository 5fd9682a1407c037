"""The side that asks: one child at a time, started when it is first needed, and nothing it says is believed.

Rules: a child is replaced after a file that gave no picture, after an answer that was late or made no sense, and after
so many pictures or so much work that whatever has gathered in it goes. It is a fresh interpreter and no fork of this
process, whose threads (MediaPipe's) and memory (faces) are none of its business. What comes back is checked against
the same limits that the child should have kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import select
import socket
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Final

import numpy as np

from firmware.decoding.wire import HEAD, MOST_TEXT_BYTES, QUESTION, Kind, RefusedError, check_size
from firmware.frame import Pixels

LEAST_S: Final = 2.0
S_PER_MEGAPIXEL: Final = 0.2
"""A file is given two seconds, and 0.2 s for each megapixel that its header promises: thrice a PNG's on a PC."""
ENVIRONMENT: Final = {"MALLOC_MMAP_THRESHOLD_": str(16 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(32 * 2**20)}
"""All that the child knows: to keep its memory from file to file. Fetching it anew took twice as long as decoding."""
PIPE_BYTES: Final = 2**20
"""A picture of 600 x 580 px goes through in one piece; in pieces both sides would wait for each other."""
MOST_PICTURES: Final = 200
MOST_WORK_S: Final = 10.0
BOOT: Final = "import sys; sys.path += sys.argv[1:]; from firmware.decoding.child import main; main()"


def _folders() -> list[str]:
    """Where the child finds firmware and Pillow; it looks nowhere else."""
    found = importlib.util.find_spec("PIL")
    if found is None or found.origin is None:
        raise ImportError("Pillow is not installed")
    return [str(Path(__file__).parents[2]), str(Path(found.origin).parents[1])]


class Decoder:
    """Decodes files in a child process; safe for any number of threads, of which one is served at a time.

    least_s: what every file is given. most_pictures: what one child decodes.
    """

    def __init__(self, least_s: float = LEAST_S, most_pictures: int = MOST_PICTURES) -> None:
        self._least_s = least_s
        self._most_pictures = most_pictures
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def start(self) -> None:
        """Start the child ahead of the first file, so that nobody waits for it (40 ms)."""
        with self._lock:
            self._ready()

    def decode(self, encoded: bytes) -> Pixels:
        """height x width x 3, RGB. Raises RefusedError for what gives no picture."""
        with self._lock:
            try:
                return self._ready().ask(encoded, self._least_s)
            except BaseException:
                self._close()
                raise

    def close(self) -> None:
        """End the child; the next file starts another one."""
        with self._lock:
            self._close()

    def _ready(self) -> _Child:
        if self._child is not None and self._child.is_worn(self._most_pictures):
            self._close()
        if self._child is None:
            self._child = _Child()
        return self._child

    def _close(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    """One process and the socket to it. end: kills it; also when this process ends."""

    def __init__(self) -> None:
        self._questions, theirs = socket.socketpair()
        self._answers, answering = os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._answers, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        command = [sys.executable, "-I", "-S", "-B", "-c", BOOT, *_folders()]
        try:
            self.process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=answering, stderr=subprocess.DEVNULL, env=ENVIRONMENT, cwd="/"
            )
        finally:
            theirs.close()
            os.close(answering)
        self.end = weakref.finalize(self, _end, self.process, self._questions, self._answers)
        self._pictures, self._work_s = 0, 0.0

    def is_worn(self, most_pictures: int) -> bool:
        """Whether it has done enough, or is gone."""
        done = self._pictures >= most_pictures or self._work_s >= MOST_WORK_S
        return done or self.process.poll() is not None

    def ask(self, encoded: bytes, least_s: float) -> Pixels:
        """One file. Raises RefusedError."""
        start = time.monotonic()
        self._questions.settimeout(least_s)
        try:
            self._questions.sendall(QUESTION.pack(len(encoded)) + encoded)  # in one piece, or the child wakes twice
            return receive(self._answers, start + least_s)
        except TimeoutError as error:
            raise RefusedError(Kind.NO_PHOTO, "is damaged (decoding it takes too long)") from error
        except (OSError, EOFError) as error:
            raise RefusedError(Kind.NO_PHOTO, "is damaged (the decoder ended)") from error
        finally:
            self._pictures += 1
            self._work_s += time.monotonic() - start


def receive(answers: int, deadline: float) -> Pixels:
    """One answer from a pipe, by a deadline in seconds of time.monotonic that a promised size puts off.

    Raises RefusedError, also for an answer that makes no sense; TimeoutError; EOFError when the other side goes.
    """
    kind, width, height = HEAD.unpack(_read(answers, HEAD.size, deadline))
    if kind == Kind.PROMISED:
        check_size(width, height)
        deadline += S_PER_MEGAPIXEL * width * height / 1e6
        kind, width, height = HEAD.unpack(_read(answers, HEAD.size, deadline))
    if kind == Kind.PICTURE:
        check_size(width, height)
        pixels = np.empty((height, width, 3), np.uint8)
        _fill(pixels.data.cast("B"), answers, deadline)
        return pixels
    if kind not in {Kind.NO_PHOTO, Kind.NO_SIZE} or height > MOST_TEXT_BYTES:
        raise RefusedError(Kind.NO_PHOTO, "is damaged (the decoder's answer makes no sense)")
    said = _read(answers, height, deadline).decode(errors="replace")
    raise RefusedError(Kind(kind), "".join(c if c.isprintable() else " " for c in said))


def _read(answers: int, length: int, deadline: float) -> bytes:
    into = bytearray(length)
    _fill(memoryview(into), answers, deadline)
    return bytes(into)


def _fill(rest: memoryview, answers: int, deadline: float) -> None:
    """Fill a buffer. Raises TimeoutError or EOFError."""
    said = select.poll()
    said.register(answers, select.POLLIN)
    while rest:
        if not said.poll(max(1000 * (deadline - time.monotonic()), 0)):
            raise TimeoutError
        if not (count := os.readv(answers, [rest])):
            raise EOFError
        rest = rest[count:]


def _end(process: subprocess.Popen[bytes], questions: socket.socket, answers: int) -> None:
    questions.close()
    os.close(answers)
    process.kill()
    process.wait()
