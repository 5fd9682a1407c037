"""Plays the film of faces into the camera, over and over, slowly: the machine behind it is slow, too."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
EVERY_S = 0.5
STREAM = ("v4l2-ctl", f"--device={HERE / 'output'}", "--stream-out-mmap=3", "--stream-from=-")


def main() -> None:
    """Until the machine ends."""
    pictures = [path.read_bytes() for path in sorted((HERE / "film").iterdir())]
    with subprocess.Popen(STREAM, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as stream:
        assert stream.stdin
        while True:
            for picture in pictures:
                stream.stdin.write(picture)
                time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
