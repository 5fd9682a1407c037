"""Keeping what C++ libraries write while they load out of the operator's console."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2


@contextlib.contextmanager
def quiet_opencv() -> Iterator[None]:
    """Let OpenCV log nothing while inside, where an error of ours tells what failed. Safe at any time."""
    kept = cv2.getLogLevel()
    cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(kept)


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what is written to file descriptor 2 to nowhere, while inside. For the start only: it is process-wide."""
    # MediaPipe 0.10 calls a function that protobuf 4 warns about; nothing the operator could do.
    warnings.filterwarnings("ignore", message="SymbolDatabase.GetPrototype", category=UserWarning)
    try:
        kept = os.dup(2)
    except OSError:  # a process that may open nothing any more has nobody who reads along, either
        yield
        return
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
