"""The voice: what the screen asks for, said aloud by the system's speech engine; silent where there is none.

One sentence at a time: a new one ends the one before, since it is about what to do now.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from typing import Final, Protocol

PROGRAMS: Final = ("espeak-ng", "espeak")
WORDS_A_MINUTE: Final = 150
LONGEST: Final = 2000
"""Characters of one sentence or text."""


class Speaker(Protocol):
    """Says texts aloud."""

    def say(self, text: str, voice: str) -> None:
        """Begin to say this; returns at once. voice: a language, as the engine calls it."""
        ...

    def close(self) -> None:
        """Be silent."""
        ...


class SilentSpeaker:
    """For machines without a voice. Remembers the last text, for who looks instead of listens."""

    def __init__(self) -> None:
        self.said = ""

    def say(self, text: str, voice: str) -> None:  # noqa: ARG002
        """See Speaker."""
        self.said = text

    def close(self) -> None:
        """See Speaker."""


class EspeakSpeaker:
    """espeak-ng, one process for each text. Safe for any number of threads."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._speaking: subprocess.Popen[bytes] | None = None

    def say(self, text: str, voice: str) -> None:
        """See Speaker. The text goes through a pipe, so that nothing in it is taken for an option."""
        with self._lock:
            self._stop()
            command = [self._program, "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdin"]
            with contextlib.suppress(OSError):
                self._speaking = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                self._hand_over(self._speaking, text[:LONGEST].encode())

    def close(self) -> None:
        """See Speaker."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._speaking:
            self._speaking.kill()
            self._speaking.wait()
            self._speaking = None

    @staticmethod
    def _hand_over(process: subprocess.Popen[bytes], text: bytes) -> None:
        """A pipe takes more than a text is long, so this waits for nobody."""
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(text)
                process.stdin.close()


def open_speaker() -> Speaker:
    """The system's speech engine, or silence."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    return EspeakSpeaker(found) if found else SilentSpeaker()
